"""A section of the record: its declaration, and the plain functions that derive everything from it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.province_items import province_items
from app.core.sections.fields import (
    ALL_SCHOOL_TYPES,
    KEY,
    Field,
    Filler,
    Value,
    When,
    filled,
    join_typed,
    split_codes,
)
from app.core.validators import mask_id, mask_phone

Level: TypeAlias = Literal["error", "warning"]
Row: TypeAlias = Mapping[str, Value]
Rule: TypeAlias = Callable[[Row], Iterator["Problem"]]
# Over all rows of a person: (index of the row, or None for the section as a whole; what is wrong there).
RowsRule: TypeAlias = Callable[[Sequence[Row]], Iterator[tuple[int | None, "Problem"]]]


MASKS: Mapping[str, Callable[[str], str]] = {"id": mask_id, "phone": mask_phone}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong or missing: the item, a sentence that helps, and whether it blocks reporting."""

    item: str
    message: str
    level: Level = "error"


@dataclass(frozen=True)
class Change:
    """One item that differs between two versions of a row, in words."""

    item: str
    label: str
    old: str
    new: str


class _Asked(NamedTuple):
    """The items that are asked for, and those of them that hang on another one."""

    fields: tuple[Field, ...]
    linked: tuple[Field, ...]


@dataclass(frozen=True)
class Section:
    """One part of the record. `model` has a column for each item; the order of declaration is the order everywhere."""

    name: str
    title: str
    model: Any
    many: bool = True
    required: bool = False
    intro: str = ""
    empty_hint: str = ""
    order_by: str = ""
    title_items: tuple[str, ...] = ()  # what names a row among its sisters
    rules: tuple[Rule, ...] = ()
    rows_rules: tuple[RowsRule, ...] = ()
    part: str = ""  # the board it belongs to, where a board has several: 师德, 技能及证书 …
    school_types: str = ALL_SCHOOL_TYPES
    filled_by: Filler = "T"  # "A": the school's; the teacher does not see the form
    may_be_none: bool = False  # whether 「无」 can be said instead of a first row
    none_when: When | None = None  # the code of an item by which a form or a file says 「无」
    single: bool = False  # at most one row
    unique: tuple[str, ...] = ()  # items that together name a row of one person

    @cached_property
    def declared(self) -> Mapping[str, Field]:
        """The nation's items by name, in the order of declaration: those that have a column."""
        return {
            column.name: replace(column.info[KEY], name=column.name)
            for column in self.model.__table__.columns
            if KEY in column.info
        }

    @property
    def fields(self) -> Mapping[str, Field]:
        """All items by name: the nation's, then those of every province."""
        added = province_items.of(self.name)
        return {**self.declared, **added} if added else self.declared

    @property
    def add_label(self) -> str:
        """The words on the button that opens an empty form."""
        return "填写" if self.single else "添加一条"

    def says_none(self, values: Mapping[str, Value]) -> bool:
        """Whether these values are no row but say that there is nothing: 交流轮岗类型「0-无」."""
        return self.none_when is not None and self.none_when.holds(values.get(self.none_when.item), unknown=False)

    def has_room(self, rows: Sequence[Any]) -> bool:
        """Whether another row may stand beside these."""
        return not (self.single and rows)

    def fields_for(self, indicator_set: IndicatorSet) -> tuple[Field, ...]:
        """The items of one kind of school in one province, as they are asked for today."""
        return self._asked_for(indicator_set).fields

    def linked_for(self, indicator_set: IndicatorSet) -> tuple[Field, ...]:
        """Those of them that hang on another item."""
        return self._asked_for(indicator_set).linked

    def _asked_for(self, indicator_set: IndicatorSet) -> _Asked:
        kept = self.__dict__.get("_asked")
        if kept is None or kept[0] is not province_items.snapshot:
            kept = self.__dict__["_asked"] = (province_items.snapshot, {})
        known: dict[Any, _Asked] = kept[1]
        key = (indicator_set.kind, indicator_set.province_id, province_items.today())
        if (asked := known.get(key)) is None:
            own = [field for field in self.declared.values() if indicator_set.kind in field.school_types]
            settled = (province_items.settled(self.name, field, indicator_set) for field in own)
            fields = (*settled, *province_items.asked(self.name, indicator_set))
            linked = tuple(field for field in fields if field.applies_when or field.code_parent or field.earliest)
            asked = known[key] = _Asked(fields, linked)
        return asked

    def values(self, row: Any) -> dict[str, Value]:
        """The items of a stored row as a plain mapping."""
        return {name: getattr(row, name) for name in self.fields}

    def row_title(self, row: Any, indicator_set: IndicatorSet) -> str:
        """What a row is called in a list of problems: 大学本科毕业 · 云川师范大学."""
        return self.title_of(self.values(row), indicator_set)

    def title_of(self, values: Mapping[str, Value], indicator_set: IndicatorSet) -> str:
        """The same for values that are no stored row."""
        parts = (show(self.fields[name], values.get(name), indicator_set) for name in self.title_items)
        return " · ".join(part for part in parts if part)


