"""Items that a province adds to the record at run time, and what it settles about the nation's items.

An item is stored as a row of `province_item`; its values stand as text in the column `extra` of the section's table,
under the item's name `x_<id>`. Once read, an item is the same `Field` that a column has, and the rows of its section
have an attribute of its name: form, list, filter, template, import, completeness, history and print treat both alike.
Items are retired, never deleted: history and snapshots go on naming them. Source: domain reference 1.0, S4 第十一条.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, Numeric, Select, String, UniqueConstraint, inspect, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.codes import codes
from app.core.db import Base
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, Value, When, from_text, split_codes

TODAY: Callable[[], dt.date] = dt.date.today
Fields: TypeAlias = Mapping[str, Field]


class ProvinceItem(Base):
    """One item of one province. The columns mean what the attributes of `Field` mean."""

    __tablename__ = "province_item"
    __table_args__ = (UniqueConstraint("province_id", "section", "label"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    province_id: Mapped[int] = mapped_column(Integer, ForeignKey("unit.id"))
    section: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))  # for good: stored values were read as this
    code_table: Mapped[str] = mapped_column(String(40), default="")
    length: Mapped[int] = mapped_column(Integer, default=0)
    decimals: Mapped[int] = mapped_column(Integer, default=0)
    low: Mapped[Any] = mapped_column(Numeric(16, 4), default=0)
    high: Mapped[Any] = mapped_column(Numeric(16, 4), default=0)
    unit: Mapped[str] = mapped_column(String(10), default="")
    required: Mapped[bool] = mapped_column(Boolean, default=False)
    school_types: Mapped[str] = mapped_column(String(10), default=ALL_SCHOOL_TYPES)
    filled_by: Mapped[str] = mapped_column(String(1), default="T")
    help: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(100), default="")
    group: Mapped[str] = mapped_column("item_group", String(40), default="")
    in_list: Mapped[bool] = mapped_column(Boolean, default=False)
    in_filter: Mapped[bool] = mapped_column(Boolean, default=False)
    may_be_future: Mapped[bool] = mapped_column(Boolean, default=False)
    when_item: Mapped[str] = mapped_column(String(40), default="")  # asked for only where this item of the nation …
    when_codes: Mapped[str] = mapped_column(String(200), default="")  # … has one of these codes: `01,13`
    sort: Mapped[int] = mapped_column(Integer, default=0)
    valid_from: Mapped[str] = mapped_column(String(10), default="")  # ISO days; empty: from ever, for ever
    valid_to: Mapped[str] = mapped_column(String(10), default="")

    @property
    def name(self) -> str:
        """The item's name in code, files and history."""
        return f"x_{self.id}"


