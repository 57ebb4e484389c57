"""The search box of the lists of people: names by their parts, their sound and their initials, within the scope."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import utc_now
from app.core.person_names import name_keys
from app.organisations.models import Unit
from app.organisations.moving import settle
from app.records.bulk import insert_rows
from app.records.name_keys import NameKey, named
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from tests.conftest import STRANGE_SCHOOL, Client


def search(client: Client, typed: str, path: str = "/teachers/search/") -> str:
    page: str = client.post(path, {"q": typed}, follow_redirects=True).text
    return page


def found(client: Client, typed: str, path: str = "/teachers/search/") -> set[int]:
    return {int(key) for key in re.findall(r"/teachers/show/(\d+)", search(client, typed, path))}


def keys_of(session: Session, teacher_id: int) -> list[str]:
    session.rollback()
    return sorted(session.scalars(sa.select(NameKey.key).where(NameKey.teacher_id == teacher_id)))


@pytest.fixture
def shan(everything: Session, teachers: list[Teacher]) -> Teacher:
    """单建国 of 青禾县第一中学."""
    teachers[0].name = "单建国"
    everything.commit()
    return teachers[0]


TYPED = ["单", "建国", "单建国", "国", "shanjianguo", "shan jian guo", "shanjg", "sjg", "SJG", "danjianguo", "djg"]


@pytest.mark.parametrize("username", ["liyutong", "zhoumin", "yunchuan"])
def test_found_at_every_level(shan: Teacher, client_as: Callable[[str], Client], username: str) -> None:
    client = client_as(username)
    for typed in TYPED:
        people = found(client, typed)
        assert shan.id in people and len(people) < 15, (typed, "others are left out")


def test_not_found_out_of_the_scope(shan: Teacher, client_as: Callable[[str], Client]) -> None:
    stranger = client_as("shiqiao")
    assert [typed for typed in TYPED if shan.id in found(stranger, typed)] == []


@pytest.mark.parametrize("username", ["liyutong", "zhoumin", "yunchuan", "moe_sys", "shiqiao", "shuxue", "daxue"])
def test_keys_of_the_scope_alone(shan: Teacher, session_as: Callable[[str], Session], username: str) -> None:
    """Whatever is typed, it is asked for in the areas of the scope, all of them and no others."""
    session = session_as(username)
    for typed in ("王", "w", "建国", "sjg"):
        expected = {
            teacher.id
            for teacher in session.scalars(sa.select(Teacher))
            if any(key.startswith(typed) for key in name_keys(teacher.name))
        }
        assert set(session.scalars(sa.select(Teacher.id).where(named(session, Teacher.id, typed)))) == expected


def test_rows_of_a_section_are_found_by_the_same_rules(
    everything: Session, shan: Teacher, client_as: Callable[[str], Client]
) -> None:
    clerk, path = client_as("liyutong"), "/records/education_history/search/"
    tail = shan.id_number_tail or ""
    for typed in (*TYPED, tail, str(shan.id_number)):
        people = found(clerk, typed, path)
        assert shan.id in people and len(people) < 5, typed
    assert found(clerk, "没有这个人", path) == set()
    assert found(client_as("shiqiao"), "sjg", path) == set()


def test_the_keys_follow_the_form(everything: Session, shan: Teacher, client_as: Callable[[str], Client]) -> None:
    clerk = client_as("liyutong")
    answer = clerk.post(f"/teachers/edit/{shan.id}", {"version": str(shan.version), "name": "仇英"})
    assert answer.status_code == 302
    assert keys_of(everything, shan.id) == name_keys("仇英")
    assert found(clerk, "qiuying") == {shan.id} and shan.id not in found(clerk, "sjg")


def test_other_changes_leave_the_keys_alone(
    session_as: Callable[[str], Session], shan: Teacher, count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    session = session_as("liyutong")
    session.get_one(Teacher, shan.id).remark = "备注"
    with count_queries() as statements:
        session.flush()
    assert statements and not [statement for statement in statements if "name_key" in statement]
    session.rollback()


def test_they_go_with_the_person(session_as: Callable[[str], Session], school: Unit) -> None:
    session = session_as("liyutong")
    teacher = Teacher(unit_id=school.id, unit=session.get_one(Unit, school.id), name="解晓东")
    session.add(teacher)
    session.flush()
    query = sa.select(sa.func.count()).where(NameKey.teacher_id == teacher.id)
    assert session.scalar(query) == len(name_keys("解晓东"))
    session.delete(teacher)
    session.flush()
    assert session.scalar(query) == 0
    session.rollback()


def test_many_in_one_statement_have_the_same_keys(session_as: Callable[[str], Session], school: Unit) -> None:
    session = session_as("liyutong")
    unit = session.get_one(Unit, school.id)
    lines = [({"name": name}, {"unit_id": unit.id, "status": "draft", "stage": 0, "reported_by": ""}) for name in
             ("单雄信", "王建国", None)]  # fmt: skip
    made = insert_rows(session, BASIC_INFO, unit, lines, utc_now())
    for teacher_id, (values, _) in zip(made, lines, strict=True):
        one = Teacher(unit_id=unit.id, unit=unit, name=values["name"])
        session.add(one)
        session.flush()
        many, single = (
            session.execute(
                sa.select(NameKey.key, NameKey.province_id, NameKey.city_id, NameKey.county_id, NameKey.school_id)
                .where(NameKey.teacher_id == key)
                .order_by(NameKey.key)
            ).all()
            for key in (teacher_id, one.id)
        )
        assert many == single and [row.key for row in many] == name_keys(values["name"])
        assert session.get_one(Teacher, teacher_id).name_order == one.name_order
    session.rollback()


def test_a_school_that_moves_takes_the_keys_along(everything: Session, shan: Teacher, school: Unit) -> None:
    county = everything.scalars(sa.select(Unit).where(Unit.code == STRANGE_SCHOOL)).one().parent_id
    school.parent_id = county
    settle(everything, [school.id])
    places = everything.execute(
        sa.select(NameKey.county_id, NameKey.school_id).where(NameKey.teacher_id == shan.id).distinct()
    ).all()
    assert places == [(county, school.id)]
    everything.rollback()


@pytest.mark.parametrize("username", ["liyutong", "shuxue", "zhoumin", "yunchuan", "moe_sys"])
def test_the_index_of_the_keys_is_used(session_as: Callable[[str], Session], username: str) -> None:
    """Parameters and all, as a list asks."""
    session = session_as(username)
    query = sa.select(Teacher.id).where(named(session, Teacher.id, "sjg"))
    said = str(query.compile(session.get_bind()))
    assert "coalesce(name_key.county_id, name_key.city_id, name_key.province_id, 0)" in said
    if session.get_bind().dialect.name == "sqlite":
        compiled = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
        values = tuple(compiled.params[name] for name in compiled.positiontup or ())
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
        assert any("ix_name_key_area" in row[3] for row in plan), plan


def test_a_search_asks_few_questions(
    shan: Teacher, client_as: Callable[[str], Client], count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    clerk = client_as("zhoumin")
    for path in ("/teachers/search/", "/records/education_history/search/"):
        address = clerk.post(path, {"q": "sjg"}).headers["Location"]
        assert "sjg" not in address
        clerk.get(address)
        with count_queries() as statements:
            assert "单建国" in clerk.get(address).text
        assert len(statements) <= 15, "\n".join(statements)
