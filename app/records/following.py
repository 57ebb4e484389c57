"""What follows an item of a row: columns of the same row, and rows of a table by which it is found.

Said once for both ways in which rows are written: an object whose item is set, and many rows in one statement.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, event, inspect

from app.core.many_rows import Lot, insert_many

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


class _OwnRows(NamedTuple):
    model: Any
    items: Sequence[str]
    rows: Callable[[Mapping[str, Any]], list[dict[str, Any]]]


_OWN_ROWS: dict[str, list[_OwnRows]] = {}  # by table


def rows_follow(
    model: Any, items: Sequence[str], own: Any, rows: Callable[[Mapping[str, Any]], list[dict[str, Any]]]
) -> None:
    """Name a table `own` whose rows, found by their `teacher_id`, follow from columns of a person's row.

    rows: those of one person, from the columns `items` and `id`.
    """
    found = _OwnRows(own, items, rows)
    _OWN_ROWS.setdefault(model.__tablename__, []).append(found)

    def insert_them(_mapper: Any, connection: Connection, row: Any) -> None:
        insert_many(connection, Lot(own.__table__, rows({name: getattr(row, name) for name in ("id", *items)})))

    def delete_them(_mapper: Any, connection: Connection, row: Any) -> None:
        connection.execute(delete(own).where(own.teacher_id == row.id))

    def make_anew(mapper: Any, connection: Connection, row: Any) -> None:
        state = inspect(row)
        if any(state.attrs[name].history.has_changes() for name in items):
            delete_them(mapper, connection, row)
            insert_them(mapper, connection, row)

    event.listen(model, "after_insert", insert_them)
    event.listen(model, "after_update", make_anew)
    event.listen(model, "before_delete", delete_them)


def following_rows(model: Any, lines: Sequence[Mapping[str, Any]]) -> Iterator[Lot]:
    """The rows that follow from rows which are written without objects."""
    for found in _OWN_ROWS.get(model.__tablename__, ()):
        yield Lot(found.model.__table__, [row for line in lines for row in found.rows(line)])
