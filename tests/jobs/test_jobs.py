"""The queue and its worker within one process: rights of today, cancelling, failing, handing back, tidying."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.tidying import remove_expired
from app.core.actor import KEY, Actor
from app.core.db import db, utc_now, writes
from app.core.errors import AppError, NotAllowed
from app.core.files import FileStore
from app.core.job_worker import MOVED, Context, Worker
from app.core.jobs import (
    CANCELLED,
    DONE,
    FAILED,
    KEEP,
    MAX_OPEN,
    QUEUED,
    RUNNING,
    STALE,
    Job,
    Kind,
    Result,
    Work,
    cancel,
    claim,
    enqueue,
    job_kind,
    own_job,
    own_jobs,
    retry,
)  # fmt: skip
from app.core.scope import set_scope
from app.permissions import Permission as P
from app.records.access import AccessLog
from app.records.teacher import Teacher
from app.records.unused_files import remove_unused
from tests.accounts.database import looking

CLERK, OTHER, STRANGER = "liyutong", "yizhong_query", "shiqiao"


class Desk:
    """A clerk's jobs, and a worker that acts as `actor`."""

    def __init__(self, app: Flask, actor: Actor, folder: Path) -> None:
        self.app, self.actor, self.store = app, actor, FileStore(folder)
        with app.app_context():
            self.engine = db.engine
        self.worker = Worker(self.engine, {}, self.acting, self.store)

    def acting(self, owner_id: int) -> AbstractContextManager[Session]:
        assert owner_id
        return acting_as(self.engine, self.actor)

    def queue(self, work: Work, resumable: bool = True, **parameters: object) -> int:
        kind = job_kind("work", permission=P.RECORD_EXPORT, resumable=resumable)(work)
        self.worker.kinds = {kind.name: kind}
        with looking(self.app) as session:
            job = enqueue(session, self.actor, kind, "导出", parameters, utc_now())
            session.commit()
            return job.id

    def job(self, job_id: int) -> Job:
        with looking(self.app) as session:
            return session.get_one(Job, job_id)

    def change(self, job_id: int, **values: object) -> None:
        token = writes.set(True)
        with self.engine.begin() as connection:
            connection.execute(sa.update(Job).where(Job.id == job_id).values(values))
        writes.reset(token)

    def do(self, work: Callable[[Session, Job], bool], job_id: int) -> bool:
        with looking(self.app) as session:
            done = work(session, session.get_one(Job, job_id))
            session.commit()
            return done


@contextmanager
def acting_as(engine: sa.Engine, actor: Actor) -> Iterator[Session]:
    with Session(engine) as session:
        session.info[KEY] = actor
        set_scope(session, actor.scope)
        yield session


@pytest.fixture
def desk(app: Flask, actor_named: Callable[[str], Actor], tmp_path: Path) -> Desk:
    return Desk(app, actor_named(CLERK), tmp_path)


def log_a_look(context: Context, number: int) -> None:
    """Something that a chunk writes."""
    look = {"at": utc_now(), "actor_id": 1, "actor_name": "", "unit_id": 1, "kind": "x", "detail": str(number)}
    context.session.execute(sa.insert(AccessLog).values(look))


def looks(desk: Desk) -> list[str]:
    with looking(desk.app) as session:
        return list(session.scalars(sa.select(AccessLog.detail).where(AccessLog.kind == "x").order_by(AccessLog.id)))


# ── working ──


def test_the_work_sees_what_its_owner_sees_and_leaves_a_file(desk: Desk, teachers: list[Teacher]) -> None:
    def work(context: Context) -> Result:
        with context.reading() as session:
            names = [name or "" for name in session.scalars(sa.select(Teacher.name).order_by(Teacher.id))]
        context.save(len(names), len(names))
        digest = context.store.put("\n".join(names).encode())
        return Result(f"{len(names)} 人", digest, str(context.parameters["name"]))

    job_id = desk.queue(work, name="名单.txt")
    assert desk.worker.turn() and not desk.worker.turn()
    job = desk.job(job_id)
    assert (job.status, job.done, job.total) == (DONE, len(teachers), len(teachers))
    assert (job.result_name, job.message, job.attempts) == ("名单.txt", f"{len(teachers)} 人", 1)
    assert desk.store.read(job.result_digest or "").decode().splitlines() == [t.name for t in teachers]
    assert job.finished_at is not None and job.expires_at == job.finished_at + KEEP


def test_parameters_and_position_are_not_readable_in_the_database(desk: Desk) -> None:
    job_id = desk.queue(lambda context: context.save(1, 2, {"after": "陈静"}) or Result(), search="陈静")  # type: ignore[func-returns-value]
    desk.worker.turn()
    assert desk.job(job_id).position == {"after": "陈静"} and desk.job(job_id).parameters == {"search": "陈静"}
    with desk.engine.connect() as connection:
        columns = sa.select(*(sa.cast(sa.column(name), sa.Text) for name in ("parameters", "position")))
        [stored] = connection.execute(columns.select_from(sa.table("job")))
    assert not [text for text in stored if "陈静" in text or "search" in text or "after" in text]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"permissions": frozenset()}, "没有做这件事的权限"), ({"unit_id": 1}, MOVED)],
)
def test_rights_are_looked_at_when_it_runs(desk: Desk, change: dict[str, object], message: str) -> None:
    job_id = desk.queue(lambda context: Result(digest=context.store.put(b"never")))
    desk.actor = Actor(**{**vars(desk.actor), **change})
    desk.worker.turn()
    assert desk.job(job_id).status == FAILED and message in desk.job(job_id).message
    assert [*desk.store.older_than(utc_now() + KEEP)] == []


