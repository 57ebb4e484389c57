"""What two sections of one record say about each other."""

import pytest
from sqlalchemy.orm import Session

from app.records.completeness import Finding, check_record
from app.records.sections.teacher_qualification import TeacherQualification
from app.records.teacher import Teacher

MAN, WOMAN = "1", "2"


def certificate_findings(session: Session, teacher: Teacher, number: str) -> list[Finding]:
    session.add(TeacherQualification(teacher=teacher, cert_type="4", cert_no=number))
    session.flush()
    return [finding for finding in check_record(session, teacher).findings if finding.problem.item == "cert_no"]


@pytest.mark.parametrize(
    ("gender", "number"),
    [
        (MAN, "20145300142000123"),
        (WOMAN, "20145300141000123"),
    ],
)
def test_sex_in_a_certificate_number_only_warns(
    everything: Session, teachers: list[Teacher], gender: str, number: str
) -> None:
    teachers[0].gender = gender
    found = certificate_findings(everything, teachers[0], number)
    assert [(f.problem.level, f.section.name) for f in found] == [("warning", "teacher_qualification")]
    assert "性别" in found[0].problem.message and number not in found[0].problem.message


@pytest.mark.parametrize(
    ("gender", "number"),
    [
        (MAN, "20145300141000123"),
        (MAN, "20055300142000123"),  # before 2009 nobody knows which digit meant what
        (MAN, "20145300140000123"),
        ("9", "20145300142000123"),
    ],
)
def test_nothing_is_said_where_the_digit_agrees_or_tells_nothing(
    everything: Session, teachers: list[Teacher], gender: str, number: str
) -> None:
    teachers[0].gender = gender
    assert certificate_findings(everything, teachers[0], number) == []


def test_a_wrong_number_is_said_once(everything: Session, teachers: list[Teacher]) -> None:
    found = certificate_findings(everything, teachers[0], "2014530014200012")
    assert [f.problem.level for f in found] == ["error"]