def show(field: Field, value: Value, indicator_set: IndicatorSet, *, reveal: bool = False) -> str:
    """The one way a value becomes text: code → name, date → 2026-09-30, nothing → "". Secret items are masked."""
    if value in (None, ""):
        return ""
    match field.kind:
        case "code" | "bool":
            return codes[field.table_for(indicator_set)].show(str(value))
        case "codes":
            table = codes[field.table_for(indicator_set)]
            return join_typed([table.show(code) for code in split_codes(str(value))])
        case "number":
            return plain_number(value)
        case _:
            return masked(field, str(value)) if field.secret and not reveal else str(value)


def masked(field: Field, text: str) -> str:
    """A personal number with its middle hidden, for everybody but the person."""
    return MASKS[field.secret](text)


def plain_number(value: Value | float) -> str:
    """A decimal as people write it: no exponent, no zeros at the end."""
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def missing(section: Section, row: Row, indicator_set: IndicatorSet) -> Iterator[Problem]:
    """The required items that are empty."""
    for field in section.fields_for(indicator_set):
        if field.filled_by != "D" and row.get(field.name) in (None, "") and field.is_required(indicator_set, row):
            why = f"（{_because(section, field, indicator_set)}）" if field.required_when else ""
            yield Problem(field.name, f"「{field.label}」没有填{why}。")


def _because(section: Section, field: Field, indicator_set: IndicatorSet) -> str:
    when = field.required_when
    assert when is not None  # the caller looked
    other = section.fields[when.item]
    if when.among:
        names = "、".join(show(other, code, indicator_set) for code in when.among)
        return f"「{other.label}」是「{names}」时必填"
    names = "、".join(show(other, code, indicator_set) for code in when.except_for)
    return f"「{other.label}」不是「{names}」时必填"


def contradictions(section: Section, row: Row, indicator_set: IndicatorSet) -> Iterator[Problem]:
    """Items that are filled though they do not apply, dates out of order, and the section's own rules."""
    for field in section.linked_for(indicator_set):
        if (value := row.get(field.name)) in (None, ""):
            continue
        if field.applies_when and not field.applies(row):
            other = section.fields[field.applies_when.item]
            chosen = show(other, row.get(other.name), indicator_set)
            yield Problem(field.name, f"「{other.label}」是「{chosen}」，「{field.label}」不用填，请清空。")
        if field.code_parent and (wrong := _wrong_parent(section, field, row, indicator_set)):
            yield Problem(field.name, wrong)
        if field.earliest and (first := row.get(field.earliest)) and str(value)[:7] < str(first)[:7]:
            label = section.fields[field.earliest].label
            yield Problem(field.name, f"「{field.label}」{str(value)[:7]} 早于「{label}」{str(first)[:7]}，请核对。")
    for rule in section.rules:
        yield from rule(row)


def _wrong_parent(section: Section, field: Field, row: Row, indicator_set: IndicatorSet) -> str:
    parent = str(row.get(field.code_parent) or "")
    entry = codes[field.table_for(indicator_set)].entries.get(str(row[field.name]))
    if not parent or entry is None or entry.parent in ("", field.parent_alias.get(parent, parent)):
        return ""
    other = section.fields[field.code_parent]
    return f"「{entry.name}」不属于「{other.label}」所选的「{show(other, parent, indicator_set)}」，请重新选择。"


def problems(section: Section, row: Row, indicator_set: IndicatorSet) -> list[Problem]:
    """All that keeps a row from being complete, and its warnings."""
    return [*missing(section, row, indicator_set), *contradictions(section, row, indicator_set)]


def problems_among(section: Section, rows: Sequence[Row]) -> Iterator[tuple[int | None, Problem]]:
    """What is wrong between the rows of one person: the index of the row, or None for the section as a whole."""
    for rule in section.rows_rules:
        yield from rule(rows)


def diff(section: Section, old: Row, new: Row, indicator_set: IndicatorSet) -> list[Change]:
    """One change for each item that differs, in words."""
    return [
        Change(
            name,
            field.label,
            show(field, old.get(name), indicator_set),
            show(field, new.get(name), indicator_set),
        )
        for name, field in section.fields.items()
        if filled(old.get(name)) != filled(new.get(name))
    ]
