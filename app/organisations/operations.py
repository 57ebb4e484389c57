"""Verbs of units: add one, mend its items, close it and take it up again."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, column, func, select, table
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.flow import lock
from app.core.sections.fields import Value
from app.core.sections.section import Problem
from app.core.sections.settings import read_settings
from app.core.settings_log import note_change
from app.core.validators import normalise_id
from app.organisations.changes import apply_due
from app.organisations.checks import CLOSED, naming_problems
from app.organisations.declarations import CONTACT_ITEMS, FREE, LOG, NORMAL, UNIT, columns_of, values_of
from app.organisations.models import SUPERIORS, Unit
from app.organisations.moving import scope_below
from app.permissions import Permission as P

NOT_ABOVE = "单位由直接上级的系统管理员维护；本单位自己可以改联系方式。"
NO_ROOM = "学校下面没有单位，二级单位请在「二级单位」里维护。"
# Units know nothing of records, but nobody may be left in a closed school. 3xx have left, but for those re-employed.
STAFF = table("teacher", column("id"), column("school_id"), column("personnel_status"))
GONE, CALLED_BACK = "3", "309"


def levels_below(level: str) -> list[str]:
    """The levels of the units that may hang on one of this level; departments are the school's own affair."""
    return [below for below, above in SUPERIORS.items() if level in above and below != "department"]


def may_add_units(actor: Actor) -> bool:
    """Whether the actor may add units below the own one."""
    return actor.may(P.UNIT_EDIT) and bool(levels_below(actor.level))


def may_manage(actor: Actor, unit: Unit) -> bool:
    """Whether the actor, as the direct superior, keeps a unit's items."""
    return may_add_units(actor) and unit.parent_id == actor.unit_id and unit.level != "department"


def may_mend(actor: Actor, unit: Unit, item: str) -> bool:
    """Whether the actor may change an item of a unit at once."""
    if item in CONTACT_ITEMS and unit.id == actor.unit_id:
        return actor.may(P.UNIT_EDIT)
    return item in FREE and may_manage(actor, unit)


def values_of_unit(session: Session, unit: Unit) -> dict[str, Value]:
    """A unit as its form has it."""
    parent = session.get(Unit, unit.parent_id) if unit.parent_id else None
    return values_of(unit, parent.code if parent else None)


def add_unit(
    session: Session, actor: Actor, texts: Mapping[str, str], now: dt.datetime
) -> tuple[Unit | None, list[Problem]]:
    """Add a unit directly below the actor's; else the problems that kept it from being stored."""
    actor.must(P.UNIT_EDIT)
    if not may_add_units(actor):
        raise NotAllowed(NO_ROOM)
    parent = lock(session, Unit, actor.unit_id)
    apply_due(session, now, parent)
    raw = {"status": NORMAL, **texts, "parent": parent.code, "code": normalise_id(texts.get("code", ""))}
    values, found = read_settings(UNIT, raw, actor.indicator_set, {})
    level, kind, code, name = (str(values.get(item) or "") for item in ("level", "school_kind", "code", "name"))
    if level and code and name and not found:
        found += naming_problems(session, level, kind, code, name, parent)
    if found:
        return None, found
    unit = Unit(**columns_of(values), **scope_below(parent), parent_id=parent.id, active=True)
    session.add(unit)
    session.flush()
    note_change(session, actor, now, LOG, str(unit.id), {}, values)
    return unit, []


def save_items(
    session: Session, actor: Actor, unit_id: int, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Change what may change at once; the problems that kept it from being stored."""
    unit = lock(session, Unit, unit_id)
    apply_due(session, now, unit)
    allowed = {item: text for item, text in texts.items() if may_mend(actor, unit, item)}
    if not allowed:
        raise NotAllowed(NOT_ABOVE)
    base = values_of_unit(session, unit)
    values, found = read_settings(UNIT, allowed, unit.indicator_set, base)
    found = [problem for problem in found if problem.item in allowed]  # the rest is for whoever may mend it
    if found:
        return found
    for name, value in columns_of(values).items():
        if name in allowed:
            setattr(unit, name, value)
    session.flush()
    note_change(session, actor, now, LOG, str(unit.id), base, {**base, **{name: values[name] for name in allowed}})
    return []


def set_unit_in_use(session: Session, actor: Actor, unit_id: int, now: dt.datetime, *, in_use: bool) -> None:
    """Close a unit (撤销) that has nobody left, or take it up again."""
    unit = lock(session, Unit, unit_id)
    apply_due(session, now, unit)
    if not may_manage(actor, unit):
        raise NotAllowed(NOT_ABOVE)
    if in_use == unit.active:
        raise Conflict("刚刚有人办过了，请看页面上的最新情况。")
    parent = session.get_one(Unit, unit.parent_id)
    if in_use and not parent.active:
        raise AppError(CLOSED.format(name=parent.name))
    if not in_use:
        _refuse_closing(session, unit)
    note_change(session, actor, now, LOG, str(unit.id), {"active": "01"[unit.active]}, {"active": "01"[in_use]})
    unit.active = in_use
    session.flush()


def _refuse_closing(session: Session, unit: Unit) -> None:
    below = select(func.count(Unit.id)).where(
        Unit.parent_id == unit.id, Unit.active.is_(True), Unit.level != "department"
    )
    if count := session.scalar(below):
        raise AppError(f"「{unit.name}」下面还有 {count} 个单位，不能撤销。请先撤销它们，或换到别的上级。")
    if count := staff_in_service(session, unit.id):
        raise AppError(f"「{unit.name}」还有 {count} 名在职教师，不能撤销。请先办理调动或离职。")


def staff_in_service(session: Session, school_id: int) -> int:
    """How many people of a school have not left."""
    here = STAFF.c.school_id == school_id, ~has_left(STAFF.c.personnel_status)
    return session.scalar(select(func.count()).select_from(STAFF).where(*here)) or 0


def has_left(status: Any) -> ColumnElement[bool]:
    """The criterion for people who have left, by the column with their 人员状态."""
    return and_(func.coalesce(status, "").startswith(GONE), func.coalesce(status, "") != CALLED_BACK)
