"""Captchas that were shown: each belongs to one browser's session, lasts minutes, and is looked at once.

They stand in the database, where every process of the application finds them; the answer as a keyed hash.
"""

import base64
import datetime as dt
import hmac
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert
from sqlalchemy.orm import Session

from app.accounts.models import Captcha
from app.core import captcha
from app.core.crypto import blind_index

LASTS = dt.timedelta(minutes=5)
QUESTIONS_AN_HOUR = 20  # from one address: words are easier for a program than a picture


@dataclass(frozen=True)
class Shown:
    """What the page needs: the number of the captcha, and a picture (a data: address) or a question in words."""

    key: str
    image: str = ""
    question: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same for a script."""
        return asdict(self)


def issue(connection: Connection, owner: str, now: dt.datetime, *, in_words: bool) -> Shown:
    """Make a captcha for the browser `owner`, and forget those that nobody answered in time."""
    key = secrets.token_urlsafe(16)
    if in_words:
        question, answer = captcha.new_question()
        shown = Shown(key, question=question)
    else:
        answer = captcha.new_letters()
        drawn = base64.b64encode(captcha.picture(answer)).decode()
        shown = Shown(key, image=f"data:image/png;base64,{drawn}")
    connection.execute(delete(Captcha).where(Captcha.expires_at < now))
    values = {"key": key, "owner": _owner(owner), "answer": _hash(key, answer), "expires_at": now + LASTS}
    connection.execute(insert(Captcha).values(values))
    return shown


def take(session: Session, owner: str, key: str, typed: str, now: dt.datetime) -> bool:
    """Whether a captcha was answered rightly. Right or wrong, it is gone: of two answers at once only one counts."""
    mine = (Captcha.key == key, Captcha.owner == _owner(owner), Captcha.expires_at > now)
    wanted = session.scalar(delete(Captcha).where(*mine).returning(Captcha.answer))
    return wanted is not None and hmac.compare_digest(wanted, _hash(key, captcha.normalise(typed)))


def _hash(key: str, answer: str) -> str:
    return blind_index(f"{key}:{captcha.normalise(answer)}", "captcha")


def _owner(owner: str) -> str:
    return blind_index(owner, "captcha/owner")
