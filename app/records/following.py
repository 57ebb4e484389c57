"""Columns that follow an item of the same row: the keyed hashes by which a number is found.

Said once for both ways in which rows are written: an object whose item is set, and many rows in one statement.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import event

Columns = Callable[[Any], Mapping[str, Any]]
_FOLLOWING: dict[str, dict[str, Columns]] = {}  # by table and item


def follows(model: Any, item: str, columns: Columns) -> None:
    """Name the columns that follow an item; `columns`: their values by the item's value, which may be None."""
    _FOLLOWING.setdefault(model.__tablename__, {})[item] = columns

    def set_them(row: Any, value: Any, _old: Any, _initiator: Any) -> None:
        for name, own in columns(value).items():
            setattr(row, name, own)

    event.listen(getattr(model, item), "set", set_them)


def following(model: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The columns that follow from the items of a row which is written without an object."""
    for item, columns in _FOLLOWING.get(model.__tablename__, {}).items():
        yield from columns(values.get(item)).items()
