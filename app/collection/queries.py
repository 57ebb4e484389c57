"""Reading what waits, and computing who reviews a school's reports."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select

from app.accounts.queries import reviewers_in
from app.collection.models import ReviewLevel, Snapshot
from app.core.actor import Actor
from app.core.db import AnySession
from app.core.flow import FlowLog
from app.organisations.models import Unit
from app.organisations.queries import ancestors
from app.records.teacher import Teacher

# The school's direct authority always reviews; levels above it only where the province has switched them on.
DEFAULT_LEVELS = {"school": True, "county": True, "city": False, "province": False}
TWO_PEOPLE = 2


def enabled_levels(session: AnySession, province_id: int | None) -> dict[str, bool]:
    """Which levels review in a province."""
    chosen = session.scalars(select(ReviewLevel).where(ReviewLevel.province_id == province_id))
    return DEFAULT_LEVELS | {row.level: row.enabled for row in chosen}


def review_chain(session: AnySession, school: Unit) -> list[Unit]:
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


def _in_queue(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    """What waits for the actor: at the unit, and not reported by the actor."""
    return (
        Teacher.status == "in_review",
        Teacher.waiting_unit_id == actor.unit_id,
        (Teacher.reported_by_id.is_(None)) | (Teacher.reported_by_id != actor.user_id),
    )


def waiting_for(session: AnySession, actor: Actor) -> int:
    """How many reports wait for the actor."""
    return session.scalar(select(func.count(Teacher.id)).where(*_in_queue(actor))) or 0


def next_waiting(session: AnySession, actor: Actor, after_id: int) -> int | None:
    """The next report in the actor's queue after this one, else the first; never the actor's own report."""
    mine = (*_in_queue(actor), Teacher.id != after_id)
    later = session.scalar(select(func.min(Teacher.id)).where(*mine, Teacher.id > after_id))
    return later or session.scalar(select(func.min(Teacher.id)).where(*mine))


def counts_by_status(session: AnySession) -> dict[str, int]:
    """How many records of the scope are in each state."""
    query = select(Teacher.status, func.count()).group_by(Teacher.status)
    return {status: count for status, count in session.execute(query)}


def steps_of(session: AnySession, teacher_id: int) -> list[FlowLog]:
    """The steps a record has taken, newest first."""
    query = select(FlowLog).where(FlowLog.teacher_id == teacher_id).order_by(FlowLog.id.desc()).limit(50)
    return list(session.scalars(query))


def recent_steps(session: AnySession, limit: int) -> list[tuple[FlowLog, str]]:
    """The latest steps within the scope with the names of the people they are about, newest first."""
    query = (
        select(FlowLog, Teacher.name)
        .join(Teacher, Teacher.id == FlowLog.teacher_id)
        .order_by(FlowLog.id.desc())
        .limit(limit)
    )
    return [(step, name or "") for step, name in session.execute(query)]


def latest_snapshot(session: AnySession, teacher_id: int) -> Snapshot | None:
    """What was approved last."""
    query = select(Snapshot).where(Snapshot.teacher_id == teacher_id).order_by(Snapshot.id.desc()).limit(1)
    return session.scalar(query)
