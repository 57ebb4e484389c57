"""A list of units by file: what it would change, and how that is written. Nothing is deleted."""

import datetime as dt
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor
from app.core.errors import NotAllowed
from app.core.file_lines import Line
from app.core.file_plans import Asked, Findings, PlanKind, Steps
from app.core.flow import lock
from app.core.settings_log import note_changes
from app.organisations.changes import apply_due, today
from app.organisations.comparing import compare, look_up
from app.organisations.declarations import LOG, UNIT, columns_of
from app.organisations.models import LEVELS, Unit, UnitChange, spelling
from app.organisations.moving import scope_below, settle
from app.organisations.operations import NO_ROOM, may_add_units
from app.organisations.queries import within
from app.organisations.unit_file import BOOK, MAX_ROWS, write_units

BY_FILE = "按名单文件更新"


def list_of_units(session: Session, actor: Actor) -> bytes:
    """The units below the actor's as a workbook: to look at, and to be sent back with changes."""
    query = select(Unit).where(within(actor), Unit.id != actor.unit_id, Unit.level != "department")
    units = session.scalars(query.order_by(Unit.code)).all()
    stored = look_up(session, {unit.code for unit in units})
    order = list(LEVELS)
    return write_units(stored.values(unit) for unit in sorted(units, key=lambda unit: order.index(unit.level)))


def must_have_units(_session: Session, asked: Asked) -> None:
    """Raise NotAllowed where there can be no units below."""
    if not may_add_units(asked.actor):
        raise NotAllowed(NO_ROOM)


def _hold(session: Session, asked: Asked) -> None:
    lock(session, Unit, asked.actor.unit_id)  # two files of one authority are written one after the other


def _compare(session: Session, asked: Asked, lines: Sequence[Line]) -> Findings:
    apply_due(session, asked.now)
    return compare(session, asked.actor, lines)


def _write(session: Session, asked: Asked, steps: Steps) -> None:
    write_steps(session, asked.actor, steps, asked.now)


LIST = PlanKind("units", BOOK, MAX_ROWS, must_have_units, _hold, _compare, _write)


def write_steps(session: Session, actor: Actor, steps: Steps, now: dt.datetime) -> None:
    """Store what a comparison found, superiors first, in statements for many rows each."""
    named = {name for step in steps for name in (step["code"], step["texts"]["parent"]) if name}
    known: dict[str, Any] = dict(look_up(session, named).units)
    new = [step for step in steps if step["kind"] == "new"]
    for level in LEVELS:
        _insert(session, known, [step for step in new if step["texts"]["level"] == level])
    ids = {code: unit.id for code, unit in known.items()}  # what is stored is read again after it has changed
    changed = [step for step in steps if step["kind"] == "changed"]
    _update(session, actor, known, changed, now)
    # What an installation begins with is no change.
    told = changed if actor is SYSTEM else steps
    empty = dict.fromkeys(UNIT.fields, "")
    old = {step["code"]: empty if step["kind"] == "new" else {**step["texts"], **step["old"]} for step in told}
    note_changes(
        session, actor, now, LOG, [(str(ids[step["code"]]), old[step["code"]], step["texts"]) for step in told]
    )


def _insert(session: Session, known: dict[str, Any], steps: Steps) -> None:
    rows = []
    for step in steps:
        parent = known[step["texts"]["parent"]]
        columns = columns_of(step["texts"])
        place = {**scope_below(parent), "parent_id": parent.id}
        rows.append({**columns, **place, "pinyin": spelling(step["texts"]["name"]), "active": True})
    if rows:
        made = session.execute(insert(Unit).returning(Unit.id, Unit.code), rows)
        ids = {code: key for key, code in made}
        known |= {row["code"]: SimpleNamespace(id=ids[row["code"]], **row) for row in rows}


def _update(session: Session, actor: Actor, known: Mapping[str, Any], steps: Steps, now: dt.datetime) -> None:
    rows, changes, moved = [], [], []
    for step in steps:
        unit, texts, old = known[step["code"]], step["texts"], step["old"]
        parent_id = known[texts["parent"]].id
        rows.append(
            {
                **columns_of(texts),
                "id": unit.id,
                "parent_id": parent_id,
                "pinyin": spelling(texts["name"]) if "name" in old else unit.pinyin,
            }
        )
        if "parent" in old:
            moved.append(unit.id)
        if "name" in old or "parent" in old:
            changes.append(_change(actor, unit, texts, parent_id, now))
    if rows:
        session.execute(update(Unit), rows)
    if changes:
        session.execute(insert(UnitChange), changes)
    session.expire_all()
    if moved:
        settle(session, moved)


def _change(actor: Actor, unit: Any, texts: Mapping[str, str], parent_id: int, now: dt.datetime) -> dict[str, Any]:
    """What the list changes in a name or place, kept like any other such change."""
    renamed, moved = texts["name"] != unit.name, parent_id != unit.parent_id
    return {
        "unit_id": unit.id, "effective_on": today(now), "reason": BY_FILE, "made_at": now, "applied_at": now,
        "made_by_id": actor.user_id, "made_by": actor.name, "made_unit": actor.unit_name,
        "name": texts["name"] if renamed else None, "old_name": unit.name if renamed else None,
        "parent_id": parent_id if moved else None, "old_parent_id": unit.parent_id if moved else None,
    }  # fmt: skip
