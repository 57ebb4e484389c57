"""A province switches levels of review on and off; what waits there goes on, and nobody is left without a reviewer."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.collection import chain
from app.collection.models import ReviewLevel, Snapshot
from app.collection.operations import approve, report
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import AppError, NotAllowed
from app.core.flow import FlowLog
from app.core.jobs import Job
from app.core.settings_log import SettingChange
from app.jobs.running import make_worker
from app.organisations.models import Unit
from app.records.states import state_label
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump
from tests.conftest import PRIMARY, SCHOOL, Client
from tests.organisations.test_changes import COUNTY, move

OFF = {"city": "0", "province": "0"}
UNIVERSITY, MINISTRY = "4153019801", "1000000000"
NOW = utc_now()


def set_levels(session: Session, **levels: bool) -> None:
    province = session.scalars(sa.select(Unit.id).where(Unit.level == "province")).one()
    session.execute(sa.delete(ReviewLevel))
    session.add_all(ReviewLevel(province_id=province, level=name, enabled=on) for name, on in levels.items())
    session.commit()


@pytest.fixture
def at_city(everything: Session, actor_named: Callable[[str], Actor], waiting: list[Teacher]) -> list[int]:
    """Reports that the county has passed on to the city."""
    set_levels(everything, city=True)
    for teacher in waiting:
        approve(everything, teacher.id, None, actor_named("zhoumin"), NOW)
    everything.commit()
    city = everything.scalars(sa.select(Unit.id).where(Unit.level == "city")).one()
    keys = [teacher.id for teacher in waiting]
    assert keys and set(states(everything, keys)) == {("in_review", city)}
    everything.rollback()
    return keys


def states(session: Session, keys: list[int]) -> list[tuple[str, int | None]]:
    session.rollback()
    session.expire_all()
    query = sa.select(Teacher.status, Teacher.waiting_unit_id).where(Teacher.id.in_(keys)).order_by(Teacher.id)
    return [(status, unit_id) for status, unit_id in session.execute(query)]


def test_the_consequence_is_shown_before_anything_is_stored(
    app: Flask, client_as: Callable[[str], Client], at_city: list[int]
) -> None:
    client = client_as("yunchuan")
    before = dump(app)
    page = client.post("/review-chain/", OFF)
    assert page.status_code == 200 and changed_tables(before, dump(app)) == []
    assert f"现在在市级等的 {len(at_city)} 份，直接成为审核通过" in page.text
    assert f"南屏市教育局 {len(at_city)} 份" in page.text
    assert f'name="seen" value="{len(at_city)}"' in page.text
    stale = client.post("/review-chain/", OFF | {"seen": "1"})
    assert stale.status_code == 400 and "刚刚有变动" in stale.text and changed_tables(before, dump(app)) == []


def test_what_waits_at_a_level_switched_off_is_approved_when_it_was_the_last(
    client_as: Callable[[str], Client], at_city: list[int], everything: Session
) -> None:
    posted = client_as("yunchuan").post("/review-chain/", OFF | {"seen": str(len(at_city))})
    assert posted.status_code == 302
    assert set(states(everything, at_city)) == {("approved", None)}
    steps = everything.scalars(sa.select(FlowLog).where(FlowLog.step == "pass_on")).all()
    assert {step.row_id for step in steps} == set(at_city) and {step.unit_name for step in steps} == {"云川省教育厅"}
    kept = everything.scalars(sa.select(Snapshot.teacher_id).where(Snapshot.teacher_id.in_(at_city)))
    assert sorted(kept) == at_city
    change = everything.scalars(sa.select(SettingChange)).one()
    assert change.changes == {"city": ["1", "0"]} and change.actor_name == "林晓峰"


def test_it_goes_on_to_the_next_unit_when_there_is_one(
    client_as: Callable[[str], Client], at_city: list[int], everything: Session
) -> None:
    seen = str(len(at_city))
    client = client_as("yunchuan_sys")
    assert f"{seen} 份，转云川省教育厅审核" in client.post("/review-chain/", {"city": "0", "province": "1"}).text
    client.post("/review-chain/", {"city": "0", "province": "1", "seen": seen})
    province = everything.scalars(sa.select(Unit.id).where(Unit.level == "province")).one()
    assert set(states(everything, at_city)) == {("in_review", province)}


def test_many_are_moved_by_a_job(
    app: Flask, client_as: Callable[[str], Client], at_city: list[int], everything: Session, monkeypatch: Any
) -> None:
    monkeypatch.setattr(chain, "AT_ONCE", 1)
    monkeypatch.setattr(chain, "CHUNK", 2)
    client_as("yunchuan").post("/review-chain/", OFF | {"seen": str(len(at_city))})
    assert {status for status, _ in states(everything, at_city)} == {"in_review"}
    while make_worker(app).turn():
        pass
    assert set(states(everything, at_city)) == {("approved", None)}
    everything.rollback()
    job = everything.scalars(sa.select(Job).order_by(Job.id.desc())).first()
    assert job is not None and job.status == "done" and job.message == f"转交 {len(at_city)} 份。"


def reported_one(session: Session, clerk: Actor) -> int:
    """One teacher of a school, reported; the first who is complete."""
    keys = session.scalars(sa.select(Teacher.id).where(Teacher.unit_id == clerk.unit_id).order_by(Teacher.id)).all()
    for key in keys:
        try:
            with session.begin_nested():
                report(session, key, clerk, NOW)
        except AppError:
            continue
        session.commit()
        return key
    raise AssertionError("nobody is complete")


def test_a_city_still_reviews_its_own_schools(
    client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], everything: Session
) -> None:
    set_levels(everything, city=True)
    key = reported_one(everything, actor_named("nanping1"))
    client_as("yunchuan").post("/review-chain/", OFF | {"seen": "0"})
    city = everything.scalars(sa.select(Unit.id).where(Unit.level == "city")).one()
    assert states(everything, [key]) == [("in_review", city)]
    everything.rollback()
    with pytest.raises(NotAllowed, match="不能越过"):
        chain.pass_on(everything, key, actor_named("yunchuan"), NOW)


def test_a_school_that_lost_its_second_reviewer_does_not_approve_for_good(
    at_school: list[Teacher], actor_named: Callable[[str], Actor], everything: Session
) -> None:
    reviewer = actor_named("wangjianguo")
    everything.execute(sa.update(Account).where(Account.username == "liyutong").values(active=False))
    approve(everything, at_school[0].id, None, reviewer, NOW)
    everything.commit()
    county = everything.scalars(sa.select(Unit.id).where(Unit.code == COUNTY)).one()
    assert states(everything, [at_school[0].id]) == [("in_review", county)]


def test_a_university_that_moves_to_the_ministry_is_reviewed_there(
    actor_named: Callable[[str], Actor], everything: Session
) -> None:
    key = reported_one(everything, actor_named("daxue"))
    move(everything, UNIVERSITY, MINISTRY)
    nation = everything.scalars(sa.select(Unit.id).where(Unit.level == "nation")).one()
    assert states(everything, [key]) == [("in_review", nation)]
    teacher = everything.get_one(Teacher, key)
    assert (teacher.province_id, teacher.waiting_unit and state_label(teacher)) == (None, "待部级审核")
    approve(everything, key, None, actor_named("moe"), NOW)
    everything.commit()
    assert states(everything, [key]) == [("approved", None)]


def test_the_page_names_each_kind_of_school_and_who_is_missing(
    client_as: Callable[[str], Client], everything: Session, count_queries: Callable[[], Any]
) -> None:
    private = everything.scalars(sa.select(Unit).where(Unit.code == PRIMARY)).one()
    private.founder_type = "5"
    everything.execute(sa.update(Account).where(Account.username == "nanping").values(active=False))
    everything.commit()
    client = client_as("yunchuan")
    client.get("/review-chain/")
    with count_queries() as statements:
        page = client.get("/review-chain/").text
    assert len(statements) <= 31, len(statements)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "县属学校 青禾县第一幼儿园 青禾县教育体育局（1 人）" in said
    assert "民办学校（县主管） 青禾县实验小学 青禾县教育体育局（1 人）" in said
    assert "南屏市教育局（0 人）" in said and "南屏市教育局没有能审核的人" in said
    assert "省属学校 云川大学 云川省教育厅（1 人）" in said
    assert "没有人能审核的单位" in said and "南屏市教育局 5301000000 3" in said


def test_the_command_prints_the_chain_and_the_gap(app: Flask, everything: Session) -> None:
    everything.execute(sa.update(Account).where(Account.username == "zhoumin").values(active=False))
    everything.commit()
    run = app.test_cli_runner().invoke
    printed = run(args=["flows", "show", "report", "--unit", SCHOOL]).output
    assert "免本级审核（pass_on）" in printed
    assert "校级 青禾县第一中学（能审核的 2 人）" in printed and "县级 青禾县教育体育局（能审核的 0 人）" in printed
    assert "缺：青禾县教育体育局没有能审核的人" in printed
    refused = run(args=["flows", "show", "report", "--unit", COUNTY])
    assert refused.exit_code == 1 and "不是学校" in refused.output
