"""A new version of a code table by file: what its lines mean, and how they are written.

A file is the whole table as its owner wants it: empty cells are empty, and codes that are not in it are kept or
retired, as one chooses. Nothing is deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import Code, CodeTable
from app.core.errors import NotAllowed
from app.core.file_lines import Line
from app.core.file_plans import Asked, Findings, PlanKind, Steps
from app.core.flow import lock
from app.core.sections.fields import Value
from app.core.sections.section import Problem
from app.core.sections.settings import read_settings
from app.core.settings_log import as_text
from app.dictionary.checks import form_of_code, table_problems
from app.dictionary.declarations import CODE_IN_FILE, texts_of, values_of
from app.dictionary.operations import (
    NOT_OWN,
    entry_of,
    may_add_to,
    owner_of,
    prefix_of,
    store_noted,
    table_named,
    valid_to,
)
from app.dictionary.version_file import BOOK, MAX_ROWS

RETIRE = "retire"  # what is chosen for codes that the file does not have
STEP = 10  # between the places of two codes
TWICE = "代码「{code}」在文件里出现了两次，前面是第 {row} 行。"
LOST_ZEROS = "表里没有「{code}」，只有「{like}」。请核对开头的 0：Excel 会去掉数字开头的 0，这一列要设为文本。"
LABELS = {name: field.label for name, field in CODE_IN_FILE.fields.items()}
Stored = Mapping[str, Code]


def own_table(session: Session, asked: Asked) -> CodeTable:
    """The table that a file is about. Raises NotAllowed unless the actor may add to it."""
    table = table_named(session, asked.actor, asked.about)
    if not may_add_to(asked.actor, table):
        raise NotAllowed(NOT_OWN.get(asked.actor.level, NOT_OWN["province"]))
    return table


def compare_version(session: Session, asked: Asked, lines: Sequence[Line]) -> Findings:
    """What would have to be done so that the table is as the file says."""
    query = select(Code).where(Code.table_name == asked.about).order_by(Code.sort, Code.id)
    stored = {row.code: row for row in session.scalars(query)}
    found = Findings(LABELS)
    _read_lines(session, found, asked, stored, lines)
    _check_table(found, asked, stored)
    _compare(found, asked, stored)
    return found


def write_version(session: Session, asked: Asked, steps: Steps) -> None:
    """Store what a comparison found."""
    for step in steps:
        texts = texts_of(step["texts"])
        if step["kind"] == "new":
            texts = {**texts, "certainty": "assigned"}
        store_noted(session, asked.actor, asked.about, texts, asked.now)


def _hold(session: Session, asked: Asked) -> None:
    lock(session, CodeTable, own_table(session, asked).id)


NEW_VERSION = PlanKind("codes", BOOK, MAX_ROWS, own_table, _hold, compare_version, write_version)


def _read_lines(session: Session, found: Findings, asked: Asked, stored: Stored, lines: Sequence[Line]) -> None:
    prefix, place = prefix_of(session, asked.actor), max((row.sort for row in stored.values()), default=0)
    without_zeros = {code.lstrip("0"): code for code in stored}
    for line in lines:
        code = line.text("code")
        old = stored.get(code)
        base = _first_values(place := place + STEP) if old is None else values_of(old)
        # A column that is there says all: an empty cell is an empty value, but for the place in the list.
        raw: dict[str, Any] = dict.fromkeys(line.cells) | line.readable
        raw = {name: cell for name, cell in raw.items() if name not in ("sort", "selectable") or cell not in (None, "")}
        values, problems = read_settings(CODE_IN_FILE, raw, asked.actor.indicator_set, base)
        own = _place_problems(found, asked, code, old, prefix, values, without_zeros.get(code.lstrip("0"), ""))
        for problem in (*line.problems(), *problems, *own):
            found.wrong(line.number, code, problem)
        if code and code not in found.rows:
            found.rows[code], found.wanted[code] = line.number, {**values, "code": code}


def _first_values(place: int) -> dict[str, Value]:
    return {"sort": Decimal(place), "selectable": "1"}


def _place_problems(
    found: Findings, asked: Asked, code: str, old: Code | None, prefix: str, values: Mapping[str, Value], like: str
) -> Iterator[Problem]:
    """Whether this row may stand in the file at all. `like`: a stored code but for the zeros it begins with."""
    owner = owner_of(asked.actor)
    if code in found.rows:
        yield Problem("code", TWICE.format(code=code, row=found.rows[code]))
    elif old is None and code:
        if like:
            yield Problem("code", LOST_ZEROS.format(code=code, like=like))
        else:
            yield from form_of_code(code, prefix)
    elif old is not None and old.province_id != owner and _differing(values_of(old), values):
        yield Problem("code", NOT_OWN["province" if owner else "nation"])


def _check_table(found: Findings, asked: Asked, stored: Stored) -> None:
    """The rules of the whole table, as it would stand."""
    owner = owner_of(asked.actor)
    entries = {code: entry_of(values_of(row), row.province_id) for code, row in stored.items()}
    own = {
        code: entry_of(values, owner)
        for code, values in found.wanted.items()
        if code not in stored or stored[code].province_id == owner
    }
    for code, problem in table_problems(entries, own, owner):
        found.wrong(found.rows[code], code, problem)


def _compare(found: Findings, asked: Asked, stored: Stored) -> None:
    owner = owner_of(asked.actor)
    for code, values in found.wanted.items():
        old = stored.get(code)
        if old is None:
            _note(found, "new", code, {}, values)
        elif old.province_id == owner and _differing(values_of(old), values):
            _note(found, "changed", code, values_of(old), values)
        else:
            found.same += 1
    for code, row in stored.items():
        if asked.choice == RETIRE and code not in found.wanted and row.province_id == owner and not row.valid_to:
            old_values = values_of(row)
            _note(found, "retired", code, old_values, {**old_values, "valid_to": valid_to(asked.now, in_use=False)})


def _note(found: Findings, kind: str, code: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> None:
    texts = {name: as_text(new.get(name)) for name in CODE_IN_FILE.fields}
    was = {name: as_text(old.get(name)) for name in _differing(old, new)}
    found.steps.append({"kind": kind, "code": code, "row": found.rows.get(code, 0), "texts": texts, "old": was})


def _differing(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[str]:
    return [name for name in CODE_IN_FILE.fields if as_text(old.get(name)) != as_text(new.get(name))]
