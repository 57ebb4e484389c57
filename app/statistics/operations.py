"""Counting the people of schools anew: set by set for all of them, or one school at once."""

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from app.core.many_rows import Lot, insert_many
from app.organisations.models import Unit
from app.organisations.operations import has_left
from app.records.counts import TeacherCount
from app.records.teacher import Teacher
from app.statistics.dimensions import DIMENSIONS
from app.statistics.models import StaffFigure

SET = 200  # schools in one transaction


def count_schools(session: Session, school_ids: Sequence[int], today: dt.date) -> None:
    """Replace the figures of these schools by those of today; people who have left do not count.

    The session must see all their people. Two that count the same school wait for each other.
    """
    ids = sorted(school_ids)
    # Not against those who write people there: they only need the unit to stay.
    session.execute(select(Unit.id).where(Unit.id.in_(ids)).order_by(Unit.id).with_for_update(key_share=True)).all()
    session.execute(delete(StaffFigure).where(StaffFigure.school_id.in_(ids)))
    department = func.coalesce(Teacher.department, "")
    here = Teacher.school_id.in_(ids), ~has_left(Teacher.personnel_status)
    for dimension in DIMENSIONS:
        code = func.coalesce(dimension.column(today), "")
        people = select(Teacher.school_id, department.label("department"), code.label("code"))
        each = people.join(Unit, Unit.id == Teacher.school_id).where(*here).subquery()
        found = session.execute(select(*each.c, func.count().label("n")).group_by(*each.c))
        lines = [{**row._mapping, "dimension": dimension.name, "counted_on": today} for row in found]
        insert_many(session.connection(), Lot(StaffFigure.__table__, lines))


def count_all(session: Session, today: dt.date, store: Callable[[], None]) -> int:
    """Count all schools that have people or had some, set by set; `store` keeps what was done so far."""
    has_people = exists().where(TeacherCount.school_id == Unit.id)
    had_people = exists().where(StaffFigure.school_id == Unit.id)
    query = select(Unit.id).where(Unit.level == "school", has_people | had_people).order_by(Unit.id)
    schools = session.scalars(query).all()
    for start in range(0, len(schools), SET):
        count_schools(session, schools[start : start + SET], today)
        store()
    return len(schools)
