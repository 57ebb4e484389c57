"""People with a whole record: in each of its sections rows that between them fill every item a sheet asks for.

The values follow from the declarations, so that a new item or section is tried without a word here. Texts, days and
numbers differ from item to item: a column that lands in the wrong place is seen.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field, Value, from_text, join_codes
from app.core.sections.section import Section, contradictions
from app.records import SECTIONS
from tests.spreadsheets.workbooks import number_of

Row = dict[str, Value]
Record = dict[str, list[Row]]
BORN = dt.date(1970, 1, 16)
# What has a form of its own, or what only a rule between two items knows. {n} is the number of the row.
CHOSEN = {
    "book.isbn": "978-7-04-000000-{n}",
    "book.own_words": "3",  # not more than 总字数
    "certificate.language_cert": "9",  # only then has it a name as well
    "contact.phone": "0871-6510000{n}",
    "contact.mobile": "1380000123{n}",
    "contact.email": "name{n}@example.com",
    "contact.emergency_phone": "1390000123{n}",
    "teacher_qualification.cert_no": "2012530001200000{n}",
}


def record(indicator_set: IndicatorSet, serial: int, name: str) -> Record:
    """The rows of one person by section."""
    person: Row = {
        "name": name,
        "gender": "2",
        "id_type": "1",
        "id_number": number_of(serial * 2, f"{BORN:%Y%m%d}"),
        "birth_date": BORN,
    }
    sections = [section for section in SECTIONS if indicator_set.kind in section.school_types]
    rows = {section.name: full_rows(section, indicator_set, {} if section.many else person) for section in sections}
    assert len(rows["basic_info"]) == len(rows["contact"]) == 1, "there is one of these for each person"
    return rows


def full_rows(section: Section, indicator_set: IndicatorSet, known: Mapping[str, Value]) -> list[Row]:
    """As many rows as it takes, of two items that exclude each other each needs one; and one that says little."""
    waiting = {field.name for field in section.fields_for(indicator_set) if field.filled_by != "D"}
    rows: list[Row] = []
    while waiting:
        row = _full_row(section, indicator_set, known, len(rows) + 1, waiting)
        assert waiting & row.keys(), f"{section.name}: {waiting} never apply"
        waiting -= row.keys()
        rows.append(row)
    if section.many and not section.single:
        rows.append(_full_row(section, indicator_set, known, len(rows) + 1, waiting))
    return rows


def _full_row(
    section: Section, indicator_set: IndicatorSet, known: Mapping[str, Value], number: int, waiting: set[str]
) -> Row:
    row: Row = {}
    for place, field in enumerate(section.fields_for(indicator_set)):
        when = field.applies_when
        if field.filled_by == "D" or (when and not when.holds(row.get(when.item), unknown=False)):
            continue
        chosen = CHOSEN.get(f"{section.name}.{field.name}")
        if field.name in known:
            row[field.name] = known[field.name]
        elif chosen:
            row[field.name] = from_text(field, chosen.format(n=number))
        elif field.code_table:
            row[field.name] = _coded(section, field, indicator_set, row, place + number, waiting)
        else:
            row[field.name] = plain(field, place, number)
    return row


def _coded(
    section: Section, field: Field, indicator_set: IndicatorSet, row: Row, turn: int, waiting: set[str]
) -> Value:
    offered = fitting(section, field, indicator_set, row, turn, waiting)
    if field.kind == "codes":
        return join_codes([code for code, _ in zip(offered, range(2), strict=False)])
    return next(offered)


def fitting(
    section: Section, field: Field, indicator_set: IndicatorSet, row: Row, turn: int, waiting: set[str]
) -> Iterator[str]:
    """Codes that agree with the row so far, and rather not what an empty form has.

    First those that open the most items; once none is waiting, those that leave the most closed.
    """
    offered = [entry.code for entry in codes[field.table_for(indicator_set)].offered(indicator_set)]
    offered = [code for code in offered if code not in field.exclusive and not section.says_none({field.name: code})]
    offered = offered[turn % len(offered) :] + offered[: turn % len(offered)]
    hanging = [other for other in section.fields_for(indicator_set) if other.applies_when]
    hanging = [other for other in hanging if other.applies_when and other.applies_when.item == field.name]

    def rank(code: str) -> tuple[int, int, bool]:
        opened = {other.name for other in hanging if other.applies({field.name: code})}
        return len(opened & waiting), len(opened) if waiting else -len(opened), code != field.default_for(indicator_set)

    for code in sorted(offered, key=rank, reverse=True):
        found = contradictions(section, row | {field.name: code}, indicator_set)
        if not any(problem.level == "error" for problem in found):
            yield code


def plain(field: Field, place: int, number: int) -> Value:
    """What is declared later is later and more, as the rules of order want it."""
    match field.kind:
        case "date":
            return dt.date(2000 + number, 1, 1) + dt.timedelta(days=17 * place)
        case "ym":
            return f"{2000 + number + place // 12}-{place % 12 + 1:02d}"
        case "year":
            return str(2012 + number)
        case "number":
            return Decimal(place + number) + Decimal(number).scaleb(-field.decimals if field.decimals else 0)
        case _:
            return (re.sub(r"\W", "", field.label) + str(number))[-field.length :]
