"""The review queue, as a reviewer's browser sees it."""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from app.records.teacher import Teacher
from tests.conftest import Client

COUNTY = "zhoumin"


def fresh(session: Session, teacher: Teacher) -> Teacher:
    session.rollback()
    session.expire_all()
    return session.get_one(Teacher, teacher.id)


def test_queue_shows_what_waits_here(client_as: Callable[[str], Client], waiting: list[Teacher]) -> None:
    page = client_as(COUNTY).get("/review/list/").get_data(as_text=True)
    ids = [int(pk) for pk in re.findall(r'href="/review/desk/(\d+)"', page)]
    assert set(ids) == {teacher.id for teacher in waiting}
    assert "李雨桐" in page and "第 2 级" in page
    assert "石桥县初级中学" not in page, "schools without waiting records are no choice"


def test_queue_filters_and_refuses_bad_parameters(
    client_as: Callable[[str], Client],
    waiting: list[Teacher],
    count_queries: Callable[[], AbstractContextManager[list]],
) -> None:
    client = client_as(COUNTY)
    with count_queries() as statements:
        assert client.get("/review/list/").status_code == 200
    assert len(statements) <= 15, len(statements)
    found = client.get(f"/review/list/?_flt_0_unit_id={waiting[0].unit_id}&_flt_0_staff_category=A1")
    assert found.status_code == 200 and "已用条件" in found.get_data(as_text=True)
    for bad in ("_flt_0_unit_id=x", "_flt_0_unit_id=99999999999", "_flt_0_name=x", "_oc_ReviewQueueView=name"):
        assert client.get(f"/review/list/?{bad}").status_code == 400, bad


def test_search_finds_within_the_queue(client_as: Callable[[str], Client], waiting: list[Teacher]) -> None:
    client = client_as(COUNTY)
    answer = client.post("/review/search/", {"q": waiting[1].name})
    page = client.get(answer.location).get_data(as_text=True)
    assert f"/review/desk/{waiting[1].id}" in page and "%" not in answer.location


def test_waiting_days(everything: Session, client_as: Callable[[str], Client], waiting: list[Teacher]) -> None:
    teacher = everything.get_one(Teacher, waiting[0].id)
    assert teacher.reported_at is not None
    teacher.reported_at -= dt.timedelta(days=5)
    everything.commit()
    client = client_as(COUNTY)
    assert "5 天" in client.get("/review/list/").get_data(as_text=True)
    assert "等了 5 天" in client.get(f"/review/desk/{teacher.id}").get_data(as_text=True)
