"""What somebody has typed and not saved yet, kept on the server: a closed browser or a lost login loses nothing."""

import datetime as dt
from typing import Any

from sqlalchemy import Integer, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.crypto import EncryptedJson
from app.core.db import Base, UtcDateTime

MAX_TEXT = 4_000


class Draft(Base):
    """The typed texts of one form of one user. `key` names the form: section, person, row."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    key: Mapped[str] = mapped_column(String(80))
    base_version: Mapped[int] = mapped_column(Integer)
    texts: Mapped[dict[str, str]] = mapped_column(EncryptedJson("draft.texts"))
    saved_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


def load_draft(session: Session, user_id: int, key: str) -> Draft | None:
    """The draft of one form, if there is one."""
    return session.scalar(select(Draft).where(Draft.user_id == user_id, Draft.key == key))


def drafts_under(session: Session, user_id: int, prefix: str) -> list[str]:
    """The keys of a user's drafts that begin with `prefix`."""
    found = session.scalars(select(Draft.key).where(Draft.user_id == user_id, Draft.key.startswith(prefix)))
    return list(found)


def keep_draft(
    session: Session, user_id: int, key: str, texts: dict[str, Any], base_version: int, now: dt.datetime
) -> Draft:
    """Keep what is typed now; it replaces what was kept before."""
    draft = load_draft(session, user_id, key)
    if draft is None:
        draft = Draft(user_id=user_id, key=key)
        session.add(draft)
    draft.texts = {str(name)[:60]: str(value)[:MAX_TEXT] for name, value in texts.items()}
    draft.base_version, draft.saved_at = base_version, now
    session.flush()
    return draft


def drop_draft(session: Session, user_id: int, key: str) -> None:
    """Forget a draft: its content was saved or given up."""
    session.execute(delete(Draft).where(Draft.user_id == user_id, Draft.key == key))
