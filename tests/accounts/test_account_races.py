"""However many superiors act at once, a school gets one enabled 系统管理员. The naive variant lets several through."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import administration as verbs
from app.accounts.models import Account
from app.accounts.operations import new_account
from app.accounts.password_rules import PasswordRules
from app.core.actor import Actor
from app.core.db import transaction, utc_now, writes
from app.core.errors import AppError
from tests.accounts.database import looking
from tests.accounts.people import SCHOOL, SYS
from tests.test_races import THREADS, all_at_once

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
LOGIN = "race_{}"


@pytest.fixture
def county(actor_named: Callable[[str], Actor]) -> Actor:
    return actor_named("qinghe_sys")


@pytest.fixture
def disabled(app: Flask) -> list[int]:
    """The school's 系统管理员, all of them disabled."""
    with looking(app) as session:
        old = session.scalars(sa.select(Account).where(Account.username == "yizhong_sys")).one()
        assert old.unit_id is not None
        for number in range(THREADS):
            new_account(session, username=LOGIN.format(number), name="陈思源", role=SYS, unit_id=old.unit_id,
                        password="x", rules=RULES, initial_from=None)  # fmt: skip
        session.execute(sa.update(Account).where(Account.unit_id == old.unit_id).values(active=False))
        session.commit()
        query = sa.select(Account.id).where(Account.username.startswith("race_")).order_by(Account.id)
        return list(session.scalars(query))


def enabled(app: Flask) -> int:
    with looking(app) as session:
        query = sa.select(sa.func.count(Account.id)).where(
            Account.active.is_(True), Account.unit.has(code=SCHOOL), Account.roles.any(name=SYS)
        )
        return session.scalar(query) or 0


def test_one_is_enabled(app: Flask, county: Actor, disabled: list[int]) -> None:
    turn = iter(disabled)

    def act(session: Session, barrier: threading.Barrier) -> None:
        key = next(turn)
        barrier.wait()
        with transaction(session):
            verbs.enable(session, county, key, utc_now())

    assert all_at_once(app, county, act).count("done") == 1
    assert enabled(app) == 1


def test_one_is_made_or_enabled(app: Flask, county: Actor, disabled: list[int]) -> None:
    turn = iter(range(THREADS))

    def act(session: Session, barrier: threading.Barrier) -> None:
        number = next(turn)
        texts = {"unit": SCHOOL, "name": "陈思源", "username": f"new_{number}"}
        barrier.wait()
        with transaction(session):
            if number % 2:
                verbs.enable(session, county, disabled[number], utc_now())
            else:
                issued, _ = verbs.add_account(session, county, texts, RULES, utc_now(), lower=True)
                if issued is None:
                    raise AppError("refused")

    assert all_at_once(app, county, act).count("done") == 1
    assert enabled(app) == 1


def test_naive_enabling_lets_several_through(app: Flask, county: Actor, disabled: list[int]) -> None:
    """Look first, write later."""
    turn = iter(disabled)

    def act(session: Session, barrier: threading.Barrier) -> None:
        key = next(turn)
        writes.set(False)
        query = sa.select(Account.id).where(Account.active.is_(True), Account.unit.has(code=SCHOOL))
        there = session.scalar(query)
        session.rollback()
        barrier.wait()
        if there is not None:
            raise AppError("there is one")
        writes.set(True)
        session.execute(sa.update(Account).where(Account.id == key).values(active=True))
        session.commit()

    assert all_at_once(app, county, act).count("done") > 1
    assert enabled(app) > 1
