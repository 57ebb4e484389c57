"""The log of who looked at personal numbers, and who took records out."""

import datetime as dt
from typing import Any

from sqlalchemy import Integer, String, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.db import Base, UtcDateTime, short_write


class AccessLog(Base):
    """One look. Kinds: reveal, alarm, export, account, look-up, print, file. `detail` holds filters, counts or a
    reason, never the data."""

    __tablename__ = "access_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int] = mapped_column(Integer, index=True)
    actor_name: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(10))
    teacher_id: Mapped[int | None] = mapped_column(Integer, index=True)
    detail: Mapped[str] = mapped_column(String(200), default="")


def log_access(
    session: Session, actor: Actor, kind: str, now: dt.datetime, *, teacher_id: int | None = None, detail: str = ""
) -> None:
    """Note a look at personal data, in the transaction that shows it."""
    session.execute(insert(AccessLog).values(_look(actor, kind, now, teacher_id, detail)))


def log_look(actor: Actor, kind: str, now: dt.datetime, *, teacher_id: int | None = None, detail: str = "") -> None:
    """The same for a request that only reads: in a short transaction of its own, before anything is shown."""
    with short_write() as connection:
        connection.execute(insert(AccessLog).values(_look(actor, kind, now, teacher_id, detail)))


def _look(actor: Actor, kind: str, now: dt.datetime, teacher_id: int | None, detail: str) -> dict[str, Any]:
    return {
        "at": now,
        "actor_id": actor.user_id,
        "actor_name": actor.name,
        "unit_id": actor.unit_id,
        "kind": kind,
        "teacher_id": teacher_id,
        "detail": detail[:200],
    }
