"""Verbs of the items that a province adds. Items are never deleted: values and history keep their names."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.code_list import CodeList
from app.core.codes import codes
from app.core.errors import Conflict, NotAllowed
from app.core.indicator_set import IndicatorSet
from app.core.province_items import ProvinceItem, ProvinceRule
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, Value, join_codes, join_typed, split_codes
from app.core.sections.reading import read
from app.core.sections.section import Problem, Row
from app.core.sections.settings import read_settings
from app.core.settings_log import note_change
from app.core.validators import InvalidValue
from app.indicators.declarations import DIGITS, ITEM
from app.permissions import Permission as P
from app.records import BY_NAME

TABLE = ProvinceItem.__tablename__
FOREVER = ("section", "kind", "code_table")  # what stored values were read as
FLAGS = ("required", "in_list", "in_filter", "may_be_future")
WHOLE = ("length", "decimals", "sort")
NUMBERS = (*WHOLE, "low", "high")


def values_of(row: ProvinceItem) -> dict[str, Value]:
    """A stored item as the form has it; what has no meaning for its kind is empty."""
    stored = {name: getattr(row, name) for name in ITEM.fields}
    values: dict[str, Value] = {name: str(value) or None for name, value in stored.items() if name not in NUMBERS}
    values |= {name: "1" if stored[name] else "0" for name in FLAGS}
    values |= {name: Decimal(stored[name]) for name in NUMBERS}
    values["school_types"] = join_codes(list(row.school_types))
    if row.when_item:
        table = _table_of(BY_NAME[row.section].declared[row.when_item])
        values["when_item"] = f"{row.section}.{row.when_item}"
        values["when_codes"] = join_typed([table.show(code) for code in split_codes(row.when_codes)])
    values["valid_from"] = dt.date.fromisoformat(row.valid_from) if row.valid_from else None
    return {name: value if ITEM.fields[name].applies(values) else None for name, value in values.items()}


def save_item(
    session: Session, actor: Actor, row: ProvinceItem | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Add an item to the actor's province, or change one; the problems that kept it from being stored."""
    must_be_own(actor, row)
    base = {} if row is None else values_of(row)
    raw = {name: text for name, text in texts.items() if row is None or name not in FOREVER}
    values, found = read_settings(ITEM, raw, actor.indicator_set, base)
    found += [p for p in _problems(session, actor, row, values) if p.item not in {other.item for other in found}]
    if found:
        return found
    row = row or ProvinceItem(province_id=actor.unit_id)
    _store(session, actor, row, base, _columns(values, now), now)
    return []


def set_item_in_use(session: Session, actor: Actor, row: ProvinceItem, now: dt.datetime, *, in_use: bool) -> None:
    """Stop asking for an item from tomorrow on, or ask for it again. What was filled in stays stored."""
    must_be_own(actor, row)
    if in_use == (not row.valid_to):
        raise Conflict("刚刚有人办过了，请看列表中的最新情况。")
    last = "" if in_use else f"{now.astimezone() - dt.timedelta(days=1):%Y-%m-%d}"
    note_change(session, actor, now, TABLE, row.name, {"valid_to": row.valid_to}, {"valid_to": last})
    row.valid_to = last
    session.flush()


def must_be_own(actor: Actor, row: ProvinceItem | ProvinceRule | None) -> None:
    """Raise NotAllowed unless a province's administrator acts, and on a row of the own province."""
    actor.must(P.ITEM_EDIT)
    if actor.level != "province" or (row is not None and row.province_id != actor.unit_id):
        raise NotAllowed("只能维护本省的指标。")


def _store(
    session: Session, actor: Actor, row: ProvinceItem, base: Row, columns: Mapping[str, Any], now: dt.datetime
) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    note_change(session, actor, now, TABLE, row.name, base, values_of(row))


def _columns(values: Row, now: dt.datetime) -> dict[str, Any]:
    """The values of the form as the table keeps them: nothing is null there."""
    kind, section = values["kind"], BY_NAME[str(values["section"])]
    columns: dict[str, Any] = {name: str(values.get(name) or "") for name in ITEM.fields}
    columns |= {name: values.get(name) == "1" for name in FLAGS}
    columns |= {name: Decimal(str(values.get(name) or 0)) for name in NUMBERS}
    columns |= {name: int(columns[name]) for name in WHOLE}
    columns["length"] = {"year": 4, "text": columns["length"], "number": columns["length"] or DIGITS}.get(str(kind), 0)
    columns["when_item"] = columns["when_item"].partition(".")[2]
    columns["when_codes"] = ",".join(split_codes(_condition(values)))
    columns["school_types"] = "".join(k for k in ALL_SCHOOL_TYPES if k in str(values["school_types"]))
    # The last group of the section: what a province adds stands behind what the nation asks.
    columns["group"] = list(section.declared.values())[-1].group
    columns["valid_from"] = str(values.get("valid_from") or f"{now.astimezone():%Y-%m-%d}")
    return columns


def _table_of(item: Field) -> CodeList:
    """The choices of an item; of those that differ by kind of school the first."""
    return codes[item.table_for(IndicatorSet(item.school_types[0]))]


def _condition(values: Row) -> str | None:
    """The codes meant by 选了什么才填, as a multiple choice is stored. Raises InvalidValue."""
    if not values.get("when_item"):
        return None
    section, _, name = str(values["when_item"]).partition(".")
    item = BY_NAME[section].declared[name]
    asked = replace(item, kind="codes", exclusive=())
    return str(read(asked, str(values.get("when_codes") or ""), IndicatorSet(item.school_types[0])) or "")


def _condition_problems(values: Row) -> Iterator[Problem]:
    place, chosen = str(values.get("when_item") or ""), values.get("when_codes")
    if bool(place) != bool(chosen):
        yield Problem("when_codes", "「看哪一项」和「选了什么才填」要一起填，或都不填。")
    elif place and place.partition(".")[0] != values.get("section"):
        yield Problem("when_item", "要选同一个板块里的项。")
    elif place:
        try:
            _condition(values)
        except InvalidValue as error:
            yield Problem("when_codes", str(error))


def _problems(session: Session, actor: Actor, row: ProvinceItem | None, values: Row) -> Iterator[Problem]:
    """What the declaration alone does not say."""
    section = BY_NAME.get(str(values.get("section")))
    label = values.get("label")
    if section and label in [item.label for item in section.declared.values()]:
        yield Problem("label", f"「{section.title}」里已经有国家指标「{label}」，不用再加。")
    elif section and label:
        same = (ProvinceItem.province_id == actor.unit_id, ProvinceItem.section == section.name)
        twin = session.scalar(select(ProvinceItem).where(*same, ProvinceItem.label == label))
        if twin is not None and twin is not row:
            yield Problem("label", f"「{section.title}」里已经有「{label}」。停用的请「恢复」，不要新增。")
    length, low, high = (Decimal(str(values.get(name) or 0)) for name in ("length", "low", "high"))
    if values.get("kind") == "text" and not length:
        yield Problem("length", "文字要写明最多几个字。")
    if values.get("kind") == "number" and length > DIGITS:
        yield Problem("length", f"数字最多 {DIGITS} 位。")
    if high and high < low:
        yield Problem("high", "最大值不能小于最小值。")
    if section and not set(split_codes(str(values.get("school_types") or ""))) <= set(section.school_types):
        yield Problem("school_types", f"只能选有「{section.title}」这个板块的学校。")
    yield from _condition_problems(values)
    if section and section.filled_by == "A" and values.get("filled_by") == "T":
        yield Problem("filled_by", f"「{section.title}」由学校填写，这一项也只能由学校填。")
