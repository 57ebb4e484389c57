"""Schools that are late are reminded, not more than once a day; what comes back is told to whom it concerns."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.collection import rounds_late
from app.collection.operations import Refusal, reject
from app.collection.rounds_late import remind, remind_by_itself
from app.core.actor import Actor
from app.core.errors import AppError, Conflict, NotAllowed
from app.messages.models import Notice
from app.messages.operations import remove_old
from app.messages.queries import latest, unread
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump
from tests.collection.test_rounds import COUNTY, NOW, PROVINCE, TODAY, add, unit
from tests.conftest import PRIMARY, SCHOOL, STRANGE_SCHOOL, Client

REFUSAL = [Refusal("", None, "", "other", "请重填")]


@pytest.fixture(autouse=True)
def _no_notices_yet(everything: Session) -> None:
    """The demo data has some of its own."""
    everything.execute(sa.delete(Notice))
    everything.commit()


@pytest.fixture
def key(everything: Session) -> str:
    """A round of the county that ends in nine days."""
    row = add(everything, COUNTY, TODAY, TODAY + dt.timedelta(days=9), text="请补齐照片。")
    everything.commit()
    return str(row.id)


def notices(session: Session, **values: Any) -> list[Notice]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(sa.select(Notice).filter_by(**values).order_by(Notice.id)))


def test_a_county_reminds_its_late_schools_once_a_day(
    app: Flask, client_as: Callable[[str], Client], everything: Session, key: str, count_queries: Callable[[], Any]
) -> None:
    client = client_as("zhoumin")
    page = client.get(f"/rounds/late/list/?_flt_0_round={key}").text
    assert "青禾县第一中学" in page and "青禾县实验小学" in page and "石桥县初级中学" not in page
    with count_queries() as statements:
        client.get(f"/rounds/late/list/?_flt_0_round={key}")
    assert len(statements) <= 15, "\n".join(statements)
    sent = client.post(f"/rounds/late/batch?_flt_0_round={key}", {"action": "remind", "all_matching": "1"})
    assert sent.status_code == 302
    told = notices(everything, topic=f"late:{key}")
    assert {notice.unit_id for notice in told} >= {unit(everything, code).id for code in (SCHOOL, PRIMARY)}
    assert {(notice.from_unit, notice.from_name) for notice in told} == {("青禾县教育体育局", "周敏")}
    everything.rollback()
    before = dump(app)
    again = client.post(
        f"/rounds/late/batch?_flt_0_round={key}", {"rowid": str(unit(everything, PRIMARY).id)}, follow_redirects=True
    )
    assert "催报了 0 所学校，1 所今天已经催过" in again.text
    assert changed_tables(before, dump(app)) == []
    everything.rollback()


def test_the_school_reads_it_where_it_can_do_something(
    client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], everything: Session, key: str
) -> None:
    school = unit(everything, SCHOOL)
    assert remind(everything, actor_named("zhoumin"), key, [school.id], NOW) == (1, 0)
    everything.commit()
    clerk, query = client_as("liyutong"), client_as("yizhong_query")
    assert "1 条未读通知" in clerk.get("/").text and "条未读通知" not in query.get("/").text
    page = clerk.get("/me/notices/").text
    assert (
        "请尽快报送：「补采」" in page and "还有 9 天" in page and "请补齐照片。" in page and "青禾县教育体育局" in page
    )
    (notice,) = notices(everything)
    assert notice.read_at is None, "looking at the list opens nothing"
    assert query.post(f"/me/notices/{notice.id}").status_code == 404
    assert client_as("shiqiao1").post(f"/me/notices/{notice.id}").status_code == 404
    opened = clerk.post(f"/me/notices/{notice.id}")
    assert opened.headers["Location"] == "/teachers/list/"
    assert notices(everything)[0].read_by == "李雨桐" and "条未读通知" not in clerk.get("/").text


def test_nobody_reminds_others_schools_or_without_a_round(
    actor_named: Callable[[str], Actor], everything: Session, key: str
) -> None:
    school, strange = unit(everything, SCHOOL).id, unit(everything, STRANGE_SCHOOL).id
    assert remind(everything, actor_named("zhoumin"), key, [strange], NOW) == (0, 0)
    for who, error in (("shiqiao", AppError), ("liyutong", NotAllowed)):
        with pytest.raises(error):
            remind(everything, actor_named(who), key, [school], NOW)
    with pytest.raises(AppError, match="没有在进行"):
        remind(everything, actor_named("zhoumin"), key, None, NOW + dt.timedelta(days=20))
    assert notices(everything) == []


def test_late_schools_are_reminded_by_themselves_once(everything: Session, key: str) -> None:
    add(everything, PROVINCE, TODAY, TODAY + dt.timedelta(days=9), name="省里", remind_days=0)
    everything.commit()
    early, due = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=2)
    assert remind_by_itself(everything, early) == 0
    count = remind_by_itself(everything, due)
    everything.commit()
    told = notices(everything)
    assert count == len(told) > 2 and {notice.topic for notice in told} == {f"late:{key}"}
    assert {notice.county_id for notice in told} == {unit(everything, COUNTY).id}
    assert remind_by_itself(everything, due + dt.timedelta(days=3)) == 0
    everything.rollback()


def test_national_rounds_remind_everybody(everything: Session) -> None:
    at = dt.datetime(2027, 3, 25, 4, tzinfo=dt.UTC)
    late = everything.scalars(sa.select(Teacher.unit_id).where(Teacher.status == "draft").distinct()).all()
    assert remind_by_itself(everything, at) == len(late)
    told = everything.scalars(sa.select(Notice)).first()
    assert told is not None and "「2026 年度信息全面更新」3 月 31 日截止，还有 6 天" in told.text
    everything.rollback()


def test_many_rejected_are_one_notice_with_a_count(
    actor_named: Callable[[str], Actor], waiting: list[Teacher], everything: Session
) -> None:
    for teacher in waiting[:3]:
        reject(everything, teacher.id, teacher.version, REFUSAL, "", actor_named("zhoumin"), NOW)
    everything.commit()
    reporter = actor_named("liyutong")
    (notice,) = notices(everything, account_id=reporter.user_id)
    assert (notice.count, notice.read_at) == (3, None) and unread(everything, reporter) == 1
    everything.rollback()
    everything.execute(sa.update(Account).where(Account.username == "liyutong").values(active=False))
    reject(everything, waiting[3].id, waiting[3].version, REFUSAL, "", actor_named("zhoumin"), NOW)
    everything.commit()
    (to_school,) = notices(everything, account_id=None)
    assert (to_school.count, to_school.permission) == (1, "record:report")


def test_a_teacher_is_told_and_sees_nothing_of_others(
    client_as: Callable[[str], Client],
    actor_named: Callable[[str], Actor],
    session_as: Callable[[str], Session],
    teachers: list[Teacher],
    everything: Session,
    key: str,
) -> None:
    own = teachers[0]
    account = everything.scalars(sa.select(Account).where(Account.teacher_id == own.id)).one()
    everything.rollback()
    own = everything.get_one(Teacher, own.id)
    own.status = "submitted_to_school"
    everything.flush()
    clerk = actor_named("liyutong")
    reject(everything, own.id, own.version, REFUSAL, "", clerk, NOW, step="return_to_teacher")
    remind(everything, actor_named("zhoumin"), key, None, NOW)
    everything.commit()
    (notice,) = notices(everything, account_id=account.id)
    assert notice.teacher_id == own.id and own.id_number is not None
    client = client_as(own.id_number)
    page = client.get("/me/notices/").text
    assert "青禾县第一中学退回了您的资料" in page and "请尽快报送" not in page
    assert client.post(f"/me/notices/{notice.id}").headers["Location"] == "/my/"
    assert unread(everything, clerk) == 1, "the school's own reminder alone"
    everything.rollback()


def test_old_notices_go(everything: Session, actor_named: Callable[[str], Actor], key: str) -> None:
    remind(everything, actor_named("zhoumin"), key, None, NOW)
    everything.execute(sa.update(Notice).values(read_at=NOW))
    assert remove_old(everything, NOW + dt.timedelta(days=170)) == 0
    count = len(latest(everything, actor_named("liyutong")))
    assert count == 1 and remove_old(everything, NOW + dt.timedelta(days=190)) > 1
    everything.rollback()


@pytest.mark.parametrize("naive", [False, True])
def test_two_superiors_at_once_remind_a_school_once(
    actor_named: Callable[[str], Actor], everything: Session, key: str, naive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked before the first has written: the mark of the day holds, without it there are two."""
    school, actor = unit(everything, PRIMARY).id, actor_named("zhoumin")
    message, marks = rounds_late._message, iter("ab")
    if naive:
        monkeypatch.setattr(rounds_late, "_message", lambda *given: message(*given[:-1], next(marks)))
    monkeypatch.setattr(rounds_late, "_reminded_today", lambda *_: set())
    remind(everything, actor, key, [school], NOW)
    everything.commit()
    try:
        remind(everything, actor, key, [school], NOW)
        everything.commit()
    except Conflict:
        everything.rollback()
    assert len(notices(everything, unit_id=school)) == (2 if naive else 1)
