"""From an uploaded file to a stored plan. Nothing of the record is written before the plan is confirmed."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, NotAllowed
from app.core.sections.fields import Field, Value, filled, from_text
from app.core.sections.reading import Raw, read_row
from app.core.sections.section import Section, contradictions
from app.core.text import clean_name
from app.core.validators import InvalidValue, check_citizen_id, citizen_birth_date, citizen_gender
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records import BY_NAME, CHILD_SECTIONS
from app.records.operations import ELSEWHERE
from app.records.teacher import CITIZEN_ID, TODAY, Teacher
from app.records.teacher import SECTION as BASIC_INFO
from app.spreadsheets.locks import refusals
from app.spreadsheets.matching import pair_rows
from app.spreadsheets.models import ImportPlan, ImportRow
from app.spreadsheets.roster import Roster, load_roster, read_number
from app.spreadsheets.upload import NAME, NUMBER, FileRow, as_typed, book_for, read_file, understand

MODES = {"append": "追加", "replace": "替换"}
NOT_LISTED = "第一张表和本校名册里都没有这个证件号。请先在第一张表里加上这位教师，或核对号码。"
NAME_NEEDED = "「姓名」要先填，才能建档。"
OTHER_NAME = "名册里这个证件号的姓名是「{name}」，与这一行不同。请核对是不是同一个人。"
NAME_CHANGES = "姓名将由「{name}」改成这一行的姓名，请核对是不是同一个人。"
TWICE = "与第 {number} 行重复。同一人只留一行。"
TWIN = "与第 {number} 行完全相同，只留一行即可。"
BROKEN = "单元格里是公式错误（如 #N/A），读不出内容。请改填实际内容。"


@dataclass
class Planned:
    """What one row would do, while it is worked out."""

    section: Section
    row: FileRow | None = None
    number: str = ""
    name: str = ""
    teacher: Teacher | None = None
    action: str = "create"
    target: Any = None
    base_version: int | None = None
    values: dict[str, Value] = field(default_factory=dict)
    old: dict[str, Value] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)

    @property
    def line(self) -> int:
        """The row's number in the file; 0 for a stored row."""
        return self.row.number if self.row else 0

    def wrong(self, identifier: str, message: str) -> None:
        self.errors.append(self._said(identifier, message))

    def warn(self, identifier: str, message: str) -> None:
        self.warnings.append(self._said(identifier, message))

    def _said(self, identifier: str, message: str) -> dict[str, str]:
        if "." not in identifier:
            identifier = f"{self.section.name}.{identifier}" if identifier else NUMBER
        column = self.row.letters.get(identifier, "") if self.row else ""
        return {"identifier": identifier, "column": column, "message": message}


def plan_import(
    session: Session, actor: Actor, unit: Unit, path: Path, file_name: str, mode: str, now: dt.datetime
) -> ImportPlan:
    """Work out and store what a file would change at a school.

    The file is read before the database is touched. Raises AppError when it cannot be understood at all; whatever is
    wrong in single rows stands in the plan.
    """
    sheets, digest = read_file(path)
    actor.must(P.IMPORT_USE)
    if unit.level != "school":
        raise NotAllowed("教师只能导入到学校里。请用学校的账号导入。")
    if mode not in MODES:
        raise AppError("请选导入方式：追加或替换。", field="mode")
    upload = understand(sheets, book_for(unit.indicator_set))
    roster = load_roster(session, actor, unit, upload.rows)
    planned = work_out(roster, upload.rows, replace=mode == "replace")
    plan = ImportPlan(
        unit_id=unit.id,
        user_id=actor.user_id,
        user_name=actor.name,
        file_name=file_name[:200],
        file_digest=digest,
        mode=mode,
        status="planned",
        created_at=now,
        notes=upload.notes,
    )
    session.add(plan)
    session.flush()
    session.add_all([_stored_row(plan, entry) for entry in planned])
    session.flush()
    return plan


def work_out(roster: Roster, rows: Sequence[FileRow], *, replace: bool) -> list[Planned]:
    """What every row would do, in the order of the file; stored rows that `replace` would delete come last."""
    people: dict[str, Planned] = {}
    planned: list[Planned] = []
    for row in rows:
        if not row.section.many:
            entry = _plan_person(row, roster, people)
            planned.append(entry)
            if entry.number:
                people.setdefault(entry.number, entry)
    deleted: list[Planned] = []
    for section in CHILD_SECTIONS:
        entries = [_begin_child(row, roster, people) for row in rows if row.section is section]
        if not entries:
            continue
        planned += entries
        asked: dict[str, list[Planned]] = {number: [] for number in people} if replace else {}
        for entry in entries:
            asked.setdefault(entry.number, []).append(entry)
        for number, own in asked.items():
            deleted += _plan_children(section, roster, roster.known.get(number), own, replace=replace)
    return planned + deleted


