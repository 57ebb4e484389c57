"""Writing the people that a plan makes, with all their rows: thousands at a time, in little memory.

Nothing of theirs is stored yet, so there is nothing to lock, to compare or to keep a history of.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from app.core.sections.section import Section
from app.organisations.models import Unit
from app.records import CHILD_STORED
from app.records.bulk import insert_rows
from app.records.derived import DERIVED_FROM
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.left_out import LeftOut
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.packing import unpack_values
from app.spreadsheets.plan_rows import PlanRow, blocks_of_plan

PART = 1000


@dataclass
class Entry:
    """Who was made, by ID number; and of each the rows from which something is derived."""

    unit: Unit
    now: dt.datetime
    people: dict[str, int] = field(default_factory=dict)
    sources: dict[str, dict[int, list[Any]]] = field(default_factory=dict)


def new_rows(session: Session, plan: ImportPlan, section_name: str, left_out: LeftOut) -> Iterator[list[PlanRow]]:
    """The rows that belong to new people, in parts."""
    for block in blocks_of_plan(session, plan.id, ("create",), section_name, known=False):
        if rows := [row for row in block.rows if left_out.writes(row)]:
            yield rows


def enter_new_people(session: Session, plan: ImportPlan, left_out: LeftOut, now: dt.datetime) -> None:
    """Write them. What was written is known by the number of the import, which the rows carry."""
    entry = Entry(session.get_one(Unit, plan.unit_id), now)
    for section in (BASIC_INFO, *CHILD_STORED):  # people first
        if entry.people or section is BASIC_INFO:
            for rows in new_rows(session, plan, section.name, left_out):
                _enter(session, entry, section, rows)
    _derive(session, entry)


def _enter(session: Session, entry: Entry, section: Section, rows: Sequence[PlanRow]) -> None:
    values = [unpack_values(section.name, row.values) for row in rows]
    if section is BASIC_INFO:
        state = {"unit_id": entry.unit.id, "status": "draft", "stage": 0, "reported_by": "", "content_at": entry.now}
        ids = insert_rows(session, section, entry.unit, [(own, state) for own in values], entry.now)
        entry.people |= {row.key: made for row, made in zip(rows, ids, strict=True)}
        return
    owned = [(own, {"teacher_id": entry.people[row.key]}) for own, row in zip(values, rows, strict=True)]
    ids = insert_rows(session, section, entry.unit, owned, entry.now)
    if section.name in DERIVED_FROM:
        _keep_sources(entry, section, owned, ids)


def _keep_sources(entry: Entry, section: Section, owned: Sequence[Any], ids: Sequence[int]) -> None:
    empty = dict.fromkeys(section.declared)
    by_person = entry.sources.setdefault(section.name, {})
    for (values, columns), made in zip(owned, ids, strict=True):
        by_person.setdefault(columns["teacher_id"], []).append(SimpleNamespace(**{**empty, **values}, id=made))


def _derive(session: Session, entry: Entry) -> None:
    """What follows from the rows of new people: found without reading them back."""
    derived: dict[int, dict[str, Any]] = {}
    for name, by_person in entry.sources.items():
        for teacher_id, rows in by_person.items():
            found: Any = SimpleNamespace()
            DERIVED_FROM[name][1](found, rows)
            derived.setdefault(teacher_id, {}).update(vars(found))
    columns = sorted({name for found in derived.values() for name in found})
    lines = [{"id": key, **dict.fromkeys(columns), **found} for key, found in derived.items()]
    table = Teacher.__table__
    for start in range(0, len(lines), PART):
        session.connection().execute(
            update(table)
            .where(table.c.id == bindparam("of_id"))
            .values({name: bindparam(f"of_{name}") for name in columns}),
            [{f"of_{name}": value for name, value in line.items()} for line in lines[start : start + PART]],
        )
