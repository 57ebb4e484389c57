"""The kept sums of the states follow every way in which people are written. The fixture `app` checks it after each
test that has written people; here is what the sums do when several write at once, and how they are looked after."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.collection import operations
from app.core.actor import Actor
from app.core.db import transaction, utc_now, writes
from app.core.errors import Conflict
from app.organisations.models import LEVELS, Unit
from app.records.bulk import insert_rows
from app.records.counts import Key, TeacherCount, differences, fold, mend, waiting_level, waits_at
from app.records.operations import delete_teacher
from app.records.teacher import SECTION, Teacher
from tests.conftest import check_sums
from tests.test_races import THREADS, all_at_once


def sums(session: Session, school: Unit) -> dict[str, int]:
    query = sa.select(TeacherCount.status, sa.func.sum(TeacherCount.n)).where(TeacherCount.school_id == school.id)
    return {status: number for status, number in session.execute(query.group_by(TeacherCount.status)) if number}


def test_sums_follow_in_the_same_transaction(
    session_as: Callable[[str], Session], actor_named: Callable[[str], Actor], school: Unit, teachers: list[Teacher]
) -> None:
    session, clerk = session_as("liyutong"), actor_named("liyutong")
    before, now = sums(session, school), utc_now()
    free = [teacher for teacher in teachers if teacher.status == "draft"][-1]
    delete_teacher(session, session.get_one(Teacher, free.id), False)
    insert_rows(session, SECTION, school, [({"name": "新来"}, {"unit_id": school.id, "status": "draft", "stage": 0,
                "reported_by": "", "content_at": now})] * 3, now)  # fmt: skip
    withdrawn = next(t for t in teachers if t.status == "in_review" and t.stage == 1)
    operations.withdraw(session, withdrawn.id, clerk, now)
    wanted = {"draft": before["draft"] + 2, "in_review": before["in_review"] - 1, "submitted_to_school": 1}
    assert sums(session, school) == before | wanted
    session.rollback()
    assert sums(session, school) == before


def test_a_value_that_was_not_read_is_still_known(everything: Session, teachers: list[Teacher]) -> None:
    """After a commit nothing of a row is in memory; what it counted as is read before it is replaced."""
    row = everything.get_one(Teacher, teachers[0].id)
    everything.commit()
    row.department = "X"
    everything.flush()
    assert differences(everything) == []
    everything.rollback()


def test_a_level_means_the_same_people_in_sums_and_in_lists(everything: Session, teachers: list[Teacher]) -> None:
    nation = everything.scalar(sa.select(Unit.id).where(Unit.level == "nation"))
    for index, teacher in enumerate(teachers[:10]):
        row = everything.get_one(Teacher, teacher.id)
        places = (row.school_id, row.county_id, row.city_id, row.province_id, nation)
        row.waiting_unit_id, row.status = places[index % 5], "in_review" if index < 5 else "rejected"
    everything.flush()
    level = waiting_level(Teacher, Teacher, "school_id")
    found = {key: at for key, at in everything.execute(sa.select(Teacher.id, level).where(level != ""))}
    assert {*LEVELS} - {"department"} <= {*found.values()}
    for one in LEVELS:
        listed = everything.scalars(sa.select(Teacher.id).where(waits_at(one))).all()
        assert sorted(listed) == sorted(key for key, at in found.items() if at == one)
    everything.rollback()


def test_a_flush_that_fails_leaves_nothing_behind(everything: Session, school: Unit, teachers: list[Teacher]) -> None:
    number, school_id = teachers[0].id_number, school.id
    for _ in range(2):
        everything.add(Teacher(unit_id=school_id, name="重复", id_number=number))
        with pytest.raises(sa.exc.IntegrityError):
            everything.flush()
        everything.rollback()
    everything.add(Teacher(unit_id=school_id, name="不重复"))
    everything.flush()
    assert differences(everything) == []


def test_a_forgotten_path_fails_loudly_and_is_mended(
    app: Flask, everything: Session, teachers: list[Teacher], school: Unit
) -> None:
    everything.execute(sa.update(Teacher).where(Teacher.id == teachers[0].id).values(status="approved"))
    everything.commit()
    with app.app_context(), pytest.raises(AssertionError, match="forgotten"):
        check_sums()
    run = app.test_cli_runner()
    told = run.invoke(args=["progress", "check"])
    assert told.exit_code == 1 and "少计 1 人" in told.output and "多计 1 人" in told.output
    assert run.invoke(args=["progress", "check", "--mend"]).exit_code == 0
    assert run.invoke(args=["progress", "check"]).output == "合计与档案一致。\n"


def test_adding_up_changes_no_sum(everything: Session, school: Unit, teachers: list[Teacher]) -> None:
    for department in ("A", "B", None, "B", None):
        teachers[0].department = department
        everything.flush()
    here = sa.select(TeacherCount.department, TeacherCount.status, TeacherCount.waiting_unit_id)
    here = here.where(TeacherCount.school_id == school.id)
    before, many = sums(everything, school), len(everything.execute(here).all())
    assert fold(everything) > 0
    rows = everything.execute(here).all()
    assert sums(everything, school) == before
    assert len(rows) < many and len(rows) == len(set(rows)) and {row.department for row in rows} == {""}
    assert fold(everything) == 0 and mend(everything) == []


# ── at once ──


@pytest.fixture
def free(teachers: list[Teacher]) -> list[int]:
    """People whose report somebody may withdraw."""
    return [t.id for t in teachers if t.status == "in_review" and t.stage == 1]


def test_sums_stay_right_when_all_write_at_once(
    app: Flask, actor_named: Callable[[str], Actor], free: list[int], school: Unit, everything: Session
) -> None:
    """Everybody withdraws somebody while the rows are added up; two want the same person."""
    clerk, turn = actor_named("liyutong"), iter(range(THREADS))

    def act(session: Session, barrier: threading.Barrier) -> None:
        number = next(turn)
        barrier.wait()
        with transaction(session):
            operations.withdraw(session, free[number % len(free)], clerk, utc_now())
        with transaction(session):
            fold(session)

    outcomes = all_at_once(app, clerk, act)
    everything.rollback()
    assert Counter(outcomes) == {"done": len(free), "refused": THREADS - len(free)}
    assert sums(everything, school)["submitted_to_school"] == len(free) and differences(everything) == []


def test_naive_sums_lose_some(
    app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher], everything: Session
) -> None:
    """One number that everybody reads and writes back is wrong in the end."""
    row = everything.scalars(sa.select(TeacherCount).where(TeacherCount.status == "draft").limit(1)).one()
    key, before = row.id, row.n
    everything.rollback()

    def act(session: Session, barrier: threading.Barrier) -> None:
        writes.set(False)
        known = session.scalar(sa.select(TeacherCount.n).where(TeacherCount.id == key))
        session.rollback()
        barrier.wait()
        writes.set(True)
        session.execute(sa.update(TeacherCount).where(TeacherCount.id == key).values(n=(known or 0) + 1))
        session.commit()

    assert all_at_once(app, actor_named("liyutong"), act).count("done") == THREADS
    everything.rollback()
    assert everything.scalar(sa.select(TeacherCount.n).where(TeacherCount.id == key)) < before + THREADS


def test_what_another_adds_up_is_left_to_it(
    session_as: Callable[[str], Session], everything: Session, school: Unit, teachers: list[Teacher]
) -> None:
    """Waiting for it, two would sooner or later wait for each other."""
    for department in ("A", "B", None):
        teachers[0].department = department
        everything.flush()
    everything.commit()
    before, other = sums(everything, school), session_as("liyutong")
    everything.rollback()
    newest = sa.select(TeacherCount).order_by(TeacherCount.id.desc()).limit(1)
    held = other.scalars(newest.with_for_update()).one().id
    if postgresql := everything.get_bind().dialect.name == "postgresql":
        everything.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
    assert fold(everything) > 0
    everything.commit()
    other.rollback()
    assert sums(everything, school) == before and differences(everything) == []
    assert not postgresql or everything.get(TeacherCount, held) is not None


def test_two_who_add_up_at_once_count_nobody_twice(
    app: Flask, session_as: Callable[[str], Session], everything: Session, teachers: list[Teacher]
) -> None:
    for department in ("A", "B", None):
        teachers[0].department = department
        everything.flush()
    everything.commit()

    def act(session: Session, barrier: threading.Barrier) -> None:
        barrier.wait()
        with transaction(session):
            if not fold(session):
                raise Conflict("somebody else has")

    clerk = Actor(0, "", 0, "", "nation", teachers[0].indicator_set, "", frozenset())
    assert "done" in all_at_once(app, clerk, act)
    everything.rollback()
    assert differences(everything) == []
    key = Key(teachers[0].school_id or 0, "", teachers[0].status, None)
    query = sa.select(TeacherCount.n).filter_by(**key._asdict())
    assert len(everything.scalars(query).all()) == 1
