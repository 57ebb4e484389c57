"""Who changed what: one row for each change, in the same transaction, and nothing secret in it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.core.crypto import decrypt
from app.core.db import utc_now
from app.core.history import BATCH, REASON, SECRET_CONTEXT, History, changed_items, unpack, write_history
from app.core.scope import SCOPE_COLUMNS
from app.records import CHILD_STORED
from app.records.operations import new_teacher
from app.records.sections.education_history import EducationHistory
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import Client


@pytest.fixture
def session(session_as: Callable[[str], Session]) -> Session:
    """The clerk's session."""
    return session_as("liyutong")


@pytest.fixture
def teacher(session: Session) -> Teacher:
    return session.scalars(sa.select(Teacher).where(Teacher.status == "draft").order_by(Teacher.id)).all()[0]


def entries(session: Session, since: int = 0) -> list[History]:
    return list(session.scalars(sa.select(History).where(History.id > since).order_by(History.id)))


def newest(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(History.id))) or 0


def test_an_update_leaves_one_row_with_old_and_new(session: Session, teacher: Teacher) -> None:
    last, version, started = newest(session), teacher.version, utc_now()
    teacher.former_name, teacher.ethnicity = "小明", "03"
    old = {name: changed_items(teacher)[name][0] for name in ("former_name", "ethnicity")}
    session.commit()
    [entry] = entries(session, last)
    assert entry.changes == {"former_name": [old["former_name"], "小明"], "ethnicity": [old["ethnicity"], "03"]}
    assert (entry.action, entry.section, entry.row_id, entry.teacher_id) == (
        "update",
        "basic_info",
        teacher.id,
        teacher.id,
    )
    assert (entry.actor_name, entry.unit_name, entry.batch_id, entry.reason) == ("李雨桐", "青禾县第一中学", None, "")
    assert entry.row_version == teacher.version == version + 1
    assert started <= entry.at <= utc_now()


