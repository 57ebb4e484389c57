"""Verbs of collection rounds: a province, a city or a county keeps its own; the province settles when to report."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.collection.rounds_tables import REMIND_DAYS, CollectionRound, ReportingChoice, rounds_of
from app.core.actor import Actor
from app.core.errors import NotAllowed
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, Value, join_codes, split_codes
from app.core.sections.section import Problem, Row
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.organisations.models import SCHOOL_KIND_TABLE, SCHOOL_KINDS, Unit
from app.permissions import Permission as P

LOG, CHOICE_LOG, YES, NO = "collection_round", "reporting_choice", "1", "0"
KEEPERS = ("province", "city", "county")


def ends_after_it_starts(row: Row) -> Iterator[Problem]:
    """截止不早于开始。"""
    first, last = row.get("starts_on"), row.get("ends_on")
    if isinstance(first, dt.date) and isinstance(last, dt.date) and last < first:
        yield Problem("ends_on", f"截止日期 {last} 早于开始日期 {first}，请核对。")


ROUND = Settings(
    name=LOG,
    title="采集轮次",
    rules=(ends_after_it_starts,),
    items=(
        Field(name="name", label="名称", kind="text", length=50, required=True, help="如 2026 年暑期补采。"),
        Field(name="starts_on", label="开始日期", kind="date", required=True, may_be_future=True),
        Field(name="ends_on", label="截止日期", kind="date", required=True, may_be_future=True,
              help="当天仍可报送。"),
        Field(name="school_kinds", label="学校类型", kind="codes", code_table=SCHOOL_KIND_TABLE, required=True,
              default=",".join(ALL_SCHOOL_TYPES), help="这一轮要哪些学校报送。"),
        Field(name="remind_days", label="自动催报", kind="number", length=2, high=60, unit="天", required=True,
              default=str(REMIND_DAYS), help="截止前几天催还没报完的学校一次；填 0 不催。"),
        Field(name="text", label="给学校的话", kind="text", length=200, help="学校在催报通知里看到。"),
    ),
)  # fmt: skip
CHOICE = Settings(
    name=CHOICE_LOG,
    title="报送时间",
    items=(
        Field(name="only_in_rounds", label="只在本省的轮次内可以报送", kind="bool", code_table="YES_NO", required=True,
              help="选「是」后，本省自己设的轮次以外，学校不能报送。"),
    ),
)  # fmt: skip


def values_of(row: CollectionRound) -> dict[str, Value]:
    """A stored round as the form has it."""
    return {
        "name": row.name,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "school_kinds": join_codes(list(row.school_kinds)),
        "remind_days": Decimal(row.remind_days),
        "text": row.text or None,
    }


def may_keep(actor: Actor) -> bool:
    """Whether the actor's unit may have rounds of its own."""
    return actor.may(P.ROUND_EDIT) and actor.level in KEEPERS


def save_round(
    session: Session, actor: Actor, row: CollectionRound | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Add a round of the actor's unit, or change one; the problems that kept it from being stored."""
    _must_keep(actor, row)
    session.get_one(Unit, actor.unit_id, with_for_update=True)
    base = {} if row is None else values_of(row)
    values, found = read_settings(ROUND, texts, actor.indicator_set, base)
    own = select(CollectionRound.id).where(
        CollectionRound.unit_id == actor.unit_id, CollectionRound.name == values.get("name")
    )
    if any(key != (row and row.id) for key in session.scalars(own)):
        found.append(Problem("name", f"已经有「{values['name']}」，请换一个名称，或修改那一个。"))
    last, today = values.get("ends_on"), now.astimezone().date()
    if row is None and isinstance(last, dt.date) and last < today:
        found.append(Problem("ends_on", f"截止日期 {last} 已经过了，请核对。"))
    if found:
        return found
    row = row or CollectionRound(unit_id=actor.unit_id)
    row.name, row.text = str(values["name"]), str(values.get("text") or "")
    row.starts_on, row.ends_on = values["starts_on"], values["ends_on"]  # type: ignore[assignment]
    chosen = split_codes(str(values["school_kinds"]))
    row.school_kinds = "".join(kind for kind in SCHOOL_KINDS if kind in chosen)
    row.remind_days = int(str(values["remind_days"]))
    session.add(row)
    session.flush()
    note_change(session, actor, now, LOG, str(row.id), base, values_of(row))
    return []


def drop_round(session: Session, actor: Actor, row: CollectionRound, now: dt.datetime) -> None:
    """Give up a round. Its changes stay in the list of changes."""
    _must_keep(actor, row)
    note_change(session, actor, now, LOG, str(row.id), values_of(row), {})
    session.delete(row)
    session.flush()


def _must_keep(actor: Actor, row: CollectionRound | None) -> None:
    actor.must(P.ROUND_EDIT)
    if not may_keep(actor) or (row is not None and row.unit_id != actor.unit_id):
        raise NotAllowed("只能维护本单位的采集轮次。")


def choice_of(session: Session, province_id: int) -> dict[str, Value]:
    """What a province has settled, as its form has it."""
    choice = session.get(ReportingChoice, province_id)
    return {"only_in_rounds": YES if choice and choice.only_in_rounds else NO}


def save_choice(session: Session, actor: Actor, texts: Mapping[str, str], now: dt.datetime) -> list[Problem]:
    """Settle when the province's schools can report; the problems that kept it from being stored."""
    actor.must(P.ROUND_EDIT)
    if actor.level != "province":
        raise NotAllowed("报送时间由省里规定。")
    session.get_one(Unit, actor.unit_id, with_for_update=True)
    old = choice_of(session, actor.unit_id)
    values, found = read_settings(CHOICE, texts, actor.indicator_set, old)
    if values.get("only_in_rounds") == YES and not rounds_of(session, [actor.unit_id], now.astimezone().date()):
        found.append(Problem("only_in_rounds", "本省还没有进行中或将开始的轮次，学校会一直不能报送。请先新增轮次。"))
    if found:
        return found
    choice = session.get(ReportingChoice, actor.unit_id) or ReportingChoice(province_id=actor.unit_id)
    choice.only_in_rounds = values["only_in_rounds"] == YES
    session.add(choice)
    note_change(session, actor, now, CHOICE_LOG, actor.unit_code, old, values)
    return []
