"""「无」 in a file: a row that is no row but says that there is nothing of its section. Source: domain 2.7a."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.core.indicator_set import IndicatorSet
from app.core.sections.reading import Raw, read
from app.core.sections.section import Section
from app.core.text import clean, match_key
from app.core.validators import InvalidValue
from app.records import NOTHING
from app.records.nothing import HAS_ROWS
from app.records.teacher import Teacher
from app.spreadsheets.planned import Planned
from app.spreadsheets.roster import Roster
from app.spreadsheets.upload import FileRow

WORDS = frozenset(match_key(word) for word in ("无", "没有", "0-无", "00-无"))
OTHER_ROWS = "同一人在这张表里还有别的行，不能再填「无」。请只留一种。"
TWICE = "与第 {number} 行重复，只留一行即可。"


def says_none(row: FileRow | None, indicator_set: IndicatorSet) -> bool:
    """Whether all that is filled in says 「无」, as a word or by the code that means it."""
    if row is None or not row.sheet.section.may_be_none:
        return False
    section, given = row.sheet.section, dict(row.given)
    when = section.none_when
    if when is not None and when.item in given:
        try:
            value = read(section.fields[when.item], given[when.item], indicator_set)
        except InvalidValue:
            return False
        if section.says_none({when.item: value}):
            given.pop(when.item)
            return all(_is_none_word(raw) for raw in given.values())
    return bool(given) and all(_is_none_word(raw) for raw in given.values())


def _is_none_word(raw: Raw) -> bool:
    return match_key(clean(str(raw))) in WORDS


def plan_none(
    roster: Roster,
    section: Section,
    teacher: Teacher | None,
    none: Sequence[Planned],
    filled_in: Sequence[Planned],
    gone: Sequence[Planned],
) -> Iterator[Planned]:
    """Work out the rows of one person that say 「无」; yields what was said before and holds no longer.

    `filled_in` are the person's other rows in the sheet, `gone` the stored rows that go with this import.
    """
    stored = (
        [row for row in roster.rows(section, teacher) if row not in [entry.target for entry in gone]] if teacher else []
    )
    said = (
        next((row for row in roster.rows(NOTHING, teacher) if row.section == section.name), None) if teacher else None
    )
    first: Planned | None = None
    for entry in none:
        if entry.errors:
            continue
        if first is not None:
            entry.wrong("", TWICE.format(number=first.line))
        elif filled_in:
            entry.wrong("", OTHER_ROWS)
        elif stored:
            entry.wrong("", HAS_ROWS.format(title=section.title, count=len(stored)))
        elif teacher is not None and (reason := roster.rights[teacher.id].row_lock(section, None)):
            entry.wrong("", reason)
        else:
            _store(entry, section, said)
        first = first or entry
    if said is not None and teacher is not None and any(entry.action == "create" for entry in filled_in):
        yield Planned(
            NOTHING, None, teacher.id_number or "", teacher.name or "", teacher, "delete", said, said.version,
            old={"section": section.name},
        )  # fmt: skip


def _store(entry: Planned, section: Section, said: Any) -> None:
    entry.section = NOTHING
    entry.action = "same" if said is not None else "create"
    entry.target = said
    entry.base_version = said.version if said is not None else entry.teacher.version if entry.teacher else None
    entry.values = {} if said is not None else {"section": section.name}
