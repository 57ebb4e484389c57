"""Verbs of what a province settles about the nation's items: that they must be filled, and by whom."""

import datetime as dt
from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.province_items import ProvinceRule
from app.core.sections.fields import Value
from app.core.sections.section import Problem, Row
from app.core.sections.settings import read_settings
from app.core.settings_log import note_change
from app.indicators.declarations import RULE
from app.indicators.operations import must_be_own
from app.records import BY_NAME

TABLE = ProvinceRule.__tablename__


def values_of(row: ProvinceRule) -> dict[str, Value]:
    """A stored rule as the form has it."""
    required = "1" if row.required else "0"
    return {"item": f"{row.section}.{row.item}", "required": required, "filled_by": row.filled_by or None}


def rule_key(row: ProvinceRule) -> str:
    """Under what the changes of a rule are noted."""
    return f"r_{row.id}"


def save_rule(
    session: Session, actor: Actor, row: ProvinceRule | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Settle something about an item, or change it; the problems that kept it from being stored."""
    must_be_own(actor, row)
    base = {} if row is None else values_of(row)
    raw = {name: text for name, text in texts.items() if row is None or name != "item"}
    values, found = read_settings(RULE, raw, actor.indicator_set, base)
    found = found or list(_problems(session, actor, row, values))
    if found:
        return found
    section, _, item = str(values["item"]).partition(".")
    row = row or ProvinceRule(province_id=actor.unit_id, section=section, item=item)
    row.required, row.filled_by = values.get("required") == "1", str(values.get("filled_by") or "")
    session.add(row)
    session.flush()
    note_change(session, actor, now, TABLE, rule_key(row), base, values_of(row))
    return []


def drop_rule(session: Session, actor: Actor, row: ProvinceRule, now: dt.datetime) -> None:
    """Go back to what the nation says of an item."""
    must_be_own(actor, row)
    note_change(session, actor, now, TABLE, rule_key(row), values_of(row), {})
    session.delete(row)
    session.flush()


def _problems(session: Session, actor: Actor, row: ProvinceRule | None, values: Row) -> Iterator[Problem]:
    place, _, item = str(values["item"]).partition(".")
    section = BY_NAME[place]
    here = (ProvinceRule.province_id == actor.unit_id, ProvinceRule.section == place, ProvinceRule.item == item)
    if row is None and session.scalar(select(ProvinceRule.id).where(*here)):
        yield Problem("item", f"「{section.declared[item].label}」已经有本省规定，请修改那一条。")
    if values.get("filled_by") == "T" and section.filled_by == "A":
        yield Problem("filled_by", f"「{section.title}」由学校填写，这一项也只能由学校填。")
    if values.get("required") != "1" and not values.get("filled_by"):
        yield Problem("required", "没有要规定的：请选「是」，或选由谁填写。")
