"""Simultaneous decisions: a record is reported once and decided once, whatever the timing.

Each test runs beside a naive variant that must fail it, or the test would prove nothing.
"""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.collection import operations
from app.core.actor import KEY, Actor
from app.core.db import db, transaction, utc_now, writes
from app.core.errors import AppError
from app.core.flow import FlowLog
from app.core.scope import set_scope
from app.records import BY_NAME
from app.records.attaching import KeptFile, attach
from app.records.attachments import MAX_FILES, Attachment
from app.records.counts import mend
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher

THREADS = 8


def all_at_once(app: Flask, actor: Actor, act: Callable[[Session, threading.Barrier], None]) -> list[str]:
    """Run `act` in THREADS threads, each with a session of its own; what came of each."""
    barrier, outcomes, lock = threading.Barrier(THREADS), [], threading.Lock()

    def run() -> None:
        writes.set(True)
        with app.app_context(), Session(db.engine) as session:
            session.info[KEY] = actor
            set_scope(session, actor.scope)
            try:
                act(session, barrier)
                outcome = "done"
            except AppError:
                outcome = "refused"
        with lock:
            outcomes.append(outcome)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def waiting_at_county(session: Session, school_id: int) -> list[tuple[int, int]]:
    query = sa.select(Teacher.id, Teacher.version).where(
        Teacher.status == "in_review", Teacher.stage == 2, Teacher.unit_id == school_id
    )
    return [(key, version) for key, version in session.execute(query)]


def approvals(session: Session, teacher_id: int, unit_id: int) -> int:
    query = sa.select(sa.func.count(FlowLog.id)).where(
        FlowLog.teacher_id == teacher_id, FlowLog.step == "approve", FlowLog.unit_id == unit_id
    )
    return session.scalar(query) or 0


@pytest.fixture
def county(actor_named: Callable[[str], Actor]) -> Actor:
    return actor_named("zhoumin")


def test_approved_once(app: Flask, county: Actor, session_as: Callable[[str], Session], school: object) -> None:
    targets = waiting_at_county(session_as("zhoumin"), school.id)[:4]  # type: ignore[attr-defined]
    assert len(targets) == 4
    for teacher_id, version in targets:

        def act(session: Session, barrier: threading.Barrier, key: int = teacher_id, seen: int = version) -> None:
            barrier.wait()
            with transaction(session):
                operations.approve(session, key, seen, county, utc_now())

        outcomes = all_at_once(app, county, act)
        assert sorted(outcomes) == ["done"] + ["refused"] * (THREADS - 1)
        with app.app_context(), Session(db.engine) as check:
            set_scope(check, county.scope)
            assert approvals(check, teacher_id, county.unit_id) == 1
            assert check.get_one(Teacher, teacher_id).status == "approved"


def test_naive_approval_is_not_once(
    app: Flask, county: Actor, session_as: Callable[[str], Session], school: object, everything: Session
) -> None:
    """Look first, write later: several succeed."""
    teacher_id, _ = waiting_at_county(session_as("zhoumin"), school.id)[0]  # type: ignore[attr-defined]

    def act(session: Session, barrier: threading.Barrier) -> None:
        writes.set(False)
        status = session.scalar(sa.select(Teacher.status).where(Teacher.id == teacher_id))
        session.rollback()
        barrier.wait()
        if status != "in_review":
            raise AppError("decided")
        writes.set(True)
        session.execute(sa.update(Teacher).where(Teacher.id == teacher_id).values(status="approved"))
        session.commit()

    assert all_at_once(app, county, act).count("done") > 1
    everything.rollback()
    assert len(mend(everything)) == 2  # the naive way forgets the sums as well
    everything.commit()


def test_approve_against_reject(
    app: Flask, county: Actor, session_as: Callable[[str], Session], school: object
) -> None:
    teacher_id, version = waiting_at_county(session_as("zhoumin"), school.id)[0]  # type: ignore[attr-defined]
    refusal = operations.Refusal("basic_info", teacher_id, "it_skill", "wrong", "")
    turn = iter(range(THREADS))

    def act(session: Session, barrier: threading.Barrier) -> None:
        number = next(turn)
        barrier.wait()
        with transaction(session):
            if number % 2:
                operations.approve(session, teacher_id, version, county, utc_now())
            else:
                operations.reject(session, teacher_id, version, [refusal], "", county, utc_now())

    assert all_at_once(app, county, act).count("done") == 1


