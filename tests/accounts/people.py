"""Accounts of every kind in units of every level, for tests about who may touch whose."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy.orm import Session

from app.accounts.models import Account, LoginThrottle
from app.accounts.queries import actor_for
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.db import utc_now
from app.organisations.models import Unit

NATION, PROVINCE, CITY, COUNTY, NEXT_COUNTY = "1000000000", "5300000000", "5301000000", "5301210000", "5301220000"
SCHOOL, SISTER, NEXT_SCHOOL = "3453000101", "2153000102", "3153000201"
CITY_SCHOOL, UNIVERSITY, MATHS = "3453000104", "4153019801", "415301980101"
ABOVE = {
    PROVINCE: NATION, CITY: PROVINCE, COUNTY: CITY, NEXT_COUNTY: CITY, SCHOOL: COUNTY, SISTER: COUNTY,
    NEXT_SCHOOL: NEXT_COUNTY, CITY_SCHOOL: CITY, UNIVERSITY: PROVINCE, MATHS: UNIVERSITY,
}  # fmt: skip
UNITS = [NATION, *ABOVE]
SYS, INFO, REVIEWER, TEACHER = "系统管理员", "信息管理员", "信息审核员", "教师"
KINDS = {"sys": [SYS], "both": [SYS, INFO], "info": [INFO], "teacher": [TEACHER]}


@dataclass(frozen=True)
class Person:
    """An account of a test: whose it is, in plain words, and its key."""

    unit: str
    kind: str
    key: int
    actor: Actor

    @property
    def is_sys(self) -> bool:
        return SYS in KINDS[self.kind]


def arrange_people(session: Session, *, active: bool = True) -> list[Person]:
    """One account of each kind in each unit, all of them locked after wrong guesses. Commits."""
    units = {unit.code: unit for unit in session.scalars(sa.select(Unit).where(Unit.code.in_(UNITS)))}
    roles = {role.name: role for role in session.scalars(sa.select(Role))}
    made = []
    for code in UNITS:
        for kind, names in KINDS.items():
            login = f"{kind}_{code}"
            account = Account(
                username=login, first_name="陈思源", last_name="", email=f"{login}@x.invalid", active=active,
                unit_id=units[code].id, unit=units[code], password="x", must_change=False,
                roles=[roles[name] for name in names],
            )  # fmt: skip
            session.add(account)
            until = utc_now() + dt.timedelta(hours=1)
            session.add(
                LoginThrottle(key=blind_index(login, "throttle"), failures=5, locked_until=until, since=utc_now())
            )
            made.append((code, kind, account))
    session.flush()
    people = [Person(code, kind, account.id, actor_for(account)) for code, kind, account in made]
    session.commit()
    return people


def below(unit: str, other: str) -> bool:
    """Whether `other` lies below `unit`, by the table above."""
    parent = ABOVE.get(other)
    return parent == unit or (parent is not None and below(unit, parent))
