"""The teacher's record. `SECTIONS` is the order of menu, tabs, sheets and prints."""

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.province_items import province_items
from app.core.sections.section import Section
from app.records import counts as counts  # no person is written without being counted
from app.records import name_keys as name_keys  # a person's name is never written without its keys
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
    none_said,
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

SECTIONS: tuple[Section, ...] = (
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
CHILD_SECTIONS = tuple(section for section in SECTIONS if section.many)
NOTHING = none_said.SECTION
STORED = (*SECTIONS, NOTHING)  # all that is stored of a record; NOTHING has no menu, sheet or form
CHILD_STORED = (*CHILD_SECTIONS, NOTHING)
BY_NAME = {section.name: section for section in STORED}
for _section in SECTIONS:
    province_items.enlist(_section.name, _section.model)
codes.declare(none_said.SECTION_NAMES, "板块", {section.name: section.title for section in SECTIONS})


def sections_for(indicator_set: IndicatorSet) -> tuple[Section, ...]:
    """The sections of one kind of school."""
    return tuple(section for section in SECTIONS if indicator_set.kind in section.school_types)
