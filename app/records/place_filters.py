"""Two conditions of the list of people that are no items: the unit they belong to, and the level where a report waits.

They come from pages that count people by unit, so they find exactly whom the kept sums count.
"""

from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy import ColumnElement, exists, false, select, true
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import db
from app.core.ui.addresses import whole_number
from app.core.ui.base_view import current_actor
from app.organisations.models import Unit
from app.organisations.queries import within
from app.records.counts import waits_at
from app.records.states import WAITING
from app.records.teacher import Teacher

NO_DEPARTMENT = "-none"  # behind a school: its people whose department is none of its own
UNIT, WAITS_AT = "unit", "waiting"


def unit_within(session: Session, actor: Actor, key: str) -> Unit | None:
    """A unit by the text of an address; None when it is not there or outside of the actor's tree."""
    number = whole_number(key)
    if number is None:
        return None
    unit: Unit | None = session.scalar(select(Unit).where(Unit.id == number, within(actor)))
    return unit


def in_unit(unit: Unit) -> ColumnElement[bool]:
    """The criterion for the people of a unit and those below it."""
    if unit.level == "nation":
        return true()
    if unit.level == "department":
        return (Teacher.department == unit.code) & (Teacher.school_id == unit.parent_id)
    found: ColumnElement[bool] = getattr(Teacher, f"{unit.level}_id") == unit.id
    return found


class InUnit(BaseFilter):  # type: ignore[misc]
    """People of a unit and those below it. The value is the text of an address: the unit, or with NO_DEPARTMENT."""

    def apply(self, query: Any, value: str) -> Any:
        unit = unit_within(query.session, current_actor(), value.removesuffix(NO_DEPARTMENT))
        if unit is None:
            return query.filter(false())
        if not value.endswith(NO_DEPARTMENT):
            return query.filter(in_unit(unit))
        own = exists().where(Unit.code == Teacher.department, Unit.parent_id == Teacher.school_id)
        return query.filter(in_unit(unit), ~own)


class WaitsAt(BaseFilter):  # type: ignore[misc]
    """People whose report waits at a level."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(waits_at(value))


def unit_choice(value: str) -> dict[str, Any]:
    """The condition by unit as the page draws it: units are chosen elsewhere, here the chosen one can be left."""
    unit = unit_within(db.session, current_actor(), value.removesuffix(NO_DEPARTMENT))
    rest = "，没有填二级单位" if value.endswith(NO_DEPARTMENT) else ""
    return _choice(UNIT, "单位", {value: f"{unit.name}{rest}" if unit else "没有这个单位"}, value)


def waiting_choice(value: str) -> dict[str, Any]:
    """The condition by level."""
    return _choice(WAITS_AT, "审核到哪一级", WAITING, value)


def _choice(name: str, label: str, named: dict[str, str], value: str) -> dict[str, Any]:
    options = [{"value": "", "label": f"{label}：全部"}, *({"value": v, "label": said} for v, said in named.items())]
    return {"name": f"_flt_0_{name}", "column": name, "label": label, "value": value, "options": options}