def test_reported_once(app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher]) -> None:
    clerk, teacher_id = actor_named("liyutong"), teachers[0].id

    def act(session: Session, barrier: threading.Barrier) -> None:
        barrier.wait()
        with transaction(session):
            operations.report(session, teacher_id, clerk, utc_now())

    outcomes = all_at_once(app, clerk, act)
    assert outcomes.count("done") == 1
    with app.app_context(), Session(db.engine) as check:
        set_scope(check, clerk.scope)
        steps = check.scalars(sa.select(FlowLog.step).where(FlowLog.teacher_id == teacher_id)).all()
        assert steps == ["report"]


def test_report_and_withdraw_leave_one_state(
    app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher]
) -> None:
    clerk, teacher_id = actor_named("liyutong"), teachers[0].id
    turn = iter(range(THREADS))

    def act(session: Session, barrier: threading.Barrier) -> None:
        verb = operations.report if next(turn) % 2 else operations.withdraw
        barrier.wait()
        with transaction(session):
            verb(session, teacher_id, clerk, utc_now())

    all_at_once(app, clerk, act)
    with app.app_context(), Session(db.engine) as check:
        set_scope(check, clerk.scope)
        teacher = check.get_one(Teacher, teacher_id)
        assert (teacher.status == "in_review") == (teacher.waiting_unit_id is not None) == (teacher.stage == 1)


# ── the limit of attachments ──

LEFT = 3


@pytest.fixture
def nearly_full_row(everything: Session, teachers: list[Teacher]) -> tuple[int, int]:
    """A row with room for three more: teacher and row."""
    teacher_id = teachers[0].id
    row_id = everything.scalars(sa.select(EducationHistory.id).where(EducationHistory.teacher_id == teacher_id)).first()
    assert row_id is not None
    for number in range(MAX_FILES - LEFT):
        everything.add(Attachment(**place(teacher_id, row_id), **vars(document(number)), **BY))
    everything.commit()
    return teacher_id, row_id


BY = {"uploaded_by": "", "uploaded_at": utc_now()}


def place(teacher_id: int, row_id: int) -> dict[str, object]:
    return {"teacher_id": teacher_id, "section": "education_history", "row_id": row_id}


def document(number: int) -> KeptFile:
    return KeptFile(f"{number}.pdf", "application/pdf", 1, f"{number:064x}", None)


def attachments_there(app: Flask, clerk: Actor) -> int:
    with app.app_context(), Session(db.engine) as check:
        set_scope(check, clerk.scope)
        return check.scalar(sa.select(sa.func.count(Attachment.id))) or 0


def test_attachments_never_pass_their_limit(
    app: Flask, actor_named: Callable[[str], Actor], nearly_full_row: tuple[int, int]
) -> None:
    clerk, (teacher_id, row_id) = actor_named("liyutong"), nearly_full_row
    turn = iter(range(100, 100 + THREADS))

    def act(session: Session, barrier: threading.Barrier) -> None:
        file = document(next(turn))
        barrier.wait()
        with transaction(session):
            attach(session, clerk, BY_NAME["education_history"], teacher_id, row_id, file, utc_now())

    outcomes = all_at_once(app, clerk, act)
    assert outcomes.count("done") == LEFT and outcomes.count("refused") == THREADS - LEFT
    assert attachments_there(app, clerk) == MAX_FILES


def test_naive_attaching_passes_the_limit(
    app: Flask, actor_named: Callable[[str], Actor], nearly_full_row: tuple[int, int]
) -> None:
    """Count first, write later: there are too many."""
    clerk, (teacher_id, row_id) = actor_named("liyutong"), nearly_full_row
    turn = iter(range(100, 100 + THREADS))

    def act(session: Session, barrier: threading.Barrier) -> None:
        file = document(next(turn))
        writes.set(False)
        there = session.scalar(sa.select(sa.func.count(Attachment.id)).where(Attachment.row_id == row_id)) or 0
        session.rollback()
        barrier.wait()
        if there >= MAX_FILES:
            raise AppError("full")
        writes.set(True)
        session.add(Attachment(**place(teacher_id, row_id), **vars(file), **BY))
        session.commit()

    all_at_once(app, clerk, act)
    assert attachments_there(app, clerk) > MAX_FILES
