"""Numbered checks of the declarations, run at start: file, section, field, and what to do."""

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Date, Numeric, String

from app.core.crypto import EncryptedText
from app.core.sections.fields import ALL_SCHOOL_TYPES, NAMED_DEFAULTS, Field
from app.core.sections.reading import CHECKS
from app.core.sections.section import Section

STORED_AS = {"text": (String, EncryptedText), "date": (Date,), "number": (Numeric,)}


def section_defects(sections: Iterable[Section], code_tables: Iterable[str]) -> list[str]:
    """Everything that is wrong with the declarations, as numbered sentences."""
    tables = set(code_tables)
    found: list[str] = []
    for section in sections:
        where = f"{inspect.getsourcefile(section.model)}: {section.name}"
        found += [f"{number} {where}{text}" for number, text in _defects(section, tables)]
    return found


def _defects(section: Section, tables: set[str]) -> Iterator[tuple[str, str]]:
    for label, count in Counter(field.label for field in section.declared.values()).items():
        if count > 1:
            yield "S001", f": label 「{label}」 stands twice; a sheet needs distinct headings"
    if not any(field.in_list for field in section.fields.values()):
        yield "S002", ": no item has in_list=True; the list would be empty"
    for name in section.title_items:
        if name not in section.fields:
            yield "S003", f": title item {name} is not declared"
    for field in section.declared.values():
        yield from ((number, f".{field.name}: {text}") for number, text in _field_defects(section, field, tables))


def _field_defects(section: Section, field: Field, tables: set[str]) -> Iterator[tuple[str, str]]:
    named = [field.code_table] if isinstance(field.code_table, str) else list(field.code_table.values())
    for table in filter(None, named):
        if table not in tables and not field.of_school:
            yield "S004", f"code table {table} has no file in seed/codes"
    if field.kind in ("code", "codes", "bool") and not any(named):
        yield "S005", "a coded item needs code_table"
    if field.default_named and field.default_named not in NAMED_DEFAULTS:
        yield "S012", f"unknown default {field.default_named}"
    if field.check and field.check not in CHECKS:
        yield "S006", f"unknown check {field.check}"
    for when in filter(None, (field.required_when, field.applies_when)):
        if when.item not in section.fields:
            yield "S007", f"condition on {when.item}, which is not declared"
    for other in filter(None, (field.earliest, field.code_parent, field.default_after[0])):
        if other not in section.fields:
            yield "S008", f"refers to {other}, which is not declared"
    yield from _storage_defects(section, field)


def _storage_defects(section: Section, field: Field) -> Iterator[tuple[str, str]]:
    if not set(field.school_types) <= set(ALL_SCHOOL_TYPES):
        yield "S009", f"unknown school types {field.school_types}"
    column: Any = section.model.__table__.columns[field.name]
    if not isinstance(column.type, STORED_AS.get(field.kind, (String,))):
        yield "S010", f"kind {field.kind} is stored as {column.type}"
    if not column.nullable:
        yield "S011", "items are nullable: required means complete, and a draft can always be saved"
    if field.open_ended and (field.kind not in ("date", "ym") or field.required):
        yield "S013", "only a date that may be left empty can be open_ended"
