"""Reading plans and their rows; the session's scope decides what is there."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.spreadsheets.models import ImportPlan, ImportRow

UNDO_DAYS = 7
RECENT = 20


def plan_for(session: Session, unit_id: int, plan_id: int) -> ImportPlan:
    """A plan of the unit. Raises NotFound, for foreign ones as for missing ones."""
    plan = session.get(ImportPlan, plan_id)
    if plan is None or plan.unit_id != unit_id:
        raise NotFound("没有这次导入。")
    return plan


def recent_plans(session: Session, unit_id: int) -> list[ImportPlan]:
    """The latest imports of a unit, newest first."""
    query = select(ImportPlan).where(ImportPlan.unit_id == unit_id).order_by(ImportPlan.id.desc()).limit(RECENT)
    return list(session.scalars(query))


def count_rows(session: Session, plan_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many rows of each plan are of each action."""
    query = select(ImportRow.plan_id, ImportRow.action, func.count())
    query = query.where(ImportRow.plan_id.in_(plan_ids)).group_by(ImportRow.plan_id, ImportRow.action)
    found: dict[int, dict[str, int]] = {plan_id: {} for plan_id in plan_ids}
    for plan_id, action, count in session.execute(query):
        found[plan_id][action] = count
    return found


def count_deletions(session: Session, plan_id: int) -> list[tuple[str, int, int]]:
    """(section, people, rows) of the stored rows that a plan deletes."""
    query = select(ImportRow.section, func.count(ImportRow.owner_id.distinct()), func.count())
    query = query.where(ImportRow.plan_id == plan_id, ImportRow.action == "delete").group_by(ImportRow.section)
    return [(section, people, rows) for section, people, rows in session.execute(query.order_by(ImportRow.section))]


def rows_of_plan(
    session: Session, plan_id: int, actions: Sequence[str] = (), *, known_people: bool = False
) -> list[ImportRow]:
    """The rows of a plan in the order of the file; with `known_people` only those of people who are stored."""
    query = select(ImportRow).where(ImportRow.plan_id == plan_id).order_by(ImportRow.id)
    if actions:
        query = query.where(ImportRow.action.in_(actions))
    if known_people:
        query = query.where(ImportRow.owner_id.is_not(None))
    return list(session.scalars(query))


def page_of_rows(session: Session, plan_id: int, action: str, page: int, size: int) -> list[ImportRow]:
    """One page of the rows of one action; `page` counts from 0."""
    query = select(ImportRow).where(ImportRow.plan_id == plan_id, ImportRow.action == action)
    return list(session.scalars(query.order_by(ImportRow.id).limit(size).offset(page * size)))


def may_undo(plan: ImportPlan, now: dt.datetime) -> bool:
    """Whether the plan was written, and not too long ago."""
    return plan.status == "applied" and plan.applied_at is not None and undo_until(plan.applied_at) >= now


def undo_until(applied_at: dt.datetime) -> dt.datetime:
    """The last moment at which an import can be taken back."""
    return applied_at + dt.timedelta(days=UNDO_DAYS)
