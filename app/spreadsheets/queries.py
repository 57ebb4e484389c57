"""Reading plans and their rows; the session's scope decides what is there."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.plan_rows import rows_of_plan

WRITTEN = ("create", "update", "delete")
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


def count_deletions(session: Session, plan_id: int) -> list[tuple[str, int, int]]:
    """(section, people, rows) of the stored rows that a plan deletes."""
    found: dict[str, list[int | None]] = {}
    for row in rows_of_plan(session, plan_id, ("delete",)):
        found.setdefault(row.section, []).append(row.owner_id)
    return [(section, len(set(owners)), len(owners)) for section, owners in sorted(found.items())]


def written_count(counts: Mapping[str, int]) -> int:
    """How many rows a plan changes, deleted ones included."""
    return sum(counts.get(action, 0) for action in WRITTEN)


def may_undo(plan: ImportPlan, now: dt.datetime) -> bool:
    """Whether the plan was written, and not too long ago."""
    return plan.status == "applied" and plan.applied_at is not None and undo_until(plan.applied_at) >= now


def undo_until(applied_at: dt.datetime) -> dt.datetime:
    """The last moment at which an import can be taken back."""
    return applied_at + dt.timedelta(days=UNDO_DAYS)
