"""By what a reviewer narrows the queue: units below, how and since when a report waits, kinds of staff and school."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask import abort
from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.collection.queries import waits_here
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.ui.addresses import whole_number
from app.organisations.models import LEVELS, SCHOOL_KINDS, Unit
from app.records.attachments import Attachment
from app.records.states import ARRIVALS
from app.records.teacher import Teacher

# The column of a report for each level of units below; the school is the unit itself.
UNITS = {"province_id": "province", "city_id": "city", "county_id": "county", "unit_id": "school"}
WAITED = {"3": "3 天以上", "7": "7 天以上", "15": "15 天以上", "30": "30 天以上"}
FILES = {"1": "有附件", "0": "没有附件"}


def _of_kind(value: str) -> ColumnElement[bool]:
    return Teacher.unit_id.in_(select(Unit.id).where(Unit.school_kind == value))


def _waited(value: str) -> ColumnElement[bool]:
    return Teacher.reported_at <= utc_now() - dt.timedelta(days=int(value))


def _with_files(value: str) -> ColumnElement[bool]:
    has = exists().where(Attachment.teacher_id == Teacher.id)
    return has if value == "1" else ~has


# What is no column of the report: its label, the choices, and what each means.
Meaning = Callable[[str], ColumnElement[bool]]
CONDITIONS: Mapping[str, tuple[str, Mapping[str, str], Meaning]] = {
    "arrival": ("来由", {name: state.label for name, state in ARRIVALS.items()}, lambda v: Teacher.arrival == v),
    "waited": ("等了", WAITED, _waited),
    "school_kind": ("学校类型", SCHOOL_KINDS, _of_kind),
    "files": ("附件", FILES, _with_files),
}


class Narrowed(BaseFilter):  # type: ignore[misc]
    """One of the conditions above."""

    def apply(self, query: Any, value: ColumnElement[bool]) -> Any:
        return query.filter(value)


def criteria(chosen: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """What the chosen conditions mean; anything unknown is a bad request."""
    for column in UNITS:
        if column in chosen and whole_number(chosen[column]) is None:
            abort(400)
    found = []
    for name, (_, choices, meaning) in CONDITIONS.items():
        if name in chosen:
            if chosen[name] not in choices:
                abort(400)
            found.append(meaning(chosen[name]))
    return found


def offered(actor: Actor, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """The conditions that are no items of the record, as the page draws them; kinds of schools only above them."""
    left_out = "school_kind" if actor.level == "school" else ""
    named = ((name, label, choices) for name, (label, choices, _) in CONDITIONS.items() if name != left_out)
    return [_choice(name, label, choices, chosen) for name, label, choices in named]


def units_offered(session: Session, actor: Actor, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """The units below, level by level: under the chosen one those below it. Schools only where a report waits."""
    if actor.level == "school":
        return []
    found: dict[str, dict[str, str]] = {}
    parent: int | None = actor.unit_id
    while parent is not None:
        below = _below(session, actor, parent)
        parent = None
        for unit_id, name, level in below:
            column = next(column for column, of in UNITS.items() if of == level)
            found.setdefault(column, {})[str(unit_id)] = name
            if chosen.get(column) == str(unit_id) and level != "school":
                parent = unit_id
    for column in UNITS:
        value = chosen.get(column, "")
        if value and value not in found.get(column, {}):  # an address may name a school without the county above it
            unit = session.get(Unit, int(value))
            found.setdefault(column, {})[value] = unit.name if unit else value
    return [_choice(column, LEVELS[level], found[column], chosen) for column, level in UNITS.items() if column in found]


def _below(session: Session, actor: Actor, parent: int) -> list[tuple[int, str, str]]:
    waits = exists().where(waits_here(actor), Teacher.unit_id == Unit.id)
    query = select(Unit.id, Unit.name, Unit.level).where(Unit.parent_id == parent, Unit.level.in_(UNITS.values()))
    rows = session.execute(query.where((Unit.level != "school") | waits).order_by(Unit.name))
    return [(unit_id, name, level) for unit_id, name, level in rows]


def _choice(column: str, label: str, choices: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": f"_flt_0_{column}",
        "column": column,
        "label": label,
        "value": chosen.get(column, ""),
        "options": [{"value": value, "label": text} for value, text in choices.items()],
    }
