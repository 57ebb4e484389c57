"""The table of notices."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, UtcDateTime
from app.core.scope import Scoped, ScopeIds
from app.organisations.models import Unit


class Notice(Base, Scoped):
    """A sentence to a unit, or to one account there, with the place to which it leads.

    A unit's notice is seen by its people who hold `permission`, and read when one of them has opened it: `read_by`
    says who. `count` is how many events it stands for. `once` keeps the same notice from being sent twice.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_unit_read", "unit_id", "read_at"),
        Index("ix_notice_account_read", "account_id", "read_at"),
        Index("ix_notice_topic_unit", "topic", "unit_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int | None] = mapped_column(Integer)  # empty: to the unit
    permission: Mapped[str] = mapped_column(String(40), default="")  # empty: everybody in the unit
    topic: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(String(500))
    count: Mapped[int] = mapped_column(Integer, default=1)
    endpoint: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    from_unit: Mapped[str] = mapped_column(String(100))
    from_name: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    read_by: Mapped[str] = mapped_column(String(64), default="")
    once: Mapped[str | None] = mapped_column(String(100), unique=True)

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, self.unit_id).scope_ids
