"""The worker process that a web process starts beside itself."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import db, utc_now
from app.core.jobs import DONE, QUEUED, Job, enqueue
from app.core.ui.listing import ListRequest
from app.jobs.running import Beside
from app.records.export import export_list
from tests.conftest import _actor

PATIENCE = 60


@pytest.fixture
def beside(app: Flask, database: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    monkeypatch.setenv("APP_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("INSTANCE_PATH", app.instance_path)
    database.others_write = True
    with app.app_context():
        made = Beside(db.engine)
    yield made
    made.end()


@pytest.fixture
def queue(session_as: Callable[[str], Session]) -> Callable[[], int]:
    session = session_as("liyutong")
    actor: Actor = _actor(session, "liyutong")
    asked = vars(ListRequest("TeacherView", {}, "", "asc", 0, 50, ""))

    def put() -> int:
        parameters = {"view": "TeacherView", "asked": asked, "search": ""}
        job = enqueue(session, actor, export_list, "导出", parameters, utc_now())
        job_id = job.id
        session.commit()
        return job_id

    return put


def status_of(everything: Session, job_id: int) -> str:
    status = everything.scalars(sa.select(Job.status).where(Job.id == job_id)).one()
    everything.rollback()  # nobody waits for this session
    return status


def wait_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_it_works_ends_when_told_and_leaves_nothing_running(
    beside: Beside, queue: Callable[[], int], everything: Session
) -> None:
    job = queue()
    assert beside.work_is_left()
    beside.wake()
    wait_until(lambda: status_of(everything, job) == DONE)
    again = queue()
    beside.wake()  # the same process, which sleeps now
    wait_until(lambda: status_of(everything, again) == DONE)
    assert not beside.work_is_left()
    process = beside.process
    assert process is not None and process.poll() is None
    beside.end()
    assert process.wait(PATIENCE) == 0


def test_one_that_was_killed_is_followed_by_another(
    beside: Beside, queue: Callable[[], int], everything: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.running.LONGEST_PAUSE", 0.4)
    job = queue()
    beside.wake()
    killed = beside.process
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(lambda: status_of(everything, job) == DONE)
    assert beside.process is not killed


def test_no_process_without_work(app: Flask, beside: Beside, queue: Callable[[], int], everything: Session) -> None:
    assert not beside.work_is_left() and beside.process is None
    job = queue()
    assert status_of(everything, job) == QUEUED and beside.process is None, "somebody has to wake it"
