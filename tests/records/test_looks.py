"""Whole numbers: for a reason, fifty times an hour, each time noted. What is refused shows and counts nothing."""

import datetime as dt
import logging
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import transaction, utc_now, writes
from app.core.errors import AppError
from app.records.access import AccessLog, log_access
from app.records.looks import ALARM, LOOK, PER_HOUR, note_look
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import Client
from tests.test_races import all_at_once

GOOD = {"reason": "check"}


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


@pytest.fixture
def actor(actor_named: Callable[[str], Actor]) -> Actor:
    return actor_named("liyutong")


def noted(app: Flask) -> dict[str, int]:
    with looking(app) as session:
        query = sa.select(AccessLog.kind, sa.func.count()).group_by(AccessLog.kind)
        return {kind: count for kind, count in session.execute(query)}


def has_looked(app: Flask, actor: Actor, times: int, ago: dt.timedelta = dt.timedelta(minutes=30)) -> None:
    with looking(app) as session:
        for number in range(times):
            log_access(session, actor, LOOK, utc_now() - ago + dt.timedelta(seconds=number), teacher_id=1)
        session.commit()


@pytest.mark.parametrize(
    "posted, said",
    [
        ({}, "没有填"),
        ({"reason": "curious"}, "查看原因"),
        ({"reason": "other"}, "没有填"),
        ({"reason": "other", "note": "长" * 101}, "最多 100 个字"),
        ({"reason": "check", "note": "看 530000199003070012 的证"}, "不要写证件号"),
    ],
)
def test_without_a_good_reason_nothing_is_shown(
    app: Flask, clerk: Client, teachers: list[Teacher], posted: dict[str, str], said: str
) -> None:
    answer = clerk.post(f"/teachers/reveal/{teachers[0].id}", posted)
    assert answer.status_code == 400 and said in answer.text
    assert str(teachers[0].id_number) not in answer.text and noted(app) == {}
    assert posted.get("note", "") in answer.text, "typed input is not lost"


def test_fifty_an_hour_and_then_an_alarm(
    app: Flask, clerk: Client, actor: Actor, teachers: list[Teacher], caplog: pytest.LogCaptureFixture
) -> None:
    path, number = f"/teachers/reveal/{teachers[0].id}", str(teachers[0].id_number)
    has_looked(app, actor, PER_HOUR, ago=dt.timedelta(hours=2))
    has_looked(app, actor, PER_HOUR - 1)
    assert number in clerk.post(path, GOOD).text
    with caplog.at_level(logging.WARNING, "app.records.looks"):
        for _ in range(2):
            answer = clerk.post(path, GOOD | {"note": "换证"})
            assert answer.status_code == 429 and number not in answer.text
            assert "一小时内已看了 50 份" in answer.text and "换证" in answer.text
    assert noted(app) == {LOOK: 2 * PER_HOUR, ALARM: 1}
    [line] = [record.getMessage() for record in caplog.records]
    assert str(actor.user_id) in line and actor.name not in line and number not in line


def test_the_limit_is_each_persons_own(
    app: Flask, client_as: Callable[[str], Client], actor: Actor, teachers: list[Teacher]
) -> None:
    has_looked(app, actor, PER_HOUR)
    path = f"/teachers/reveal/{teachers[0].id}"
    assert str(teachers[0].id_number) in client_as("wangjianguo").post(path, GOOD).text
    assert noted(app) == {LOOK: PER_HOUR + 1}


def test_the_person_sees_the_own_number_freely(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher]
) -> None:
    number = str(teachers[0].id_number)
    assert number in client_as(number).get("/my/basic_info").text and noted(app) == {}


def test_fifty_also_when_asked_at_once(app: Flask, actor: Actor, teachers: list[Teacher]) -> None:
    has_looked(app, actor, PER_HOUR - 1)
    key = teachers[0].id

    def act(session: Session, barrier: threading.Barrier) -> None:
        barrier.wait()
        with transaction(session):
            _, refused = note_look(session, actor, key, GOOD, utc_now())
        if refused:
            raise AppError(refused)

    assert all_at_once(app, actor, act).count("done") == 1
    assert noted(app) == {LOOK: PER_HOUR, ALARM: 1}


def test_naive_counting_lets_several_through(app: Flask, actor: Actor, teachers: list[Teacher]) -> None:
    """Count first, note later."""
    has_looked(app, actor, PER_HOUR - 1)
    key = teachers[0].id

    def act(session: Session, barrier: threading.Barrier) -> None:
        writes.set(False)
        count = session.scalar(sa.select(sa.func.count(AccessLog.id)).where(AccessLog.kind == LOOK)) or 0
        session.rollback()
        barrier.wait()
        if count >= PER_HOUR:
            raise AppError("enough")
        writes.set(True)
        log_access(session, actor, LOOK, utc_now(), teacher_id=key)
        session.commit()

    assert all_at_once(app, actor, act).count("done") > 1
    assert noted(app)[LOOK] > PER_HOUR
