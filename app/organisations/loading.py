"""The list of units as a CSV file of the command line: the whole tree, from the nation to the departments."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM
from app.core.db import utc_now
from app.core.errors import AppError
from app.core.file_lines import Line
from app.core.workbook_reader import Cell
from app.organisations.comparing import compare
from app.organisations.declarations import NORMAL
from app.organisations.lists import write_steps
from app.organisations.models import LEVELS, Unit
from app.organisations.moving import scope_below
from app.organisations.unit_file import number_in

ITEMS = {"code": "code", "name": "name", "level": "level", "parent": "parent", "indicator_set": "school_kind",
         "school_category": "school_category"}  # fmt: skip
MORE = ("founder_type", "urban_rural", "principal", "contact_name", "contact_phone", "address", "postcode")


def load_units(session: Session, rows: Iterable[Mapping[str, str]]) -> int:
    """Make or update units; how many rows were read. Flushes.

    Rows have the columns of ITEMS, and of MORE what is known; parent is a code. Raises AppError naming the first wrong
    row.
    """
    lines = [Line(number, _cells(row)) for number, row in enumerate(rows, start=1)]
    levels: dict[str, list[Line]] = {level: [] for level in LEVELS}
    for line in lines:
        level = str(line.cells.get("level", ""))
        if level not in LEVELS:
            raise AppError(f"第 {line.number} 行：级别「{level}」不对，只能是 {'、'.join(LEVELS)}。", field="level")
        levels[level].append(line)
    for line in levels["nation"]:
        _store(session, line, None)
    found = compare(session, SYSTEM, [line for line in lines if line.cells["level"] not in ("nation", "department")])
    for error in sorted(found.errors, key=lambda error: int(error["row"])):
        raise AppError(f"第 {error['row']} 行：{error['message']}")
    write_steps(session, SYSTEM, found.steps, utc_now())
    for line in levels["department"]:
        _store(session, line, _school(session, line))
    return len(lines)


def _cells(row: Mapping[str, str]) -> dict[str, Cell]:
    named = {item: row[name].strip() for name, item in ITEMS.items()}
    more = {item: row.get(item, "").strip() for item in MORE}
    return {item: text for item, text in (named | more).items() if text}


def _store(session: Session, line: Line, parent: Unit | None) -> None:
    """The nation, or a department: no authority keeps these by a list."""
    code = number_in(line, "code")
    unit = session.scalar(select(Unit).where(Unit.code == code)) or Unit(code=code)
    unit.name, unit.level = str(line.cells.get("name", "")), str(line.cells["level"])
    if parent is None:
        unit.status = NORMAL
    else:
        unit.parent_id, unit.school_kind = parent.id, parent.school_kind
        unit.province_id, unit.city_id, unit.county_id = scope_below(parent).values()
    session.add(unit)
    session.flush()


def _school(session: Session, line: Line) -> Unit:
    above = number_in(line, "parent")
    school: Unit | None = session.scalar(select(Unit).where(Unit.code == above, Unit.level == "school"))
    if school is None:
        raise AppError(f"第 {line.number} 行：二级单位的上级要是学校，没有代码为「{above}」的学校。", field="parent")
    return school
