"""What stays out when somebody decides to write only the rows without errors."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.records.teacher import SECTION as BASIC_INFO
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.plan_rows import PlanRow, rows_of_plan
from app.spreadsheets.queries import WRITTEN


@dataclass(frozen=True)
class LeftOut:
    """New people whose row in the first sheet is wrong: without it their other rows belong to nobody.

    count: how many rows stay out, those with errors included.
    """

    people: frozenset[str] = frozenset()
    count: int = 0

    def writes(self, row: PlanRow) -> bool:
        """Whether a row without errors is written."""
        return row.owner_id is not None or row.key not in self.people


def left_out_of(session: Session, plan: ImportPlan) -> LeftOut:
    """The same when it is written and when it is taken back."""
    wrong = list(rows_of_plan(session, plan.id, ("error",)))
    people = frozenset(row.key for row in wrong if row.section == BASIC_INFO.name and row.owner_id is None)
    found = LeftOut(people)
    others = sum(not found.writes(row) for row in rows_of_plan(session, plan.id, WRITTEN, known=False))
    return LeftOut(people, len(wrong) + others)
