"""A unit hangs on another superior: the units below and every row of their people follow, set by set."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, column, insert, or_, select, table, update
from sqlalchemy.orm import Session

from app.core.scope import SCOPE_COLUMNS, Scoped, system_scope
from app.organisations.models import LEVELS, Unit

CHUNK = 5_000  # ids in one statement: databases limit them
ABOVE_SCHOOL = SCOPE_COLUMNS[:-1]
# Units know nothing of records, but reports that waited at an old superior must reach the new one.
REPORTS = table("teacher", *map(column, ("school_id", "department", "status", "waiting_unit_id")))
# The sums of a school change with them; see records/counts.py.
COUNTS = table("teacher_count", *map(column, ("school_id", "department", "status", "waiting_unit_id", "n")))


def settle(session: Session, moved: Collection[int]) -> None:
    """Bring the scope columns in line after `parent_id` of these units has changed: of themselves, of the units below,
    of all scoped rows. Old superiors stop seeing them with the commit. In a scope of its own: half of the rows may lie
    outside the actor's before, or after."""
    session.flush()
    with system_scope(session, "units have moved") as inner:
        changed = _settle_units(inner, moved)
        _settle_rows(inner, changed)
        _hand_over_reports(inner, [unit_id for unit_id, level in changed.items() if level == "school"])
    session.expire_all()


def chunks(ids: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """Lists short enough for one statement."""
    found = list(ids)
    return (found[start : start + CHUNK] for start in range(0, len(found), CHUNK))


def scoped_tables() -> list[type[Scoped]]:
    """Every mapped class whose rows carry the units above them."""
    return [mapper.class_ for mapper in Unit.registry.mappers if issubclass(mapper.class_, Scoped)]


def scope_below(parent: Any) -> dict[str, int | None]:
    """The scope columns of a unit that hangs on this one."""
    own = {f"{parent.level}_id": parent.id}
    return {name: own.get(name, getattr(parent, name)) for name in ABOVE_SCHOOL}


def _settle_units(session: Session, moved: Collection[int]) -> Mapping[int, str]:
    """Which units got other columns, with their levels."""
    trees: dict[int, Unit] = {}
    for ids in chunks(moved):
        hang = or_(Unit.id.in_(ids), Unit.city_id.in_(ids), Unit.county_id.in_(ids), Unit.parent_id.in_(ids))
        trees |= {unit.id: unit for unit in session.scalars(select(Unit).where(hang))}
    known = dict(trees)  # held here: a session forgets what nobody holds
    for ids in chunks({unit.parent_id for unit in trees.values()} - trees.keys()):
        known |= {unit.id: unit for unit in session.scalars(select(Unit).where(Unit.id.in_(ids)))}
    order = list(LEVELS)
    changed: dict[int, str] = {}
    for unit in sorted(trees.values(), key=lambda unit: order.index(unit.level)):
        columns = scope_below(known[unit.parent_id or 0])
        if any(getattr(unit, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(unit, name, value)
            changed[unit.id] = unit.level
    session.flush()
    return changed


def _settle_rows(session: Session, changed: Mapping[int, str]) -> None:
    """A row belongs to the lowest unit that it names; the columns above are those of that unit."""
    for place, column_name in enumerate(SCOPE_COLUMNS[1:], start=1):
        level = column_name.removesuffix("_id")
        units = [unit_id for unit_id, of_level in changed.items() if of_level == level]
        for ids in chunks(units):
            for cls in scoped_tables():
                own = getattr(cls, column_name)
                lower = [getattr(cls, name).is_(None) for name in SCOPE_COLUMNS[place + 1 :]]
                values = {
                    name: select(getattr(Unit, name)).where(Unit.id == own).scalar_subquery()
                    for name in SCOPE_COLUMNS[:place]
                }
                rows = update(cls).where(cls.of_units(column_name, ids), *lower).values(values)
                session.execute(rows, execution_options={"synchronize_session": False})


def _hand_over_reports(session: Session, schools: Collection[int]) -> None:
    """What waits at a unit that is no superior any more waits at the new one of its level, else at the direct one."""
    for ids in chunks(schools):
        own, waits_at = REPORTS.c.school_id, REPORTS.c.waiting_unit_id
        for school_id, waiting_id in session.execute(
            select(own, waits_at).where(own.in_(ids), waits_at != own).distinct()
        ):
            school = session.get_one(Unit, school_id)
            above = {name: getattr(school, name) for name in ABOVE_SCHOOL}
            if waiting_id in (school.parent_id, *above.values()):
                continue
            level = session.get_one(Unit, waiting_id).level
            goal = above.get(f"{level}_id") or school.parent_id
            waiting = update(REPORTS).where(own == school_id, waits_at == waiting_id)
            moved = waiting.values(waiting_unit_id=goal).returning(REPORTS.c.department, REPORTS.c.status)
            _count_elsewhere(session, school_id, waiting_id, goal, session.execute(moved).all())


def _count_elsewhere(session: Session, school_id: int, old: int, new: int | None, reports: Iterable[Row[Any]]) -> None:
    counted = Counter((row.department or "", row.status) for row in reports)
    for (department, status), number in counted.items():
        key = {"school_id": school_id, "department": department, "status": status}
        places = ((old, -number), (new, number))
        session.execute(insert(COUNTS), [{**key, "waiting_unit_id": place, "n": n} for place, n in places])
