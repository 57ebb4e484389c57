"""All rows of one record at once: one query, however many of the thirty sections are filled.

What is read here is for looking at; rows that are to be changed are read one by one as objects (queries.row_for).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeAlias

from sqlalchemy import Select, String, Text, bindparam, cast, literal, null, select, type_coerce, union_all
from sqlalchemy.orm import Session
from sqlalchemy.sql import CompoundSelect

from app.core.crypto import EncryptedText
from app.core.province_items import province_items
from app.core.sections.fields import Value, from_text
from app.core.sections.section import Section
from app.records import BY_NAME, CHILD_STORED, NOTHING, STORED
from app.records.teacher import Teacher

Rows: TypeAlias = Mapping[str, Sequence[Any]]

ABOUT = (
    "id",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "batch_id",
    "extra",
)  # what every row has beside its items
WIDTH = max(len(section.declared) for section in CHILD_STORED)


class StoredRow(SimpleNamespace):
    """A row as it is stored: the items of its section, and what `ABOUT` names."""


def rows_of(session: Session, teacher: Teacher) -> dict[str, list[Any]]:
    """All rows of a record by section, in the order they are shown. One query."""
    found: dict[str, list[Any]] = {section.name: [] for section in STORED} | {"basic_info": [teacher]}
    for name, *cells in session.execute(_everything(), {"teacher_id": teacher.id}):
        found[name].append(_row(BY_NAME[name], cells))
    for section in CHILD_STORED:
        found[section.name].sort(key=lambda row: _place(section, row))
    return found


def said_none(rows: Rows) -> frozenset[str]:
    """The names of the sections of which 「无」 was said."""
    return frozenset(row.section for row in rows.get(NOTHING.name, ()))


@cache
def _everything() -> CompoundSelect[Any]:
    """The rows of all sections one below the other, the items as text."""
    return union_all(*(_of_section(section) for section in CHILD_STORED))


def _of_section(section: Section) -> Select[Any]:
    model = section.model
    items = [_as_text(model, name) for name in section.declared]
    padding = [cast(null(), Text)] * (WIDTH - len(items))
    about = [getattr(model, name) for name in ABOUT]
    query = select(literal(section.name), *about, *items, *padding)
    return query.where(model.teacher_id == bindparam("teacher_id"))


def _as_text(model: Any, name: str) -> Any:
    column = getattr(model, name)
    if isinstance(column.type, EncryptedText):
        return type_coerce(column, Text)  # read below: the columns of a union have the types of its first part
    return column if isinstance(column.type, String) else cast(column, Text)


def _row(section: Section, cells: Sequence[Any]) -> StoredRow:
    values: dict[str, Value] = {}
    for field, text in zip(section.declared.values(), cells[len(ABOUT) :], strict=False):
        column_type = section.model.__table__.columns[field.name].type
        if text is not None and isinstance(column_type, EncryptedText):
            text = column_type.process_result_value(text, None)
        values[field.name] = from_text(field, text) if text else text
    row = StoredRow(**dict(zip(ABOUT, cells, strict=False)), **values)
    for name, field in province_items.of(section.name).items():
        text = (row.extra or {}).get(name)
        setattr(row, name, from_text(field, text) if text else None)
    return row


def _place(section: Section, row: Any) -> tuple[bool, str, int]:
    """Rows without a date last, then in the order in which they were made."""
    first = getattr(row, section.order_by) if section.order_by else None
    return (first is None, str(first or ""), row.id)
