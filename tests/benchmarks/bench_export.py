"""How long the export of a long list takes, beside the bare writer of openpyxl on the same cells.

    python -m tests.benchmarks.bench_export [people]

The job runs as in a server: keys, pages, progress, workbook, encrypted file. The bare writer gets the finished texts
and makes no cell safe. Each runs in a process of its own, for the peak of its memory; TEST_DATABASE_URL as in tests.
"""

import datetime as dt
import io
import multiprocessing
import platform
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import openpyxl
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Account
from app.core.crypto import blind_index
from app.core.db import db, utc_now
from app.core.jobs import DONE, Job, enqueue
from app.core.ui.listing import ListRequest
from app.jobs.running import acting, make_worker
from app.organisations.models import Unit
from app.records.export import PAGE, export_list
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.benchmarks.bench_section_pages import application

PEOPLE, PART, OWNER = 100_000, 2_000, "yunchuan"
ASKED = {"view": "TeacherView", "filters": {}, "order": "", "direction": "asc", "page": 0, "size": 50, "search_id": ""}


def fill(app: Flask, people: int) -> None:
    """Teachers in all schools, by bulk insert."""
    with looking(app) as session:
        schools = session.scalars(sa.select(Unit).where(Unit.level == "school")).all()
        for start in range(0, people, PART):
            numbers = range(start, min(start + PART, people))
            session.execute(sa.insert(Teacher), [person(n, schools[n % len(schools)]) for n in numbers])
        session.commit()


def person(number: int, school: Unit) -> dict[str, Any]:
    id_number = f"{530000 + number % 1000}19{70 + number % 30}0101{number:06d}"[:18]
    scope = dict(zip(("province_id", "city_id", "county_id", "school_id"), school.scope_ids, strict=True))
    return {
        "unit_id": school.id, **scope, "name": f"王{number}", "gender": str(1 + number % 2), "id_type": "1",
        "id_number": id_number, "id_number_hash": blind_index(f"{number}", "bench"), "id_number_tail": id_number[-4:],
        "birth_date": dt.date(1970 + number % 30, 1, 1), "nationality": "156", "ethnicity": "01", "status": "draft",
        "highest_degree": "4", "version": 1, "created_at": utc_now(), "updated_at": utc_now(),
    }  # fmt: skip


def export(app: Flask, owner_id: int) -> None:
    """The job, from the queue to the file."""
    with acting(app, owner_id) as session:
        parameters = {"view": "TeacherView", "asked": ASKED, "search": ""}
        enqueue(session, session.info["actor"], export_list, "导出教师列表", parameters, utc_now())
        session.commit()
    assert make_worker(app).turn()


def cells(app: Flask, owner_id: int) -> list[list[str]]:
    """What the list shows, as texts."""
    view = next(view for view in app.appbuilder.baseviews if type(view).__name__ == "TeacherView")  # type: ignore[attr-defined]
    with acting(app, owner_id) as session:
        keys, found = view.keys(ListRequest(**ASKED), "", 10_000_000), []  # type: ignore[arg-type]
        for start in range(0, len(keys), PAGE):
            found += view.lines(keys[start : start + PAGE], ())
            session.rollback()
            session.expunge_all()
    return found


def write_bare(rows: list[list[str]]) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in rows:
        sheet.append(row)
    workbook.save(io.BytesIO())


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and by how many MiB the peak of the memory grew, in a fork of its own."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()

    def run() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        work()
        queue.put((time.perf_counter() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))

    process = context.Process(target=run)
    process.start()
    process.join()
    seconds, memory = queue.get()
    return float(seconds), float(memory)


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    with application() as app:
        fill(app, people)
        with looking(app) as session:
            owner_id = session.scalars(sa.select(Account.id).where(Account.username == OWNER)).one()
        with app.app_context():
            name = db.engine.dialect.name
            db.engine.dispose()
        print(f"Python {platform.python_version()}, {name}, {people} people and those of the demo")
        seconds, memory = measured(lambda: export(app, owner_id))
        with looking(app) as session:
            job = session.scalars(sa.select(Job)).one()
            assert job.status == DONE, job.message
            done = job.done
        print(f"the job            {seconds:7.1f} s  {done / seconds:8.0f} rows/s  +{memory:6.0f} MiB")
        rows = cells(app, owner_id)
        with app.app_context():
            db.engine.dispose()
        bare, memory = measured(lambda: write_bare(rows))
        print(
            f"openpyxl write_only{bare:7.1f} s  {done / bare:8.0f} rows/s  +{memory:6.0f} MiB  {len(rows[0])} columns"
        )
        print(f"ratio {seconds / bare:.2f}")


if __name__ == "__main__":
    main()
