"""Demo data: a small province with schools of every kind and invented people in every state of the record."""

import csv
import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.accounts.account_states import STATES, states_of
from app.accounts.models import Account
from app.accounts.operations import new_account
from app.accounts.password_rules import PasswordRules
from app.accounts.queries import account_by_id, actor_for
from app.accounts.roles import TEACHER
from app.accounts.views import password_rules
from app.collection import operations
from app.collection.operations import Refusal
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.db import transaction, utc_now
from app.core.scope import EVERYTHING, set_scope
from app.demo_careers import career
from app.demo_people import person, studies
from app.organisations.loading import load_units
from app.organisations.models import Unit
from app.records.derived import refresh_derived
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from config import ROOT

FOLDER = ROOT / "seed" / "demo"
NAMED = ("accounts.csv", "province/accounts.csv")
PASSWORD = "Demo@2026"  # noqa: S105 - printed at every development start
STAFFS = {
    "3453000101": 36, "2153000102": 14, "1153000103": 8, "3453000104": 8, "3153000201": 10,
    "5153000105": 6, "3653000106": 8, "4153019802": 6, "4153019801": 8,
}  # fmt: skip
INCOMPLETE_EVERY, INCOMPLETE_AT = 9, 4  # the fifth of nine people has not filled in everything


def needs_demo(session: Session) -> bool:
    """Whether the database has no units yet."""
    return session.scalar(select(Unit.id).limit(1)) is None


def is_demo(session: Session) -> bool:
    """Whether the units are those of the demo."""
    return session.scalar(select(Unit.id).where(Unit.code.in_(STAFFS)).limit(1)) is not None


def load_demo(session: Session) -> None:
    """Load units, accounts and people. The same data every time."""
    rules = password_rules()
    with transaction(session):
        load_units(session, _rows("units.csv"))
    with transaction(session):
        _accounts(session, rules)
    with transaction(session):
        everybody: list[Teacher] = []
        for school, teachers in _staffs(session):
            session.add_all(teachers)
            _write_lives(session, teachers, school)
            everybody += teachers
        refresh_derived(session, everybody)
    with transaction(session):
        _move_some(session)
    with transaction(session):
        _teacher_accounts(session, rules)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _accounts(session: Any, rules: PasswordRules) -> None:
    units = {unit.code: unit.id for unit in session.scalars(select(Unit))}
    for row in _rows("accounts.csv"):
        new_account(session, username=row["username"], name=row["name"], role=row["role"], unit_id=units[row["unit"]],
                    password=PASSWORD, rules=rules, initial_from=None)  # fmt: skip


def _staffs(session: Session) -> Iterator[tuple[Unit, list[Teacher]]]:
    chance = random.Random(20260921)  # noqa: S311 - repeatable people, no secret
    number = 0
    schools = {unit.code: unit for unit in session.scalars(select(Unit))}
    for code, size in STAFFS.items():
        school = schools[code]
        people = []
        for _ in range(size):
            number += 1
            people.append(person(school, number, chance))
        yield school, people


def _write_lives(session: Any, teachers: list[Teacher], school: Unit) -> None:
    chance = random.Random(school.code)  # noqa: S311 - repeatable
    for number, teacher in enumerate(teachers):
        courses = list(studies(teacher, school, chance))
        session.add_all(courses)
        session.add_all(career(teacher, school, chance))
        if number % INCOMPLETE_EVERY == INCOMPLETE_AT:
            courses[-1].major, teacher.it_skill = None, None


def _actor(session: Session, username: str) -> Actor:
    account_id = session.scalars(select(Account.id).where(Account.username == username)).one()
    account = account_by_id(session, account_id)
    assert account is not None
    return actor_for(account)


def _move_some(session: Any) -> None:
    """Bring records into every state, by the same operations as people would."""
    now = utc_now()
    clerk, reviewer, county = (_actor(session, name) for name in ("liyutong", "wangjianguo", "zhoumin"))
    school = session.scalars(select(Unit).where(Unit.code == "3453000101")).one()
    people = session.scalars(select(Teacher).where(Teacher.unit_id == school.id).order_by(Teacher.id)).all()
    ready = [teacher for number, teacher in enumerate(people) if number % INCOMPLETE_EVERY != INCOMPLETE_AT]
    for teacher in ready[8:24]:
        operations.report(session, teacher.id, clerk, now)
    for teacher in ready[13:24]:
        operations.approve(session, teacher.id, teacher.version, reviewer, now)
    for teacher in ready[18:22]:
        operations.approve(session, teacher.id, teacher.version, county, now)
    for teacher in ready[22:24]:
        degree = session.scalars(
            select(EducationHistory).where(
                EducationHistory.teacher_id == teacher.id, EducationHistory.education == "21"
            )
        ).one()
        refusals = [
            Refusal("education_history", degree.id, "end_month", "evidence", "毕业证书上是 7 月，请改为 7 月。")
        ]
        operations.reject(session, teacher.id, teacher.version, refusals, "", county, now)
    others = _actor(session, "shiqiao1")
    foreign = session.scalars(select(Unit).where(Unit.code == "3153000201")).one()
    for teacher in session.scalars(select(Teacher).where(Teacher.unit_id == foreign.id).order_by(Teacher.id).limit(3)):
        operations.report(session, teacher.id, others, now)


def _teacher_accounts(session: Any, rules: PasswordRules) -> None:
    """Self-service accounts for some; the last two must change their password first."""
    school = session.scalars(select(Unit).where(Unit.code == "3453000101")).one()
    people = session.scalars(select(Teacher).where(Teacher.unit_id == school.id).order_by(Teacher.id)).all()
    chosen = [people[0], people[1], people[4], people[27], people[28], people[2], people[3]]
    for number, teacher in enumerate(chosen):
        assert teacher.id_number is not None
        new_account(session, username=blind_index(teacher.id_number, "id_number"), name=teacher.name or "",
                    role=TEACHER, unit_id=school.id, teacher_id=teacher.id, password=PASSWORD, rules=rules,
                    initial_from=utc_now() if number >= len(chosen) - 2 else None)  # fmt: skip


def known_logins(session: Session) -> list[dict[str, Any]]:
    """The demo logins: role, level, unit_code, unit, username, password; state as the list of accounts has it, and
    whether it is one of the named people's."""
    set_scope(session, EVERYTHING)
    units = {unit.id: unit for unit in session.scalars(select(Unit))}
    query = select(Account).options(selectinload(Account.roles)).order_by(Account.id)
    found: list[Account] = [account for account in session.scalars(query) if account.unit_id in units]
    query_of_numbers = select(Teacher.id, Teacher.id_number).join(Account, Account.teacher_id == Teacher.id)
    numbers = {key: number for key, number in session.execute(query_of_numbers)}
    named = {row["username"] for name in NAMED for row in _rows(name)}
    own = {row["code"] for row in _rows("units.csv")}
    states = states_of(session, found, utc_now())
    told = []
    for account in found:
        unit = units[account.unit_id or 0]
        told.append(
            {
                "role": "、".join(role.name for role in account.roles),
                "level": "teacher" if account.teacher_id else unit.level,
                "unit_code": unit.code,
                "unit": unit.name,
                "username": numbers.get(account.teacher_id) if account.teacher_id else account.username,
                "password": PASSWORD,
                "must_change": bool(account.must_change),
                "state": STATES[states[account.id]],
                "named": account.username in named or (account.teacher_id is not None and unit.code in own),
            }
        )
    return told
