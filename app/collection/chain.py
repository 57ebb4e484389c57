"""The review chain of a province: who reviews for each kind of school, where it breaks, and switching levels.

The school's direct authority always reviews; the province decides whether city and province review as well. What waits
at a level that is switched off goes on to the next unit of the chain; where there is none, the authority's approval
was the last one that is needed, and the report is approved.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import Account
from app.accounts.queries import may_review, reviewers_in
from app.collection.models import ReviewLevel
from app.collection.operations import approve
from app.collection.queries import TWO_PEOPLE, UPWARDS, enabled_levels, review_chain
from app.core.actor import Actor
from app.core.batches import act
from app.core.db import utc_now
from app.core.errors import AppError, NotAllowed
from app.core.job_worker import Context
from app.core.jobs import Result, enqueue, job_kind
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records.teacher import Teacher

LOG, YES, NO = "review_level", "1", "0"
NAMES = {"school": "校级", "county": "县级", "city": "市级", "province": "省级", "nation": "部级"}
CHAIN = Settings(
    name=LOG,
    title="审核链",
    items=(
        Field(name="city", label="市级审核", kind="bool", code_table="YES_NO", required=True,
              help="县属学校的资料，县级通过后再由市审核。"),
        Field(name="province", label="省级审核", kind="bool", code_table="YES_NO", required=True,
              help="县属、市属学校的资料，最后由省审核。"),
    ),
)  # fmt: skip
SWITCHED = tuple(CHAIN.declared)
PRIVATE = "5"  # 举办者：民办
AT_ONCE, CHUNK = 100, 50
SHOWN = 50
MOVED = "等着审核的刚刚有变动，还没有保存。请看清下面的最新情况，再确认一次。"


def chosen(levels: Mapping[str, bool]) -> dict[str, Value]:
    """The switches as the form has them."""
    return {name: YES if levels[name] else NO for name in SWITCHED}


def wanted_levels(
    session: Session, actor: Actor, texts: Mapping[str, str]
) -> tuple[dict[str, bool], dict[str, bool], list[Problem]]:
    """The levels that review now, those that would by what was typed, and what is wrong with that."""
    _must_be_province(actor)
    old = enabled_levels(session, actor.unit_id)
    values, found = read_settings(CHAIN, texts, actor.indicator_set, chosen(old))
    return old, {**old, **{name: values.get(name) == YES for name in SWITCHED}}, found


def _must_be_province(actor: Actor) -> None:
    actor.must(P.CHAIN_EDIT)
    if actor.level != "province":
        raise NotAllowed("市级、省级审核由省里决定。")


# ── who reviews ──


@dataclass(frozen=True)
class Link:
    """One unit of a school's chain, and how many people there may review."""

    unit: Unit
    reviewers: int


def links(session: Session, school: Unit, levels: Mapping[str, bool] | None = None) -> list[Link]:
    """The chain of a school with its people."""
    return [Link(unit, reviewers_in(session, unit.id)) for unit in review_chain(session, school, levels)]


def gaps(school: Unit, chain: Sequence[Link]) -> list[str]:
    """What keeps a school's reports from being reviewed, in sentences."""
    found = [f"{link.unit.name}没有能审核的人，报到这里就停住了。" for link in chain if not link.reviewers]
    if not any(link.unit.id != school.id for link in chain):
        found.append("没有设置主管部门，不能报送。")
    return found


def school_part(session: Session, school: Unit, chain: Sequence[Link]) -> str:
    """Why the school itself does not review, "" where it does."""
    if any(link.unit.id == school.id for link in chain):
        return ""
    people = reviewers_in(session, school.id)
    return f"校级不审：本校能审核的有 {people} 人，要有 {TWO_PEOPLE} 人以上" if people < TWO_PEOPLE else "校级审核关闭"


