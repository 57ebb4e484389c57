"""Items that follow from other sections, kept in step: highest education and degree, present post and title."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import codes
from app.records.sections.education_history import EducationHistory
from app.records.sections.post_appointment import PostAppointment
from app.records.sections.title_appointment import TitleAppointment
from app.records.teacher import Teacher

DEGREE_ORDER = ("0", "4", "3", "2", "1")  # an honorary doctorate ranks highest: GB/T 6864 lists it first
PART = 500

Derive: TypeAlias = Callable[[Teacher, Sequence[Any]], None]


def _education_rank(row: EducationHistory) -> int:
    entry = codes["EDUCATION"].entries.get(row.education or "")
    return entry.sort if entry else -1


def _education(teacher: Teacher, rows: Sequence[EducationHistory]) -> None:
    best = max((row for row in rows if row.education), key=_education_rank, default=None)
    teacher.highest_education = best.education if best else None
    teacher.highest_education_school = best.education_school if best else None
    graded = [row for row in rows if row.degree_level in DEGREE_ORDER]
    top = max(graded, key=lambda row: DEGREE_ORDER.index(row.degree_level or ""), default=None)
    teacher.highest_degree_level = top.degree_level if top else None
    teacher.highest_degree = top.degree if top else None
    teacher.highest_degree_school = top.degree_school if top else None


def _post(teacher: Teacher, rows: Sequence[PostAppointment]) -> None:
    latest = max((row for row in rows if row.post_category), key=_since, default=None)
    teacher.current_post_category = latest.post_category if latest else None
    teacher.current_post_grade = latest.post_grade if latest else None


def _title(teacher: Teacher, rows: Sequence[TitleAppointment]) -> None:
    """The latest title that is still held."""
    latest = max((row for row in rows if row.title and not row.end_month), key=_since, default=None)
    teacher.current_title = latest.title if latest else None


def _since(row: PostAppointment | TitleAppointment) -> tuple[str, int]:
    return (row.start_month or "", row.id)


DERIVED_FROM: Mapping[str, tuple[Any, Derive]] = {
    "education_history": (EducationHistory, _education),
    "post_appointment": (PostAppointment, _post),
    "title_appointment": (TitleAppointment, _title),
}


def refresh_derived(session: Session, teachers: Sequence[Teacher], sections: Iterable[str] = DERIVED_FROM) -> None:
    """Set what follows from the rows of these sections as they now are; one query for each section and 500 people."""
    session.flush()
    for name in sections:
        if name not in DERIVED_FROM:
            continue
        model, derive = DERIVED_FROM[name]
        for start in range(0, len(teachers), PART):
            part = teachers[start : start + PART]
            rows: dict[int, list[Any]] = {teacher.id: [] for teacher in part}
            for row in session.scalars(select(model).where(model.teacher_id.in_(rows))):
                rows[row.teacher_id].append(row)
            for teacher in part:
                derive(teacher, rows[teacher.id])
