"""Reading units."""

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError
from app.organisations.models import Unit


def ancestors(session: Session, unit: Unit) -> list[Unit]:
    """The units above, nearest first. At most four reads; the identity map answers repeats."""
    found: list[Unit] = []
    above = unit.parent_id
    while above is not None:
        parent = session.get_one(Unit, above)
        found.append(parent)
        above = parent.parent_id
    return found


def within(actor: Actor) -> ColumnElement[bool]:
    """The criterion for the actor's own unit and those below it."""
    match actor.level:
        case "nation":
            return true()
        case "province" | "city" | "county" as level:
            return or_(getattr(Unit, f"{level}_id") == actor.unit_id, Unit.id == actor.unit_id)
        case _:
            return Unit.id == actor.unit_id


def unit_by_code(session: Session, code: str) -> Unit:
    """A unit by its code. Raises AppError when there is none."""
    unit: Unit | None = session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise AppError(f"没有代码为 {code} 的单位。", field="unit")
    return unit