# ── people ──


def _plan_person(row: FileRow, roster: Roster, people: Mapping[str, Planned]) -> Planned:
    number, complaint = read_number(row.cells.get(NUMBER))
    teacher = roster.known.get(number)
    entry = Planned(BASIC_INFO, row, number, teacher=teacher)
    given = row.given()
    _complain_of_broken_cells(entry)
    if complaint:
        if NUMBER not in row.broken():
            entry.wrong(NUMBER, complaint)
        given.pop("id_number", None)
    elif number in people:
        entry.wrong(NUMBER, TWICE.format(number=people[number].line))
    elif teacher is None and number in roster.elsewhere:
        entry.wrong(NUMBER, ELSEWHERE)
    entry.name = clean_name(as_typed(row.cells.get(NAME))) or (teacher.name or "" if teacher else "")
    if teacher is None:
        _plan_new_person(entry, given, roster)
    else:
        _plan_change(entry, given, teacher, roster)
        if "name" in entry.values and entry.old.get("name"):
            entry.warn(NAME, NAME_CHANGES.format(name=entry.old["name"]))
    return entry


def _plan_new_person(entry: Planned, given: dict[str, Raw], roster: Roster) -> None:
    """A new record: empty cells stay empty, except for what the school's form would fill in by itself."""
    indicator_set = roster.unit.indicator_set
    defaults = _defaults(BASIC_INFO, indicator_set)
    filled = given | _from_number(entry.number, given, str(defaults.get("id_type") or ""), indicator_set)
    _plan_new(entry, filled, defaults, indicator_set)
    if not given.get("name") and not _has_error(entry, NAME):
        entry.wrong(NAME, NAME_NEEDED)


def _defaults(section: Section, indicator_set: str) -> dict[str, Value]:
    """What a new row begins with: the same as in a form of the school."""
    fields = [f for f in section.fields_for(indicator_set) if f.filled_by in ("L", "A")]
    return {f.name: f.default_for(indicator_set) for f in fields if f.default_for(indicator_set)}


def _from_number(number: str, given: Mapping[str, Raw], id_type: str, indicator_set: str) -> dict[str, Raw]:
    """Sex and birth date as a valid citizen's number has them, where their cells are empty."""
    if given.get("id_type"):
        read = read_row(BASIC_INFO, {"id_type": given["id_type"]}, indicator_set, {})
        id_type = str(read.values.get("id_type") or "")
    if id_type != CITIZEN_ID:
        return {}
    try:
        check_citizen_id(number, today=TODAY())
    except InvalidValue:
        return {}
    found: dict[str, Raw] = {"gender": citizen_gender(number), "birth_date": citizen_birth_date(number)}
    return {item: value for item, value in found.items() if item not in given}


# ── rows of people ──


def _begin_child(row: FileRow, roster: Roster, people: Mapping[str, Planned]) -> Planned:
    """Whose row it is."""
    number, complaint = read_number(row.cells.get(NUMBER))
    teacher = roster.known.get(number)
    entry = Planned(row.section, row, number, teacher=teacher)
    entry.name = typed = clean_name(as_typed(row.cells.get(NAME)))
    _complain_of_broken_cells(entry)
    person = people.get(number)
    if complaint:
        if NUMBER not in row.broken():
            entry.wrong(NUMBER, complaint)
    elif teacher is None and person is None:
        entry.wrong(NUMBER, NOT_LISTED)
    else:
        expected = (person.name if person else "") or (teacher.name or "" if teacher else "")
        entry.name = expected or typed
        if typed and expected and typed != expected:
            entry.wrong(NAME, OTHER_NAME.format(name=expected))
    return entry


def _plan_children(
    section: Section, roster: Roster, teacher: Teacher | None, entries: list[Planned], *, replace: bool
) -> Iterator[Planned]:
    """Pair one person's rows with the stored ones; yields the stored rows that would be deleted."""
    indicator_set = roster.unit.indicator_set
    defaults = _defaults(section, indicator_set)
    given = [entry.row.given() if entry.row else {} for entry in entries]
    asked = [read_row(section, texts, indicator_set, defaults).values for texts in given]
    stored = roster.rows(section, teacher) if teacher else []
    pairs = pair_rows(section, asked, stored, replace=replace)
    seen: dict[tuple[Value, ...], Planned] = {}
    for index, entry in enumerate(entries):
        key = tuple(filled(asked[index].get(item)) for item in section.fields)
        if index in pairs:
            _plan_change(entry, given[index], pairs[index], roster)
        else:
            _plan_new(entry, given[index], defaults, indicator_set)
            if teacher is not None:
                entry.base_version = teacher.version
                _refuse_locked(entry, roster, teacher, None, ())
        twin = seen.setdefault(key, entry)
        if twin is not entry and index not in pairs and not entry.errors:
            entry.wrong("", TWIN.format(number=twin.line))
    if replace and teacher is not None:
        kept = {row.id for row in pairs.values()}
        yield from (_deletion(section, roster, teacher, row) for row in stored if row.id not in kept)


