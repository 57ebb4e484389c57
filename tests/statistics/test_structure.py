"""How the people of a unit are made up: the kept figures, put together for a unit, are what counting would give."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.organisations.models import Unit
from app.records.teacher import Teacher
from app.statistics.dimensions import DIMENSIONS, age_named
from app.statistics.models import StaffFigure
from app.statistics.operations import count_all, count_schools
from app.statistics.queries import structure, structure_day
from tests.conftest import SCHOOL, STRANGE_SCHOOL, Client

TODAY = dt.date(2026, 11, 22)
QUERIES = 13


@pytest.fixture
def counted(everything: Session) -> Session:
    assert count_all(everything, TODAY, everything.commit) == 9
    return everything


def test_every_dimension_sums_up_to_those_who_are_there(
    counted: Session, session_as: Callable[[str], Session], actor_named: Callable[[str], Actor]
) -> None:
    for username in ("moe", "yunchuan", "zhoumin", "liyutong", "shuxue"):
        session = session_as(username)
        people = session.scalar(sa.select(sa.func.count(Teacher.id)))
        found = structure(counted, actor_named(username))
        assert [figures.label for figures in found] == [dimension.label for dimension in DIMENSIONS]
        assert {sum(number for _, number in figures.counts) for figures in found} == {people}, username
        assert structure_day(counted, actor_named(username)) == TODAY
        sexes = Counter(session.scalars(sa.select(Teacher.gender)))
        assert dict(found[0].counts) == {name: sexes[code] for name, code in (("男", "1"), ("女", "2")) if sexes[code]}
        assert found[0].label == "性别"


def test_who_has_left_does_not_count_and_who_is_not_filled_in_does(
    everything: Session, teachers: list[Teacher], actor_named: Callable[[str], Actor]
) -> None:
    actor, school = actor_named("liyutong"), everything.get_one(Unit, teachers[0].unit_id)
    assert structure(everything, actor) == [] and structure_day(everything, actor) is None
    teachers[0].personnel_status, teachers[1].personnel_status = "301", "309"  # retired; called back
    teachers[2].gender = teachers[2].birth_date = None
    school.urban_rural = "121"
    everything.flush()
    count_schools(everything, [school.id], TODAY)
    found = {figures.label: dict(figures.counts) for figures in structure(everything, actor)}
    assert found["城乡"] == {"镇区": len(teachers) - 1}
    assert found["性别"]["未填"] == found["年龄"]["未填"] == 1
    teachers[0].personnel_status = "100"
    everything.flush()
    count_schools(everything, [school.id], TODAY + dt.timedelta(1))
    assert structure(everything, actor, school)[-1].counts == [("镇区", len(teachers))]
    assert structure_day(everything, actor, school) == TODAY + dt.timedelta(1)


def test_ages_count_from_the_birthday_and_bands_follow_the_kind_of_school(
    everything: Session, teachers: list[Teacher], actor_named: Callable[[str], Actor]
) -> None:
    born = {
        dt.date(2000, 11, 23): "25 岁及以下", dt.date(2000, 11, 22): "26–30 岁", dt.date(1965, 11, 23): "56–60 岁",
        dt.date(1965, 11, 22): "61 岁及以上", dt.date(1950, 1, 1): "61 岁及以上",
    }  # fmt: skip
    for teacher in teachers:
        teacher.personnel_status = "301"
    for teacher, day in zip(teachers, born, strict=False):
        teacher.birth_date, teacher.personnel_status = day, "100"
    everything.flush()
    count_schools(everything, [teachers[0].unit_id], TODAY)
    counts = structure(everything, actor_named("liyutong"))[1].counts
    assert list(counts) == list(Counter(born.values()).items())
    assert [age_named(code, "U", {"U"})[1] for code in ("25", "30", "65", "66")] == [
        "30 岁及以下", "30 岁及以下", "61–65 岁", "66 岁及以上",
    ]  # fmt: skip
    assert [age_named(code, "U", "US")[1] for code in ("25", "30", "66")] == ["25 岁及以下", "26–30 岁", "66 岁及以上"]


def test_one_query_whatever_lies_below(
    counted: Session,
    actor_named: Callable[[str], Actor],
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    actor = actor_named("moe")
    with count_queries() as statements:
        assert structure(counted, actor)
    assert len(statements) == 1


def test_it_is_counted_by_command(app: Flask, everything: Session) -> None:
    run = app.test_cli_runner()
    assert run.invoke(args=["statistics", "count", "--unit", SCHOOL]).output == "统计了青禾县第一中学。\n"
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(sa.distinct(StaffFigure.school_id)))) == 1
    assert run.invoke(args=["statistics", "count", "--unit", "X"]).exit_code == 1
    everything.rollback()
    assert run.invoke(args=["tidy"]).exit_code == 0
    assert everything.scalar(sa.select(sa.func.count(sa.distinct(StaffFigure.school_id)))) == 9


def test_the_page_of_a_school_before_and_after_it_is_counted(
    client_as: Callable[[str], Client],
    everything: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    client = client_as("zhoumin")
    key = everything.scalars(sa.select(Unit.id).where(Unit.code == SCHOOL)).one()
    assert "还没有统计过" in client.get(f"/structure/?unit={key}").text
    assert client.post(f"/structure/{key}/count").status_code == 302
    with count_queries() as statements:
        page = client.get(f"/structure/?unit={key}").text
    assert "在职 36 人" in page and all(f"<h2>{dimension.label}</h2>" in page for dimension in DIMENSIONS)
    assert len(statements) <= QUERIES, "\n".join(statements)
    assert "在职 36 人" in client.get("/structure/").text  # the county has what its schools have
    strange = everything.scalars(sa.select(Unit.id).where(Unit.code == STRANGE_SCHOOL)).one()
    county = everything.scalars(sa.select(Unit.id).where(Unit.code == "5301210000")).one()
    assert client.get(f"/structure/?unit={strange}").status_code == 404
    assert [client.post(f"/structure/{unit}/count").status_code for unit in (strange, county)] == [404, 404]
    assert client.get("/structure/?sort=n").status_code == 400
    everything.rollback()
    assert set(everything.scalars(sa.select(StaffFigure.school_id))) == {key}
