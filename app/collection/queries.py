"""Reading what waits, and computing who reviews a school's reports."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.queries import reviewers_in
from app.collection.models import ReviewLevel, Snapshot
from app.core.actor import Actor
from app.core.drafts import Draft
from app.core.flow import FlowLog
from app.core.ui.listing import COUNT_CAP
from app.organisations.models import Unit
from app.organisations.queries import ancestors
from app.permissions import Permission as P
from app.records.teacher import Teacher

# The school's direct authority always reviews; levels above it only where the province has switched them on.
DEFAULT_LEVELS = {"school": True, "county": True, "city": False, "province": False}
TWO_PEOPLE = 2
UPWARDS = ("school", "county", "city", "province", "nation")


def enabled_levels(session: Session, province_id: int | None) -> dict[str, bool]:
    """Which levels review in a province."""
    chosen = session.scalars(select(ReviewLevel).where(ReviewLevel.province_id == province_id))
    return DEFAULT_LEVELS | {row.level: row.enabled for row in chosen}


def review_chain(session: Session, school: Unit, levels: Mapping[str, bool] | None = None) -> list[Unit]:
    """The units that review a school's reports, in order, computed from the tree.

    The school itself takes part when two people there may review: nobody decides on the own report. `levels`: others
    than those that its province has switched on.
    """
    levels = levels or enabled_levels(session, school.province_id)
    above = ancestors(session, school)
    chain = [unit for number, unit in enumerate(above) if number == 0 or levels.get(unit.level, False)]
    if levels["school"] and reviewers_in(session, school.id) >= TWO_PEOPLE:
        chain.insert(0, school)
    return chain


def next_reviewer(chain: Sequence[Unit], current: Unit | None) -> Unit | None:
    """Who is next after `current`; None when that was the last.

    By level: after a unit that has left the chain, or was superior before, come those of the levels above it.
    """
    passed = -1 if current is None else UPWARDS.index(current.level)
    return next((unit for unit in chain if UPWARDS.index(unit.level) > passed), None)


def previous_reviewer(chain: Sequence[Unit], current: int | None) -> Unit | None:
    """Who is before `current`; None when that is the first, or has left the chain."""
    ids = [unit.id for unit in chain]
    position = ids.index(current) if current in ids else 0
    return chain[position - 1] if position else None


def draft_key(teacher_id: int) -> str:
    """The name of the draft of one person's judgements of a record."""
    return f"review/{teacher_id}"


def being_judged(session: Session, teacher: Teacher) -> bool:
    """Whether somebody has begun to judge the record as it is now."""
    begun = select(Draft.id).where(Draft.key == draft_key(teacher.id), Draft.base_version == teacher.version)
    return session.scalar(begun.limit(1)) is not None


def decided_before(session: Session, teacher_id: int) -> bool:
    """Whether a report of the record was ever rejected or approved for good."""
    ended = or_(FlowLog.step == "reject", FlowLog.to_state == "approved")
    return session.scalar(select(FlowLog.id).where(FlowLog.teacher_id == teacher_id, ended).limit(1)) is not None


def waits_here(actor: Actor) -> ColumnElement[bool]:
    """Reports that wait for the actor's unit."""
    return and_(Teacher.status == "in_review", Teacher.waiting_unit_id == actor.unit_id)


def for_actor(actor: Actor) -> ColumnElement[bool]:
    """Reports that the actor may decide on: they wait here, and somebody else has reported them."""
    own = actor.signs_as(P.REVIEW_DECIDE)
    others = or_(Teacher.reported_by_id.is_(None), Teacher.reported_by_id.not_in(own))
    return and_(waits_here(actor), others)


def waiting_for(session: Session, actor: Actor) -> int:
    """How many reports wait for the actor, counted up to the cap of the lists: every page asks."""
    some = select(Teacher.id).where(for_actor(actor)).limit(COUNT_CAP + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def reasons_sent_back(session: Session, teacher_ids: Sequence[int]) -> dict[int, str]:
    """Why these reports came back from the unit after, by record: the latest reason."""
    latest = select(func.max(FlowLog.id)).where(FlowLog.teacher_id.in_(teacher_ids), FlowLog.step == "send_back")
    query = select(FlowLog.teacher_id, FlowLog.comment).where(FlowLog.id.in_(latest.group_by(FlowLog.teacher_id)))
    return {teacher_id: comment for teacher_id, comment in session.execute(query) if teacher_id is not None}


def steps_of(session: Session, teacher_id: int, most: int = 50) -> list[FlowLog]:
    """The steps a record has taken, newest first."""
    query = select(FlowLog).where(FlowLog.teacher_id == teacher_id).order_by(FlowLog.id.desc()).limit(most)
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
