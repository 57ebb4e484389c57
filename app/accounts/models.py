"""Tables of accounts, sessions and login counters."""

import datetime as dt
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import JSON, Boolean, Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.crypto import EncryptedText
from app.core.db import Base, UtcDateTime
from app.organisations.models import Unit


class Account(User):
    """A user with a unit. A teacher's `username` is the keyed hash of the ID number: people type the number."""

    __tablename__ = "ab_user"

    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("teacher.id"), unique=True)
    must_change: Mapped[bool | None] = mapped_column(Boolean, default=False)
    initial_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # how long the initial password lets in
    # Of administrators, for their own people; a teacher's stand in the record.
    contact_phone: Mapped[str | None] = mapped_column(EncryptedText("ab_user.contact_phone"))
    contact_email: Mapped[str | None] = mapped_column(EncryptedText("ab_user.contact_email"))

    unit: Mapped[Unit | None] = relationship(Unit)
    stand_ins: Mapped[list["StandIn"]] = relationship(
        "StandIn", primaryjoin="Account.id == StandIn.person_id", viewonly=True
    )

    @property
    def real_name(self) -> str:
        return self.first_name

    def __str__(self) -> str:
        return self.first_name


class StandIn(Base):
    """代理审核: from day to day `person` reviews for `absent`, in their unit."""

    __tablename__ = "stand_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    absent_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    since: Mapped[dt.date] = mapped_column(Date)
    until: Mapped[dt.date] = mapped_column(Date)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # before its last day

    absent: Mapped[Account] = relationship(Account, foreign_keys=[absent_id])
    person: Mapped[Account] = relationship(Account, foreign_keys=[person_id])

    def is_over(self, today: dt.date) -> bool:
        return self.ended_at is not None or self.until < today

    def state(self, today: dt.date) -> tuple[str, str]:
        """In words, and the kind of the tag."""
        if self.is_over(today):
            return "已结束", "draft"
        return ("代理中", "ok") if self.since <= today else ("还没有开始", "info")


class LoginThrottle(Base):
    """Failures of one login name, known or not, or of one address. `key` is a keyed hash: it names nobody."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)  # the first of these failures


class Captcha(Base):
    """A captcha that waits for its answer. `owner` and `answer` are keyed hashes."""

    __tablename__ = "captcha"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(32))
    answer: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class ServerSession(Base):
    """One browser's session. The cookie holds a random number, this row its hash: a stolen table opens nothing."""

    __tablename__ = "server_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(Integer, index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    device: Mapped[str] = mapped_column(String(40), default="")  # families of browser and system, nothing finer


class PasswordHistory(Base):
    """A password somebody had before, as its hash: the last few may not be used again."""

    __tablename__ = "password_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    hash: Mapped[str] = mapped_column(String(256))


class InitialPassword(Base):
    """A teacher's initial password, to be handed out: until the person has changed it or the account's has expired."""

    __tablename__ = "initial_password"

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    password: Mapped[str] = mapped_column(EncryptedText("initial_password.password"))
    shown_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # looked up on the login page, once at most


class LookUpChoice(Base):
    """What the people of a school may look up before they log in. No row: nothing."""

    __tablename__ = "look_up_choice"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True, autoincrement=False)
    contact: Mapped[bool] = mapped_column(Boolean, default=False)
    password: Mapped[bool] = mapped_column(Boolean, default=False)