def test_an_entry_lies_where_the_row_lies(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    teacher.former_name = "小明"
    session.commit()
    [entry] = entries(session, last)
    assert [getattr(entry, c) for c in SCOPE_COLUMNS] == [getattr(teacher, c) for c in SCOPE_COLUMNS]


def test_a_delete_leaves_one_row_with_all_that_was_there(session: Session, teacher: Teacher) -> None:
    row = session.scalars(sa.select(EducationHistory).where(EducationHistory.teacher_id == teacher.id)).first()
    assert row is not None
    last, row_id, school = newest(session), row.id, row.education_school
    session.delete(row)
    session.commit()
    [entry] = entries(session, last)
    assert (entry.action, entry.section, entry.row_id, entry.teacher_id) == (
        "delete", "education_history", row_id, teacher.id,
    )  # fmt: skip
    assert entry.changes["education_school"] == [school, None]
    assert all(old is not None and new is None for old, new in entry.changes.values())


def test_an_insert_leaves_none_but_says_when_and_by_whom(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    row = EducationHistory(teacher_id=teacher.id, education="21")
    session.add(row)
    session.commit()
    assert entries(session, last) == []
    assert (row.created_by, row.batch_id, row.version) == ("李雨桐", None, 1)
    assert row.created_at == row.updated_at and utc_now() - row.created_at < dt.timedelta(minutes=1)


def test_a_new_teacher_leaves_none(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    session.add(new_teacher(teacher.unit, {"name": "新人", "id_type": "1", "id_number": "530000199003070012"}))
    session.commit()
    assert entries(session, last) == []


def test_setting_the_same_value_leaves_none(session: Session, teacher: Teacher) -> None:
    last, version = newest(session), teacher.version
    teacher.former_name, teacher.id_number = teacher.former_name, teacher.id_number
    session.commit()
    assert entries(session, last) == []
    assert teacher.version == version


def test_two_changes_in_one_transaction_are_two_rows(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    for name in ("小明", "小红"):
        teacher.former_name = name
        session.flush()
    session.commit()
    assert [entry.changes["former_name"][1] for entry in entries(session, last)] == ["小明", "小红"]


def test_what_is_rolled_back_leaves_none(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    teacher.former_name = "小明"
    session.flush()
    assert len(entries(session, last)) == 1
    session.rollback()
    assert entries(session, last) == []


def test_a_secret_item_is_encrypted(session: Session, teacher: Teacher) -> None:
    last, old = newest(session), teacher.id_number
    teacher.id_number = "530000199003070012"
    session.commit()
    [entry] = entries(session, last)
    stored = entry.changes["id_number"]
    assert [decrypt(value, SECRET_CONTEXT) for value in stored] == [old, "530000199003070012"]
    field = BASIC_INFO.fields["id_number"]
    assert [unpack(field, value) for value in stored] == [old, "530000199003070012"]
    assert set(entry.changes) == {"id_number"}


def test_a_deleted_secret_item_is_encrypted(session: Session) -> None:
    query = sa.select(Teacher).where(Teacher.status == "draft", Teacher.reported_at.is_(None)).order_by(Teacher.id)
    teacher = session.scalars(query).all()[-1]
    for section in CHILD_STORED:
        for row in session.scalars(sa.select(section.model).where(section.model.teacher_id == teacher.id)):
            session.delete(row)
    session.flush()
    last, number = newest(session), teacher.id_number
    session.delete(teacher)
    session.commit()
    [entry] = entries(session, last)
    assert decrypt(entry.changes["id_number"][0], SECRET_CONTEXT) == number
    assert str(number) not in repr(entry.changes)


def test_a_date_comes_back_as_a_date(session: Session, teacher: Teacher) -> None:
    last, old = newest(session), teacher.birth_date
    teacher.birth_date = dt.date(1990, 1, 16)
    session.commit()
    [entry] = entries(session, last)
    field = BASIC_INFO.fields["birth_date"]
    assert [unpack(field, value) for value in entry.changes["birth_date"]] == [old, dt.date(1990, 1, 16)]
    assert entry.changes["birth_date"][1] == "1990-01-16"


def test_what_is_no_item_leaves_no_row(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    teacher.content_at = utc_now()
    session.commit()
    assert entries(session, last) == []


def test_bulk_statements_pass_by(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    session.execute(sa.update(Teacher).where(Teacher.id == teacher.id).values(former_name="小明"))
    session.execute(sa.delete(EducationHistory).where(EducationHistory.teacher_id == teacher.id))
    session.commit()
    assert entries(session, last) == []


def test_who_changes_in_bulk_writes_history_himself(session: Session, teacher: Teacher) -> None:
    last, old = newest(session), teacher.former_name
    write_history(session, teacher, "update", {"former_name": [old, "小明"]}, utc_now())
    session.commit()
    [entry] = entries(session, last)
    assert (entry.changes, entry.actor_name) == ({"former_name": [old, "小明"]}, "李雨桐")


def test_import_and_reason_are_kept(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    session.info[BATCH], session.info[REASON] = 7, "Excel 导入"
    teacher.former_name = "小明"
    row = EducationHistory(teacher_id=teacher.id, education="21")
    session.add(row)
    session.commit()
    assert [(entry.batch_id, entry.reason) for entry in entries(session, last)] == [(7, "Excel 导入")]
    assert row.batch_id == 7


def test_without_a_person_the_system_has_done_it(app: Flask) -> None:
    with looking(app) as session:
        last = newest(session)
        session.scalars(sa.select(Teacher)).all()[0].former_name = "小明"
        session.commit()
        assert [(entry.actor_name, entry.actor_id) for entry in entries(session, last)] == [("系统", 0)]


def test_an_earlier_state_can_be_computed_backward(session: Session, teacher: Teacher) -> None:
    last = newest(session)
    before = BASIC_INFO.values(teacher)
    for name, ethnicity in (("甲", "02"), ("乙", "03"), (None, "04")):
        teacher.former_name, teacher.ethnicity = name, ethnicity
        session.commit()
    state: dict[str, Any] = BASIC_INFO.values(teacher)
    for entry in reversed(entries(session, last)):
        state |= {name: unpack(BASIC_INFO.fields[name], old) for name, (old, _new) in entry.changes.items()}
    assert state == before


def test_the_slower_of_two_writers_is_refused(
    session_as: Callable[[str], Session], session: Session, teacher: Teacher
) -> None:
    last = newest(session)
    session.expire_on_commit = False
    session.commit()  # the page was shown, the transaction is over
    faster = session_as("wangjianguo")
    faster.get_one(Teacher, teacher.id).former_name = "快"
    faster.commit()
    faster.close()
    teacher.former_name = "慢"
    with pytest.raises(StaleDataError):
        session.commit()
    session.rollback()
    assert [entry.changes["former_name"][1] for entry in entries(session, last)] == ["快"]


def test_one_saved_form_leaves_one_row(app: Flask, client_as: Callable[[str], Client]) -> None:
    with looking(app) as session:
        teacher = session.scalars(sa.select(Teacher).where(Teacher.status == "draft").order_by(Teacher.id)).first()
        assert teacher is not None
        last, school = newest(session), teacher.school_id
    form = {"version": teacher.version, "former_name": "小明", "remark": "备注"}
    assert client_as("liyutong").post(f"/teachers/edit/{teacher.id}", form).status_code == 302
    with looking(app) as session:
        [entry] = entries(session, last)
        assert (entry.actor_name, entry.school_id) == ("李雨桐", school)
        assert {name: new for name, (_old, new) in entry.changes.items()} == {"former_name": "小明", "remark": "备注"}
