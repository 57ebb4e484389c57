"""Verbs of notices: tell a unit or an account, open, tidy away. They flush, the caller commits."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.scope import SCOPE_COLUMNS
from app.messages.models import Notice
from app.messages.queries import to_actor
from app.organisations.models import Unit

KEEP_READ, KEEP = dt.timedelta(days=180), dt.timedelta(days=730)


@dataclass(frozen=True)
class Message:
    """What is told to whom. `account_id` 0: to the unit, to those who hold `permission`. The text may say {n}."""

    unit: Unit
    topic: str
    text: str
    endpoint: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    account_id: int = 0
    teacher_id: int | None = None
    permission: str = ""
    once: str | None = None

    def columns(self, actor: Actor, now: dt.datetime) -> dict[str, Any]:
        """The row of it."""
        return {
            **dict(zip(SCOPE_COLUMNS, self.unit.scope_ids, strict=True)),
            "teacher_id": self.teacher_id, "unit_id": self.unit.id, "account_id": self.account_id or None,
            "permission": self.permission, "topic": self.topic, "text": self.text, "count": 1,
            "endpoint": self.endpoint, "arguments": dict(self.arguments), "from_unit": actor.unit_name,
            "from_name": actor.name, "at": now, "read_by": "", "once": self.once,
        }  # fmt: skip


def send(session: Session, actor: Actor, messages: Sequence[Message], now: dt.datetime) -> None:
    """Tell each; one statement. Raises IntegrityError for what may be told once only and was."""
    if messages:
        session.execute(insert(Notice), [message.columns(actor, now) for message in messages])


def tell(session: Session, actor: Actor, message: Message, now: dt.datetime) -> None:
    """Tell somebody once more of the same topic: what is not read yet counts on, so many events are one notice.

    A row that somebody else is counting just now is passed by: two notices rather than waiting for each other.
    """
    account_id = message.account_id or None
    whom = Notice.account_id == account_id if account_id else Notice.account_id.is_(None)
    query = select(Notice).where(
        whom, Notice.unit_id == message.unit.id, Notice.topic == message.topic, Notice.read_at.is_(None)
    )
    query = query.limit(1).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    known: Notice | None = session.scalars(query).first()
    if known is None:
        send(session, actor, [message], now)
        return
    known.count, known.at, known.text = known.count + 1, now, message.text
    session.flush()


def open_notice(session: Session, notice: Notice, actor: Actor, now: dt.datetime) -> None:
    """Note who has opened it first."""
    if notice.read_at is None:
        notice.read_at, notice.read_by = now, actor.name
        session.flush()


def open_all(session: Session, actor: Actor, now: dt.datetime) -> None:
    """Note all as opened."""
    mine = update(Notice).where(to_actor(actor), Notice.read_at.is_(None))
    session.execute(mine.values(read_at=now, read_by=actor.name), execution_options={"synchronize_session": False})


def remove_old(session: Session, now: dt.datetime) -> int:
    """Delete what was read half a year ago, or told two years ago; how many went."""
    gone = (Notice.read_at < now - KEEP_READ) | (Notice.at < now - KEEP)
    return session.execute(delete(Notice).where(gone)).rowcount  # type: ignore[attr-defined, no-any-return]
