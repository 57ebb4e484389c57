"""Export of lists: short ones at once, long ones by a job; both say what the list says."""

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy.orm import Session

from app.core.codes import codes
from app.core.db import db
from app.core.jobs import DONE, FAILED, QUEUED, Job
from app.jobs.running import make_worker
from app.records import CHILD_SECTIONS, export_views
from app.records.access import AccessLog
from app.records.export import CHANGED
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import Client

CLERK, COUNTY = "liyutong", "zhoumin"


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as(CLERK)


@pytest.fixture
def long_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list is too long to be exported at once, and read in small pages."""
    monkeypatch.setattr(export_views, "AT_ONCE", 1)
    monkeypatch.setattr("app.records.export.PAGE", 3)


def rows_of(content: bytes) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def work(app: Flask) -> None:
    while make_worker(app).turn():
        pass


def last_job(app: Flask) -> Job:
    with looking(app) as session:
        return session.scalars(sa.select(Job).order_by(Job.id.desc()).limit(1)).one()


def by_job(app: Flask, client: Client, path: str) -> list[tuple[Any, ...]]:
    answer = client.post(path)
    assert answer.status_code == 302 and answer.location == "/jobs/"
    assert last_job(app).status == QUEUED
    work(app)
    job = last_job(app)
    assert job.status == DONE, job.message
    return rows_of(client.get(f"/jobs/{job.id}/result").data)


QUERIES = [
    "", "?_flt_0_gender=1", "?_flt_0_status=draft", "?_oc_TeacherView=birth_date&_od_TeacherView=desc",
    "?_oc_TeacherView=updated_at&_od_TeacherView=asc&_flt_0_gender=2", "?page_TeacherView=1&psize_TeacherView=20",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_job_writes_the_same_as_the_request(
    app: Flask, clerk: Client, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = rows_of(clerk.post(f"/teachers/export{query}").data)
    assert len(at_once) > 5
    monkeypatch.setattr(export_views, "AT_ONCE", 1)
    monkeypatch.setattr("app.records.export.PAGE", 3)
    assert by_job(app, clerk, f"/teachers/export{query}") == at_once


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_rows_without_a_date_are_exported_in_their_place(
    app: Flask, clerk: Client, everything: Session, teachers: list[Teacher], long_lists: None, direction: str
) -> None:
    for teacher in teachers[::3]:
        teacher.birth_date = None
    for teacher in teachers[1::3]:
        teacher.birth_date = teachers[1].birth_date
    everything.commit()
    order = f"?_oc_TeacherView=birth_date&_od_TeacherView={direction}&psize_TeacherView=100"
    names = [row[0] for row in by_job(app, clerk, f"/teachers/export{order}")[1:]]
    page = clerk.get(f"/teachers/list/{order}").get_data(as_text=True)
    places = [page.index(f">{name}</a>") for name in names]
    assert len(names) == len(teachers) and places == sorted(places)


@pytest.mark.parametrize("section", [CHILD_SECTIONS[0], CHILD_SECTIONS[-1]], ids=lambda section: section.name)
def test_the_list_of_a_section_is_exported_both_ways(
    app: Flask, clerk: Client, section: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/records/{section.name}/export"
    at_once = rows_of(clerk.post(path).data)
    assert at_once[0][0] == "姓名"
    if len(at_once) > 2:
        monkeypatch.setattr(export_views, "AT_ONCE", 1)
        assert by_job(app, clerk, path) == at_once


def test_a_search_is_exported_and_stays_secret(
    app: Flask, clerk: Client, teachers: list[Teacher], long_lists: None
) -> None:
    surname = max({(t.name or "")[0] for t in teachers}, key=lambda s: sum((t.name or "")[0] == s for t in teachers))
    found = clerk.post("/teachers/search/", {"q": surname}).location
    rows = by_job(app, clerk, found.replace("/list/", "/export"))
    assert {row[0] for row in rows[1:]} == {t.name for t in teachers if surname in (t.name or "")}
    job = last_job(app)
    assert surname not in job.title and "查找" in job.title
    with looking(app) as session:
        details = list(session.scalars(sa.select(AccessLog.detail).order_by(AccessLog.id)))
    assert details == [f"{len(rows) - 1} rows {{}}", f"job {job.id} export_list, result"]


def test_numbers_stay_masked_and_strangers_outside(
    app: Flask, clerk: Client, teachers: list[Teacher], strangers: list[Teacher], long_lists: None
) -> None:
    rows = by_job(app, clerk, "/teachers/export")
    text = str(rows)
    assert len(rows) == len(teachers) + 1
    assert not [t for t in (*teachers, *strangers) if t.id_number and t.id_number in text]
    assert {row[0] for row in rows[1:]} == {t.name for t in teachers}


def test_the_job_sees_what_the_owner_sees_when_it_runs(
    app: Flask, clerk: Client, teachers: list[Teacher], everything: Session, long_lists: None
) -> None:
    clerk.post("/teachers/export")
    with looking(app) as session:
        session.execute(sa.text("UPDATE ab_user SET active = :no WHERE username = :name"), {"no": False, "name": CLERK})
        session.commit()
    work(app)
    job = last_job(app)
    assert job.status == FAILED and "停用" in job.message and job.result_digest is None


def test_a_condition_that_is_gone_is_not_ignored(app: Flask, clerk: Client, long_lists: None) -> None:
    clerk.post("/teachers/export?_flt_0_gender=1")
    with looking(app) as session:
        job = session.scalars(sa.select(Job)).one()
        asked = job.parameters["asked"] | {"filters": {"x_77": "1"}}
        job.parameters = job.parameters | {"asked": asked}
        session.commit()
    work(app)
    assert (last_job(app).status, last_job(app).message) == (FAILED, CHANGED)


def test_the_work_leaves_no_actor_behind(app: Flask, clerk: Client, long_lists: None) -> None:
    by_job(app, clerk, "/teachers/export")
    with app.app_context():
        assert "actor" not in g and db.session.info == {}
        codes.refresh(db.session)


def test_a_page_of_the_export_costs_a_few_queries(
    app: Flask, client_as: Callable[[str], Client], count_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not some for each row, whatever schools the rows belong to."""
    monkeypatch.setattr(export_views, "AT_ONCE", 1)
    county = client_as(COUNTY)
    for path in ("/teachers/export", "/records/education_history/export"):
        county.post(path)
        with count_queries() as statements:
            work(app)
        assert last_job(app).done > 20 and len(statements) < 25, path
