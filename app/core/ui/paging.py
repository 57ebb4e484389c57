"""Pages of a list, read from the row where the last page ended: a deep page costs what the first one costs.

The address names that row by its key alone; by what it is sorted is looked up within the scope. Page numbers jump
within the rows that are counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, literal, or_, tuple_
from sqlalchemy.orm import Query

from app.core.ui.listing import COUNT_CAP, ListRequest, Window

GONE = "刚才看到的位置已经不在列表里，从第一页重新显示。"


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: a column, then the key. Rows where it is empty come last, up and down."""

    column: Any
    key: Any
    descending: bool = False
    filled: bool = False  # whether all rows of this list have it, though the column may be empty

    @property
    def _may_be_empty(self) -> bool:
        return not self.filled and bool(self.column.property.columns[0].nullable)

    def terms(self, *, backward: bool = False) -> list[Any]:
        """For ORDER BY; backward: from the end."""
        columns = [self.column] if self.column is self.key else [self.column, self.key]
        turned = [column.desc() if self.descending != backward else column.asc() for column in columns]
        empty = self.column.is_(None)
        return [empty.desc() if backward else empty.asc(), *turned] if self._may_be_empty else turned

    def beyond(self, value: Any, row_id: int, *, backward: bool = False) -> Any:
        """The criterion for the rows after a row, or before it."""
        down = self.descending != backward
        same_value = self.key < row_id if down else self.key > row_id
        if self.column is self.key:
            return same_value
        if value is None:
            same = and_(self.column.is_(None), same_value)
            return or_(self.column.is_not(None), same) if backward else same
        here, there = tuple_(self.column, self.key), tuple_(literal(value, self.column.type), row_id)
        farther = here < there if down else here > there
        return or_(farther, self.column.is_(None)) if self._may_be_empty and not backward else farther


def read_window(query: Query[Any], order: Order, asked: ListRequest, known: Callable[[], Query[Any]]) -> Window:
    """The page that an address means. Where its row is gone or foreign, the first page with a note.

    known: all rows of the list without the chosen conditions, among which that row is looked up. By its key alone a
    place is known without it.
    """
    if asked.end:
        return _to_the_end(query, order, asked)
    if not asked.after and not asked.before:
        return _by_number(query, order, asked.page, asked.size)
    row_id, backward = asked.after or asked.before, bool(asked.before)
    place = [(row_id,)] if order.column is order.key else _values(known(), order, row_id)
    if place:
        rest = query.filter(order.beyond(place[0][0], row_id, backward=backward))
        rows = _rows(rest, order, asked.size, backward=backward)
        more, rows = len(rows) > asked.size, rows[: asked.size]
        if backward:
            # What is left before the row may be less than a page: then the first page is shown whole.
            return Window(rows[::-1], asked.page or None, True, True) if more else _first(query, order, asked)
        if rows:
            return Window(rows, asked.page or None, True, more)
    return _first(query, order, asked, GONE)


def _values(known: Query[Any], order: Order, row_id: int) -> list[Any]:
    return list(known.filter(order.key == row_id).with_entities(order.column))


def _first(query: Query[Any], order: Order, asked: ListRequest, note: str = "") -> Window:
    return _by_number(query, order, 0, asked.size, note)


def _by_number(query: Query[Any], order: Order, page: int, size: int, note: str = "") -> Window:
    if page * size > COUNT_CAP:  # numbers lead no farther
        return Window([], page, True, False)
    rows = _rows(query, order, size, skipped=page * size)
    return Window(rows[:size], page, page > 0, len(rows) > size, note)


def _to_the_end(query: Query[Any], order: Order, asked: ListRequest) -> Window:
    rows = _rows(query, order, asked.size, backward=True)
    if len(rows) <= asked.size:
        return Window(rows[::-1], 0, False, False)
    return Window(rows[: asked.size][::-1], None, True, False)


def _rows(query: Query[Any], order: Order, size: int, *, backward: bool = False, skipped: int = 0) -> list[Any]:
    """One row more than a page, to know whether the list goes on."""
    return query.order_by(*order.terms(backward=backward)).offset(skipped or None).limit(size + 1).all()
