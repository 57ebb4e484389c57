"""The page of jobs: what it shows, what it changes, whose files it gives."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Account, ServerSession
from app.core.db import utc_now
from app.core.jobs import CANCELLED, DONE, FAILED, KEEP, QUEUED, RUNNING, Job
from app.jobs.pages import job_line
from app.records import export_views
from app.records.access import AccessLog
from tests.accounts.database import looking
from tests.conftest import Client

CLERK = "liyutong"
NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as(CLERK)


@pytest.fixture
def add(app: Flask) -> Callable[..., int]:
    """`add(status="done")`: a job of the clerk."""

    def make(**values: Any) -> int:
        with looking(app) as session:
            owner = session.scalars(sa.select(Account).where(Account.username == CLERK)).one()
            content = values.pop("content", None)
            if content is not None:
                values |= {"result_digest": app.extensions["files"].put(content), "result_name": "教师列表.xlsx"}
            common = {"kind": "export_list", "title": "导出教师列表", "parameters": {}, "created_at": utc_now()}
            job = Job(**common | {"owner_id": owner.id, "unit_id": owner.unit_id} | values)
            session.add(job)
            session.commit()
            return job.id

    return make


def status_of(app: Flask, job_id: int) -> str:
    with looking(app) as session:
        return session.get_one(Job, job_id).status


def test_a_job_is_cancelled_and_tried_again(app: Flask, clerk: Client, add: Callable[..., int]) -> None:
    job_id = add(status=RUNNING, done=10, total=100, started_at=utc_now(), heartbeat_at=utc_now(), claim="x")
    page = clerk.get("/jobs/").get_data(as_text=True)
    assert "进行中" in page and "10%" in page and f"/jobs/{job_id}/cancel" in page and "/retry" not in page
    assert clerk.post(f"/jobs/{job_id}/cancel").status_code == 302 and status_of(app, job_id) == CANCELLED
    page = clerk.get("/jobs/").get_data(as_text=True)
    assert "已取消" in page and f"/jobs/{job_id}/retry" in page and "/cancel" not in page
    assert clerk.post(f"/jobs/{job_id}/retry").status_code == 302 and status_of(app, job_id) == QUEUED


@pytest.mark.parametrize(
    ("status", "verb"), [(DONE, "cancel"), (FAILED, "cancel"), (DONE, "retry"), (RUNNING, "retry")]
)
def test_what_has_changed_meanwhile_is_told_and_left(
    app: Flask, clerk: Client, add: Callable[..., int], status: str, verb: str
) -> None:
    job_id = add(status=status)
    clerk.post(f"/jobs/{job_id}/{verb}")
    assert status_of(app, job_id) == status and "刚刚变了" in clerk.get("/jobs/").get_data(as_text=True)


def test_a_result_is_the_owners_and_looked_at_with_a_trace(
    app: Flask, client_as: Callable[[str], Client], clerk: Client, add: Callable[..., int]
) -> None:
    job_id = add(status=DONE, content=b"result", expires_at=utc_now() + KEEP)
    for other in ("yizhong_query", "wangjianguo", "shiqiao", "yunchuan"):
        assert client_as(other).get(f"/jobs/{job_id}/result").status_code == 404
    answer = clerk.get(f"/jobs/{job_id}/result")
    assert answer.data == b"result" and answer.headers["Content-Disposition"].startswith("attachment")
    with looking(app) as session:
        [look] = session.scalars(sa.select(AccessLog))
        assert (look.kind, look.detail) == ("export", f"job {job_id} export_list, result")


def test_a_result_runs_out(clerk: Client, add: Callable[..., int]) -> None:
    job_id = add(status=DONE, content=b"result", expires_at=utc_now() - dt.timedelta(seconds=1))
    assert clerk.get(f"/jobs/{job_id}/result").status_code == 404
    assert "导出教师列表" not in clerk.get("/jobs/").get_data(as_text=True)


def test_a_result_stays_in_the_unit_where_it_was_asked_for(
    app: Flask, clerk: Client, add: Callable[..., int], strangers: list[Any]
) -> None:
    job_id = add(status=DONE, content=b"result")
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == CLERK)).one()
        account.unit_id = strangers[0].unit_id
        session.commit()
    assert clerk.get(f"/jobs/{job_id}/result").status_code == 404


def test_the_script_gets_the_same_rows_and_keeps_nobody_logged_in(
    app: Flask, clerk: Client, add: Callable[..., int]
) -> None:
    job_id = add(status=RUNNING, done=1, total=4, started_at=utc_now(), heartbeat_at=utc_now())
    clerk.get("/jobs/")
    earlier = utc_now() - dt.timedelta(minutes=5)
    with looking(app) as session:
        session.execute(sa.update(ServerSession).values(seen_at=earlier))
        session.commit()
    answer = clerk.get("/jobs/state").get_json()
    assert answer["busy"] and f'data-job="{job_id}"' in answer["rows"] and "25%" in answer["rows"]
    with looking(app) as session:
        assert set(session.scalars(sa.select(ServerSession.seen_at))) == {earlier}
    clerk.get("/jobs/")
    with looking(app) as session:
        assert set(session.scalars(sa.select(ServerSession.seen_at))) != {earlier}


def test_other_pages_tell_of_ones_jobs_and_cost_nothing_without_them(
    app: Flask, clerk: Client, count_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page() -> tuple[str, int]:
        with count_queries() as statements:
            text = clerk.get("/units/list/").get_data(as_text=True)
        return text, sum("job" in statement for statement in statements)

    text, queries = page()
    assert "jobs-news" not in text and queries == 0
    monkeypatch.setattr(export_views, "AT_ONCE", 1)
    clerk.post("/teachers/export")
    text, queries = page()
    assert "1 个任务进行中" in text and queries == 1
    clerk.get("/jobs/")
    assert "1 个任务进行中" in page()[0]
    with looking(app) as session:
        session.execute(sa.update(Job).values(status=DONE))
        session.commit()
    assert "1 个任务已结束" in page()[0]
    clerk.get("/jobs/")
    text, queries = page()
    assert "jobs-news" not in text and queries == 0


def line(**values: Any) -> dict[str, Any]:
    common = {"id": 1, "title": "导出", "status": RUNNING, "done": 0, "total": 0, "message": ""}
    moments: dict[str, Any] = dict.fromkeys(("started_at", "finished_at", "expires_at", "result_digest"))
    return job_line(Job(**common | moments | {"created_at": NOW} | values), NOW + dt.timedelta(seconds=10))


def test_figures_say_how_fast_and_how_long() -> None:
    half = line(done=5_000, total=10_000, started_at=NOW)
    assert (half["percent"], half["figures"]) == (50, "5,000 / 10,000 行 · 每秒 500 行 · 约剩 10 秒")
    ended = line(done=9, total=9, started_at=NOW, finished_at=NOW + dt.timedelta(seconds=3), status=DONE)
    assert (ended["percent"], ended["figures"]) == (100, "9 行 · 每秒 3 行")
    assert line()["percent"] is None and line()["figures"] == ""
    assert line(status=DONE, done=0, total=0, started_at=NOW)["percent"] == 100


def test_a_job_that_nobody_takes_says_so() -> None:
    assert line(status=QUEUED)["message"] == ""
    assert "告诉系统管理员" in line(status=QUEUED, created_at=NOW - dt.timedelta(minutes=3))["message"]
