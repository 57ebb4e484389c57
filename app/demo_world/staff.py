"""The accounts of the invented world: administrators of its units, and teachers. All have the demo password."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.accounts.guesses import LOGIN
from app.accounts.models import Account, LoginThrottle
from app.accounts.operations import unsaved_account
from app.accounts.roles import TEACHER, reviewing_roles
from app.collection.queries import review_chain
from app.core.crypto import blind_index
from app.demo_world.facts import rows, states
from app.demo_world.lives import person_name
from app.demo_world.states import Desk, Doer
from app.demo_world.writing import Person
from app.organisations.models import Unit

ENTERS, MANAGES = "信息录入员", "信息管理员"
LOCKED_FOR = dt.timedelta(days=30)
FAILURES = 5
LONG_AGO = dt.datetime(2025, 3, 3, 1, 20, tzinfo=dt.UTC).replace(tzinfo=None)  # as Flask-AppBuilder keeps moments
LATELY = dt.datetime(2026, 10, 26, 0, 40, tzinfo=dt.UTC).replace(tzinfo=None)


@dataclass
class Staff:
    """Makes accounts, and knows who reports and reviews where."""

    session: Session
    password_hash: str
    now: dt.datetime
    roles: dict[str, Role] = field(default_factory=dict)
    _doers: dict[int, list[tuple[str, Doer]]] = field(default_factory=lambda: defaultdict(list))  # by unit

    def __post_init__(self) -> None:
        self.roles = {role.name: role for role in self.session.scalars(select(Role))}

    # ── administrators ──

    def named(self, lines: Iterable[Mapping[str, str]], units: Mapping[str, Unit]) -> None:
        """The accounts of a list: username, name, role, code of the unit."""
        self._make([(line["username"], line["name"], line["role"], units[line["unit"]]) for line in lines], idle=False)

    def of_units(self, units: Sequence[Unit], *, managers_alone: bool = False) -> None:
        """What every unit has, by its level; managers_alone: nobody but those who report and review."""
        wanted = []
        for unit in units:
            chance = random.Random(unit.code)  # noqa: S311 - repeatable
            for row in rows("staff"):
                if row["level"] != unit.level or (managers_alone and row["role"] != MANAGES):
                    continue
                gender, year = chance.choice("12"), 1972 + chance.randrange(24)
                if chance.random() < float(row["share"]):
                    name = person_name(gender, year, chance)
                    wanted.append((f"{row['prefix']}{unit.code}", name, row["role"], unit))
        self._make(wanted)

    def _make(self, wanted: Sequence[tuple[str, str, str, Unit]], *, idle: bool = True) -> None:
        made = []
        for username, name, role, unit in wanted:
            account = unsaved_account(username=username, name=name, role=self.roles[role], unit_id=unit.id,
                                      password_hash=self.password_hash)  # fmt: skip
            account.email = f"{username}@users.invalid"
            account.last_login, account.login_count = LATELY, 12
            if idle and role not in (ENTERS, MANAGES, *reviewing_roles()):
                self._idle(account, random.Random(username))  # noqa: S311 - repeatable
            made.append(account)
        self.session.add_all(made)
        self.session.flush()
        for account, (_, _, role, unit) in zip(made, wanted, strict=True):
            self._doers[unit.id].append((role, Doer(account.id, account.first_name, unit.id, unit.name)))

    def know(self, units: Sequence[Unit]) -> None:
        """Take over the accounts that units already have."""
        by_id = {unit.id: unit for unit in units}
        query = select(Account).where(
            Account.unit_id.in_(by_id), Account.teacher_id.is_(None), Account.active.is_(True)
        )
        for account in self.session.scalars(query.options(selectinload(Account.roles)).order_by(Account.id)):
            unit = by_id[account.unit_id or 0]
            doer = Doer(account.id, account.first_name, unit.id, unit.name)
            known = {known.id for _, known in self._doers[unit.id]}
            if doer.id not in known:
                self._doers[unit.id] += [(role.name, doer) for role in account.roles]

    def desk(self, school: Unit, chain: Sequence[Unit] | None = None) -> Desk:
        """Who reports at a school and who reviews; chain: that of a school beside it with the same people."""
        own = self._doers[school.id]
        reporter = next((doer for role, doer in own if role == ENTERS), None) or next(
            doer for role, doer in own if role == MANAGES
        )
        above = chain if chain is not None else review_chain(self.session, school)
        return Desk(reporter, [self._reviewers(unit, reporter) for unit in above])

    def _reviewers(self, unit: Unit, reporter: Doer) -> list[Doer]:
        found = [doer for role, doer in self._doers[unit.id] if role in reviewing_roles() and doer.id != reporter.id]
        if not found:
            raise LookupError(f"nobody reviews at {unit.code}")
        return found

    # ── teachers ──

    def of_teachers(self, people: Sequence[Person]) -> dict[int, Doer]:
        """The accounts of those who have one; who they act as, by person's id."""
        chosen = [found for found in people if found.has_account]
        made = []
        for found in chosen:
            account = unsaved_account(
                username=blind_index(found.life.id_number, "id_number"), name=found.life.name,
                role=self.roles[TEACHER], unit_id=found.unit.id, password_hash=self.password_hash, teacher_id=found.id,
            )  # fmt: skip
            account.email = f"{account.username}@users.invalid"
            acted = any(step["actor_id"] == 0 for step in found.course.steps)
            if acted:
                account.last_login, account.login_count = found.filled_at.replace(tzinfo=None), 2
            else:
                self._idle(account, random.Random(found.life.number))  # noqa: S311 - repeatable
            made.append(account)
        self.session.add_all(made)
        self.session.flush()
        return {
            found.id: Doer(account.id, found.life.name, found.unit.id, found.unit.name)
            for found, account in zip(chosen, made, strict=True)
        }

    def _idle(self, account: Account, chance: random.Random) -> None:
        """Some have never come, some not for long, some were disabled, some have guessed wrongly."""
        shares: Mapping[str, Any] = states()["idle"]
        state = chance.choices([*shares, ""], [*shares.values(), 1 - sum(shares.values())])[0]
        account.last_login, account.login_count = (None, 0) if state == "never" else (LATELY, 5)
        if state == "unused":
            account.last_login = LONG_AGO
        elif state == "disabled":
            account.active = False
        elif state == "locked":
            key = blind_index(account.username, LOGIN)
            until = self.now + LOCKED_FOR
            self.session.add(LoginThrottle(key=key, failures=FAILURES, locked_until=until, since=self.now))
