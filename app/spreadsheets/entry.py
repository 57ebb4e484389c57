"""Writing the people that a plan makes, with all their rows: thousands at a time, in little memory.

Nothing of theirs is stored yet, so there is nothing to lock, to compare or to keep a history of.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from app.core.many_rows import Behind, Lot, Statement, inserting, update_many
from app.core.sections.section import Section
from app.organisations.models import Unit
from app.records import CHILD_STORED
from app.records.bulk import NewRow, new_ids, new_rows
from app.records.derived import DERIVED_FROM
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.left_out import LeftOut
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.packing import unpack_values
from app.spreadsheets.plan_rows import PlanRow, blocks_of_plan, count_planned

PART = 1000


@dataclass
class Entry:
    """Who was made, by ID number; and of each the rows from which something is derived."""

    unit: Unit
    now: dt.datetime
    people: dict[str, int] = field(default_factory=dict)
    sources: dict[str, dict[int, list[Any]]] = field(default_factory=dict)


def planned_people(session: Session, plan: ImportPlan, section_name: str, left_out: LeftOut) -> Iterator[list[PlanRow]]:
    """The rows that belong to new people, in parts."""
    for block in blocks_of_plan(session, plan.id, ("create",), section_name, known=False):
        if rows := [row for row in block.rows if left_out.writes(row)]:
            yield rows


@dataclass(frozen=True)
class Part:
    """Rows of one section that are stored together, under these keys."""

    section: Section
    rows: Sequence[PlanRow]
    ids: Sequence[int]


def enter_new_people(session: Session, plan: ImportPlan, left_out: LeftOut, now: dt.datetime) -> None:
    """Write them. What was written is known by the number of the import, which the rows carry."""
    entry = Entry(session.get_one(Unit, plan.unit_id), now)
    parts = _parts(session, plan, left_out, entry)
    with Behind(session.connection()) as behind:
        part = next(parts, None)
        while part is not None:
            statements = _prepare(session, entry, part)  # while the part before is being stored
            behind.wait()
            part = next(parts, None)
            behind.send(statements)
    _derive(session, entry)


def _parts(session: Session, plan: ImportPlan, left_out: LeftOut, entry: Entry) -> Iterator[Part]:
    for section in (BASIC_INFO, *CHILD_STORED):  # people first
        if not entry.people and section is not BASIC_INFO:
            return
        count = count_planned(session, plan.id, "create", section.name, known=False)
        ids = iter(new_ids(session, section.model.__table__, count))
        for rows in planned_people(session, plan, section.name, left_out):
            yield Part(section, rows, list(islice(ids, len(rows))))


def _prepare(session: Session, entry: Entry, part: Part) -> list[Statement]:
    """What stores a part. The database is not asked: it is at work."""
    section, rows, ids = part.section, part.rows, part.ids
    unit, values = entry.unit, [unpack_values(section.name, row.values) for row in rows]
    if section is BASIC_INFO:
        state = {"unit_id": entry.unit.id, "status": "draft", "stage": 0, "reported_by": "", "content_at": entry.now}
        entry.people |= {row.key: made for row, made in zip(rows, ids, strict=True)}
        new: list[NewRow] = [(unit, own, state) for own in values]
    else:
        new = [(unit, own, {"teacher_id": entry.people[row.key]}) for own, row in zip(values, rows, strict=True)]
    if section.name in DERIVED_FROM:
        _keep_sources(entry, section, new, ids)
    dialect = session.get_bind().dialect
    return [inserting(dialect, lot) for lot in new_rows(session, section, ids, new, entry.now) if lot.lines]


def _keep_sources(entry: Entry, section: Section, new: Sequence[NewRow], ids: Sequence[int]) -> None:
    empty = dict.fromkeys(section.declared)
    by_person = entry.sources.setdefault(section.name, {})
    for (_, values, columns), made in zip(new, ids, strict=True):
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
    for start in range(0, len(lines), PART):
        update_many(session.connection(), Lot(Teacher.__table__, lines[start : start + PART]))  # type: ignore[arg-type]