def told(session: Session, school: Unit) -> list[str]:
    """A school's chain in lines, for the command: each unit with how many people there may review, then the gaps."""
    if school.level != "school":
        raise AppError(f"{school.name}不是学校，没有审核链。")
    chain = links(session, school)
    steps = [f"  {NAMES[link.unit.level]} {link.unit.name}（能审核的 {link.reviewers} 人）" for link in chain]
    own = school_part(session, school, chain)
    lines = [f"{school.name}（{school.code}）的审核链", *steps, *([f"  {own}"] if own else [])]
    return [*lines, *(f"  缺：{gap}" for gap in gaps(school, chain))]


def examples(session: Session, province_id: int) -> list[tuple[str, Unit]]:
    """One school for each kind: by the level of its authority, private ones apart."""
    authority = aliased(Unit)
    each = (
        select(authority.level, (func.coalesce(Unit.founder_type, "") == PRIVATE).label("private"), Unit.code)
        .join(authority, Unit.parent_id == authority.id)
        .where(Unit.level == "school", Unit.active.is_(True), Unit.province_id == province_id)
        .subquery()
    )
    query = select(each.c.level, each.c.private, func.min(each.c.code)).group_by(each.c.level, each.c.private)
    codes = {code: (level, bool(of_private)) for level, of_private, code in session.execute(query)}
    schools = session.scalars(select(Unit).where(Unit.code.in_(codes))).all()
    kinds = {school: codes[school.code] for school in schools}
    order = sorted(schools, key=lambda school: (kinds[school][1], UPWARDS.index(kinds[school][0])))
    return [(_kind(*kinds[school]), school) for school in order]


def _kind(level: str, private: bool) -> str:
    owner = NAMES[level][0]
    return f"民办学校（{owner}主管）" if private else f"{owner}属学校"


def strands(session: Session, province_id: int, levels: Mapping[str, bool]) -> list[tuple[Unit, int]]:
    """Units of the chains that nobody could review for, each with the number of its schools."""
    in_use = (Unit.level == "school", Unit.active.is_(True), Unit.province_id == province_id)
    grouped = select(Unit.parent_id, Unit.city_id, func.count()).where(*in_use).group_by(Unit.parent_id, Unit.city_id)
    schools: dict[int, int] = {}
    for parent_id, city_id, count in session.execute(grouped):
        above = (parent_id, city_id if levels["city"] else None, province_id if levels["province"] else None)
        for unit_id in set(filter(None, above)):
            schools[unit_id] = schools.get(unit_id, 0) + count
    staffed = session.scalars(select(Account.unit_id).where(Account.unit_id.in_(schools), may_review()))
    empty = schools.keys() - set(staffed)
    units = session.scalars(select(Unit).where(Unit.id.in_(empty)).order_by(Unit.code))
    return [(unit, schools[unit.id]) for unit in units]


# ── what waits, and what a switch does to it ──


@dataclass(frozen=True)
class Wait:
    """Reports that wait at one unit, of schools with authorities of one level."""

    unit: str
    level: str
    authority: str  # level of the schools' authority
    has_city: bool
    count: int

    def passes(self, level: str) -> bool:
        """Whether these reports would come to a level that is switched on."""
        below = max(UPWARDS.index(self.level), UPWARDS.index(self.authority)) < UPWARDS.index(level)
        return below and (level != "city" or self.has_city)


@dataclass(frozen=True)
class Consequence:
    """What switching one level does to the reports on their way: a sentence, and how many it is about."""

    text: str
    count: int
    units: Sequence[tuple[str, int]] = ()


def waits(session: Session) -> list[Wait]:
    """What waits where, within the session's scope."""
    at, school, authority = aliased(Unit), aliased(Unit), aliased(Unit)
    columns = (at.id, at.name, at.level, authority.level, school.city_id.is_not(None))
    query = (
        select(*columns[1:], func.count(Teacher.id))
        .join(at, Teacher.waiting_unit_id == at.id)
        .join(school, Teacher.unit_id == school.id)
        .join(authority, school.parent_id == authority.id)
        .where(Teacher.status == "in_review")
        .group_by(*columns)
        .order_by(at.name)
    )
    return [Wait(name, level, above, bool(city), count) for name, level, above, city, count in session.execute(query)]


