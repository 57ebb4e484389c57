"""Reading what waits, and computing who reviews a school's reports."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.queries import reviewers_in
from app.collection.models import ReviewLevel, Snapshot
from app.core.actor import Actor
from app.core.flow import FlowLog
from app.organisations.models import Unit
from app.organisations.queries import ancestors
from app.records.teacher import Teacher

# The school's direct authority always reviews; levels above it only where the province has switched them on.
DEFAULT_LEVELS = {"school": True, "county": True, "city": False, "province": False}
TWO_PEOPLE = 2


def enabled_levels(session: Session, province_id: int | None) -> dict[str, bool]:
    """Which levels review in a province."""
    chosen = session.scalars(select(ReviewLevel).where(ReviewLevel.province_id == province_id))
    return DEFAULT_LEVELS | {row.level: row.enabled for row in chosen}


def review_chain(session: Session, school: Unit) -> list[Unit]:
    """The units that review a school's reports, in order, computed from the tree.

    The school itself takes part when two people there may review: nobody decides on the own report.
    """
    levels = enabled_levels(session, school.province_id)
    above = ancestors(session, school)
    chain = [unit for number, unit in enumerate(above) if number == 0 or levels.get(unit.level, False)]
    if levels["school"] and reviewers_in(session, school.id) >= TWO_PEOPLE:
        chain.insert(0, school)
    return chain


def next_reviewer(chain: Sequence[Unit], current: int | None) -> Unit | None:
    """Who is next after `current`; None when that was the last. A unit that has left the chain counts as passed."""
    ids = [unit.id for unit in chain]
    position = ids.index(current) + 1 if current in ids else (0 if current is None else len(ids))
    return chain[position] if position < len(chain) else None


def waits_here(actor: Actor) -> ColumnElement[bool]:
    """Reports that wait for the actor's unit."""
    return and_(Teacher.status == "in_review", Teacher.waiting_unit_id == actor.unit_id)


def for_actor(actor: Actor) -> ColumnElement[bool]:
    """Reports that the actor may decide on: they wait here, and somebody else has reported them."""
    others = or_(Teacher.reported_by_id.is_(None), Teacher.reported_by_id != actor.user_id)
    return and_(waits_here(actor), others)


def waiting_for(session: Session, actor: Actor) -> int:
    """How many reports wait for the actor."""
    return session.scalar(select(func.count(Teacher.id)).where(for_actor(actor))) or 0


def next_waiting(session: Session, actor: Actor, after_id: int) -> int | None:
    """The next report in the actor's queue after this one, else the first; never the actor's own report."""
    query = select(func.min(Teacher.id)).where(for_actor(actor), Teacher.id != after_id)
    return session.scalar(query.where(Teacher.id > after_id)) or session.scalar(query)


def counts_by_status(session: Session) -> dict[str, int]:
    """How many records of the scope are in each state."""
    query = select(Teacher.status, func.count()).group_by(Teacher.status)
    return {status: count for status, count in session.execute(query)}


def steps_of(session: Session, teacher_id: int) -> list[FlowLog]:
    """The steps a record has taken, newest first."""
    query = select(FlowLog).where(FlowLog.teacher_id == teacher_id).order_by(FlowLog.id.desc()).limit(50)
    return list(session.scalars(query))


def recent_steps(session: Session, limit: int) -> list[tuple[FlowLog, str]]:
    """The latest steps within the scope with the names of the people they are about, newest first."""
    query = (
        select(FlowLog, Teacher.name)
        .join(Teacher, Teacher.id == FlowLog.teacher_id)
        .order_by(FlowLog.id.desc())
        .limit(limit)
    )
    return [(step, name or "") for step, name in session.execute(query)]


def latest_snapshot(session: Session, teacher_id: int) -> Snapshot | None:
    """What was approved last."""
    query = select(Snapshot).where(Snapshot.teacher_id == teacher_id).order_by(Snapshot.id.desc()).limit(1)
    return session.scalar(query)
