"""A new name, code or superior of a unit, with the day from which it holds. What was before is kept and found."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor
from app.core.errors import Conflict, NotAllowed
from app.core.flow import lock
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.core.validators import normalise_id
from app.organisations.checks import naming_problems, waiting
from app.organisations.declarations import LOG, UNIT
from app.organisations.models import Unit, UnitChange
from app.organisations.moving import settle
from app.organisations.queries import is_below, within
from app.permissions import Permission as P

NOT_ABOVE = "改名、换代码、换上级由上级的系统管理员办理。"
ONE_AT_A_TIME = "这个单位有一项变更还没有到生效日期。请先撤回它，再办新的。"
LONGEST_AHEAD = dt.timedelta(days=366)
CHANGE = Settings(
    name="unit_change",
    title="变更",
    items=(
        Field(name="effective_on", label="生效日期", kind="date", required=True, may_be_future=True,
              help="今天或以后；到那一天自动生效。"),
        Field(name="name", label="单位名称", kind="text", length=100, required=True,
              help="原名称自动列入曾用名，查找时认得。"),
        replace(UNIT.fields["code"], group="", help="改变学校类别须换新代码；原代码作废，查找时认得。"),
        replace(UNIT.fields["parent"], group="",
                help="填代码。换上级后，原上级看不到这个单位和它的教师，新上级看得到。"),
        Field(name="reason", label="依据", kind="text", length=200, help="批准文件的名称和文号。"),
    ),
)  # fmt: skip


def may_change(actor: Actor, unit: Unit) -> bool:
    """Whether the actor stands above the unit. A new superior is found below the actor's unit as well."""
    return actor.may(P.UNIT_EDIT) and unit.level != "department" and is_below(actor, unit)


def plan_change(
    session: Session, actor: Actor, unit_id: int, texts: Mapping[str, str], now: dt.datetime
) -> tuple[UnitChange | None, list[Problem]]:
    """Note a change, and apply it when its day is today; else the problems that kept it from being noted."""
    unit = lock(session, Unit, unit_id)
    apply_due(session, now, unit)
    if not may_change(actor, unit):
        raise NotAllowed(NOT_ABOVE)
    if _waiting_of(session, unit.id):
        raise Conflict(ONE_AT_A_TIME)
    raw = {**texts, "code": normalise_id(texts.get("code", "")), "parent": normalise_id(texts.get("parent", ""))}
    values, found = read_settings(CHANGE, raw, actor.indicator_set, {})
    parent = session.scalar(select(Unit).where(Unit.code == values.get("parent"), within(actor)))
    if parent is None and not any(problem.item == "parent" for problem in found):
        found.append(Problem("parent", "您的单位下面没有这个代码的单位，请核对上级单位代码。"))
    found += _day_problems(values.get("effective_on"), now)
    if found or parent is None:
        return None, found
    change = UnitChange(
        unit_id=unit.id, effective_on=values["effective_on"], reason=values.get("reason") or "",
        name=_if_new(values["name"], unit.name), code=_if_new(values["code"], unit.code),
        parent_id=parent.id if parent.id != unit.parent_id else None,
        made_at=now, made_by_id=actor.user_id, made_by=actor.name, made_unit=actor.unit_name,
    )  # fmt: skip
    if change.name is None and change.code is None and change.parent_id is None:
        return None, [Problem("name", "名称、代码和上级都与现在一样，没有要变更的。")]
    found += _problems(session, unit, change)
    if found:
        return None, found
    session.add(change)
    session.flush()
    apply_due(session, now, unit)
    return change, []


def withdraw_change(session: Session, actor: Actor, change_id: int) -> None:
    """Drop a change whose day has not come, or that was refused on its day."""
    change = lock(session, UnitChange, change_id)
    if not may_change(actor, session.get_one(Unit, change.unit_id)):
        raise NotAllowed(NOT_ABOVE)
    if change.applied_at is not None:
        raise Conflict("这项变更已经生效，不能撤回。请另办一次变更改回去。")
    session.delete(change)
    session.flush()


def apply_due(session: Session, now: dt.datetime, unit: Unit | None = None) -> int:
    """Apply what was due until today, of one locked unit or of all; how many took effect.

    What does not fit any more keeps the reason, and the rest goes on.
    """
    query = select(UnitChange).where(waiting(), UnitChange.effective_on <= today(now))
    if unit is not None:
        query = query.where(UnitChange.unit_id == unit.id)
    count = 0
    for change in session.scalars(query.order_by(UnitChange.effective_on, UnitChange.id)).all():
        target = unit or lock(session, Unit, change.unit_id)
        found = _problems(session, target, change)
        if found:
            change.refused = "；".join(problem.message for problem in found)[:300]
        else:
            _apply(session, target, change, now)
            count += 1
    session.flush()
    return count


def changes_of(session: Session, unit_id: int) -> list[UnitChange]:
    """The changes of a unit, the latest first."""
    query = select(UnitChange).where(UnitChange.unit_id == unit_id)
    return list(session.scalars(query.order_by(UnitChange.effective_on.desc(), UnitChange.id.desc())))


def _apply(session: Session, unit: Unit, change: UnitChange, now: dt.datetime) -> None:
    parent = session.get_one(Unit, unit.parent_id)
    old: dict[str, Value] = {"code": unit.code, "name": unit.name, "parent": parent.code}
    new = dict(old)
    if change.name is not None:
        change.old_name, unit.name, new["name"] = unit.name, change.name, change.name
    if change.code is not None:
        change.old_code, unit.code, new["code"] = unit.code, change.code, change.code
    if change.parent_id is not None:
        change.old_parent_id, unit.parent_id = unit.parent_id, change.parent_id
        new["parent"] = session.get_one(Unit, change.parent_id).code
    change.applied_at = now
    maker = replace(SYSTEM, user_id=change.made_by_id, name=change.made_by, unit_name=change.made_unit)
    day = {"effective_on": change.effective_on}
    note_change(session, maker, now, LOG, str(unit.id), old, {**new, **day})
    if change.parent_id is not None:
        settle(session, [unit.id])


def _problems(session: Session, unit: Unit, change: UnitChange) -> list[Problem]:
    if not unit.active:
        return [Problem("name", f"「{unit.name}」已经撤销，请先恢复再办变更。")]
    parent = session.get_one(Unit, change.parent_id or unit.parent_id)
    found = naming_problems(
        session, unit.level, unit.school_kind, change.code or unit.code, change.name or unit.name, parent, unit.id
    )
    return list(found)


def _day_problems(day: Value, now: dt.datetime) -> list[Problem]:
    if not isinstance(day, dt.date):
        return []
    first = today(now)
    if day < first:
        return [Problem("effective_on", "生效日期不能早于今天。以前的名称请填在「曾用名」里。")]
    if day > first + LONGEST_AHEAD:
        return [Problem("effective_on", "生效日期最多提前一年登记，请核对年份。")]
    return []


def _waiting_of(session: Session, unit_id: int) -> bool:
    return session.scalar(select(UnitChange.id).where(UnitChange.unit_id == unit_id, waiting()).limit(1)) is not None


def today(now: dt.datetime) -> dt.date:
    """The day on which people here are."""
    return now.astimezone().date()


def _if_new(value: Value, old: str) -> str | None:
    return None if value == old else str(value)