def consequences(
    old: Mapping[str, bool], new: Mapping[str, bool], waiting: Sequence[Wait], province: str
) -> Iterator[Consequence]:
    """What each switched level does."""
    for level in SWITCHED:
        if old[level] == new[level]:
            continue
        name = NAMES[level]
        if new[level]:
            count = sum(wait.count for wait in waiting if wait.passes(level))
            text = f"开启{name}审核：正在下级审核的 {count} 份，下级通过后还要{name}审核。已经审核通过的不受影响。"
            yield Consequence(text, 0)
            continue
        found = [wait for wait in waiting if wait.level == level and wait.authority != level]
        count = sum(wait.count for wait in found)
        goal = f"转{province}审核" if level == "city" and new["province"] else "直接成为审核通过，因为下级已经通过"
        after = f"现在在{name}等的 {count} 份，{goal}。" if count else f"现在没有在{name}等的资料。"
        yield Consequence(f"关闭{name}审核：{after}直属本级的学校仍由本级审核。", count, _by_unit(found))


def _by_unit(waiting: Sequence[Wait]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for wait in waiting:
        found[wait.unit] = found.get(wait.unit, 0) + wait.count
    return sorted(found.items(), key=lambda pair: -pair[1])[:SHOWN]


# ── switching ──


def switch(session: Session, actor: Actor, wanted: Mapping[str, bool], seen: int, now: dt.datetime) -> int | None:
    """Store the switches and move what waits at a level that is switched off; the id of the job, for many.

    `seen` is the number that the person has confirmed. Raises AppError when it is another one now.
    """
    _must_be_province(actor)
    session.get_one(Unit, actor.unit_id, with_for_update=True)
    old = enabled_levels(session, actor.unit_id)
    if sum(one.count for one in consequences(old, wanted, waits(session), actor.unit_name)) != seen:
        raise AppError(MOVED)
    for level in SWITCHED:
        row = session.scalar(
            select(ReviewLevel).where(ReviewLevel.province_id == actor.unit_id, ReviewLevel.level == level)
        ) or ReviewLevel(province_id=actor.unit_id, level=level)
        row.enabled = wanted[level]
        session.add(row)
    note_change(session, actor, now, LOG, actor.unit_code, chosen(old), chosen(wanted))
    if seen > AT_ONCE:
        return enqueue(session, actor, pass_on_reports, f"转交 {seen} 份等着审核的资料", {"count": seen}, now).id
    rows = [(key, name or "") for key, name in session.execute(off_chain(wanted))]
    act(session, rows, pass_on, actor, now)
    return None


def off_chain(levels: Mapping[str, bool]) -> Select[int, str | None]:
    """The reports that wait at a level which does not review any more."""
    at, school = aliased(Unit), aliased(Unit)
    closed = [level for level in SWITCHED if not levels[level]]
    return (
        select(Teacher.id, Teacher.name)
        .join(at, Teacher.waiting_unit_id == at.id)
        .join(school, Teacher.unit_id == school.id)
        .where(Teacher.status == "in_review", at.level.in_(closed), school.parent_id != at.id)
        .order_by(Teacher.id)
    )


def pass_on(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """Move one report on from a unit that has left the chain. Raises AppError while that has still to review it."""
    approve(session, teacher_id, None, actor, now, step="pass_on")


@job_kind("pass_on_reports", permission=P.CHAIN_EDIT, resumable=True)
def pass_on_reports(context: Context) -> Result:
    """The same for many. What could not be moved still waits at its unit, whose people may decide."""
    session, actor = context.session, context.actor
    last, done, left = context.position or (0, 0, 0)
    while True:
        rest = off_chain(enabled_levels(session, actor.unit_id)).where(Teacher.id > last)
        rows = [(key, name or "") for key, name in session.execute(rest.limit(CHUNK))]
        if not rows:
            break
        lines = act(session, rows, pass_on, actor, utc_now())
        moved = sum(what == "done" for _, _, what, _ in lines)
        last, done, left = rows[-1][0], done + moved, left + len(rows) - moved
        context.save(done + left, context.parameters["count"], [last, done, left])
    return Result(f"转交 {done} 份" + (f"，{left} 份没有转，仍由原单位审核" if left else "") + "。")
