"""The clerk's desk: the import as one call, and what the tests look at afterwards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import utc_now
from app.core.history import History
from app.organisations.models import Unit
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.operations import apply_plan
from app.spreadsheets.plan_rows import PlanRow, rows_of_plan
from app.spreadsheets.planning import plan_import
from tests.spreadsheets.workbooks import fill


@dataclass
class Desk:
    """The clerk of 青禾县第一中学 with a session, a school and a folder."""

    session: Session
    actor: Actor
    unit: Unit
    path: Path

    def plan(self, mode: str = "append", **sheets: Any) -> ImportPlan:
        return self.plan_file(fill(self.unit, self.path, **sheets), mode)

    def plan_file(self, path: Path, mode: str = "append") -> ImportPlan:
        plan = plan_import(self.session, self.actor, self.unit, path, path.name, mode, utc_now())
        self.session.commit()
        return plan

    def apply(self, plan: ImportPlan) -> ImportPlan:
        apply_plan(self.session, self.actor, plan.id, utc_now())
        self.session.commit()
        return plan

    def write(self, mode: str = "append", **sheets: Any) -> ImportPlan:
        return self.apply(self.plan(mode, **sheets))

    def rows(self, plan: ImportPlan) -> list[PlanRow]:
        return list(rows_of_plan(self.session, plan.id))

    def errors(self, plan: ImportPlan) -> list[tuple[str, int, str, str]]:
        """(sheet, row, column, message) of everything that is wrong."""
        return [
            (row.sheet, row.row_no, problem["column"], problem["message"])
            for row in self.rows(plan)
            for problem in row.errors
        ]

    def only_error(self, plan: ImportPlan) -> tuple[str, int, str, str]:
        (error,) = self.errors(plan)
        return error

    def actions(self, plan: ImportPlan) -> list[str]:
        return [row.action for row in self.rows(plan)]

    def teacher(self, number: str) -> Teacher:
        found = [t for t in self.session.scalars(sa.select(Teacher)) if t.id_number == number]
        assert len(found) == 1
        return found[0]

    def studies(self, teacher: Teacher) -> list[EducationHistory]:
        query = sa.select(EducationHistory).where(EducationHistory.teacher_id == teacher.id)
        return list(self.session.scalars(query.order_by(EducationHistory.id)))

    def state(self) -> tuple[Any, ...]:
        """Everything an import could have touched: rows, versions, history."""
        self.session.expire_all()
        return (
            self.session.execute(sa.select(Teacher.id, Teacher.version).order_by(Teacher.id)).all(),
            self.session.execute(sa.select(EducationHistory.id, EducationHistory.version)).all(),
            self.session.scalar(sa.select(sa.func.count(History.id))),
        )
