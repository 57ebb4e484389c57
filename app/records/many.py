"""Many records at once: in parts that every database takes, locked in one order, with the rights on each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.records.editing import EditRights, may_have_marks
from app.records.marks import ReviewMark
from app.records.teacher import Teacher

PART = 500
T = TypeVar("T")


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """A long list in parts that every database takes."""
    for start in range(0, len(values), PART):
        yield values[start : start + PART]


def locked(session: Session, model: Any, ids: Iterable[int]) -> dict[int, Any]:
    """Rows by id, locked in the order of the ids so that two people cannot wait for each other."""
    found: dict[int, Any] = {}
    for part in parts(sorted(ids)):
        query = select(model).where(model.id.in_(part)).order_by(model.id).with_for_update()
        found |= {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}
    return found


def rights_of(session: Session, actor: Actor, teachers: Sequence[Teacher]) -> dict[int, EditRights]:
    """The edit rights on each record by teacher id; one query for the open marks of all of them."""
    refused = [teacher.id for teacher in teachers if may_have_marks(teacher)]
    marks: dict[int, list[ReviewMark]] = {}
    for part in parts(refused):
        query = select(ReviewMark).where(ReviewMark.teacher_id.in_(part), ReviewMark.closed_at.is_(None))
        for mark in session.scalars(query.order_by(ReviewMark.id)):
            marks.setdefault(mark.teacher_id, []).append(mark)
    return {teacher.id: EditRights(actor, teacher, marks.get(teacher.id, [])) for teacher in teachers}
