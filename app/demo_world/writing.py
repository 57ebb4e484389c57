"""Storing invented people in bulk: the rows that the same steps through the screens would have left."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from app.collection.flow import REPORT
from app.collection.models import Snapshot
from app.collection.operations import packed_record
from app.core.declarations import current_declaration
from app.core.flow import FlowLog
from app.core.history import History, pack
from app.core.indicator_set import IndicatorSet
from app.core.many_rows import Lot, insert_many
from app.core.scope import SCOPE_COLUMNS
from app.core.sections.section import Section
from app.demo_world.basics import basic_info
from app.demo_world.facts import states
from app.demo_world.lives import Life
from app.demo_world.sections import Builder, Rows, Values, rows_of_life
from app.demo_world.states import INCOMPLETE, OWN_STEPS, Course, Desk, Doer, begins_at, course, wrong_value
from app.organisations.models import Unit
from app.records import BY_NAME, SECTIONS, STORED
from app.records.bulk import Write, insert_rows_of_many, new_ids
from app.records.marks import ReviewMark
from app.records.person_codes import DIGITS, TEMPORARY, PersonCode, make_code, place_of
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

_SPREAD = 314_159_265_359  # has no factor in common with ten: each key gets a number of its own
_UPDATE = {"action": "update", "reason": "", "batch_id": None}  # of history, what is the same in all
NOT_YET = 0  # the account of somebody who is being stored
HALF_LEAVES = ("domestic_training", "certificate", "contact", "teaching", "education_history", "language_skill")


@dataclass
class Person:
    """Somebody to be stored: the school, the record, and how it will end."""

    unit: Unit
    life: Life
    desk: Desk
    ends: str  # see states.toml
    rows: Rows
    values: Values
    filled_at: dt.datetime
    course: Course
    has_account: bool
    id: int = 0


def person(
    life: Life, unit: Unit, desk: Desk, ends: str, builders: Mapping[str, Builder], *, with_account: bool | None = None
) -> Person:
    """Make the record of a life and the steps it has taken; of one who has not finished, only half.

    with_account: whether the teacher logs in; left to chance where nothing is said. Whoever hands in a record does.
    """
    rows, filled_at = rows_of_life(life, builders), begins_at(life.chance)
    if ends == INCOMPLETE:
        for name in life.chance.sample(HALF_LEAVES, 2 + life.chance.randrange(3)):
            rows.pop(name, None)
    values = basic_info(life, rows)
    if ends == INCOMPLETE:
        for item in ("political_status", "birth_place", life.chance.choice(("school_entry_month", "contract_type"))):
            values[item] = None
    asked = _asked(life, BASIC_INFO)
    values = {item: value for item, value in values.items() if item in asked}
    by_chance = life.chance.random() < states()["own_accounts"]
    has_account = ends in OWN_STEPS or (by_chance if with_account is None else with_account)
    own = Doer(NOT_YET, life.name, unit.id, unit.name) if has_account else None
    way = course(ends, desk, own, rows, filled_at, life.chance)
    return Person(unit, life, desk, ends, rows, values, filled_at, way, has_account)


def _asked(life: Life, section: Section) -> frozenset[str]:
    return _items(section.name, life.place.indicator_set)


@cache
def _items(section: str, indicator_set: IndicatorSet) -> frozenset[str]:
    return frozenset(field.name for field in BY_NAME[section].fields_for(indicator_set))


@dataclass
class Store:
    """How rows are written, and in whose name."""

    session: Session
    now: dt.datetime
    write: Write = insert_many
    rows: int = 0  # written so far

    def records(self, people: Sequence[Person], doers: Callable[[Sequence[Person]], Mapping[int, Doer]]) -> None:
        """Store people with all that hangs on them. doers: the own accounts of those who have one, by person's id,
        made once the people are stored."""
        self._people(people)
        own = doers(people)
        for found in people:
            for step in found.course.steps:
                if step["actor_id"] == NOT_YET:
                    step["actor_id"] = own[found.id].id
        stored = self._rows_below(people)
        self._steps(people)
        self._marks(people, stored)
        self._codes(people)
        self._snapshots(people, stored)

    def _people(self, people: Sequence[Person]) -> None:
        lines = []
        for found, key in zip(people, new_ids(self.session, Teacher.__table__, len(people)), strict=True):  # type: ignore[arg-type]
            found.id = key
            way = found.course
            if way.status == "approved":
                number = key * _SPREAD % 10**DIGITS
                found.values["person_code"] = make_code(TEMPORARY, place_of(found.unit), number)
            doer, at = way.reported or (None, None)
            lines.append((found.unit, found.values, {
                "unit_id": found.unit.id, "status": way.status, "waiting_unit_id": way.waiting_unit_id,
                "stage": way.stage, "arrival": way.arrival, "reported_by_id": doer.id if doer else None,
                "reported_by": doer.name if doer else "", "reported_at": at, "content_at": way.mended_at,
                "photo_digest": None, "photo_at": None, **self._made(found), "version": way.version,
                "updated_at": way.steps[-1]["at"] if way.steps else found.filled_at,
            }))  # fmt: skip
        self._insert(BASIC_INFO, lines, [found.id for found in people])

    def _made(self, found: Person) -> dict[str, Any]:
        return {"created_at": found.filled_at, "updated_at": found.filled_at, "created_by": found.desk.reporter.name}

    def _insert(
        self, section: Any, lines: Sequence[tuple[Unit, Values, Mapping[str, Any]]], ids: Sequence[int] = ()
    ) -> Sequence[int]:
        self.rows += len(lines)
        return insert_rows_of_many(self.session, section, lines, self.now, self.write, ids)

    def _rows_below(self, people: Sequence[Person]) -> dict[int, dict[str, list[tuple[int, Values]]]]:
        """Store the sections; the ids and values of the rows of each person."""
        stored: dict[int, dict[str, list[tuple[int, Values]]]] = {found.id: defaultdict(list) for found in people}
        for section in STORED[1:]:
            lines, owners = [], []
            for found in people:
                if section.name not in found.rows:
                    continue
                made = {"teacher_id": found.id, **self._made(found)}
                asked = _asked(found.life, section)
                for at, line in enumerate(found.rows[section.name]):
                    values = {item: value for item, value in line.items() if item in asked}
                    mended = at == 0 and self._mended(found, section.name)
                    columns = {**made, "version": 2, "updated_at": mended} if mended else made
                    lines.append((found.unit, values, columns))
                    owners.append((found.id, values))
            if lines:
                for (owner, values), key in zip(owners, self._insert(section, lines), strict=True):
                    stored[owner][section.name].append((key, values))
        return stored

    def _mended(self, found: Person, section: str) -> dt.datetime | None:
        way = found.course
        return way.mended_at if way.mended and way.mended["section"] == section else None

    def _steps(self, people: Sequence[Person]) -> None:
        lines = []
        for found in people:
            place = dict(zip(SCOPE_COLUMNS, found.unit.scope_ids, strict=True))
            lines += [
                {"flow": REPORT.name, "row_id": found.id, "teacher_id": found.id, **step, **place}
                for step in found.course.steps
            ]
        lines.sort(key=lambda line: line["at"])
        self._plain(FlowLog, lines)

    def _marks(self, people: Sequence[Person], stored: Mapping[int, Any]) -> None:
        marks, changes = [], []
        for found in people:
            way = found.course
            place = {"teacher_id": found.id, **dict(zip(SCOPE_COLUMNS, found.unit.scope_ids, strict=True))}
            for mark in way.marks:
                section = mark["section"]
                row_id = found.id if section == "basic_info" else stored[found.id][section][0][0]
                marks.append({**mark, "row_id": row_id, **place})
            if way.mended:
                changes.append(self._change(found, way, stored[found.id]) | place)
        self._plain(ReviewMark, marks)
        self._plain(History, changes)

    def _change(self, found: Person, way: Course, stored: Mapping[str, Any]) -> dict[str, Any]:
        assert way.mended is not None
        section, item = way.mended["section"], way.mended["item"]
        row_id, values = stored[section][0]
        field = BY_NAME[section].fields[item]
        right = str(values[item])
        doer = found.desk.reporter
        return {
            **_UPDATE, "at": way.mended_at, "actor_id": doer.id, "actor_name": doer.name, "unit_name": doer.unit_name,
            "section": section, "row_id": row_id,
            "changes": {item: [pack(field, wrong_value(way.mended, right)), pack(field, right)]}, "row_version": 2,
        }  # fmt: skip

    def _codes(self, people: Sequence[Person]) -> None:
        """What the last approval has given."""
        codes, changes = [], []
        for found in people:
            if found.course.status != "approved":
                continue
            last, code = found.course.steps[-1], found.values["person_code"]
            place = {"teacher_id": found.id, **dict(zip(SCOPE_COLUMNS, found.unit.scope_ids, strict=True))}
            codes.append({"code": code, "given_at": last["at"], **place})
            changes.append({
                **_UPDATE, "at": last["at"], "actor_id": last["actor_id"], "actor_name": last["actor_name"],
                "unit_name": last["unit_name"], "section": BASIC_INFO.name, "row_id": found.id,
                "changes": {"person_code": [None, code]}, "row_version": found.course.version, **place,
            })  # fmt: skip
        self._plain(PersonCode, codes)
        self._plain(History, changes)

    def _snapshots(self, people: Sequence[Person], stored: Mapping[int, Any]) -> None:
        declaration, lines = current_declaration(self.session, SECTIONS, self.now), []
        for found in people:
            way = found.course
            if way.status != "approved":
                continue
            last = way.steps[-1]
            rows: dict[str, list[Any]] = {
                name: [_row(name, key, values) for key, values in some] for name, some in stored[found.id].items()
            }
            rows["basic_info"] = [_row("basic_info", found.id, found.values)]
            lines.append({
                "teacher_id": found.id, "declaration_id": declaration, "taken_at": last["at"],
                "taken_by": last["actor_name"], "unit_name": last["unit_name"], "teacher_version": way.version,
                "content": packed_record(rows), **dict(zip(SCOPE_COLUMNS, found.unit.scope_ids, strict=True)),
            })  # fmt: skip
        self._plain(Snapshot, lines)

    def _plain(self, model: Any, lines: Sequence[Mapping[str, Any]]) -> None:
        self.rows += len(lines)
        self.write(self.session.connection(), Lot(model.__table__, lines))


def _row(section: str, key: int, values: Values) -> SimpleNamespace:
    """A row as readers of stored rows want it: what it does not name is empty."""
    return SimpleNamespace(**{**dict.fromkeys(BY_NAME[section].fields), **values, "id": key})
