"""The import as the command line uses it."""

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.core.actor import SYSTEM
from app.core.codes import codes
from app.core.db import transaction
from app.core.errors import AppError
from app.core.template import build_template
from app.organisations.models import Unit
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.operations import apply_plan, discard_plan
from app.spreadsheets.plan_rows import PlanRow, rows_of_plan
from app.spreadsheets.planning import plan_import
from app.spreadsheets.upload import book_for


def template_for(unit: Unit) -> bytes:
    """A school's template."""
    if unit.level != "school":
        raise AppError("模板按学校类型制作，请选一所学校。", field="unit")
    return build_template(book_for(unit.indicator_set), f"{unit.name} 教师信息导入模板", codes)


def write_template(session: Session, unit: Unit, path: Path) -> None:
    """Write a school's template."""
    codes.refresh(session)
    path.write_bytes(template_for(unit))


def import_file(
    session: Session, unit: Unit, path: Path, mode: str, *, dry_run: bool, now: dt.datetime
) -> dict[str, Any]:
    """Plan and, without errors, apply.

    `created`, `updated`, `unchanged` and `deleted` count rows of all sheets: people and the rows of their sections.
    With errors nothing is written; then, and after a dry run, all that stays is the discarded plan without its rows.
    Raises AppError when the file cannot be understood at all.
    """
    own = session if isinstance(session, Session) else session()
    own.rollback()  # nothing is locked while the file is being read
    with transaction(own):
        plan = plan_import(own, SYSTEM, unit, path, path.name, mode, now)
        result = _told(plan, list(rows_of_plan(own, plan.id)))
        result["applied"] = not dry_run and not result["errors"]
        finish = apply_plan if result["applied"] else discard_plan
        finish(own, SYSTEM, plan.id, now)
    return result


def _told(plan: ImportPlan, rows: list[PlanRow]) -> dict[str, Any]:
    counted = {name: sum(row.action == name for row in rows) for name in ("create", "update", "same", "delete")}
    return {
        "created": counted["create"],
        "updated": counted["update"],
        "unchanged": counted["same"],
        "deleted": counted["delete"],
        "errors": [_problem(row, problem) for row in rows for problem in row.errors],
        "warnings": [_problem(row, problem) for row in rows for problem in row.warnings],
        "notes": plan.notes,
        "applied": False,
        "plan_id": plan.id,
    }


def _problem(row: PlanRow, problem: dict[str, str]) -> dict[str, Any]:
    return {"sheet": row.sheet, "row": row.row_no, **problem}
