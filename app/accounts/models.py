"""Tables of accounts, sessions and login counters."""

import datetime as dt
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, UtcDateTime
from app.organisations.models import Unit


class Account(User):
    """A user with a unit. A teacher's `username` is the keyed hash of the ID number: people type the number."""

    __tablename__ = "ab_user"

    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("teacher.id"), unique=True)
    must_change: Mapped[bool | None] = mapped_column(Boolean, default=False)

    unit: Mapped[Unit | None] = relationship(Unit)

    @property
    def real_name(self) -> str:
        return self.first_name

    def __str__(self) -> str:
        return self.first_name


class LoginThrottle(Base):
    """Failures of one login name, known or not: the answer must not tell which. `key` is a keyed hash."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class ServerSession(Base):
    """One browser's session. The cookie holds a random number, this row its hash: a stolen table opens nothing."""

    __tablename__ = "server_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(Integer, index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
