"""An import whose workers are killed again and again: nothing is lost, doubled, or half done."""

import multiprocessing
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.db import db, utc_now, writes
from app.core.files import FileStore
from app.core.jobs import DONE, RUNNING, STALE, Job, Kind
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from app.spreadsheets.background import hand_over, read_import, undo_import, write_import
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.operations import undo_plan
from app.spreadsheets.plan_rows import count_rows
from app.spreadsheets.planning import begin_plan
from tests.spreadsheets import import_child
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import fill, number_of, person

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed by signal")

KILLS, PEOPLE, STUDIES = 20, 60, 2
STUDY = {"获得学历": "21", "获得学历的院校或机构": "云川大学", "所学专业": "物理学"}


class Killer:
    """Starts workers, and kills each after a moment."""

    def __init__(self, desk: Desk, url: str, folder: Path) -> None:
        self.desk, self.url, self.store = desk, url, FileStore(folder)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.spreadsheets.import_child"])
        self.chance = random.Random(20261122)
        self.running: list[Any] = []
        self.killed = 0

    def work(self, wait: float | None) -> bool:
        """One worker; with `wait` it is killed so many seconds after it has begun. Whether it was."""
        return self.start(import_child.work, wait, str(self.store.root))

    def start(self, target: Callable[..., None], wait: float | None, *arguments: Any) -> bool:
        ready = self.context.Event()
        process = self.context.Process(target=target, args=(self.url, *arguments, ready), daemon=True)
        process.start()
        self.running.append(process)
        ready.wait(60)
        process.join(wait)
        process.kill()
        process.join()
        return process.exitcode == -signal.SIGKILL

    def step(self, plan_id: int, kind: Kind) -> Iterator[None]:
        """Queue a step and let workers die over it; yields after each death and at the end."""
        session = self.desk.session
        job_id = hand_over(
            session, SYSTEM, plan_id, kind, "", **({"only_right": False} if kind is write_import else {})
        )
        session.commit()
        deaths = 0
        while session.scalar(sa.select(Job.status).where(Job.id == job_id)) != DONE:
            session.rollback()
            # A step that dies early again and again would leave none for the others.
            deaths += self.work(self.chance.uniform(0, 0.3) if deaths < KILLS // 4 else None)
            self.time_passes()
            yield
        session.rollback()
        self.killed += deaths
        yield

    def time_passes(self) -> None:
        """The jobs of dead workers become old; how often they were tried is another test's."""
        old = {"heartbeat_at": utc_now() - STALE * 2, "attempts": 1}
        token = writes.set(True)
        self.desk.session.execute(sa.update(Job).where(Job.status == RUNNING).values(old))
        self.desk.session.commit()
        writes.reset(token)


@pytest.fixture
def killer(app: Flask, desk: Desk, database: Any, tmp_path: Path) -> Iterator[Killer]:
    database.others_write = True
    made = Killer(desk, database.url, tmp_path / "files")
    yield made
    for process in made.running:
        process.kill()
        process.join()
    with app.app_context():
        db.session.remove()


def counted(desk: Desk, plan_id: int) -> tuple[int, int, str]:
    """What is there of the file: people, their rows; and the state of the plan."""
    desk.session.rollback()
    made = sa.select(Teacher.id).where(Teacher.batch_id == plan_id)
    people = desk.session.scalar(sa.select(sa.func.count()).select_from(made.subquery()))
    rows = desk.session.scalar(sa.select(sa.func.count()).where(EducationHistory.teacher_id.in_(made)))
    status = desk.session.scalars(sa.select(ImportPlan.status).where(ImportPlan.id == plan_id)).one()
    return people or 0, rows or 0, status


def file_of(desk: Desk) -> Path:
    people = [(2 * i, f"何静{chr(0x4E00 + i)}") for i in range(PEOPLE)]
    studies = [person(*one, **STUDY, 入学年月=f"200{k}-09") for one in people for k in range(STUDIES)]
    return fill(desk.unit, desk.path, 基本信息=[person(*one) for one in people], 学习经历=studies)


def begun(killer: Killer) -> int:
    """A plan whose file lies in the store, and nothing else yet."""
    desk, path = killer.desk, file_of(killer.desk)
    digest = killer.store.put(path.read_bytes())
    plan = begin_plan(desk.session, desk.actor, desk.unit, path.name, digest, "append", utc_now())
    plan.stored_digest = digest
    desk.session.commit()
    return plan.id


def test_twenty_kills_in_imports_leave_all_of_each_or_nothing(killer: Killer) -> None:
    desk = killer.desk
    before = desk.session.scalar(sa.select(sa.func.count(Teacher.id)))
    nothing, everything = (0, 0), (PEOPLE, PEOPLE * STUDIES)
    numbers = {number_of(2 * i) for i in range(PEOPLE)}
    while killer.killed < KILLS:
        plan_id = begun(killer)
        for _ in killer.step(plan_id, read_import):
            assert counted(desk, plan_id) in ((*nothing, "reading"), (*nothing, "planned"))
        assert count_rows(desk.session, [plan_id]) == {plan_id: {"create": PEOPLE * (1 + STUDIES)}}
        for _ in killer.step(plan_id, write_import):
            assert counted(desk, plan_id) in ((*nothing, "planned"), (*everything, "applied"))
        written = desk.session.scalars(sa.select(Teacher).where(Teacher.batch_id == plan_id))
        assert {teacher.id_number for teacher in written} == numbers
        for _ in killer.step(plan_id, undo_import):
            assert counted(desk, plan_id) in ((*everything, "applied"), (*nothing, "undone"))
        assert desk.session.scalar(sa.select(sa.func.count(Teacher.id))) == before


def test_kills_of_the_web_process_leave_all_of_a_small_import_or_nothing(killer: Killer) -> None:
    desk, path = killer.desk, file_of(killer.desk)
    unit_id, deaths = desk.unit.id, 0
    whole = {"create": PEOPLE * (1 + STUDIES)}
    desk.session.rollback()
    while deaths < KILLS:
        deaths += killer.start(import_child.send, killer.chance.uniform(0, 0.5), str(path), unit_id)
        desk.session.rollback()
        for plan_id, status in desk.session.execute(sa.select(ImportPlan.id, ImportPlan.status)).all():
            assert count_rows(desk.session, [plan_id]) == {plan_id: whole}, "no half of a plan"
            people = PEOPLE if status == "applied" else 0
            assert counted(desk, plan_id) == (people, people * STUDIES, status)
            if status == "applied":
                undo_plan(desk.session, desk.actor, plan_id, utc_now())
                desk.session.commit()
