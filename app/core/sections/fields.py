"""What is known of one item of a record, and the helpers that declare it together with its column.

A `Field` holds the facts that are true on every screen. Form, list, filter, template, import, completeness, diff, print
and history are plain functions over it.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from sqlalchemy import Date, Numeric, String
from sqlalchemy.orm import MappedColumn, mapped_column

from app.core.crypto import EncryptedText
from app.core.indicator_set import OF_SCHOOL, IndicatorSet

KEY = "field"
ALL_SCHOOL_TYPES = "KSEVHU"  # 幼儿园 中小学 特教 中职 高职 高校

Kind: TypeAlias = Literal["text", "code", "codes", "date", "ym", "year", "number", "bool"]
# Defaults that no declaration can hold; whoever opens a form knows them.
NAMED_DEFAULTS = ("last_year", "this_year", "this_month", "today", "own_school")
EXAMPLES = {"date": "1990-01-16", "ym": "2016-09", "year": "2025"}  # how a value of a kind is typed
Secret: TypeAlias = Literal["", "id", "phone"]
Filler: TypeAlias = Literal["T", "A", "L", "D"]
Value: TypeAlias = str | dt.date | Decimal | None


def split_codes(value: str | None) -> list[str]:
    """`,01,13,` → ['01', '13']."""
    return [part for part in (value or "").split(",") if part]


def join_codes(parts: list[str]) -> str | None:
    """['01', '13'] → `,01,13,`; nothing → None."""
    return f",{','.join(parts)}," if parts else None


def split_typed(text: str) -> list[str]:
    """Several codes or names as people write them: 语文、数学；101 → each of them."""
    return [part.strip() for part in re.split("[,、，;；/|]", text) if part.strip()]


def join_typed(parts: list[str]) -> str:
    """The reverse, for reading."""
    return "、".join(parts)


def filled(value: Value) -> Value:
    """A value as it is compared: None for an item left empty. Zero is a value."""
    return None if value in (None, "") else value


@dataclass(frozen=True)
class When:
    """A condition on another item of the same row, for Python and for the browser."""

    item: str
    among: tuple[str, ...] = ()
    except_for: tuple[str, ...] = ()

    def holds(self, value: Value, *, unknown: bool) -> bool:
        """Whether it holds for the other item's value; `unknown` is the answer while that is empty."""
        if value in (None, ""):
            return unknown
        chosen = set(split_codes(str(value)))
        return bool(chosen & set(self.among)) if self.among else not chosen & set(self.except_for)

    def as_json(self) -> str:
        key, values = ("in", self.among) if self.among else ("not_in", self.except_for)
        return json.dumps({"item": self.item, key: list(values)})


