"""The kept figures of a unit, summed up from its schools."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.organisations.models import Unit
from app.organisations.queries import schools_of
from app.statistics.dimensions import BY_NAME, DIMENSIONS, NOT_FILLED
from app.statistics.models import StaffFigure

LAST = (10**9, NOT_FILLED)


class Figures(NamedTuple):
    """One dimension: its label, and how many people have each name, in the order of the code table."""

    label: str
    counts: Sequence[tuple[str, int]]


def structure(session: Session, actor: Actor, unit: Unit | None = None) -> list[Figures]:
    """How the people of a unit are made up: `[(label, [(name, number)])]`, one query.

    Without `unit` of the actor's own: all schools below, one school, or one department. Whether the actor may see
    `unit` is the caller's care. People who have left do not count; who has no code counts as 未填. Empty while
    nothing was counted, else every dimension is there and sums up to the same number; see `structure_day`.
    """
    query = select(StaffFigure.dimension, StaffFigure.code, Unit.school_kind, func.sum(StaffFigure.n))
    columns = StaffFigure.dimension, StaffFigure.code, Unit.school_kind
    found = session.execute(
        query.join(Unit, Unit.id == StaffFigure.school_id).where(*_of(actor, unit)).group_by(*columns)
    )
    rows = [(str(dimension), str(code), str(kind), int(number)) for dimension, code, kind, number in found]
    kinds = {kind for _, _, kind, _ in rows}
    sums: dict[str, Counter[str]] = {dimension.name: Counter() for dimension in DIMENSIONS}
    places: dict[tuple[str, str], int] = {}  # one name may stand elsewhere in another kind of school
    for dimension, code, kind, number in rows:
        if dimension in sums:
            place, name = BY_NAME[dimension].named(code, kind, kinds) if code else LAST
            sums[dimension][name] += number
            places[dimension, name] = min(place, places.get((dimension, name), place))
    if not rows:
        return []
    return [Figures(d.label, sorted(sums[d.name].items(), key=lambda one: places[d.name, one[0]])) for d in DIMENSIONS]


def structure_day(session: Session, actor: Actor, unit: Unit | None = None) -> dt.date | None:
    """Since when all of the figures hold: the day of the school that was counted first. None: nothing was counted."""
    query = select(func.min(StaffFigure.counted_on)).join(Unit, Unit.id == StaffFigure.school_id)
    return session.scalar(query.where(*_of(actor, unit)))


def _of(actor: Actor, unit: Unit | None) -> list[ColumnElement[bool]]:
    level, key, code = (unit.level, unit.id, unit.code) if unit else (actor.level, actor.unit_id, actor.unit_code)
    own = [StaffFigure.department == code] if level == "department" else []
    return [schools_of(level, key), *own]
