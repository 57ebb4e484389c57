"""What is stored of some people in a file, read at once: teachers, their rows, their locks, who is elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Value
from app.core.sections.section import Section
from app.core.validators import normalise_id
from app.core.workbook_reader import Cell
from app.organisations.models import Unit
from app.records import NOTHING
from app.records.attachments import Place, rows_with_attachments
from app.records.editing import EditRights
from app.records.many import parts, rights_of
from app.records.queries import teachers_by_numbers, units_holding
from app.records.teacher import Teacher
from app.spreadsheets.upload import is_empty

NO_NUMBER = "没有填身份证件号，认不出是哪位教师。"
LOST_DIGITS = "Excel 已把号码变成数字，开头的 0 或末几位可能丢失。请把这一列设为文本后重填。"


@dataclass(frozen=True)
class Roster:
    """Stored facts by ID number; `stored` are the child rows by section and teacher."""

    unit: Unit
    known: dict[str, Teacher]
    elsewhere: frozenset[str]
    rights: dict[int, EditRights]
    stored: dict[str, dict[int, list[Any]]]
    attached: frozenset[Place]  # the stored rows that have attachments

    @cached_property
    def indicator_set(self) -> IndicatorSet:
        return self.unit.indicator_set

    @cached_property
    def defaults(self) -> dict[str, dict[str, Value]]:
        """What new rows begin with, by section."""
        return {}

    def rows(self, section: Section, teacher: Teacher) -> list[Any]:
        return self.stored.get(section.name, {}).get(teacher.id, [])


def read_number(cell: Cell) -> tuple[str, str]:
    """(number, "") or ("", what is wrong). A number that Excel keeps as a number cannot be trusted."""
    if is_empty(cell):
        return "", NO_NUMBER
    if not isinstance(cell, str):
        return "", LOST_DIGITS
    number = normalise_id(cell)
    return (number, "") if number else ("", NO_NUMBER)


def load_roster(session: Session, actor: Actor, unit: Unit, section: Section, numbers: Sequence[str]) -> Roster:
    """Read what is stored of these people in one section. The number of queries does not grow with the rows."""
    found = teachers_by_numbers(session, numbers)
    known = {number: teacher for number, teacher in found.items() if teacher.unit_id == unit.id}
    strangers = [number for number in numbers if number not in known] if not section.many else []
    elsewhere = frozenset(units_holding(session, strangers)) if strangers else frozenset()
    teachers = list(known.values())
    stored = {
        child.name: child_rows(session, child, [teacher.id for teacher in teachers])
        for child in ((section, NOTHING) if section.many else ())
    }
    attached = rows_with_attachments(session, {name: _ids(by_teacher) for name, by_teacher in stored.items()})
    return Roster(unit, known, elsewhere, rights_of(session, actor, teachers), stored, attached)


def _ids(by_teacher: dict[int, list[Any]]) -> list[int]:
    return [row.id for rows in by_teacher.values() for row in rows]


def child_rows(session: Session, section: Section, teacher_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The stored rows of a section by teacher."""
    found: dict[int, list[Any]] = {}
    for part in parts(teacher_ids):
        query = select(section.model).where(section.model.teacher_id.in_(part)).order_by(section.model.id)
        for row in session.scalars(query):
            found.setdefault(row.teacher_id, []).append(row)
    return found
