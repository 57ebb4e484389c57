"""The keys by which people are found by name: a table of its own, because a name has several.

Its index begins with the area, the lowest administrative unit above the school: a county is one range of it, a province
some hundred, so that a search costs what it finds, however many people the country has.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, case, false, func, literal_column, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, by_code_point
from app.core.person_names import KEY_LENGTH, name_keys, name_order, typed_key
from app.core.scope import SCOPE_COLUMNS, Scope, ScopedAsOwner, ScopeIds, scope_of
from app.organisations.models import Unit
from app.records.following import follows, rows_follow
from app.records.teacher import Teacher

LAST = chr(0x10FFFF)  # sorts behind every key that begins so
NO_AREA = 0  # of schools that hang on the nation itself
AREAS = ("nation", "province", "city", "county")


class NameKey(Base, ScopedAsOwner):
    """One key of a person's name. Written by the flush and by bulk inserts; see `following.py`."""

    __tablename__ = "name_key"

    teacher_id: Mapped[int] = mapped_column(ForeignKey("teacher.id"), primary_key=True)
    key: Mapped[str] = mapped_column(by_code_point(KEY_LENGTH), primary_key=True)

    def scope_ids(self, session: Session) -> ScopeIds:
        return (self.province_id, self.city_id, self.county_id, self.school_id)

    @classmethod
    def of_units(cls, name: str, unit_ids: Sequence[int]) -> ColumnElement[bool]:
        """Through the people, who have an index for it."""
        people = select(Teacher.id).where(getattr(Teacher, name).in_(unit_ids))
        return and_(super().of_units(name, unit_ids), cls.teacher_id.in_(people))


def _area(row: Any) -> ColumnElement[int]:
    # Written out: with a parameter in it, it would not be the expression of the index.
    return func.coalesce(row.county_id, row.city_id, row.province_id, literal_column(str(NO_AREA)))


# With the columns of the area as well: PostgreSQL answers from the index alone, which for a common surname is all.
_AREA_COLUMNS = (NameKey.county_id, NameKey.city_id, NameKey.province_id)
Index("ix_name_key_area", _area(NameKey), NameKey.key, NameKey.teacher_id, *_AREA_COLUMNS)


def _rows(person: Mapping[str, Any]) -> list[dict[str, Any]]:
    common = {"teacher_id": person["id"], **{name: person[name] for name in SCOPE_COLUMNS}}
    return [{"key": key, **common} for key in name_keys(person["name"])]


follows(Teacher, "name", lambda value: {"name_order": name_order(value)})
rows_follow(Teacher, ("name", *SCOPE_COLUMNS), NameKey, _rows)


def named(session: Session, people: Any, typed: str) -> ColumnElement[bool]:
    """The criterion for people of the scope whose name has a key that begins so; `people`: the column with their ids.

    PostgreSQL gets the ids as an array: it looks the people up by them, in the order of their ids where that is asked
    for, instead of guessing how many there are and reading everybody in the order of a list.
    """
    key = typed_key(typed)
    if not key:
        return false()
    begins = and_(_areas_of(scope_of(session)), NameKey.key >= key, NameKey.key < key + LAST)
    found = select(NameKey.teacher_id).where(begins)
    by_array = session.get_bind().dialect.name == "postgresql"
    among: ColumnElement[bool] = (
        people == func.any(func.array(found.scalar_subquery())) if by_array else people.in_(found)
    )
    return among


def _areas_of(scope: Scope | None) -> ColumnElement[bool]:
    """The areas that a scope may touch. The scope itself is kept by the session; this is what the index needs."""
    if scope is None or scope.kind == "person":
        return false()
    if scope.kind == "department":
        return _area(NameKey) == select(_area(Unit)).where(Unit.code == scope.value).scalar_subquery()
    if scope.column == "school_id":
        return _area(NameKey) == select(_area(Unit)).where(Unit.id == scope.value).scalar_subquery()
    if scope.column == "county_id":
        return _area(NameKey) == scope.value
    # An expression, as the index has one: SQLite would compare a column with it by another rule, and read all keys.
    areas = select(case((Unit.level == "nation", NO_AREA), else_=Unit.id)).where(Unit.level.in_(AREAS))
    if scope.kind == "unit":
        areas = areas.where(or_(Unit.id == scope.value, getattr(Unit, scope.column) == scope.value))
    return _area(NameKey).in_(areas)
