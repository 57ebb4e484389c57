"""催报: schools that have not reported in a round, and the notices to them, by a superior or by themselves."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from app.collection.rounds import Deadline, unreported
from app.collection.rounds_tables import CollectionRound, Round, as_round, national_rounds, rounds_for
from app.core.actor import SYSTEM, Actor
from app.core.errors import AppError, Conflict
from app.messages.models import Notice
from app.messages.operations import Message, send
from app.organisations.models import Unit
from app.organisations.queries import within
from app.permissions import Permission as P
from app.records.teacher import Teacher

BY_ITSELF = "auto"
MOST = 10_000


def topic_of(one: Round) -> str:
    """What the notices about a round are filed under."""
    return f"late:{one.key}"


def running_rounds(session: Session, actor: Actor, today: dt.date) -> list[Round]:
    """The rounds that run for the actor's unit, the soonest end first."""
    unit = session.get_one(Unit, actor.unit_id)
    return [one for one in rounds_for(session, unit, today) if one.runs_on(today)]


def asked_in(one: Round) -> ColumnElement[bool]:
    """The criterion for the schools that a round is for."""
    return and_(Unit.level == "school", Unit.active.is_(True), Unit.school_kind.in_([*one.school_kinds]))


def is_late(one: Round) -> ColumnElement[bool]:
    """The criterion for the schools with records that are still to be reported in a round."""
    return and_(asked_in(one), select(Teacher.id).where(Teacher.unit_id == Unit.id, unreported()).exists())


def missing_in(session: Session, school_ids: Sequence[int]) -> dict[int, int]:
    """How many records of these schools are still to be reported."""
    query = select(Teacher.unit_id, func.count()).where(Teacher.unit_id.in_(school_ids), unreported())
    return {unit_id: count for unit_id, count in session.execute(query.group_by(Teacher.unit_id))}


def last_reminded(session: Session, one: Round, school_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """When these schools were reminded of a round last."""
    query = select(Notice.unit_id, func.max(Notice.at)).where(
        Notice.topic == topic_of(one), Notice.unit_id.in_(school_ids)
    )
    return {unit_id: at for unit_id, at in session.execute(query.group_by(Notice.unit_id))}


def remind(
    session: Session, actor: Actor, key: str, school_ids: Sequence[int] | None, now: dt.datetime
) -> tuple[int, int]:
    """Remind late schools below the actor's unit, all (None) or some; how many were, and how many had been today.

    Raises AppError when the round does not run.
    """
    actor.must(P.LATE_REMIND)
    session.get_one(Unit, actor.unit_id, with_for_update=True)
    today = now.astimezone().date()
    one = next((found for found in running_rounds(session, actor, today) if found.key == key), None)
    if one is None:
        raise AppError("这一轮没有在进行，不用催报。请在列表上另选轮次。")
    chosen = true() if school_ids is None else Unit.id.in_(school_ids)
    late = _late(session, one, and_(within(actor), chosen))
    before = _reminded_today(session, one, now)
    messages = [_message(one, school, n, today, str(today)) for school, n in late if school.id not in before]
    try:
        with session.begin_nested():
            send(session, actor, messages, now)
    except IntegrityError:
        raise Conflict("刚刚有人催报过其中的学校，这次没有发。请刷新后再看。") from None
    return len(messages), len(late) - len(messages)


def remind_by_itself(session: Session, now: dt.datetime) -> int:
    """Remind late schools of rounds that end soon, each once in a round; how many notices. For the daily command."""
    today = now.astimezone().date()
    stored = select(CollectionRound).where(CollectionRound.starts_on <= today, CollectionRound.ends_on >= today)
    rows = session.scalars(stored.options(joinedload(CollectionRound.unit))).all()
    # Province by province: a country has more schools than should be held at once.
    provinces = session.scalars(select(Unit.id).where(Unit.level == "province").order_by(Unit.code)).all()
    country = [Unit.province_id.is_(None), *(Unit.province_id == key for key in provinces)]
    found = [(one, country) for one in national_rounds(today)]
    found += [(as_round(row), [getattr(Unit, f"{row.unit.level}_id") == row.unit_id]) for row in rows]
    count = 0
    for one, areas in found:
        if not (one.remind_days and one.runs_on(today) and (one.ends_on - today).days <= one.remind_days):
            continue
        before = _reminded_today(session, one, now) | _reminded_by_itself(session, one)
        for area in areas:
            late = [(school, n) for school, n in _late(session, one, area) if school.id not in before]
            send(session, SYSTEM, [_message(one, school, n, today, BY_ITSELF) for school, n in late], now)
            count += len(late)
    return count


def _late(session: Session, one: Round, area: ColumnElement[bool]) -> list[tuple[Unit, int]]:
    counted = select(Teacher.unit_id, func.count().label("n")).where(unreported()).group_by(Teacher.unit_id).subquery()
    query = select(Unit, counted.c.n).join(counted, counted.c.unit_id == Unit.id).where(asked_in(one), area)
    return [(school, n) for school, n in session.execute(query.order_by(Unit.code))]


def _reminded_today(session: Session, one: Round, now: dt.datetime) -> set[int]:
    midnight = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(Notice.unit_id).where(Notice.topic == topic_of(one), Notice.at >= midnight)
    return set(session.scalars(query))


def _reminded_by_itself(session: Session, one: Round) -> set[int]:
    query = select(Notice.unit_id).where(Notice.topic == topic_of(one), Notice.once.endswith(BY_ITSELF))
    return set(session.scalars(query))


def _message(one: Round, school: Unit, count: int, today: dt.date, mark: str) -> Message:
    """`mark` is the day, or that it came by itself: the same is not sent twice."""
    text = f"请尽快报送：{Deadline(one, today, count).line}。{one.text}"
    return Message(
        unit=school, topic=topic_of(one), text=text[:500], endpoint="TeacherView.list", permission=P.RECORD_REPORT,
        once=f"{topic_of(one)}:{school.id}:{mark}",
    )  # fmt: skip
