"""A new version of a code table by file: first a plan that says what would change, then its confirmation.

A file is the whole table as its owner wants it: empty cells are empty, and codes that are not in it are kept or
retired, as one chooses. Nothing is deleted.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.codes import Code, CodeTable
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.flow import lock
from app.core.sections.fields import Value
from app.core.sections.section import Problem
from app.core.sections.settings import read_settings
from app.core.settings_log import as_text
from app.core.workbook_reader import ErrorCell, Sheet
from app.dictionary.checks import form_of_code, table_problems
from app.dictionary.declarations import CODE_IN_FILE, texts_of, values_of
from app.dictionary.models import CodePlan
from app.dictionary.operations import NOT_OWN, entry_of, may_add_to, owner_of, prefix_of, store_noted, valid_to
from app.dictionary.version_file import FileCode, read_table

KEPT = dt.timedelta(days=1)
STEP = 10  # between the places of two codes
TWICE = "代码「{code}」在文件里出现了两次，前面是第 {row} 行。"
LOST_ZEROS = "表里没有「{code}」，只有「{like}」。请核对开头的 0：Excel 会去掉数字开头的 0，这一列要设为文本。"
NOT_READABLE = "这一格显示的是错误值，请改成内容。"
STALE = "上传之后「{title}」又有变动，什么都没有写入。请重新上传这个文件，对照最新内容再确认。"
DONE = "这个文件已经写入过，没有再写一遍。"
HAS_ERRORS = "还有 {count} 处有错，什么都没有写入。请改好后重新上传。"


@dataclass
class _Draft:
    """What is understood of a file so far."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    same: int = 0
    wanted: dict[str, dict[str, Value]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    without_zeros: Mapping[str, str] = field(default_factory=dict)

    def wrong(self, row: int, code: str, problem: Problem) -> None:
        label = CODE_IN_FILE.fields[problem.item].label
        self.errors.append({"row": row, "code": code, "label": label, "message": problem.message})


def plan_version(
    session: Session,
    actor: Actor,
    table: CodeTable,
    sheets: Sequence[Sheet],
    file_name: str,
    now: dt.datetime,
    *,
    retire_missing: bool,
) -> CodePlan:
    """Compare a file with the table as it is stored. Raises AppError when no codes can be found in it."""
    if not may_add_to(actor, table):
        raise NotAllowed(NOT_OWN[actor.level])
    lines, notes = read_table(sheets)
    query = select(Code).where(Code.table_name == table.name).order_by(Code.sort, Code.id)
    stored = {row.code: row for row in session.scalars(query)}
    draft = _Draft()
    _read_lines(draft, actor, stored, lines, prefix_of(session, actor))
    _check_table(draft, actor, stored)
    draft.errors.sort(key=lambda error: int(error["row"]))
    _compare(draft, actor, stored, now, retire_missing=retire_missing)
    session.execute(delete(CodePlan).where(CodePlan.at < now - KEPT, CodePlan.applied_at.is_(None)))
    plan = CodePlan(
        table_name=table.name,
        base_version=table.version,
        user_id=actor.user_id,
        file_name=file_name,
        at=now,
        content={"steps": draft.steps, "errors": draft.errors, "same": draft.same, "notes": notes},
    )
    session.add(plan)
    session.flush()
    return plan


def apply_version(session: Session, actor: Actor, plan_id: int, now: dt.datetime) -> CodePlan:
    """Write what the plan says, all of it or nothing. Raises Conflict when the table has changed since."""
    plan = lock(session, CodePlan, plan_id)
    table = session.scalars(select(CodeTable).where(CodeTable.name == plan.table_name)).one()
    table = lock(session, CodeTable, table.id)  # two files of one table are written one after the other
    if not may_add_to(actor, table):
        raise NotAllowed(NOT_OWN[actor.level])
    if plan.applied_at is not None:
        raise Conflict(DONE)
    if count := len(plan.content["errors"]):
        raise AppError(HAS_ERRORS.format(count=count))
    if table.version != plan.base_version:
        raise Conflict(STALE.format(title=table.title))
    for step in plan.content["steps"]:
        store_noted(session, actor, table.name, step["texts"], now)
    plan.applied_at = now
    session.flush()
    return plan


def _read_lines(
    draft: _Draft, actor: Actor, stored: Mapping[str, Code], lines: Sequence[FileCode], prefix: str
) -> None:
    owner, place = owner_of(actor), max((row.sort for row in stored.values()), default=0)
    draft.without_zeros = {code.lstrip("0"): code for code in stored}
    for line in lines:
        code, old = line.code, stored.get(line.code)
        for name, cell in line.cells.items():
            if isinstance(cell, ErrorCell):
                draft.wrong(line.number, code, Problem(name, NOT_READABLE))
        base = _first_values(place := place + STEP) if old is None else values_of(old)
        # A column that is there says all: an empty cell is an empty value, but for the place in the list.
        raw: dict[str, Any] = {n: None if isinstance(c, ErrorCell) else c for n, c in line.cells.items()}
        raw = {name: cell for name, cell in raw.items() if name not in ("sort", "selectable") or cell not in (None, "")}
        values, found = read_settings(CODE_IN_FILE, raw, actor.indicator_set, base)
        for problem in (*found, *_place_problems(draft, stored, code, owner, prefix, values)):
            draft.wrong(line.number, code, problem)
        if code and code not in draft.rows:
            draft.rows[code], draft.wanted[code] = line.number, {**values, "code": code}


def _first_values(place: int) -> dict[str, Value]:
    return {"sort": Decimal(place), "selectable": "1"}


def _place_problems(
    draft: _Draft, stored: Mapping[str, Code], code: str, owner: int, prefix: str, values: Mapping[str, Value]
) -> Iterator[Problem]:
    """Whether this row may stand in the file at all."""
    old = stored.get(code)
    if code in draft.rows:
        yield Problem("code", TWICE.format(code=code, row=draft.rows[code]))
    elif old is None and code:
        like = draft.without_zeros.get(code.lstrip("0"))
        if like is not None:
            yield Problem("code", LOST_ZEROS.format(code=code, like=like))
        else:
            yield from form_of_code(code, prefix)
    elif old is not None and old.province_id != owner and _differing(values_of(old), values):
        yield Problem("code", NOT_OWN["province" if owner else "nation"])


def _check_table(draft: _Draft, actor: Actor, stored: Mapping[str, Code]) -> None:
    """The rules of the whole table, as it would stand."""
    owner = owner_of(actor)
    entries = {code: entry_of(values_of(row), row.province_id) for code, row in stored.items()}
    own = {
        code: entry_of(values, owner)
        for code, values in draft.wanted.items()
        if code not in stored or stored[code].province_id == owner
    }
    for code, problem in table_problems(entries, own, owner):
        draft.wrong(draft.rows[code], code, problem)


def _compare(
    draft: _Draft, actor: Actor, stored: Mapping[str, Code], now: dt.datetime, *, retire_missing: bool
) -> None:
    owner = owner_of(actor)
    for code, values in draft.wanted.items():
        old = stored.get(code)
        if old is None or (old.province_id == owner and _differing(values_of(old), values)):
            texts = {**texts_of(values), "certainty": "assigned"} if old is None else texts_of(values)
            kind = "new" if old is None else "changed"
            draft.steps.append({"code": code, "kind": kind, "row": draft.rows[code], "texts": texts})
        else:
            draft.same += 1
    for code, row in stored.items():
        if retire_missing and code not in draft.wanted and row.province_id == owner and not row.valid_to:
            texts = {"code": code, "valid_to": valid_to(now, in_use=False)}
            draft.steps.append({"code": code, "kind": "retired", "row": 0, "texts": texts})


def _differing(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[str]:
    return [name for name in CODE_IN_FILE.fields if as_text(old.get(name)) != as_text(new.get(name))]