def _deletion(section: Section, roster: Roster, teacher: Teacher, row: Any) -> Planned:
    old = {item: value for item, value in section.values(row).items() if value is not None}
    entry = Planned(section, None, teacher.id_number or "", teacher.name or "", teacher, "delete", row, row.version)
    entry.old |= old
    _refuse_locked(entry, roster, teacher, row.id, ())
    return entry


# ── both ──


def _complain_of_broken_cells(entry: Planned) -> None:
    assert entry.row is not None
    for identifier in entry.row.broken():
        entry.wrong(identifier, BROKEN)


def _has_error(entry: Planned, identifier: str) -> bool:
    return any(error["identifier"] == identifier for error in entry.errors)


def _read(entry: Planned, given: Mapping[str, Raw], base: Mapping[str, Value], indicator_set: str) -> dict[str, Value]:
    """Read the filled cells over `base`, note what is wrong, and return what was read."""
    reading = read_row(entry.section, given, indicator_set, base)
    for problem in reading.unreadable:
        entry.wrong(problem.item, problem.message)
    before = {(p.item, p.message) for p in contradictions(entry.section, base, indicator_set)}
    for problem in reading.contradictions:
        # What contradicted itself before the file came is no reason to refuse the file.
        if problem.level == "error" and (problem.item, problem.message) not in before:
            entry.wrong(problem.item, problem.message)
        else:
            entry.warn(problem.item, problem.message)
    return reading.values


def _plan_new(entry: Planned, given: Mapping[str, Raw], defaults: Mapping[str, Value], indicator_set: str) -> None:
    values: dict[str, Value] = {**defaults, **_read(entry, given, defaults, indicator_set)}
    entry.values = {item: value for item, value in values.items() if value is not None}


def _plan_change(entry: Planned, given: Mapping[str, Raw], target: Any, roster: Roster) -> None:
    """A change of a stored row: only what differs, and only where the record is open."""
    base = entry.section.values(target)
    new = _read(entry, given, base, roster.unit.indicator_set)
    changed = {item: value for item, value in new.items() if filled(value) != filled(base.get(item))}
    entry.action = "update" if changed else "same"
    entry.target, entry.base_version = target, target.version
    entry.values, entry.old = changed, {item: base.get(item) for item in changed}
    if changed:
        assert entry.teacher is not None
        _refuse_locked(entry, roster, entry.teacher, target.id, changed)
    else:
        entry.warnings.clear()


def _refuse_locked(entry: Planned, roster: Roster, teacher: Teacher, row_id: int | None, items: Any) -> None:
    for item, reason in refusals(roster.rights[teacher.id], entry.section, row_id, items):
        entry.wrong(item or next(iter(items), ""), reason)


# ── storing ──


def pack_value(value: Value) -> str | None:
    """A value as the plan keeps it: text."""
    return value if value is None else str(value)


def unpack_value(declared: Field, value: str | None) -> Value:
    """The reverse of `pack_value`."""
    return from_text(declared, value) if value else value


def unpack_values(section_name: str, packed: Mapping[str, str | None]) -> dict[str, Value]:
    """The values of a row of a plan; items that are no longer declared are left out."""
    fields = BY_NAME[section_name].fields
    return {item: unpack_value(fields[item], value) for item, value in packed.items() if item in fields}


def _stored_row(plan: ImportPlan, entry: Planned) -> ImportRow:
    content = {
        "key": entry.number,
        "name": entry.name,
        "action": entry.action,
        "texts": entry.row.texts() if entry.row else {},
        "values": {item: pack_value(value) for item, value in entry.values.items()},
        "old": {item: pack_value(value) for item, value in entry.old.items()},
        "errors": entry.errors,
        "warnings": entry.warnings,
    }
    return ImportRow(
        plan_id=plan.id,
        sheet=(entry.row.sheet if entry.row else entry.section.title)[:60],
        row_no=entry.line,
        section=entry.section.name,
        action="error" if entry.errors else entry.action,
        target_id=entry.target.id if entry.target is not None else None,
        owner_id=entry.teacher.id if entry.teacher else None,
        base_version=entry.base_version,
        content=content,
    )
