"""Template → fill → import gives equal rows: every item of every section, for every kind of school."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM
from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field, Value, join_typed, split_codes
from app.core.sections.reading import typed
from app.core.sections.section import Section, show
from app.organisations.models import Unit
from app.records import BY_NAME, sections_for
from app.records.teacher import Teacher
from app.spreadsheets.planning import MODES
from tests.kinds import KINDS
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.full_records import Record, record
from tests.spreadsheets.workbooks import headings, template

EVERY_KIND = pytest.mark.parametrize("kind", [own.kind for own in KINDS])
CODES = {"K": "11", "S": "21", "E": "51", "V": "36", "H": "41", "U": "42"}  # the first digits of a school's code


# ── three ways to type the same ──


def as_codes(field: Field, value: Value, indicator_set: IndicatorSet) -> Any:
    """Everything as text, codes as codes."""
    return typed(field, value)


def as_names(field: Field, value: Value, indicator_set: IndicatorSet) -> Any:
    """Everything as a page shows it."""
    return show(field, value, indicator_set, reveal=True)


def as_chosen(field: Field, value: Value, indicator_set: IndicatorSet) -> Any:
    """Codes as the drop-down has them, numbers and days as Excel keeps them."""
    if not field.code_table:
        return value
    entries = codes[field.table_for(indicator_set)].entries
    return join_typed([entries[code].label for code in split_codes(str(value))])


Way = Callable[[Field, Value, IndicatorSet], Any]
WAYS: dict[str, Way] = {"何静宜": as_codes, "郭思源": as_names, "高文斌": as_chosen}  # by person


# ── the school, its people and its workbook ──


@dataclass
class Filled:
    """A school of a kind, its filled template, and what must come of it."""

    desk: Desk
    records: dict[str, Record]  # by name
    left_empty: set[str]  # columns in which nobody has anything

    @property
    def lines(self) -> int:
        return sum(len(rows) for own in self.records.values() for rows in own.values())


@pytest.fixture
def filled(kind: str, everything: Session, school: Unit, tmp_path: Path) -> Filled:
    """Three people with a whole record, typed in three ways. A sheet says the same of each."""
    unit = _new_school(everything, school, kind)
    records = {name: record(unit.indicator_set, serial, name) for serial, name in enumerate(WAYS, start=1)}
    workbook = template(unit)
    left_empty: set[str] = set()
    for section in sections_for(unit.indicator_set):
        columns = headings(workbook[section.title], 1)
        lines = [line for name, own in records.items() for line in _lines(section, own, WAYS[name], unit)]
        for number, line in enumerate(lines, start=3):
            for identifier, value in line.items():
                workbook[section.title].cell(number, columns[identifier]).value = value
        left_empty |= columns.keys() - {identifier for line in lines for identifier in line}
    workbook.save(tmp_path / "whole.xlsx")
    return Filled(Desk(everything, SYSTEM, unit, tmp_path / "whole.xlsx"), records, left_empty)


def _new_school(session: Session, beside: Unit, kind: str) -> Unit:
    unit = Unit(
        code=f"{CODES[kind]}53009999", name="青禾县往返学校", level="school", parent_id=beside.parent_id,
        province_id=beside.province_id, city_id=beside.city_id, county_id=beside.county_id,
        school_kind=kind, school_category=f"{CODES[kind]}1",
    )  # fmt: skip
    session.add(unit)
    session.flush()
    for number, name in (("01", "数学与统计学院"), ("02", "人事处")):
        session.add(Unit(code=f"{unit.code}{number}", name=name, level="department", parent_id=unit.id))
    session.commit()
    codes.forget()
    return unit


def _lines(section: Section, own: Record, way: Way, unit: Unit) -> Iterator[dict[str, Any]]:
    """What is typed into a sheet for one person, by the identifiers of the columns."""
    (person,) = own["basic_info"]
    keys = {f"basic_info.{key}": person[key] for key in ("name", "id_number")}
    for row in own[section.name]:
        written = {item: way(section.fields[item], value, unit.indicator_set) for item, value in row.items()}
        yield keys | {f"{section.name}.{item}": value for item, value in written.items()}


# ── what came of it ──


def _differences(filled: Filled) -> list[str]:
    """Every item that is not stored as it was typed: 何静宜 paper[0].journal: '…' → None."""
    found = []
    at_school = sa.select(Teacher).where(Teacher.unit_id == filled.desk.unit.id)
    teachers = filled.desk.session.scalars(at_school.order_by(Teacher.id)).all()
    assert [teacher.name for teacher in teachers] == list(filled.records)
    for teacher in teachers:
        for name, wanted in filled.records[teacher.name or ""].items():
            stored = [BY_NAME[name].values(row) for row in _stored(filled.desk.session, BY_NAME[name], teacher)]
            if len(stored) != len(wanted):
                found.append(f"{teacher.name} {name}: {len(wanted)} → {len(stored)} rows")
            for number, (asked, got) in enumerate(zip(wanted, stored, strict=False)):
                where = f"{teacher.name} {name}[{number}]"
                found += [
                    f"{where}.{item}: {asked.get(item)!r} → {got[item]!r}"
                    for item, field in BY_NAME[name].fields.items()
                    if field.filled_by != "D" and got[item] != asked.get(item)
                ]
    return found


def _stored(session: Session, section: Section, teacher: Teacher) -> list[Any]:
    model = section.model
    return list(session.scalars(sa.select(model).where(model.teacher_id == teacher.id).order_by(model.id)))


@EVERY_KIND
def test_every_item_comes_back_as_it_was_typed(filled: Filled) -> None:
    assert not filled.left_empty, "the test must fill every column of the template"
    plan = filled.desk.plan_file(filled.desk.path)
    assert (filled.desk.errors(plan), plan.notes) == ([], [])
    assert filled.desk.actions(plan) == ["create"] * filled.lines
    filled.desk.apply(plan)
    filled.desk.session.expire_all()
    different = _differences(filled)
    assert not different, "\n".join(different)


@pytest.mark.parametrize("kind", "KSU")
def test_the_same_file_again_changes_nothing(filled: Filled) -> None:
    filled.desk.apply(filled.desk.plan_file(filled.desk.path))
    for mode in MODES:
        plan = filled.desk.plan_file(filled.desk.path, mode)
        changed = [(row.sheet, row.row_no, row.action) for row in filled.desk.rows(plan) if row.action != "same"]
        assert (mode, changed) == (mode, [])
        assert len(filled.desk.rows(plan)) == filled.lines
