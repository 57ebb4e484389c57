"""Verbs of the code tables. Codes are never deleted: old records keep their names. They flush, the caller commits.

The nation maintains its tables; a province adds codes to them, under a prefix of its own, and tables for its items.
"""

import datetime as dt
import re
from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.actor import Actor
from app.core.codes import TABLES, Code, CodeTable, store_code, touch
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.sections.section import Problem, Row
from app.core.sections.settings import read_settings
from app.core.settings_log import note_change
from app.dictionary.checks import Entry, form_of_code, stored_entries, table_problems
from app.dictionary.declarations import CODE, TABLE, texts_of, values_of
from app.organisations.models import Unit
from app.permissions import Permission as P

TAKEN = "这个代码已经有了：{name}。已停用的请「恢复」，不要新增。"
MADE_HERE = re.compile(r"(N|P[0-9]{2})_[0-9]+")
NOT_OWN = {
    "nation": "这是省里增设的，由那个省维护。",
    "province": "这是国家的代码，由国家级管理员维护；本省可以增设自己的代码。",
}


# ── whose ──


def owner_of(actor: Actor) -> int:
    """Whose codes an actor maintains: a province's id, or 0 for the nation's. Raises NotAllowed for all others."""
    actor.must(P.CODE_EDIT)
    return 0 if actor.level == "nation" else actor.unit_id


def may_maintain(actor: Actor, province_id: int) -> bool:
    """Whether an actor may change codes of this owner."""
    return actor.may(P.CODE_EDIT) and owner_of(actor) == province_id


def may_add_to(actor: Actor, table: CodeTable) -> bool:
    """Whether an actor may add codes to a table: the own ones, and the nation's."""
    return actor.may(P.CODE_EDIT) and table.province_id in (0, owner_of(actor))


def must_maintain(actor: Actor, province_id: int) -> None:
    """Raise NotAllowed unless the actor maintains what has this owner."""
    if owner_of(actor) != province_id:
        raise NotAllowed(NOT_OWN[actor.level])


def visible(actor: Actor, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The criterion for what an actor sees: the nation's and the own province's; the nation sees all."""
    return true() if actor.level == "nation" else column.in_((0, actor.indicator_set.province_id))


def prefix_of(session: Session, actor: Actor) -> str:
    """What the codes begin with that an actor's province adds: P and the two digits of the province. Nation: ""."""
    owner = owner_of(actor)
    return f"P{session.get_one(Unit, owner).code[:2]}" if owner else ""


def next_code(session: Session, actor: Actor, table: CodeTable) -> str:
    """A code that is free, for a province; the nation follows the standards."""
    prefix = prefix_of(session, actor)
    taken = stored_entries(session, table.name) if prefix else {}
    numbers = (f"{prefix}{number:02d}" for number in range(1, len(taken) + 2))
    return next(code for code in numbers if code not in taken) if prefix else ""


# ── codes ──


def save_code(
    session: Session, actor: Actor, table: CodeTable, row: Code | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Add a code (`row` None), or change one; the problems that kept it from being stored, if there are any."""
    owner = owner_of(actor)
    if row is not None:
        must_maintain(actor, row.province_id)
    elif not may_add_to(actor, table):
        raise NotAllowed(NOT_OWN[actor.level])
    base = {} if row is None else values_of(row)
    raw = {name: text for name, text in texts.items() if name != "code" or row is None}
    values, found = read_settings(CODE, raw, actor.indicator_set, base)
    code, entries = str(values.get("code") or ""), stored_entries(session, table.name)
    if row is None and code:
        found += form_of_code(code, prefix_of(session, actor))
        found += [Problem("code", TAKEN.format(name=entries[code].name))] if code in entries else []
    if not found:
        stands = entry_of(values, owner)
        found = [problem for _, problem in table_problems(entries, {code: stands}, owner)]
    if found:
        return found
    texts = texts_of(values)
    if row is None:
        texts = {**texts, "certainty": "assigned", "source": texts["source"] or actor.unit_name}
    store_noted(session, actor, table.name, texts, now)
    return []


def entry_of(values: Row, owner: int) -> Entry:
    """A code as the whole table is checked with it."""
    name, parent, aliases = (str(values.get(item) or "") for item in ("name", "parent", "aliases"))
    return Entry(str(values["code"]), name, parent, aliases, owner)


def set_in_use(session: Session, actor: Actor, row: Code, now: dt.datetime, *, in_use: bool) -> None:
    """Retire a code from today on, or take it up again. Forms stop offering it; old records keep it."""
    must_maintain(actor, row.province_id)
    if in_use == (not row.valid_to):
        raise Conflict("刚刚有人办过了，请看列表中的最新情况。")
    store_noted(session, actor, row.table_name, {"code": row.code, "valid_to": valid_to(now, in_use=in_use)}, now)


def valid_to(now: dt.datetime, *, in_use: bool) -> str:
    """The last day of a code as it is stored."""
    return "" if in_use else f"{now.astimezone():%Y-%m-%d}"


def store_noted(session: Session, actor: Actor, table_name: str, texts: Mapping[str, str], now: dt.datetime) -> None:
    """Store a code and note what changed. texts: by the columns of the files in seed/codes."""
    query = select(Code).where(Code.table_name == table_name, Code.code == texts["code"])
    old = session.scalar(query)
    before = values_of(old) if old is not None else {}
    row = store_code(session, table_name, texts, owner_of(actor))
    note_change(session, actor, now, table_name, row.code, before, values_of(row))


# ── tables ──


def save_table(
    session: Session, actor: Actor, row: CodeTable | None, texts: Mapping[str, str], now: dt.datetime
) -> tuple[CodeTable | None, list[Problem]]:
    """Make a table, or change its title: the stored table, or None and the problems that kept it from being stored."""
    owner = owner_of(actor)
    if row is not None and not may_rename(actor, row):
        raise NotAllowed("这张代码表的名称不能在这里改。")
    base = {} if row is None else {name: getattr(row, name) or None for name in TABLE.fields}
    values, found = read_settings(TABLE, texts, actor.indicator_set, base)
    same = select(CodeTable).where(CodeTable.title == values.get("title"), visible(actor, CodeTable.province_id))
    if any(twin is not row for twin in session.scalars(same)):
        found.append(Problem("title", f"已经有名称是「{values['title']}」的代码表。"))
    if found:
        return None, found
    row = row or CodeTable(name=_free_name(session, actor), province_id=owner, version=0)
    for name, value in values.items():
        setattr(row, name, value or "")
    session.add(row)
    session.flush()
    touch(session, row.name)
    note_change(session, actor, now, TABLES, row.name, base, values)
    return row, []


def may_rename(actor: Actor, table: CodeTable) -> bool:
    """Whether a table was made here by the actor's unit; those of the files are named by the files."""
    return may_maintain(actor, table.province_id) and MADE_HERE.fullmatch(table.name) is not None


def _free_name(session: Session, actor: Actor) -> str:
    begin = f"{prefix_of(session, actor) or 'N'}_"
    query = select(func.count(CodeTable.id)).where(CodeTable.name.startswith(begin, autoescape=True))
    return f"{begin}{(session.scalar(query) or 0) + 1:03d}"  # never deleted, so the number is free


def table_named(session: Session, actor: Actor, name: str) -> CodeTable:
    """A code table that an actor sees. Raises AppError when there is none of this name."""
    query = select(CodeTable).where(CodeTable.name == name, visible(actor, CodeTable.province_id))
    table: CodeTable | None = session.scalar(query)
    if table is None:
        raise AppError("没有这张代码表。")
    return table
