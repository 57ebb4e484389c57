"""How many people of a school are in which state: sums that are kept, so that no page counts a province's people.

Whoever writes people adds rows that say what changed, in the same transaction: nobody waits for anybody, as they would
for a sum that all of them update. `fold` adds the rows up from time to time; readers add up what is there. A sum names
the school alone, so units may move; the tree is joined at reading.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    and_,
    case,
    delete,
    event,
    func,
    inspect,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from app.core.db import Base
from app.core.many_rows import Lot, insert_many
from app.records.teacher import Teacher

PENDING = "teacher_counts"
PART, ROWS = 500, 5_000  # schools and rows in one statement


class TeacherCount(Base):
    """So many people more (or fewer) of a school and department in one state, those in review by where they wait."""

    __tablename__ = "teacher_count"

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    department: Mapped[str] = mapped_column(String(20))  # its code; empty: none is given
    status: Mapped[str] = mapped_column(String(30))
    waiting_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    n: Mapped[int] = mapped_column(Integer)


class Key(NamedTuple):
    """What is counted together."""

    school_id: int
    department: str
    status: str
    waiting_unit_id: int | None


KEPT: Sequence[str] = Key._fields


def key_of(columns: Mapping[str, Any]) -> Key:
    """The sum that a person belongs to."""
    school_id, department, status, waiting_unit_id = (columns.get(name) for name in KEPT)
    return Key(school_id or 0, department or "", status or "", waiting_unit_id)


def tally(connection: Connection, changes: Iterable[tuple[Key, int]]) -> None:
    """Note how many people more (fewer) there are. For whoever writes people without the flush."""
    insert_many(connection, tallied(changes))


def tallied(changes: Iterable[tuple[Key, int]]) -> Lot:
    """The rows that say so."""
    found: Counter[Key] = Counter()
    for key, number in changes:
        found[key] += number
    rows = [{**key._asdict(), "n": number} for key, number in found.items() if number]
    return Lot(TeacherCount.__table__, rows)  # type: ignore[arg-type]


# ── what the flush writes ──


def _know_what_was(_row: Any, _value: Any, _old: Any, _initiator: Any) -> None:
    """Nothing to do: with this listener the value that is replaced is read, even where the row was not loaded whole."""


for _name in KEPT:
    event.listen(getattr(Teacher, _name), "set", _know_what_was, active_history=True)


def _note(row: Teacher, stored: int, now: int) -> None:
    """Keep for the end of the flush that a row leaves the sum it was stored with, and joins the one of its values."""
    session = object_session(row)
    assert session is not None
    values = {name: getattr(row, name) for name in KEPT}
    before = dict(values)
    for name in KEPT:
        past: Sequence[Any] = inspect(row).attrs[name].history.deleted
        if past:
            before[name] = past[0]
    changes: Counter[Key] = session.info.setdefault(PENDING, Counter())
    changes[key_of(before)] -= stored
    changes[key_of(values)] += now


@event.listens_for(Teacher, "after_insert")
def _came(_mapper: Any, _connection: Connection, row: Teacher) -> None:
    _note(row, 0, 1)


@event.listens_for(Teacher, "after_update")
def _changed(_mapper: Any, _connection: Connection, row: Teacher) -> None:
    _note(row, 1, 1)


@event.listens_for(Teacher, "before_delete")
def _went(_mapper: Any, _connection: Connection, row: Teacher) -> None:
    _note(row, 1, 0)


@event.listens_for(Session, "before_flush")
def _forget(session: Session, _context: Any, _instances: Any) -> None:
    session.info.pop(PENDING, None)  # of a flush that failed


@event.listens_for(Session, "after_flush")
def _write(session: Session, _context: Any) -> None:
    if changes := session.info.pop(PENDING, None):
        tally(session.connection(), changes.items())


# ── reading ──


COLUMN_OF = {"school": "school_id", "county": "county_id", "city": "city_id", "province": "province_id"}


def waiting_level(row: Any, place: Any, own_id: str) -> Any:
    """At which level somebody in review waits; "" for all others. For the sums and for lists of people alike.

    place: what has the scope columns of the units above; own_id: the name of its column for the school itself.
    """
    levels = COLUMN_OF | {"school": own_id}
    here = [(row.waiting_unit_id == getattr(place, column), literal(level)) for level, column in levels.items()]
    return case((or_(row.status != "in_review", row.waiting_unit_id.is_(None)), literal("")), *here, else_="nation")


def waits_at(level: str) -> ColumnElement[bool]:
    """The people whose report waits at a level: whom `waiting_level` puts there, in a form that has an index."""
    if level in COLUMN_OF:
        return and_(Teacher.status == "in_review", Teacher.waiting_unit_id == getattr(Teacher, COLUMN_OF[level]))
    return and_(Teacher.waiting_unit_id.is_not(None), waiting_level(Teacher, Teacher, "school_id") == level)


# In the order of a list, the province behind it: most who ask are one. Each holds just what waits at its level.
for _level, _column in COLUMN_OF.items():
    _here: Any = dict.fromkeys(("sqlite_where", "postgresql_where"), text(f"waiting_unit_id = {_column}"))
    Index(f"ix_teacher_waits_at_{_level}", Teacher.id, Teacher.province_id, **_here)


# ── looking after the sums ──


def fold(session: Session) -> int:
    """Add up the rows of each sum; how many rows went. Adds up just what it has deleted itself, and leaves alone what
    somebody else is adding up just now: safe at any time, and nobody waits."""
    several = or_(func.count() > 1, func.sum(TeacherCount.n) == 0)
    columns = [getattr(TeacherCount, name) for name in KEPT]
    schools = sorted(set(session.scalars(select(columns[0]).group_by(*columns).having(several))))
    gone = 0
    for start in range(0, len(schools), PART):
        here = TeacherCount.school_id.in_(schools[start : start + PART])
        ours = session.scalars(select(TeacherCount.id).where(here).with_for_update(skip_locked=True)).all()
        found: Counter[Key] = Counter()
        for first in range(0, len(ours), ROWS):
            rows = delete(TeacherCount).where(TeacherCount.id.in_(ours[first : first + ROWS]))
            gone_now = rows.returning(*columns, TeacherCount.n).execution_options(synchronize_session=False)
            for *key, number in session.execute(gone_now):
                found[Key(*key)] += number
        gone += len(ours) - sum(1 for number in found.values() if number)
        tally(session.connection(), found.items())
    return gone


def differences(session: Session) -> list[tuple[Key, int]]:
    """Where the sums are wrong, and by how many people too few. One statement, so one moment: people and sums change
    together. The session must see everybody."""
    person = [func.coalesce(Teacher.department, "") if n == "department" else getattr(Teacher, n) for n in KEPT]
    there = select(*(column.label(name) for name, column in zip(KEPT, person, strict=True)), literal(1).label("n"))
    counted = select(*(getattr(TeacherCount, name) for name in KEPT), (-TeacherCount.n).label("n"))
    both = union_all(there, counted).subquery()
    columns = [both.c[name] for name in KEPT]
    missing = func.sum(both.c.n)
    query = select(*columns, missing).group_by(*columns).having(missing != 0).order_by(*columns[:3])
    return [(Key(*key), number) for *key, number in session.execute(query)]


def mend(session: Session) -> list[tuple[Key, int]]:
    """Set right what is wrong; what it was."""
    wrong = differences(session)
    tally(session.connection(), wrong)
    return wrong
