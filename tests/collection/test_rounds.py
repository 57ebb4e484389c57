"""Rounds of the nation and of units, what a deadline says, and a province that lets report within its rounds only."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.collection import flow
from app.collection.operations import report
from app.collection.rounds import deadlines_for
from app.collection.rounds_settings import save_round
from app.collection.rounds_tables import CollectionRound, ReportingChoice, reporting_closed
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import AppError, NotAllowed
from app.core.settings_log import SettingChange
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump
from tests.conftest import PRIMARY, SCHOOL, STRANGE_SCHOOL, Client

NOW = utc_now()
TODAY = NOW.astimezone().date()
MAY = dt.date(2026, 5, 10)
COUNTY, PROVINCE, KINDERGARTEN = "5301210000", "5300000000", "1153000103"


def unit(session: Session, code: str) -> Unit:
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one()


def add(session: Session, code: str, first: dt.date, last: dt.date, **values: Any) -> CollectionRound:
    owner = unit(session, code)
    known = {"name": "补采", "school_kinds": "KSEVHU", "text": "", "remind_days": 7} | values
    row = CollectionRound(unit_id=owner.id, starts_on=first, ends_on=last, **known)
    session.add(row)
    session.flush()
    return row


def typed(**changed: Any) -> dict[str, str]:
    values = {"name": "暑期补采", "starts_on": TODAY, "ends_on": TODAY + dt.timedelta(days=9), "school_kinds": "S,K",
              "remind_days": "3", "text": "请补齐照片。"}  # fmt: skip
    return {name: str(value) for name, value in (values | changed).items()}


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ((2026, 3, 30), "「2025 年度信息全面更新」3 月 31 日截止，还有 1 天"),
        ((2026, 3, 31), "「2025 年度信息全面更新」3 月 31 日截止，今天是最后一天"),
        ((2026, 4, 1), "下一轮「2026 年上半年信息更新」7 月 1 日开始，9 月 30 日截止"),
        ((2026, 9, 22), "「2026 年上半年信息更新」9 月 30 日截止，还有 8 天"),
        ((2026, 10, 1), "下一轮「2026 年度信息全面更新」2027 年 1 月 1 日开始，2027 年 3 月 31 日截止"),
    ],
)
def test_the_nations_two_dates_hold_for_everybody(everything: Session, today: Any, said: str) -> None:
    found = deadlines_for(everything, unit(everything, COUNTY), dt.date(*today))
    assert [deadline.line for deadline in found] == [said]


def test_a_round_holds_for_the_schools_below_of_its_kinds(
    everything: Session, count_queries: Callable[[], Any]
) -> None:
    add(everything, COUNTY, MAY, MAY + dt.timedelta(days=5), name="县里", school_kinds="S")
    add(everything, PROVINCE, MAY, MAY + dt.timedelta(days=2), name="省里")
    add(everything, PROVINCE, MAY - dt.timedelta(days=9), MAY - dt.timedelta(days=1), name="过去的")

    def names(code: str) -> list[str]:
        return [deadline.name for deadline in deadlines_for(everything, unit(everything, code), MAY)]

    assert names(SCHOOL) == names(PRIMARY) == names(COUNTY) == ["省里", "县里"]
    assert names(KINDERGARTEN) == names(STRANGE_SCHOOL) == names(PROVINCE) == ["省里"]
    school = unit(everything, SCHOOL)
    with count_queries() as statements:
        first = deadlines_for(everything, school, MAY)[0]
    assert len(statements) == 2
    waiting = sa.select(sa.func.count(Teacher.id)).where(
        Teacher.unit_id == school.id, Teacher.status.in_(("draft", "submitted_to_school", "rejected"))
    )
    assert first.missing == everything.scalar(waiting) and (first.days_left, first.missing > 0) == (2, True)


def test_a_county_keeps_its_own_and_leaves_others_alone(
    app: Flask, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], everything: Session
) -> None:
    client = client_as("zhoumin")
    assert client.post("/rounds/add", typed()).status_code == 302
    everything.rollback()
    row = everything.scalars(sa.select(CollectionRound)).one()
    assert (row.unit.code, row.school_kinds, row.remind_days) == (COUNTY, "KS", 3)
    assert client.post(f"/rounds/edit/{row.id}", typed(name="暑期再采")).status_code == 302
    everything.rollback()
    told = [change.changes for change in everything.scalars(sa.select(SettingChange).order_by(SettingChange.id))]
    assert told[1:] == [{"name": ["暑期补采", "暑期再采"]}] and told[0]["text"] == ["", "请补齐照片。"]
    assert "暑期再采" in client_as("liyutong").get("/rounds/list/").text
    stranger, province = client_as("shiqiao"), client_as("yunchuan")
    assert "暑期再采" not in stranger.get("/rounds/list/").text
    before = dump(app)
    assert stranger.post(f"/rounds/edit/{row.id}", typed()).status_code == 404
    assert stranger.post(f"/rounds/drop/{row.id}").status_code == 404
    assert province.post(f"/rounds/drop/{row.id}").status_code == 404
    with pytest.raises(NotAllowed):
        save_round(everything, actor_named("moe"), None, typed(), NOW)
    everything.rollback()
    assert changed_tables(before, dump(app)) == []
    assert client.post(f"/rounds/drop/{row.id}").status_code == 302
    everything.rollback()
    assert everything.scalars(sa.select(CollectionRound)).all() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ends_on": TODAY - dt.timedelta(days=1)}, "早于开始日期"),
        ({"starts_on": "2020-01-01", "ends_on": "2020-02-01"}, "已经过了"),
        ({"school_kinds": ""}, "「学校类型」没有填"),
        ({"remind_days": "99"}, "要在 0 到 60 之间"),
    ],
)
def test_what_is_wrong_with_a_round_is_said(
    app: Flask, client_as: Callable[[str], Client], changed: dict[str, Any], said: str
) -> None:
    client, before = client_as("zhoumin"), dump(app)
    refused = client.post("/rounds/add", typed(**changed))
    assert refused.status_code == 400 and said in refused.text and "请补齐照片。" in refused.text
    assert changed_tables(before, dump(app)) == []


def test_a_province_lets_report_within_its_rounds_only(
    client_as: Callable[[str], Client],
    actor_named: Callable[[str], Actor],
    everything: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, clerk = client_as("yunchuan"), actor_named("liyutong")
    refused = client.post("/rounds/only/", {"only_in_rounds": "1"})
    assert refused.status_code == 400 and "请先新增轮次" in refused.text
    begins = TODAY + dt.timedelta(days=5)
    everything.rollback()
    add(everything, PROVINCE, begins, begins + dt.timedelta(days=5), school_kinds="S")
    add(everything, COUNTY, TODAY, TODAY, name="县里的不算")
    everything.commit()
    assert client.post("/rounds/only/", {"only_in_rounds": "1"}).status_code == 302
    everything.rollback()
    key = next(
        t.id
        for t in everything.scalars(sa.select(Teacher).order_by(Teacher.id))
        if t.unit_id == clerk.unit_id and t.status == "draft"
    )
    with pytest.raises(AppError, match=f"下一轮「补采」从 {begins.month} 月 {begins.day} 日起可以报送|年 .*起可以报送"):
        report(everything, key, clerk, NOW)
    everything.rollback()
    assert everything.get_one(Teacher, key).status == "draft"
    kindergarten = unit(everything, KINDERGARTEN)
    assert "还没有公布" in reporting_closed(everything, kindergarten, begins)
    monkeypatch.setattr(flow, "TODAY", lambda: begins)
    report(everything, key, clerk, NOW)
    assert everything.get_one(Teacher, key).status == "in_review"
    everything.rollback()
    assert everything.scalars(sa.select(ReportingChoice)).one().only_in_rounds


def test_schools_and_teachers_are_told(
    client_as: Callable[[str], Client], teachers: list[Teacher], everything: Session
) -> None:
    add(everything, COUNTY, TODAY, TODAY + dt.timedelta(days=2), name="县里补采")
    everything.commit()
    assert "「县里补采」" in client_as("liyutong").get("/teachers/list/").text
    assert "「县里补采」" not in client_as("shiqiao1").get("/teachers/list/").text
    own = next(t for t in teachers[:2] if t.status == "draft")
    assert own.id_number and "前报送「县里补采」，还有 2 天" in client_as(own.id_number).get("/my/").text