class ProvinceRule(Base):
    """What a province settles about an item of the nation: that it must be filled, and by whom."""

    __tablename__ = "province_rule"
    __table_args__ = (UniqueConstraint("province_id", "section", "item"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    province_id: Mapped[int] = mapped_column(Integer, ForeignKey("unit.id"))
    section: Mapped[str] = mapped_column(String(40))
    item: Mapped[str] = mapped_column(String(40))
    required: Mapped[bool] = mapped_column(
        Boolean, default=False
    )  # more may be asked for than the nation does, not less
    filled_by: Mapped[str] = mapped_column(String(1), default="")  # "": as the nation has it


class Extended:
    """Mixin: rows that hold values of provinces' items."""

    extra: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that is stored, as it is used. `fields`: by section; `spans`: first and last day by the item's name."""

    fields: Mapping[str, Fields] = field(default_factory=dict)
    spans: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    rules: Mapping[tuple[int, str, str], tuple[bool, str]] = field(default_factory=dict)
    source: Sequence[Any] = ()


class ProvinceItems:
    """The items of all provinces in memory, read together with the codes."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self._models: dict[str, Any] = {}

    def enlist(self, section_name: str, model: Any) -> None:
        """Tell whose rows hold the items of a section."""
        self._models[section_name] = model

    def refresh(self, session: Session) -> None:
        """Read what is stored; nothing is made anew when nothing has changed."""
        items = session.scalars(_all(ProvinceItem, ProvinceItem.sort)).all()
        rules = session.scalars(_all(ProvinceRule)).all()
        source = tuple(_stored(row) for row in (*items, *rules))
        if source == self.snapshot.source:
            return
        fields: dict[str, dict[str, Field]] = {}
        for row in items:
            fields.setdefault(row.section, {})[row.name] = _field(row)
        spans = {row.name: (row.valid_from, row.valid_to) for row in items}
        settled = {(rule.province_id, rule.section, rule.item): (rule.required, rule.filled_by) for rule in rules}
        for row in items:
            self._attach(row.section, row.name)
        self.snapshot = Snapshot(fields, spans, settled, source)

    def _attach(self, section_name: str, name: str) -> None:
        """Give the rows of a section an attribute for an item: read and set like a column, and usable in a query."""
        model = self._models.get(section_name)
        if model is None or hasattr(model, name):
            return

        def value(row: Any) -> Value:
            text = (row.extra or {}).get(name)
            return None if text is None else from_text(self.of(section_name)[name], text)

        def store(row: Any, new: Value) -> None:
            # A new mapping each time: a change inside the old one would not be noticed.
            others = {other: text for other, text in (row.extra or {}).items() if other != name}
            row.extra = (others if new is None else others | {name: str(new)}) or None

        def as_column(cls: Any) -> Any:
            return cls.extra[name].as_string()

        setattr(model, name, hybrid_property(value, store, expr=as_column))

    def of(self, section_name: str) -> Fields:
        """The items of all provinces in a section by name, retired ones too."""
        return self.snapshot.fields.get(section_name, {})

    def asked(self, section_name: str, indicator_set: IndicatorSet) -> list[Field]:
        """What a province asks for today, in its order."""
        return [
            declared
            for declared in self.of(section_name).values()
            if declared.province_id == indicator_set.province_id
            and indicator_set.kind in declared.school_types
            and self.is_asked_today(declared)
        ]

    def today(self) -> dt.date:
        """The day for which is told what is asked."""
        return TODAY()

    def is_asked_today(self, declared: Field) -> bool:
        """Whether its day has come and it was not retired."""
        first, last = self.snapshot.spans[declared.name]
        today = self.today().isoformat()
        return first <= today and (not last or today <= last)

    def settled(self, section_name: str, declared: Field, indicator_set: IndicatorSet) -> Field:
        """An item of the nation as a province has settled it."""
        rule = self.snapshot.rules.get((indicator_set.province_id, section_name, declared.name))
        if rule is None:
            return declared
        required, filled_by = rule
        asked = {"required": True, "required_for": ALL_SCHOOL_TYPES} if required and not declared.required_when else {}
        return replace(declared, filled_by=filled_by or declared.filled_by, **asked)  # type: ignore[arg-type]


province_items = ProvinceItems()
codes.read_together(province_items.refresh)


def _all(model: Any, *order: Any) -> Select[Any]:
    # As it is stored now, whatever the session has read before.
    return select(model).order_by(*order, model.id).execution_options(populate_existing=True)


def _stored(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, column.key) for column in inspect(type(row)).column_attrs)


def _field(row: ProvinceItem) -> Field:
    facts = "label kind name length decimals unit required school_types filled_by help source group in_list in_filter"
    values: dict[str, Any] = {fact: getattr(row, fact) for fact in (*facts.split(), "province_id", "may_be_future")}
    table = "YES_NO" if row.kind == "bool" else row.code_table
    when = When(row.when_item, among=tuple(split_codes(row.when_codes))) if row.when_item else None
    return Field(**values, code_table=table, low=float(row.low), high=float(row.high), applies_when=when)
