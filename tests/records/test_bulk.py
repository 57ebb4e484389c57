"""Rows written many at once are the rows that single objects would be, and stay inside the scope."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import utc_now
from app.core.errors import NoScope, OutOfScope
from app.core.sections.section import Section
from app.organisations.models import Unit
from app.records import BY_NAME, CHILD_STORED
from app.records.bulk import insert_rows
from app.records.operations import new_teacher
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from tests.conftest import STRANGE_SCHOOL
from tests.spreadsheets.full_records import record

OWN = {"id", "created_at", "updated_at"}
STATE = {"status": "draft", "stage": 0, "reported_by": ""}


def columns(session: Session, section: Section, row_id: int) -> dict[str, Any]:
    """A row as it is stored, without what only one row can have."""
    table = section.model.__table__
    row = session.connection().execute(sa.select(table).where(table.c.id == row_id)).one()
    return {name: value for name, value in row._mapping.items() if name not in OWN}


@pytest.mark.parametrize("section", [section for section in CHILD_STORED if "S" in section.school_types])
def test_a_row_is_what_an_object_would_be(
    session_as: Callable[[str], Session], teachers: list[Teacher], section: Section
) -> None:
    session = session_as("liyutong")
    owner = session.get_one(Teacher, teachers[0].id)
    rows = record(owner.indicator_set, 1, "何静宜").get(section.name) or [{"section": "certificate"}]
    for values in rows:
        session.execute(sa.delete(section.model).where(section.model.teacher_id == owner.id))
        one = section.model(teacher_id=owner.id, teacher=owner, **values)
        session.add(one)
        session.flush()
        single = columns(session, section, one.id)
        session.delete(one)
        session.flush()
        (made,) = insert_rows(session, section, owner.unit, [(values, {"teacher_id": owner.id})], utc_now())
        assert columns(session, section, made) == single
    session.rollback()


def test_a_person_is_what_an_object_would_be(session_as: Callable[[str], Session], school: Unit) -> None:
    session = session_as("liyutong")
    unit = session.get_one(Unit, school.id)
    (values,) = record(unit.indicator_set, 1, "何静宜")["basic_info"]
    one = new_teacher(unit, values)
    session.add(one)
    session.flush()
    single = columns(session, BASIC_INFO, one.id)
    session.delete(one)
    session.flush()
    (made,) = insert_rows(session, BASIC_INFO, unit, [(values, {"unit_id": unit.id, **STATE})], utc_now())
    stored = columns(session, BASIC_INFO, made)
    assert stored == single
    assert session.get_one(Teacher, made).id_number == values["id_number"]
    session.rollback()


def test_the_order_is_kept(session_as: Callable[[str], Session], teachers: list[Teacher]) -> None:
    session = session_as("liyutong")
    section = BY_NAME["paper"]
    owner = session.get_one(Teacher, teachers[0].id)
    lines = [({"title": f"论文{number}"}, {"teacher_id": owner.id}) for number in range(2500)]
    made = insert_rows(session, section, owner.unit, lines, utc_now())
    found = dict(
        session.execute(sa.select(section.model.id, section.model.title).where(section.model.id.in_(made))).all()
    )
    assert [found[row_id] for row_id in made] == [values["title"] for values, _ in lines]
    assert insert_rows(session, section, owner.unit, [], utc_now()) == []
    session.rollback()


@pytest.mark.parametrize("username", ["liyutong", "shuxue"])
def test_another_school_is_outside(session_as: Callable[[str], Session], everything: Session, username: str) -> None:
    session = session_as(username)
    unit = session.scalars(sa.select(Unit).where(Unit.code == STRANGE_SCHOOL)).one()
    line = ({"name": "何静宜"}, {"unit_id": unit.id, **STATE})
    before = everything.scalar(sa.select(sa.func.count(Teacher.id)))
    with pytest.raises(OutOfScope):
        insert_rows(session, BASIC_INFO, unit, [line], utc_now())
    session.rollback()
    everything.rollback()
    with pytest.raises(NoScope):
        insert_rows(Session(everything.get_bind()), BASIC_INFO, unit, [line], utc_now())
    assert everything.scalar(sa.select(sa.func.count(Teacher.id))) == before
