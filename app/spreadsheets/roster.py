"""What is stored of some people in a file, read at once: teachers, their rows, their locks, who is elsewhere."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.completed_numbers import complete_id_number, is_old_citizen_id
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Value
from app.core.sections.reading import Reader
from app.core.sections.section import Section
from app.core.workbook_reader import Cell, is_empty
from app.organisations.models import Unit
from app.records import NOTHING
from app.records.attachments import Place, rows_with_attachments
from app.records.editing import EditRights
from app.records.many import parts, rights_of
from app.records.queries import teachers_by_numbers, units_holding
from app.records.teacher import Teacher
from app.spreadsheets.upload import SectionSheet

NO_NUMBER = "没有填身份证件号，认不出是哪位教师。"
LOST_DIGITS = "Excel 已把号码变成数字，{what}。请把这一列设为“文本”格式，照证件重新填写，不能只改格式。"
NO_ZEROS, NO_END = "开头的 0 可能丢失", "第 15 位以后的数字已经变成 0"
COMPLETED = "工作表「{sheet}」{rows}的身份证号是 15 位旧号码，已补成 18 位，按 18 位找人。"
NAMED = 5  # rows in a note
SCIENTIFIC = re.compile(r"[0-9.]+E\+?[0-9]+")


@dataclass(frozen=True)
class Roster:
    """Stored facts by ID number; `stored` are the child rows by section and teacher."""

    unit: Unit
    known: dict[str, Teacher]
    elsewhere: frozenset[str]
    rights: dict[int, EditRights]
    stored: dict[str, dict[int, list[Any]]]
    attached: frozenset[Place]  # the stored rows that have attachments
    reader: Reader

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
    """(number, "") or ("", what is wrong). Old numbers of 15 digits come back with 18.

    Excel keeps 15 digits: what it has made a number of cannot be trusted, unless it is a whole old number.
    """
    if is_empty(cell):
        return "", NO_NUMBER
    if not isinstance(cell, str):
        if isinstance(cell, int) and is_old_citizen_id(str(cell)):
            return complete_id_number(str(cell)), ""
        long = isinstance(cell, int | float) and abs(cell) >= 10**15
        return "", LOST_DIGITS.format(what=NO_END if long else NO_ZEROS)
    number = complete_id_number(cell)
    if SCIENTIFIC.fullmatch(number):
        return "", LOST_DIGITS.format(what=NO_END)
    return (number, "") if number else ("", NO_NUMBER)


def completed(sheet: SectionSheet) -> list[str]:
    """A note when old numbers of 15 digits were understood."""
    cells = ((row.number, row.at(sheet.number_at)) for row in sheet.rows)
    found = [number for number, cell in cells if isinstance(cell, str | int) and is_old_citizen_id(str(cell))]
    return [COMPLETED.format(sheet=sheet.name, rows=_some(found))] if found else []


def _some(numbers: Sequence[int]) -> str:
    shown = "、".join(map(str, numbers[:NAMED]))
    return f"第 {shown} 行" + (f"等 {len(numbers)} 行" if len(numbers) > NAMED else "")


def load_roster(
    session: Session, actor: Actor, unit: Unit, section: Section, numbers: Sequence[str], reader: Reader
) -> Roster:
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
    return Roster(unit, known, elsewhere, rights_of(session, actor, teachers), stored, attached, reader)


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