def test_nobody_queues_what_is_not_allowed(desk: Desk) -> None:
    desk.actor = Actor(**{**vars(desk.actor), "permissions": frozenset()})
    with pytest.raises(NotAllowed):
        desk.queue(lambda _: Result())


def test_a_person_has_a_few_at_a_time(desk: Desk) -> None:
    for _ in range(MAX_OPEN):
        job_id = desk.queue(lambda _: Result())
    with pytest.raises(AppError, match=str(MAX_OPEN)):
        desk.queue(lambda _: Result())
    desk.do(lambda session, job: cancel(session, job, utc_now()), job_id)
    desk.queue(lambda _: Result())


# ── ending otherwise ──


def test_a_cancelled_job_stores_nothing_more(desk: Desk) -> None:
    def work(context: Context) -> Result:
        for number in range(5):
            log_a_look(context, number)
            context.save(number + 1, 5, number + 1)
            if number == 1:
                desk.do(lambda session, job: cancel(session, job, utc_now()), job_id)
        return Result("never")

    job_id = desk.queue(work)
    desk.worker.turn()
    job = desk.job(job_id)
    assert (job.status, job.done, job.message) == (CANCELLED, 2, "") and looks(desk) == ["0", "1"]
    assert not desk.worker.turn()
    assert desk.do(retry, job_id) and desk.job(job_id).status == QUEUED
    assert not desk.do(retry, job_id)


def test_a_worker_that_only_seemed_dead_stores_nothing_more(desk: Desk) -> None:
    """A machine that slept: another worker has taken the job meanwhile."""

    def work(context: Context) -> Result:
        log_a_look(context, 0)
        context.save(1, 2, 1)
        desk.change(context.held.id, heartbeat_at=utc_now() - STALE * 2)
        taken.append(claim(desk.engine, desk.worker.kinds, utc_now()))
        log_a_look(context, 1)
        context.save(2, 2, 2)
        return Result("never")

    taken: list[object] = []
    job_id = desk.queue(work)
    desk.worker.turn()
    job = desk.job(job_id)
    assert (job.status, job.done, job.attempts, job.claim) == (RUNNING, 1, 2, getattr(taken[0], "claim", ""))
    assert looks(desk) == ["0"]


def test_what_cannot_be_resumed_begins_anew(desk: Desk) -> None:
    places = []

    def work(context: Context) -> Result:
        places.append((context.position, context.held.done))
        context.save(1, 2, "here")
        if len(places) == 1:
            desk.worker.ending.set()
            context.save(1, 2, "here")
        return Result()

    for resumable, place in ((False, (None, 0)), (True, ("here", 1))):
        job_id = desk.queue(work, resumable)
        desk.worker.turn()
        job = desk.job(job_id)
        assert (job.status, job.attempts, job.claim) == (QUEUED, 0, None), "handed back, which is no failed attempt"
        desk.worker.ending.clear()
        desk.worker.turn()
        assert desk.job(job_id).status == DONE and places == [(None, 0), place]
        places.clear()


def test_an_error_of_the_user_is_told_and_one_of_ours_gets_a_number(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(context: Context) -> Result:
        log_a_look(context, 0)
        raise AppError("请先加条件。")

    def break_down(_context: Context) -> Result:
        raise ZeroDivisionError("陈静")

    refused, broken = desk.queue(refuse), 0
    desk.worker.turn()
    assert (desk.job(refused).status, desk.job(refused).message) == (FAILED, "请先加条件。") and looks(desk) == []
    broken = desk.queue(break_down)
    desk.worker.turn()
    message = desk.job(broken).message
    number = message.split("编号 ")[1][:8]
    assert "陈静" not in message and number in caplog.text


# ── whose they are, and how long ──


def test_only_the_owner_sees_a_job(desk: Desk, actor_named: Callable[[str], Actor]) -> None:
    job_id = desk.queue(lambda _: Result())
    moved = Actor(**{**vars(desk.actor), "unit_id": 1})
    with looking(desk.app) as session:
        assert own_job(session, desk.actor, job_id, utc_now()) is not None
        for other in (actor_named(OTHER), actor_named(STRANGER), moved):
            assert own_job(session, other, job_id, utc_now()) is None
            assert list(own_jobs(session, other, utc_now())) == []


def test_results_run_out_and_are_removed(desk: Desk) -> None:
    def work(context: Context) -> Result:
        return Result("", context.store.put(b"result"), "a.txt")

    job_id = desk.queue(work)
    desk.worker.turn()
    waiting = desk.queue(work)
    later = utc_now() + KEEP + dt.timedelta(minutes=1)
    with looking(desk.app) as session:
        assert own_job(session, desk.actor, job_id, later) is None
        assert remove_unused(session, desk.store, later) == 0, "the row still refers to it"
        assert remove_expired(session, later, dt.timedelta(days=99)) >= 1
        session.commit()
        assert list(session.scalars(sa.select(Job.id))) == [waiting], "what waits does not run out"
        assert remove_unused(session, desk.store, later) == 1


def test_a_kind_this_worker_does_not_know_is_left_to_others(desk: Desk) -> None:
    job_id = desk.queue(lambda _: Result())
    desk.worker.kinds = {"other": Kind("other", P.RECORD_EXPORT, True, lambda _: Result())}
    assert not desk.worker.turn() and desk.job(job_id).status == QUEUED
