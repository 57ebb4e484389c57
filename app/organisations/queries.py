"""Reading units."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.core.actor import Actor
from app.core.errors import AppError
from app.core.scope import SCOPE_COLUMNS
from app.core.validators import normalise_id
from app.organisations.models import LEVELS, Unit, UnitChange

department = aliased(Unit)


def ancestors(session: Session, unit: Unit) -> list[Unit]:
    """The units above, nearest first. At most four reads; the identity map answers repeats."""
    found: list[Unit] = []
    above = unit.parent_id
    while above is not None:
        parent = session.get_one(Unit, above)
        found.append(parent)
        above = parent.parent_id
    return found


def path_to(session: Session, actor: Actor, unit: Unit) -> list[Unit]:
    """From the actor's own unit down to one of those below it."""
    upwards = [unit, *ancestors(session, unit)]
    ids = [one.id for one in upwards]
    return upwards[ids.index(actor.unit_id) :: -1] if actor.unit_id in ids else [unit]


def within(actor: Actor) -> ColumnElement[bool]:
    """The criterion for the actor's own unit and those below it."""
    match actor.level:
        case "nation":
            return true()
        case "province" | "city" | "county" as level:
            return or_(getattr(Unit, f"{level}_id") == actor.unit_id, Unit.id == actor.unit_id)
        case "school":
            return or_(Unit.id == actor.unit_id, Unit.parent_id == actor.unit_id)
        case _:
            return Unit.id == actor.unit_id


def schools_of(level: str, unit_id: int) -> ColumnElement[bool]:
    """The criterion for the schools at or below a unit; of a department, for its school."""
    match level:
        case "nation":
            return Unit.level == "school"
        case "province" | "city" | "county":
            return and_(Unit.level == "school", getattr(Unit, f"{level}_id") == unit_id)
        case "school":
            return Unit.id == unit_id
        case _:
            return Unit.id == select(department.parent_id).where(department.id == unit_id).scalar_subquery()


def directly_below(level: str) -> Any:
    """Of a school below a unit of this level: the unit between that hangs directly on it, which may be the school."""
    between = SCOPE_COLUMNS[SCOPE_COLUMNS.index(f"{level}_id") + 1 : -1] if level != "nation" else SCOPE_COLUMNS[:-1]
    columns = [getattr(Unit, name) for name in between]
    return func.coalesce(*columns, Unit.id) if columns else Unit.id


def is_below(actor: Actor, unit: Unit) -> bool:
    """Whether a unit lies below the actor's, at whatever distance."""
    if actor.level == "nation":
        return unit.level != "nation"
    return actor.unit_id in (unit.parent_id, *unit.scope_ids) and unit.id != actor.unit_id


def found_by(text: str) -> ColumnElement[bool]:
    """The criterion for what people type: a part of a name of today or before, or of its pinyin; how a code begins."""
    said = [column.contains(text, autoescape=True) for column in (Unit.name, Unit.aliases, Unit.former_names)]
    before = [UnitChange.old_name.contains(text, autoescape=True)]
    if code := normalise_id(text):  # an apostrophe alone is no beginning of a code
        said.append(Unit.code.startswith(code, autoescape=True))
        before.append(UnitChange.old_code.startswith(code, autoescape=True))
    if text.isascii() and text.replace(" ", "").isalpha():
        said.append(Unit.pinyin.contains(text.replace(" ", "").lower(), autoescape=True))
    return or_(*said, Unit.id.in_(select(UnitChange.unit_id).where(or_(*before))))


def counts_below(session: Session, unit: Unit) -> list[tuple[str, int]]:
    """How many units of each level hang directly on a unit, those in use, the higher levels first."""
    query = select(Unit.level, func.count()).where(Unit.parent_id == unit.id, Unit.active.is_(True))
    counted = {level: count for level, count in session.execute(query.group_by(Unit.level))}
    return [(level, counted[level]) for level in LEVELS if level in counted]


def departments_in(session: Session, school: Unit) -> Sequence[Unit]:
    """The departments of a school, in the order in which they were made."""
    query = select(Unit).where(Unit.parent_id == school.id, Unit.level == "department")
    return session.scalars(query.order_by(Unit.id)).all()


def unit_by_code(session: Session, code: str) -> Unit:
    """A unit by its code. Raises AppError when there is none."""
    unit: Unit | None = session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise AppError(f"没有代码为 {code} 的单位。", field="unit")
    return unit
