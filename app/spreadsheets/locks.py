"""Why an import may not change something: the same rights as the forms, read for many people at once."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.sections.section import Section
from app.records.editing import EditRights
from app.records.marks import ReviewMark
from app.records.teacher import Teacher

PART = 500


def rights_of(session: Session, actor: Actor, teachers: Sequence[Teacher]) -> dict[int, EditRights]:
    """The edit rights on each record by teacher id; one query for the open marks of all of them."""
    refused = [teacher.id for teacher in teachers if teacher.status in ("rejected", "submitted_to_school")]
    marks: dict[int, list[ReviewMark]] = {}
    for part in parts(refused):
        query = select(ReviewMark).where(ReviewMark.teacher_id.in_(part), ReviewMark.closed_at.is_(None))
        for mark in session.scalars(query.order_by(ReviewMark.id)):
            marks.setdefault(mark.teacher_id, []).append(mark)
    return {teacher.id: EditRights(actor, teacher, marks.get(teacher.id, [])) for teacher in teachers}


def refusals(
    rights: EditRights, section: Section, row_id: int | None, items: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """(item, reason) for everything that may not be changed; item "" for the row as a whole.

    `items` are those that would change; without any, the row itself is added or deleted.
    """
    if row_id is not None and not items:
        reason = rights.delete_lock(section, row_id)
    else:
        reason = rights.row_lock(section, row_id)
    if reason:
        yield "", reason
        return
    for item in items:
        if reason := rights.item_lock(section, row_id, section.fields[item]):
            yield item, reason


def parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Long lists of ids in parts that every database takes."""
    for start in range(0, len(ids), PART):
        yield ids[start : start + PART]
