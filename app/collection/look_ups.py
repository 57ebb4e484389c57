"""What somebody finds before logging in: how to reach the school's 系统管理员, and the own initial password.

Whoever asks has proved nothing. So there is one answer for everything that is not found, whatever the reason; each
question is counted by address and by number, and logged; and a school's people can only ask what it has switched on.
An initial password is shown once, to somebody who has never logged in, and its owner is told at the first login.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.accounts import guesses
from app.accounts.models import Account, InitialPassword, LookUpChoice
from app.accounts.roles import SYS_ADMIN
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.scope import system_scope
from app.core.text import clean, clean_name
from app.core.validators import normalise_id
from app.organisations.models import Unit
from app.records.access import log_access
from app.records.teacher import Teacher

FROM_ADDRESS, FOR_NUMBER = 30, 5  # in an hour, in a day
TOO_OFTEN = "查得太频繁了，请过一小时再试，或直接与学校联系。"
NOBODY = Actor(0, "登录前查询", 0, "", "school", IndicatorSet(), "", frozenset())


@dataclass(frozen=True)
class Reachable:
    """Somebody and how to reach them."""

    name: str
    phone: str
    email: str


def count_question(session: Session, address: str, number: str, now: dt.datetime) -> bool:
    """Count a question before it is answered; whether it may be. It does not matter whether the number is known."""
    from_here = guesses.count_of_address(session, address, now, guesses.LOOK_UP)
    for_it = guesses.count_of_number(session, normalise_id(number), now)
    allowed = from_here <= FROM_ADDRESS and for_it <= FOR_NUMBER
    if not allowed:
        with system_scope(session, "log a question too many") as inner:
            _log(inner, number, "too often", now)
    return allowed


def find_contact(session: Session, school: str, number: str, now: dt.datetime) -> list[Reachable]:
    """The 系统管理员 of a school, for one of its teachers; nobody when anything is not as it has to be."""
    with system_scope(session, "look up a contact") as inner:
        query = (
            select(Account.first_name, Account.contact_phone, Account.contact_email)
            .join(Unit, Account.unit_id == Unit.id)
            .join(LookUpChoice, LookUpChoice.unit_id == Unit.id)
            .join(Teacher, Teacher.unit_id == Unit.id)
            .where(
                Teacher.id_number_hash == _hash(number), Unit.name == clean(school), LookUpChoice.contact.is_(True),
                Account.active.is_(True), Account.teacher_id.is_(None), Account.roles.any(name=SYS_ADMIN),
                or_(Account.contact_phone.is_not(None), Account.contact_email.is_not(None)),
            )
        )  # fmt: skip
        found = [Reachable(name, phone or "", email or "") for name, phone, email in inner.execute(query)]
        _log(inner, number, f"contact: {'shown' if found else 'not found'}", now)
    return found


def find_initial_password(session: Session, name: str, number: str, now: dt.datetime) -> str:
    """A teacher's initial password, once; "" when anything is not as it has to be."""
    with system_scope(session, "look up an initial password") as inner:
        query = (
            select(InitialPassword)
            .join(Account, InitialPassword.user_id == Account.id)
            .join(Teacher, Account.teacher_id == Teacher.id)
            .join(LookUpChoice, LookUpChoice.unit_id == Teacher.unit_id)
            .where(
                Teacher.id_number_hash == _hash(number), Teacher.name == clean_name(name),
                LookUpChoice.password.is_(True), Account.active.is_(True), Account.must_change.is_(True),
                Account.last_login.is_(None), Account.initial_until > now, InitialPassword.shown_at.is_(None),
            )
        )  # fmt: skip
        kept = inner.scalar(query)
        # Of two who ask at once, one sees it.
        mine = (InitialPassword.user_id == (kept.user_id if kept else 0), InitialPassword.shown_at.is_(None))
        shown = inner.execute(update(InitialPassword).where(*mine).values(shown_at=now)).rowcount  # type: ignore[attr-defined]
        _log(inner, number, f"initial password: {'shown' if shown else 'not found'}", now)
        return kept.password if kept is not None and shown else ""


def must_be_allowed(allowed: bool) -> None:
    """Raises AppError for a question too many."""
    if not allowed:
        raise AppError(TOO_OFTEN, status=429)


def _log(session: Session, number: str, detail: str, now: dt.datetime) -> None:
    """Whom the question was about, if there is such a person; the same work if there is none."""
    about = session.scalar(select(Teacher.id).where(Teacher.id_number_hash == _hash(number)))
    log_access(session, NOBODY, "look-up", now, teacher_id=about, detail=detail)


def _hash(number: str) -> str:
    return blind_index(normalise_id(number), "id_number")
