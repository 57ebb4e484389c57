"""Many at once: a captcha is answered once, an initial password is shown once, no guess goes uncounted.

Beside each stands a naive variant that lets several through, or the test would prove nothing.
"""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import captchas, guesses
from app.accounts.models import Account, Captcha, InitialPassword, LoginThrottle, LookUpChoice
from app.accounts.password_rules import PasswordRules
from app.collection import look_ups
from app.collection.teacher_accounts import VERBS
from app.core import captcha
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.db import db, short_write, utc_now, writes
from app.core.errors import AppError
from app.core.scope import EVERYTHING, set_scope
from app.records.teacher import Teacher
from tests.accounts.database import looking

THREADS = 6
RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10, captcha_after=2)
Act = Callable[[Session, threading.Barrier], bool]


def at_once(app: Flask, act: Act, *, writing: bool = True) -> int:
    """How many of THREADS threads get through; each commits what it did."""
    barrier, passed, lock = threading.Barrier(THREADS), list[bool](), threading.Lock()

    def run() -> None:
        writes.set(writing)
        got = False
        with app.app_context(), Session(db.engine) as session:
            set_scope(session, EVERYTHING)
            try:
                got = act(session, barrier)
                session.commit()
            except AppError:
                session.rollback()
        with lock:
            passed.append(got)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == THREADS
    return sum(passed)


@pytest.fixture
def key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    """A captcha that was shown to somebody."""
    monkeypatch.setattr(captcha, "new_letters", lambda: "HK7A")
    with app.app_context(), short_write() as connection:
        return captchas.issue(connection, "browser", utc_now(), in_words=False).key


def test_a_captcha_is_answered_once(app: Flask, key: str) -> None:
    def act(session: Session, barrier: threading.Barrier) -> bool:
        barrier.wait()
        return captchas.take(session, "browser", key, "hk7a", utc_now())

    assert at_once(app, act) == 1


def test_naively_it_is_answered_by_several(app: Flask, key: str) -> None:
    def act(session: Session, barrier: threading.Barrier) -> bool:
        there = session.get(Captcha, key) is not None
        session.rollback()
        barrier.wait()
        session.execute(sa.delete(Captcha).where(Captcha.key == key))
        return there

    assert at_once(app, act, writing=False) > 1


def test_two_guesses_pass_without_a_captcha(app: Flask) -> None:
    def act(session: Session, barrier: threading.Barrier) -> bool:
        barrier.wait()
        return guesses.count_attempt(session, "liyutong", RULES, utc_now(), human=False) is None

    assert at_once(app, act) == 2


def test_naively_more_than_two_pass(app: Flask) -> None:
    counter = blind_index("liyutong", guesses.LOGIN)
    with looking(app) as session:
        session.add(LoginThrottle(key=counter, failures=1, since=utc_now()))
        session.commit()

    def act(session: Session, barrier: threading.Barrier) -> bool:
        failures = session.get_one(LoginThrottle, counter).failures
        session.rollback()
        barrier.wait()
        if failures >= RULES.captcha_after:
            return False
        session.execute(sa.update(LoginThrottle).where(LoginThrottle.key == counter).values(failures=failures + 1))
        return True

    assert at_once(app, act, writing=False) > 1


@pytest.fixture
def fresh(app: Flask, teachers: list[Teacher], actor_named: Callable[[str], Actor]) -> tuple[str, str, int]:
    """A teacher with an unused initial password, in a school that lets it be looked up: name, number, account."""
    with looking(app) as session:
        have = set(session.scalars(sa.select(Account.teacher_id)))
        person = next(teacher for teacher in teachers if teacher.id not in have)
        VERBS["make"](session, actor_named("yizhong_sys"), person.id, RULES, utc_now())
        session.add(LookUpChoice(unit_id=person.unit_id, contact=False, password=True))
        account = session.scalars(sa.select(Account.id).where(Account.teacher_id == person.id)).one()
        session.commit()
        return person.name or "", person.id_number or "", account


def test_an_initial_password_is_shown_once(app: Flask, fresh: tuple[str, str, int]) -> None:
    def act(session: Session, barrier: threading.Barrier) -> bool:
        barrier.wait()
        return look_ups.find_initial_password(session, fresh[0], fresh[1], utc_now()) != ""

    assert at_once(app, act) == 1


def test_naively_it_is_shown_several_times(app: Flask, fresh: tuple[str, str, int]) -> None:
    def act(session: Session, barrier: threading.Barrier) -> bool:
        shown_at = session.get_one(InitialPassword, fresh[2]).shown_at
        session.rollback()
        barrier.wait()
        session.execute(sa.update(InitialPassword).values(shown_at=utc_now()))
        return shown_at is None

    assert at_once(app, act, writing=False) > 1
