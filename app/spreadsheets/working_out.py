"""What each row of a file would do. Nothing here is stored, and no query is asked: the roster has the facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Value, filled
from app.core.sections.reading import Raw, Reading, read_row
from app.core.sections.section import Section, contradictions
from app.core.text import clean_name
from app.records.defaults import named_defaults
from app.records.operations import ELSEWHERE
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import TODAY, Teacher, told_by_number
from app.spreadsheets.locks import refusals
from app.spreadsheets.matching import pair_rows
from app.spreadsheets.nothing import plan_none, says_none
from app.spreadsheets.planned import Planned
from app.spreadsheets.roster import Roster, read_number
from app.spreadsheets.upload import NAME, NUMBER, FileRow, as_typed

NOT_LISTED = "第一张表和本校名册里都没有这个证件号。请先在第一张表里加上这位教师，或核对号码。"
NAME_NEEDED = "「姓名」要先填，才能建档。"
OTHER_NAME = "名册里这个证件号的姓名是「{name}」，与这一行不同。请核对是不是同一个人。"
NAME_CHANGES = "姓名将由「{name}」改成这一行的姓名，请核对是不是同一个人。"
TWICE = "与第 {number} 行重复。同一人只留一行。"
TWIN = "与第 {number} 行完全相同，只留一行即可。"
HAS_FILES = "这一条有附件，替换不能删除它。请改用「追加」，或先在教师的档案里删除附件。"
BROKEN = "单元格里是公式错误（如 #N/A）或没有结果的公式，读不出内容。请改填实际内容。"


@dataclass(frozen=True)
class Person:
    """Who stands in the first sheet, in which row, and whether the school has them already."""

    name: str
    line: int
    known: bool


# ── people ──


def plan_person(row: FileRow, roster: Roster, people: dict[str, Person]) -> Planned:
    """A row of the first sheet; whoever it is joins `people`."""
    number, complaint = read_number(row.cells.get(NUMBER))
    teacher = roster.known.get(number)
    entry = Planned(BASIC_INFO, row, number, teacher=teacher)
    given = dict(row.given)
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
    if number:
        people.setdefault(number, Person(entry.name, entry.line, teacher is not None))
    return entry


def _plan_new_person(entry: Planned, given: dict[str, Raw], roster: Roster) -> None:
    """A new record: empty cells stay empty, except for what the school's form would fill in by itself."""
    indicator_set = roster.indicator_set
    defaults = _defaults(BASIC_INFO, roster)
    filled = given | _from_number(entry.number, given, str(defaults.get("id_type") or ""), indicator_set)
    _plan_new(entry, read_row(BASIC_INFO, filled, indicator_set, defaults, roster.reader), defaults, indicator_set)
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


def plan_rows_of(
    section: Section,
    number: str,
    rows: Sequence[FileRow],
    roster: Roster,
    people: Mapping[str, Person],
    *,
    replace: bool,
) -> list[Planned]:
    """The rows of one person in the sheet of a section; stored rows that would be deleted come last."""
    teacher = roster.known.get(number)
    none: list[Planned] = []
    filled_in: list[Planned] = []
    for row in rows:
        (none if says_none(row, roster.indicator_set) else filled_in).append(_begin_child(row, number, roster, people))
    gone = list(_plan_children(section, roster, teacher, filled_in, replace=replace))
    gone += plan_none(roster, section, teacher, none, filled_in, gone)
    return [*none, *filled_in, *gone]


def _begin_child(row: FileRow, number: str, roster: Roster, people: Mapping[str, Person]) -> Planned:
    """Whose row it is; `number` is "" where it cannot be read."""
    complaint = "" if number else read_number(row.cells.get(NUMBER))[1]
    teacher = roster.known.get(number)
    entry = Planned(row.sheet.section, row, number, teacher=teacher)
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
    given = [entry.row.given if entry.row else {} for entry in entries]
    readings = [read_row(section, texts, indicator_set, defaults, roster.reader) for texts in given]
    asked = [reading.values for reading in readings]
    stored = roster.rows(section, teacher) if teacher else []
    pairs = pair_rows(section, asked, stored, replace=replace)
    seen: dict[tuple[Value, ...], Planned] = {}
    for index, entry in enumerate(entries):
        if index in pairs:
            _plan_change(entry, given[index], pairs[index], roster)
        else:
            _plan_new(entry, readings[index], defaults, indicator_set)
            if teacher is not None:
                entry.base_version = teacher.version
                _refuse_locked(entry, roster, teacher, None, ())
        if len(entries) == 1:
            continue
        twin = seen.setdefault(tuple(filled(asked[index].get(item)) for item in section.fields), entry)
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
    reading = read_row(entry.section, given, roster.indicator_set, base, roster.reader)
    new = _take(entry, reading, base, roster.indicator_set)
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
