"""From an uploaded file to a stored plan. Nothing of the record is written before the plan is confirmed."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, NotAllowed
from app.core.indicator_set import IndicatorSet
from app.core.scope import SCOPE_COLUMNS
from app.core.sections.fields import Field, Value, filled, from_text
from app.core.sections.reading import Raw, Reading, read_row
from app.core.sections.section import Section, contradictions
from app.core.text import clean_name
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records import BY_NAME, CHILD_SECTIONS
from app.records.defaults import named_defaults
from app.records.operations import ELSEWHERE
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import TODAY, Teacher, told_by_number
from app.spreadsheets.locks import refusals
from app.spreadsheets.matching import pair_rows
from app.spreadsheets.models import ImportPlan, ImportRow
from app.spreadsheets.nothing import plan_none, says_none
from app.spreadsheets.planned import Planned
from app.spreadsheets.roster import Roster, load_roster, read_number
from app.spreadsheets.upload import NAME, NUMBER, FileRow, as_typed, book_for, read_file, understand

MODES = {"append": "追加", "replace": "替换"}
NOT_LISTED = "第一张表和本校名册里都没有这个证件号。请先在第一张表里加上这位教师，或核对号码。"
NAME_NEEDED = "「姓名」要先填，才能建档。"
OTHER_NAME = "名册里这个证件号的姓名是「{name}」，与这一行不同。请核对是不是同一个人。"
NAME_CHANGES = "姓名将由「{name}」改成这一行的姓名，请核对是不是同一个人。"
TWICE = "与第 {number} 行重复。同一人只留一行。"
TWIN = "与第 {number} 行完全相同，只留一行即可。"
HAS_FILES = "这一条有附件，替换不能删除它。请改用「追加」，或先在教师的档案里删除附件。"
BROKEN = "单元格里是公式错误（如 #N/A），读不出内容。请改填实际内容。"


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
    if planned:  # many, and nobody needs them as objects now
        session.execute(insert(ImportRow), [_stored_row(plan, unit, entry) for entry in planned])
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
            teacher = roster.known.get(number)
            none: list[Planned] = []
            filled_in: list[Planned] = []
            for entry in own:
                (none if says_none(entry.row, roster.indicator_set) else filled_in).append(entry)
            gone = list(_plan_children(section, roster, teacher, filled_in, replace=replace))
            deleted += [*gone, *plan_none(roster, section, teacher, none, filled_in, gone)]
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
    indicator_set = roster.indicator_set
    defaults = _defaults(BASIC_INFO, roster)
    filled = given | _from_number(entry.number, given, str(defaults.get("id_type") or ""), indicator_set)
    _plan_new(entry, read_row(BASIC_INFO, filled, indicator_set, defaults), defaults, indicator_set)
    if not given.get("name") and not _has_error(entry, NAME):
        entry.wrong(NAME, NAME_NEEDED)


def _defaults(section: Section, roster: Roster) -> dict[str, Value]:
    """What a new row begins with: the same as in a form of the school."""
    if section.name not in roster.defaults:
        named = named_defaults(roster.unit, TODAY())
        fields = section.fields_for(roster.indicator_set)
        school = ("L", "A", "T") if section.filled_by == "A" else ("L", "A")
        texts = {f.name: f.default_for(roster.indicator_set, named) for f in fields if f.filled_by in school}
        given = {item: text for item, text in texts.items() if text}
        roster.defaults[section.name] = read_row(section, given, roster.indicator_set, {}).values
    return roster.defaults[section.name]


def _from_number(number: str, given: Mapping[str, Raw], id_type: str, indicator_set: IndicatorSet) -> dict[str, Raw]:
    """Sex and birth date as a valid citizen's number has them, where their cells are empty."""
    if given.get("id_type"):
        read = read_row(BASIC_INFO, {"id_type": given["id_type"]}, indicator_set, {})
        id_type = str(read.values.get("id_type") or "")
    return {item: value for item, value in told_by_number(id_type, number).items() if item not in given}


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
    indicator_set = roster.indicator_set
    defaults = _defaults(section, roster)
    given = [entry.row.given() if entry.row else {} for entry in entries]
    readings = [read_row(section, texts, indicator_set, defaults) for texts in given]
    asked = [reading.values for reading in readings]
    stored = roster.rows(section, teacher) if teacher else []
    pairs = pair_rows(section, asked, stored, replace=replace)
    seen: dict[tuple[Value, ...], Planned] = {}
    for index, entry in enumerate(entries):
        key = tuple(filled(asked[index].get(item)) for item in section.fields)
        if index in pairs:
            _plan_change(entry, given[index], pairs[index], roster)
        else:
            _plan_new(entry, readings[index], defaults, indicator_set)
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
    if (section.name, row.id) in roster.attached:
        entry.wrong("", HAS_FILES)
    return entry


# ── both ──


def _complain_of_broken_cells(entry: Planned) -> None:
    assert entry.row is not None
    for identifier in entry.row.broken():
        entry.wrong(identifier, BROKEN)


def _has_error(entry: Planned, identifier: str) -> bool:
    return any(error["identifier"] == identifier for error in entry.errors)


def _take(entry: Planned, reading: Reading, base: Mapping[str, Value], indicator_set: IndicatorSet) -> dict[str, Value]:
    """Note what is wrong with what was read over `base`, and return the values."""
    for problem in reading.unreadable:
        entry.wrong(problem.item, problem.message)
    if reading.contradictions:
        before = {(p.item, p.message) for p in contradictions(entry.section, base, indicator_set)}
    for problem in reading.contradictions:
        # What contradicted itself before the file came is no reason to refuse the file.
        if problem.level == "error" and (problem.item, problem.message) not in before:
            entry.wrong(problem.item, problem.message)
        else:
            entry.warn(problem.item, problem.message)
    return reading.values


def _plan_new(entry: Planned, reading: Reading, defaults: Mapping[str, Value], indicator_set: IndicatorSet) -> None:
    values: dict[str, Value] = {**defaults, **_take(entry, reading, defaults, indicator_set)}
    entry.values = {item: value for item, value in values.items() if value is not None}


def _plan_change(entry: Planned, given: Mapping[str, Raw], target: Any, roster: Roster) -> None:
    """A change of a stored row: only what differs, and only where the record is open."""
    base = entry.section.values(target)
    new = _take(entry, read_row(entry.section, given, roster.indicator_set, base), base, roster.indicator_set)
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


def _stored_row(plan: ImportPlan, unit: Unit, entry: Planned) -> dict[str, Any]:
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
    return {
        "plan_id": plan.id,
        "sheet": (entry.row.sheet if entry.row else entry.section.title)[:60],
        "row_no": entry.line,
        "section": entry.section.name,
        "action": "error" if entry.errors else entry.action,
        "target_id": entry.target.id if entry.target is not None else None,
        "owner_id": entry.teacher.id if entry.teacher else None,
        "base_version": entry.base_version,
        "content": content,
        **dict(zip(SCOPE_COLUMNS, unit.scope_ids, strict=True)),
    }
