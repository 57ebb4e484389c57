"""New rows of a section, many in one statement: what a flush would do for each object, done for all of them.

Scope columns and audit columns are filled here; an insert leaves no history, so none is missing.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.orm import Session

from app.core.actor import actor_of
from app.core.errors import NoScope, OutOfScope
from app.core.history import BATCH
from app.core.many_rows import Lot, insert_many
from app.core.scope import SCOPE_COLUMNS, scope_of
from app.core.sections.fields import Value
from app.core.sections.section import Section
from app.organisations.models import Unit
from app.records.counts import key_of, tallied
from app.records.following import following, following_rows
from app.records.teacher import Teacher

FIRST_VERSION = 1
Row = Mapping[str, Any]
NewRow: TypeAlias = tuple[Unit, Mapping[str, Value], Row]
Write: TypeAlias = Callable[[Connection, Lot], None]


def insert_rows(
    session: Session, section: Section, unit: Unit, rows: Sequence[tuple[Mapping[str, Value], Row]], now: dt.datetime
) -> Sequence[int]:
    """Store new rows of people at one school; their ids in the same order.

    rows: the items of each, and its other columns (`teacher_id`, or the state of a new person). Raises OutOfScope when
    the school lies outside of the session's scope.
    """
    return insert_rows_of_many(session, section, [(unit, *row) for row in rows], now)


def insert_rows_of_many(
    session: Session,
    section: Section,
    rows: Sequence[NewRow],
    now: dt.datetime,
    write: Write = insert_many,
    ids: Sequence[int] = (),
) -> Sequence[int]:
    """The same for people of several schools. The other columns may name those of the audit, too.

    ids: those of `new_ids`, where a row needs its own before it is stored.
    """
    ids = ids or new_ids(session, section.model.__table__, len(rows))
    for lot in new_rows(session, section, ids, rows, now):
        write(session.connection(), lot)
    return ids


def new_rows(
    session: Session, section: Section, ids: Sequence[int], rows: Sequence[NewRow], now: dt.datetime
) -> list[Lot]:
    """What is to be stored of these rows under these keys, tables in order. The database is asked nothing."""
    audit = _audit(session, now)
    places = {unit.id: _place(session, unit) for unit in {row[0].id: row[0] for row in rows}.values()}
    lines = [
        {"id": key, **_line(section, values, {**audit, **columns, **places[unit.id]})}
        for key, (unit, values, columns) in zip(ids, rows, strict=True)
    ]
    own = Lot(section.model.__table__, lines)
    counted = [tallied((key_of(line), 1) for line in lines)] if section.model is Teacher else []
    return [own, *following_rows(section.model, lines), *counted]


def new_ids(session: Session, table: Table, count: int) -> list[int]:
    """Keys that nobody else gets. Asked for beforehand, because an INSERT that tells them takes three times as long.

    On SQLite they are those behind the last stored row: rows are stored under them before more are asked for.
    """
    if session.get_bind().dialect.name == "postgresql":
        numbers = func.generate_series(1, count).table_valued("number")
        key = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return list(session.scalars(select(key).select_from(numbers)))
    last = session.scalar(select(func.max(table.c.id))) or 0  # SQLite: this transaction is the only one that writes
    return list(range(last + 1, last + 1 + count))


def _line(section: Section, values: Mapping[str, Value], columns: Row) -> dict[str, Any]:
    items = {name: values.get(name) for name in section.declared}
    extra = {name: str(value) for name, value in values.items() if name not in items and value is not None}
    return {**items, **dict(following(section.model, values)), **columns, "extra": extra or None}


def _place(session: Session, unit: Unit) -> dict[str, Any]:
    place = dict(zip(SCOPE_COLUMNS, unit.scope_ids, strict=True))
    scope = scope_of(session)
    if scope is None:
        raise NoScope("this session has no scope")
    if scope.kind in ("person", "department") or not scope.covers(SimpleNamespace(**place), session):  # type: ignore[arg-type]
        raise OutOfScope(f"rows of unit {unit.id} outside the scope")
    return place


def _audit(session: Session, now: dt.datetime) -> dict[str, Any]:
    return {
        "created_at": now,
        "updated_at": now,
        "created_by": actor_of(session).name,
        "batch_id": session.info.get(BATCH),
        "version": FIRST_VERSION,
    }