@dataclass(frozen=True, kw_only=True)
class Field:
    """One item. Labels and help are plain Chinese text, the standard's own wording for labels."""

    label: str
    kind: Kind
    name: str = ""  # bound by the section
    code_table: str | Mapping[str, str] = ""  # one table, or one for each school type
    length: int = 0
    decimals: int = 0  # of a number
    low: float = 0
    high: float = 0  # 0: no bound
    unit: str = ""  # 元, 学时 …
    required: bool = False
    required_for: str = ALL_SCHOOL_TYPES
    required_when: When | None = None
    applies_when: When | None = None
    default: str = ""
    default_by: Mapping[str, str] = field(default_factory=dict)  # by school type
    default_named: str = ""  # what only the moment knows, see NAMED_DEFAULTS
    default_after: tuple[str, Mapping[str, str]] = ("", {})  # an item, and the default by its value
    help: str = ""
    source: str = ""
    group: str = ""
    of_school: bool = False  # each school has a code table of its own
    school_types: str = ALL_SCHOOL_TYPES
    filled_by: Filler = "T"
    in_list: bool = False
    in_filter: bool = False
    secret: Secret = ""  # encrypted, and masked as such a number
    code_parent: str = ""  # the item whose code limits the choice
    parent_alias: Mapping[str, str] = field(default_factory=dict)  # parents that choose from another one's children
    exclusive: tuple[str, ...] = ()  # codes that stand alone in a multiple choice
    check: str = ""  # name of a value check, see reading.CHECKS
    may_be_future: bool = False  # an expiry or a planned end
    open_ended: bool = False  # an end that may be to come: 至今 leaves it empty
    earliest: str = ""  # the item this date may not precede
    province_id: int = 0  # the province that added it; 0: the nation

    @property
    def full_label(self) -> str:
        """The label with the unit in which a number is given."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label

    def table_for(self, indicator_set: IndicatorSet) -> str:
        """The code table that holds for a kind of school, or for one school."""
        if self.of_school:
            return f"{self.code_table}{OF_SCHOOL}{indicator_set.school_id}"
        if isinstance(self.code_table, str):
            return self.code_table
        return self.code_table[indicator_set.kind]

    def default_for(self, indicator_set: IndicatorSet, named: Mapping[str, str] | None = None) -> str:
        """What an empty form begins with. `named`: the values of NAMED_DEFAULTS now and here."""
        if self.default_named:
            return (named or {}).get(self.default_named, "")
        return self.default_by.get(indicator_set.kind, self.default)

    def is_required(self, indicator_set: IndicatorSet, row: Mapping[str, Value]) -> bool:
        """Whether it must be filled for the record to be complete."""
        if self.applies_when and not self.applies(row):
            return False
        if self.required_when:
            return self.required_when.holds(row.get(self.required_when.item), unknown=False)
        return self.required and indicator_set.kind in self.required_for

    def applies(self, row: Mapping[str, Value]) -> bool:
        """Whether it may be filled at all; an item that does not apply is empty and locked."""
        if self.applies_when is None:
            return True
        return self.applies_when.holds(row.get(self.applies_when.item), unknown=True)


def from_text(field: Field, text: str) -> Value:
    """A value from the text in which history and import plans keep it."""
    if field.kind == "number":
        return Decimal(text)
    return dt.date.fromisoformat(text) if field.kind == "date" else text


def text(label: str, length: int, **options: Any) -> MappedColumn[Any]:
    """A line of text of at most `length` characters."""
    return _column(String(length), Field(label=label, kind="text", length=length, **options))


def secret(label: str, context: str, length: int, kind: Secret, **options: Any) -> MappedColumn[Any]:
    """A personal number of a kind: encrypted in the database, masked on screens."""
    return _column(EncryptedText(context), Field(label=label, kind="text", length=length, secret=kind, **options))


def code(label: str, code_table: str | Mapping[str, str], **options: Any) -> MappedColumn[Any]:
    """One code of a table."""
    return _column(String(20), Field(label=label, kind="code", code_table=code_table, **options))


def codes(label: str, code_table: str | Mapping[str, str], **options: Any) -> MappedColumn[Any]:
    """Several codes of a table, stored as `,01,13,` so that one is found by LIKE '%,01,%'."""
    return _column(String(200), Field(label=label, kind="codes", code_table=code_table, **options))


def flag(label: str, **options: Any) -> MappedColumn[Any]:
    """Yes or no, stored as the code 1 or 0."""
    return _column(String(1), Field(label=label, kind="bool", code_table="YES_NO", **options))


def date(label: str, **options: Any) -> MappedColumn[Any]:
    """A day."""
    return _column(Date(), Field(label=label, kind="date", **options))


def month(label: str, **options: Any) -> MappedColumn[Any]:
    """A month, stored as text YYYY-MM: it sorts, and an unknown day is not invented."""
    return _column(String(7), Field(label=label, kind="ym", **options))


def year(label: str, **options: Any) -> MappedColumn[Any]:
    """A year, stored as text YYYY."""
    return _column(String(4), Field(label=label, kind="year", length=4, **options))


def number(label: str, digits: int, decimals: int = 0, **options: Any) -> MappedColumn[Any]:
    """A number of at most `digits` digits, `decimals` of them behind the point; stored as a decimal."""
    declared = Field(label=label, kind="number", length=digits, decimals=decimals, **options)
    return _column(Numeric(digits, decimals), declared)


def _column(column_type: Any, declared: Field) -> MappedColumn[Any]:
    # Nullable always: required means complete, and a draft can always be saved.
    return mapped_column(column_type, nullable=True, info={KEY: declared})
