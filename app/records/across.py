"""Checks of a record that look at more than one of its sections; all of them only warn."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.core.sections.section import Problem
from app.core.validators import InvalidValue, certificate_gender, check_certificate_no
from app.records.sections import teacher_qualification
from app.records.teacher import TODAY, Teacher

QUALIFICATION = teacher_qualification.SECTION.name


def problems_across(teacher: Teacher, rows: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Any, Problem]]:
    """What does not agree between sections, with the section and the row at which it is said."""
    for row in rows[QUALIFICATION]:
        for problem in certificate_is_of_this_person(teacher, row):
            yield QUALIFICATION, row, problem


def certificate_is_of_this_person(teacher: Teacher, row: Any) -> Iterator[Problem]:
    """教师资格证号码里的性别与基本信息的性别；各地编法不一，所以只提示。"""
    try:
        number = check_certificate_no(str(row.cert_no or ""), today=TODAY())
    except InvalidValue:
        return  # said at the number itself
    told = certificate_gender(number)
    if told and teacher.gender in ("1", "2") and teacher.gender != told:
        yield Problem(
            "cert_no", "号码第 11 位（1 男，2 女）与基本信息的性别不符，请核对；与证书一致的不必改。", "warning"
        )
