"""The teacher's record. `SECTIONS` is the order of menu, tabs, sheets and prints."""

from dataclasses import replace

from app.core.sections.section import Section
from app.records import teacher
from app.records.sections import (
    annual_review,
    artwork,
    award,
    book,
    certificate,
    contact,
    domestic_training,
    education_history,
    ethics_honor,
    ethics_penalty,
    ethics_review,
    language_skill,
    medical_cert,
    other_skill,
    overseas_study,
    paper,
    patent,
    post_appointment,
    report,
    research_project,
    rotation,
    salary,
    standard,
    student_award,
    talent_program,
    teacher_qualification,
    teaching,
    title_appointment,
    work_history,
)

DECLARED: tuple[Section, ...] = (
    teacher.SECTION,
    education_history.SECTION,
    work_history.SECTION,
    post_appointment.SECTION,
    title_appointment.SECTION,
    salary.SECTION,
    annual_review.SECTION,
    teacher_qualification.SECTION,
    ethics_review.SECTION,
    ethics_honor.SECTION,
    ethics_penalty.SECTION,
    teaching.SECTION,
    research_project.SECTION,
    paper.SECTION,
    book.SECTION,
    report.SECTION,
    patent.SECTION,
    artwork.SECTION,
    award.SECTION,
    medical_cert.SECTION,
    standard.SECTION,
    student_award.SECTION,
    talent_program.SECTION,
    domestic_training.SECTION,
    overseas_study.SECTION,
    language_skill.SECTION,
    other_skill.SECTION,
    certificate.SECTION,
    rotation.SECTION,
    contact.SECTION,
)
# A required section may be empty only when 「无」 was said. Until that can be said, only these two are enforced.
ENFORCED = ("basic_info", "education_history")
SECTIONS = tuple(s if s.name in ENFORCED or not s.required else replace(s, required=False) for s in DECLARED)
BY_NAME = {section.name: section for section in SECTIONS}
CHILD_SECTIONS = tuple(section for section in SECTIONS if section.many)


def sections_for(indicator_set: str) -> tuple[Section, ...]:
    """The sections of one kind of school."""
    return tuple(section for section in SECTIONS if indicator_set in section.school_types)
