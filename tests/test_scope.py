"""Nobody sees or changes a record outside the own tree, by any path."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.errors import NoScope, OutOfScope
from app.core.scope import Scoped, person_scope, set_scope, system_scope
from app.organisations.models import Unit
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests.conftest import CITY_SCHOOL, Client

LOW_USERS = ("liyutong", "wangjianguo", "yizhong_query", "xiaoxue", "zhoumin", "nanping1")


def test_session_without_scope_is_refused(app: Flask) -> None:
    with app.app_context(), Session(db.engine) as session, pytest.raises(NoScope):
        session.scalars(sa.select(Teacher)).all()


def test_session_without_scope_sees_nothing_through_a_join(app: Flask) -> None:
    with app.app_context(), Session(db.engine) as session:
        query = sa.select(Unit.name).where(sa.exists().where(Teacher.unit_id == Unit.id))
        assert session.execute(query).all() == []


@pytest.mark.parametrize(
    ("username", "count"),
    [
        ("liyutong", 36),
        ("xiaoxue", 14),
        ("zhoumin", 58),
        ("shiqiao", 10),
        ("nanping", 90),
        ("yunchuan", 104),
        ("moe", 104),
    ],
)
def test_each_level_sees_its_own_tree(session_as: Callable[[str], Session], username: str, count: int) -> None:
    session = session_as(username)
    assert session.scalar(sa.select(sa.func.count(Teacher.id))) == count
    assert len({row.teacher_id for row in session.scalars(sa.select(EducationHistory))}) == count


def test_teacher_sees_own_rows_only(
    session_as: Callable[[str], Session], everything: Session, teachers: list[Teacher]
) -> None:
    own = teachers[0]
    session = Session(everything.get_bind())
    set_scope(session, person_scope(own.id))
    assert [teacher.id for teacher in session.scalars(sa.select(Teacher))] == [own.id]
    assert {row.teacher_id for row in session.scalars(sa.select(EducationHistory))} == {own.id}
    assert session.get(Teacher, teachers[1].id) is None
    session.close()


def test_school_of_the_city_is_not_the_countys(session_as: Callable[[str], Session], everything: Session) -> None:
    teacher = everything.scalars(
        sa.select(Teacher).join(Unit, Teacher.unit_id == Unit.id).where(Unit.code == CITY_SCHOOL)
    ).first()
    assert teacher is not None and teacher.county_id is None
    assert session_as("zhoumin").get(Teacher, teacher.id) is None


def test_get_update_and_delete_stay_inside(session_as: Callable[[str], Session], strangers: list[Teacher]) -> None:
    session = session_as("liyutong")
    target = strangers[0]
    assert session.get(Teacher, target.id) is None
    changed = session.execute(sa.update(Teacher).where(Teacher.id == target.id).values(remark="x"))
    gone = session.execute(sa.delete(EducationHistory).where(EducationHistory.teacher_id == target.id))
    assert (changed.rowcount, gone.rowcount) == (0, 0)  # type: ignore[attr-defined]


def test_row_cannot_be_made_for_a_stranger(session_as: Callable[[str], Session], strangers: list[Teacher]) -> None:
    session = session_as("liyutong")
    session.add(EducationHistory(teacher_id=strangers[0].id, education="21"))
    with pytest.raises(OutOfScope):
        session.flush()


def test_teacher_cannot_be_moved_out(
    session_as: Callable[[str], Session], teachers: list[Teacher], strangers: list[Teacher]
) -> None:
    session = session_as("liyutong")
    own = session.get_one(Teacher, teachers[0].id)
    own.unit_id = strangers[0].unit_id
    with pytest.raises(OutOfScope):
        session.flush()


def test_child_rows_get_their_columns_from_the_teacher(
    session_as: Callable[[str], Session], teachers: list[Teacher]
) -> None:
    session = session_as("liyutong")
    row = EducationHistory(teacher_id=teachers[0].id, education="21", school_id=999, county_id=999)
    session.add(row)
    session.flush()
    assert (row.school_id, row.county_id) == (teachers[0].school_id, teachers[0].county_id)


def test_system_scope_sees_all_and_ends(session_as: Callable[[str], Session]) -> None:
    session = session_as("liyutong")
    with system_scope(session, "a test") as everywhere:
        assert everywhere.scalar(sa.select(sa.func.count(Teacher.id))) == 104
    assert session.scalar(sa.select(sa.func.count(Teacher.id))) == 36


def test_every_scoped_class_has_the_columns(app: Flask) -> None:
    classes = Scoped.__subclasses__()
    mapped = [m.class_ for m in Teacher.registry.mappers if issubclass(m.class_, Scoped)]
    assert len(classes) >= 5
    for cls in mapped:
        assert {"province_id", "city_id", "county_id", "school_id"} <= set(cls.__table__.columns.keys()), cls
        assert hasattr(cls, "teacher_id"), cls


@pytest.mark.parametrize("username", LOW_USERS)
def test_canaries_of_another_county_appear_nowhere(
    client_as: Callable[[str], Client], everything: Session, strangers: list[Teacher], username: str
) -> None:
    for number, teacher in enumerate(strangers):
        teacher.name, teacher.remark = f"KANARI{number}", f"KANARI{number}"
    for row in everything.scalars(
        sa.select(EducationHistory).where(EducationHistory.teacher_id.in_([t.id for t in strangers]))
    ):
        row.education_school = row.major = "KANARI"
    everything.commit()
    client = client_as(username)
    seen = crawl(client, [f"/teachers/show/{t.id}" for t in strangers] + [f"/teachers/edit/{t.id}" for t in strangers])
    assert len(seen) > 5
    assert [path for path, body in seen.items() if "KANARI" in body] == []


def crawl(client: Client, extra: list[str]) -> dict[str, str]:
    """Every page that can be reached by links, and some that cannot."""
    waiting, seen = ["/", *extra], {}
    while waiting and len(seen) < 150:
        path = waiting.pop()
        if path in seen or "/static/" in path:
            continue
        response = client.get(path)
        seen[path] = response.get_data(as_text=True) if response.mimetype.startswith("text") else ""
        waiting += re.findall(r'href="(/[^"#]*)', seen[path].replace("&amp;", "&"))
    return seen
