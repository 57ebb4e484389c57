"""How far the units below have come with reporting: read from the kept sums, one query for all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.organisations.models import Unit
from app.organisations.queries import directly_below, path_to, schools_of
from app.records.counts import TeacherCount, waiting_level
from app.records.place_filters import NO_DEPARTMENT

REPORTED = ("in_review", "approved")


@dataclass
class Figures:
    """People by state; those in review also by the level at which they wait."""

    by_status: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)

    def add(self, status: str, level: str, number: int) -> None:
        self.by_status[status] = self.by_status.get(status, 0) + number
        if level:
            self.waiting[level] = self.waiting.get(level, 0) + number

    def count(self, status: str) -> int:
        return self.by_status.get(status, 0)

    @property
    def due(self) -> int:
        """All whose record the unit has: 应报."""
        return sum(self.by_status.values())

    @property
    def missing(self) -> int:
        """Those whose report is not with a reviewer or approved."""
        return self.due - sum(self.count(status) for status in REPORTED)

    @property
    def is_late(self) -> bool:
        """Whether somebody has still to report; a unit without anybody has not begun."""
        return not self.due or self.missing > 0

    @property
    def percent(self) -> int | None:
        """The share of approved records; 100 only when all of them are."""
        return self.count("approved") * 100 // self.due if self.due else None


@dataclass(frozen=True)
class Line:
    """One unit directly below, with what lies below it. `unit_filter`: its value in the condition of the list."""

    name: str
    code: str
    level: str
    unit_filter: str
    figures: Figures


@dataclass(frozen=True)
class Progress:
    """A unit, the lines of those directly below, and all of them together."""

    unit: Unit
    path: Sequence[Unit]  # from the actor's unit down to the unit itself
    lines: Sequence[Line]
    total: Figures


def figures_of(session: Session, unit: Unit) -> Figures:
    """The people of a unit and all below it, by state: one query."""
    return _sum(figures for figures in _figures(session, unit).values())


def progress_of(session: Session, actor: Actor, unit: Unit) -> Progress:
    """What the page of a unit shows. Whether the actor may see it is the caller's care."""
    return Progress(unit, path_to(session, actor, unit), *lines_of(session, unit))


def lines_of(session: Session, unit: Unit) -> tuple[list[Line], Figures]:
    """The units directly below, and all of them together: two queries."""
    found = _figures(session, unit)
    below = _departments if unit.level in ("school", "department") else _below
    return below(session, unit, found), _sum(found.values())


def _figures(session: Session, unit: Unit) -> dict[Any, Figures]:
    """By the unit directly below; of a school by the code of the department."""
    in_school = unit.level in ("school", "department")
    part = TeacherCount.department if in_school else directly_below(unit.level)
    own = [TeacherCount.department == unit.code] if unit.level == "department" else []
    each = (
        select(
            part.label("part"),
            TeacherCount.status.label("status"),
            waiting_level(TeacherCount, Unit, "id").label("waits_at"),
            TeacherCount.n.label("n"),
        )
        .join(Unit, Unit.id == TeacherCount.school_id)
        .where(schools_of(unit.level, unit.id), *own)
        .subquery()
    )
    columns = each.c.part, each.c.status, each.c.waits_at
    found: dict[Any, Figures] = {}
    for key, status, level, number in session.execute(select(*columns, func.sum(each.c.n)).group_by(*columns)):
        if number:
            found.setdefault(key, Figures()).add(status, level, int(number))
    return found


def _below(session: Session, unit: Unit, found: Mapping[Any, Figures]) -> list[Line]:
    """Every unit in use directly below, and those closed that still have people."""
    query = select(Unit.id, Unit.name, Unit.code, Unit.level).where(Unit.parent_id == unit.id)
    query = query.where(or_(Unit.active.is_(True), Unit.id.in_([key for key in found if key != unit.id])))
    rows = session.execute(query.order_by(Unit.code))
    return [Line(row.name, row.code, row.level, str(row.id), found.get(row.id, Figures())) for row in rows]


def _departments(session: Session, unit: Unit, found: Mapping[Any, Figures]) -> list[Line]:
    """The departments of a school with people or in use, then those without one; one department is its own line."""
    here = Unit.id == unit.id if unit.level == "department" else Unit.parent_id == unit.id
    rows = session.execute(select(Unit.id, Unit.name, Unit.code, Unit.active).where(here).order_by(Unit.id)).all()
    lines = [
        Line(row.name, row.code, "department", str(row.id), found.get(row.code, Figures()))
        for row in rows
        if row.active or row.code in found
    ]
    known = {row.code for row in rows}
    if lines and (rest := [figures for code, figures in found.items() if code not in known]):
        lines.append(Line("没有填二级单位", "", "", f"{unit.id}{NO_DEPARTMENT}", _sum(rest)))
    return lines


def _sum(parts: Iterable[Figures]) -> Figures:
    total = Figures()
    for part in parts:
        for status, number in part.by_status.items():
            total.add(status, "", number)
        for level, number in part.waiting.items():
            total.waiting[level] = total.waiting.get(level, 0) + number
    return total


# What a page may be sorted by; a unit without anybody has done nothing.
ORDERS: Mapping[str, Callable[[Line], Any]] = {
    "unit": lambda line: line.code,
    "due": lambda line: line.figures.due,
    "done": lambda line: -1 if line.figures.percent is None else line.figures.count("approved") / line.figures.due,
}


def arranged(lines: Sequence[Line], order: str, *, falling: bool, late_only: bool) -> list[Line]:
    """The lines of the page: all or only those late, by an order of ORDERS or the number in a state."""
    shown = [line for line in lines if line.figures.is_late] if late_only else list(lines)
    by = ORDERS.get(order) or (lambda line: line.figures.count(order))
    return sorted(shown, key=by, reverse=falling)
