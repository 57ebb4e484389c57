"""Reading records; the session's scope decides what is there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core.crypto import blind_index
from app.core.errors import NotFound
from app.core.history import History
from app.core.scope import system_scope
from app.core.sections.section import Section
from app.core.validators import normalise_id
from app.records.teacher import Teacher


def teacher_for(session: Session, teacher_id: int) -> Teacher:
    """A teacher within the scope, with the unit. Raises NotFound, for foreign ones as for missing ones."""
    teacher: Teacher | None = session.scalar(
        select(Teacher)
        .where(Teacher.id == teacher_id)
        .options(joinedload(Teacher.unit), joinedload(Teacher.waiting_unit))
    )
    if teacher is None:
        raise NotFound("没有这位教师。")
    return teacher


def row_for(session: Session, section: Section, teacher: Teacher, row_id: int) -> Any:
    """A section row of this teacher. Raises NotFound."""
    row = session.get(section.model, row_id)
    if row is None or row.teacher_id != teacher.id:
        raise NotFound("没有这条记录。")
    return row


def teachers_by_numbers(session: Session, numbers: Sequence[str]) -> dict[str, Teacher]:
    """The teachers within the scope that have these ID numbers."""
    wanted = {blind_index(number, "id_number"): number for number in numbers}
    found: dict[str, Teacher] = {}
    hashes = list(wanted)
    for start in range(0, len(hashes), 500):
        part = hashes[start : start + 500]
        for teacher in session.scalars(select(Teacher).where(Teacher.id_number_hash.in_(part))):
            found[wanted[teacher.id_number_hash or ""]] = teacher
    return found


def units_holding(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    """The unit of everybody who has one of these ID numbers, wherever in the country: entry must not make twins."""
    wanted = {blind_index(normalise_id(number), "id_number"): number for number in numbers}
    hashes = list(wanted)
    found: dict[str, int] = {}
    with system_scope(session, "unique ID numbers") as everywhere:
        for start in range(0, len(hashes), 500):
            query = select(Teacher.id_number_hash, Teacher.unit_id).where(
                Teacher.id_number_hash.in_(hashes[start : start + 500])
            )
            found |= {wanted[number]: unit for number, unit in everywhere.execute(query) if number}
    return found


def history_of(session: Session, teacher_id: int, limit: int = 50) -> list[History]:
    """The latest changes of a record, newest first."""
    query = select(History).where(History.teacher_id == teacher_id).order_by(History.id.desc()).limit(limit)
    return list(session.scalars(query))
