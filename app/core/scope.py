"""Who sees which rows: decided once, at the session, for every read and write path.

Every row that belongs to a person or to a unit's work derives from `Scoped` and carries the units above it as plain
integers. A session has exactly one scope for its life; without one it cannot touch such rows.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, ForeignKey, Integer, column, event, select, table
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria

from app.core.errors import NoScope, OutOfScope

log = logging.getLogger(__name__)

KEY = "scope"
SCOPE_COLUMNS = ("province_id", "city_id", "county_id", "school_id")
DEPARTMENT = "department"
NOBODY = -1
# A person's department stands with the person alone: whoever moves on takes all rows along.
PEOPLE = table("teacher", column("id"), column(DEPARTMENT))

ScopeIds: TypeAlias = tuple[int | None, int | None, int | None, int | None]


class Scoped:
    """Mixin: the administrative units a row belongs to. `teacher_id` is null on rows that belong to a unit only."""

    province_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("unit.id"))
    city_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("unit.id"))
    county_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("unit.id"))
    school_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("unit.id"))
    teacher_id: Mapped[int | None] = mapped_column(Integer, index=True)

    def scope_ids(self, session: Session) -> ScopeIds:
        """The scope columns this row must have, read from the row it hangs on."""
        raise NotImplementedError

    @classmethod
    def of_units(cls, name: str, unit_ids: Sequence[int]) -> ColumnElement[bool]:
        """The criterion for the rows that have these units in a scope column."""
        found: ColumnElement[bool] = getattr(cls, name).in_(unit_ids)
        return found


class ScopedAsOwner(Scoped):
    """Mixin for rows that repeat the columns of the person they hang on, whose own refer to the units.

    Looking up four units for each row costs the database more than storing the row.
    """

    province_id: Mapped[int | None] = mapped_column(Integer)
    city_id: Mapped[int | None] = mapped_column(Integer)
    county_id: Mapped[int | None] = mapped_column(Integer)
    school_id: Mapped[int | None] = mapped_column(Integer)


@dataclass(frozen=True)
class Scope:
    """What a session may touch: all, one unit and those below it, the people of one department, or one person's rows.

    `value` is the id of the unit or the person; of a department its code.
    """

    kind: Literal["all", "unit", "department", "person"]
    column: str = ""
    value: int | str = NOBODY

    def covers(self, row: Scoped, session: Session) -> bool:
        """Whether a row lies inside."""
        if self.kind == "department" and not hasattr(row, DEPARTMENT):
            return session.scalar(select(PEOPLE.c.department).where(PEOPLE.c.id == row.teacher_id)) == self.value
        return self.kind == "all" or getattr(row, self.column) == self.value


EVERYTHING = Scope("all")
NOTHING = Scope("unit", "school_id", NOBODY)


def unit_scope(level: str, unit_id: int) -> Scope:
    """The scope of a unit by its level; the nation sees all."""
    return EVERYTHING if level == "nation" else Scope("unit", f"{level}_id", unit_id)


def department_scope(code: str) -> Scope:
    """The people of a department by its code. What belongs to the school as a whole is outside."""
    return Scope("department", DEPARTMENT, code)


def person_scope(teacher_id: int) -> Scope:
    """A person's own rows."""
    return Scope("person", "teacher_id", teacher_id)


# One criterion factory for each column; the closure holds one integer only, or SQLAlchemy's lambda cache refuses it.
def _by_province(value: int) -> Any:
    return with_loader_criteria(Scoped, lambda cls: cls.province_id == value, include_aliases=True)


def _by_city(value: int) -> Any:
    return with_loader_criteria(Scoped, lambda cls: cls.city_id == value, include_aliases=True)


def _by_county(value: int) -> Any:
    return with_loader_criteria(Scoped, lambda cls: cls.county_id == value, include_aliases=True)


def _by_school(value: int) -> Any:
    return with_loader_criteria(Scoped, lambda cls: cls.school_id == value, include_aliases=True)


def _by_person(value: int) -> Any:
    return with_loader_criteria(Scoped, lambda cls: cls.teacher_id == value, include_aliases=True)


def _by_department(value: str) -> Any:
    return with_loader_criteria(
        Scoped,
        lambda cls: cls.teacher_id.in_(select(PEOPLE.c.id).where(PEOPLE.c.department == value)),
        include_aliases=True,
    )


_CRITERIA: dict[str, Callable[[Any], Any]] = {
    "province_id": _by_province,
    "city_id": _by_city,
    "county_id": _by_county,
    "school_id": _by_school,
    "teacher_id": _by_person,
    DEPARTMENT: _by_department,
}


def set_scope(session: Session, scope: Scope) -> None:
    """Give a session its scope. It keeps it for life: rows already loaded would not be checked again."""
    known = session.info.get(KEY)
    if known is not None and known != scope:
        raise NoScope("a session keeps the scope it has")
    session.info[KEY] = scope


def scope_of(session: Session) -> Scope | None:
    """The scope of a session, or None."""
    return session.info.get(KEY)


@contextmanager
def system_scope(session: Session, reason: str) -> Iterator[Session]:
    """The one way out of the scope: a session of its own inside the same transaction, logged with its reason.

    For login, uniqueness across units, deadlines and jobs. What it writes takes part in the caller's transaction.
    """
    session.flush()
    log.info("system scope: %s", reason)
    inner = Session(bind=session.connection(), join_transaction_mode="create_savepoint", info={KEY: EVERYTHING})
    try:
        yield inner
        inner.commit()
    finally:
        inner.close()


def _touches_scoped(state: ORMExecuteState) -> bool:
    return any(issubclass(mapper.class_, Scoped) for mapper in state.all_mappers)


@event.listens_for(Session, "do_orm_execute")
def _only_what_the_actor_may_see(state: ORMExecuteState) -> None:
    scope: Scope | None = state.session.info.get(KEY)
    if scope is None:
        if _touches_scoped(state):
            raise NoScope("this session has no scope")
        scope = NOTHING  # joins and subqueries that the mappers above do not name
    if scope.kind == "all" or state.is_column_load or state.is_insert:
        return
    state.statement = state.statement.options(_CRITERIA[scope.column](scope.value))


@event.listens_for(Session, "before_flush")
def _only_what_the_actor_may_change(session: Session, _context: Any, _instances: Any) -> None:
    touched = [row for row in (*session.new, *session.dirty, *session.deleted) if isinstance(row, Scoped)]
    if not touched:
        return
    scope: Scope | None = session.info.get(KEY)
    if scope is None:
        raise NoScope("this session has no scope")
    with session.no_autoflush:
        for row in touched:
            if row not in session.deleted:
                for column, value in zip(SCOPE_COLUMNS, row.scope_ids(session), strict=True):
                    if getattr(row, column) != value:
                        setattr(row, column, value)
            if not scope.covers(row, session):
                raise OutOfScope(f"{type(row).__name__} outside the scope")
