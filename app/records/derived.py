"""Items that follow from other sections, kept in step: the highest education and degree."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import codes
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher

NO_EDUCATION = NO_DEGREE = "0"
DEGREE_ORDER = ("0", "4", "3", "2", "1")  # an honorary doctorate ranks highest: GB/T 6864 lists it first


def _education_rank(row: EducationHistory) -> int:
    entry = codes["EDUCATION"].entries.get(row.education or "")
    return entry.sort if entry else -1


def refresh_derived(session: Session, teacher: Teacher) -> None:
    """Set the derived items from the rows as they now are; call it after the rows were flushed."""
    session.flush()
    rows = list(session.scalars(select(EducationHistory).where(EducationHistory.teacher_id == teacher.id)))
    best = max((row for row in rows if row.education), key=_education_rank, default=None)
    teacher.highest_education = best.education if best else None
    teacher.highest_education_school = best.education_school if best else None
    graded = [row for row in rows if row.degree_level in DEGREE_ORDER]
    top = max(graded, key=lambda row: DEGREE_ORDER.index(row.degree_level or ""), default=None)
    teacher.highest_degree_level = top.degree_level if top else None
    teacher.highest_degree = top.degree if top else None
    teacher.highest_degree_school = top.degree_school if top else None
