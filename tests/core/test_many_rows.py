"""Many rows in one statement, and statements beside the one who prepares the next."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.many_rows import Behind, Lot, inserting, update_many
from app.organisations.models import Unit
from app.records.teacher import Teacher


def line(unit: Unit, key: int) -> dict[str, object]:
    return {"id": key, "code": f"T{key:09}", "name": "丝路“一”小学\n\\", "level": "school", "parent_id": unit.parent_id,
            "active": True, "pinyin": "", "indicator_set": "S", "school_category": ""}  # fmt: skip


def named(session: Session) -> list[int]:
    return list(session.scalars(sa.select(Unit.id).where(Unit.code.like("T%")).order_by(Unit.id)))


def test_what_was_sent_is_stored_in_its_order(everything: Session, school: Unit) -> None:
    connection, dialect = everything.connection(), everything.get_bind().dialect
    with Behind(connection) as behind:
        for key in range(900_000, 900_005):
            behind.send([inserting(dialect, Lot(Unit.__table__, [line(school, key)]))])
            behind.wait()
            assert named(everything)[-1] == key
    assert named(everything) == list(range(900_000, 900_005))
    everything.rollback()


def test_what_goes_wrong_beside_reaches_the_caller(everything: Session, school: Unit) -> None:
    connection, dialect = everything.connection(), everything.get_bind().dialect
    twice = inserting(dialect, Lot(Unit.__table__, [line(school, 900_000)]))
    with pytest.raises(IntegrityError), Behind(connection) as behind:
        behind.send([twice])
        behind.send([twice])
    everything.rollback()
    assert named(everything) == []


def test_nothing_is_at_work_any_more_when_the_caller_gives_up(everything: Session, school: Unit) -> None:
    connection, dialect = everything.connection(), everything.get_bind().dialect
    many = inserting(dialect, Lot(Unit.__table__, [line(school, key) for key in range(900_000, 902_000)]))
    with pytest.raises(ValueError, match="gives up"), Behind(connection) as behind:
        behind.send([many])
        raise ValueError("gives up")
    assert len(named(everything)) == 2000  # all that was sent is done, so that rolling back meets nobody
    everything.rollback()
    assert named(everything) == []


def test_many_rows_are_changed_each_in_its_own_way(
    session_as: Callable[[str], Session], teachers: list[Teacher]
) -> None:
    session = session_as("liyutong")
    ids = [teacher.id for teacher in teachers[:3]]
    before = {key: session.get_one(Teacher, key).name for key in ids}
    update_many(
        session.connection(),
        Lot(Teacher.__table__, [{"id": ids[0], "former_name": "甲'乙"}, {"id": ids[1], "former_name": None}]),
    )
    session.expire_all()
    assert [session.get_one(Teacher, key).former_name for key in ids[:2]] == ["甲'乙", None]
    assert {key: session.get_one(Teacher, key).name for key in ids} == before
    session.rollback()
