"""What is to be done about units, as a condition of their list. Features above add what they know of."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from app.organisations.checks import waiting
from app.organisations.models import Unit, UnitChange

CHANGING, REFUSED, NO_ADMIN = "changing", "refused", "no_admin"


class Condition(NamedTuple):
    """One of them: its words in the list, and which units it holds for."""

    label: str
    criterion: Callable[[], ColumnElement[bool]]


def _changing() -> ColumnElement[bool]:
    return Unit.id.in_(select(UnitChange.unit_id).where(waiting()))


def _refused() -> ColumnElement[bool]:
    return Unit.id.in_(select(UnitChange.unit_id).where(UnitChange.applied_at.is_(None), UnitChange.refused != ""))


CONDITIONS: dict[str, Condition] = {
    CHANGING: Condition("变更等生效", _changing),
    REFUSED: Condition("变更没有办成", _refused),
}


def add_condition(name: str, label: str, criterion: Callable[[], ColumnElement[bool]]) -> None:
    """Offer one more in the list of units."""
    CONDITIONS[name] = Condition(label, criterion)
