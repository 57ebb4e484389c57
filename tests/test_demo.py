"""The demo shows every kind of school: people whose record is whole, and some who have not finished."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.demo import INCOMPLETE_AT, INCOMPLETE_EVERY
from app.organisations.models import Unit
from app.records.completeness import check_record
from app.records.teacher import Teacher
from tests.kinds import KINDS


def schools_of(session: Session, kind: IndicatorSet) -> list[Unit]:
    return list(session.scalars(sa.select(Unit).where(Unit.level == "school", Unit.school_kind == kind.kind)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_people_of_every_kind_of_school_have_whole_records(everything: Session, kind: IndicatorSet) -> None:
    schools = schools_of(everything, kind)
    assert schools
    for school in schools:
        people = everything.scalars(sa.select(Teacher).where(Teacher.unit_id == school.id).order_by(Teacher.id)).all()
        assert len(people) > INCOMPLETE_AT + 1, f"{school}: both are to be seen"
        for number, teacher in enumerate(people):
            found = check_record(everything, teacher)
            said = [f"{finding.label}: {finding.problem.message}" for finding in found.findings]
            if number % INCOMPLETE_EVERY == INCOMPLETE_AT:
                assert found.own_percent < 100, teacher.name
            else:
                assert (found.percent, said) == (100, []), teacher.name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_codes_of_schools_begin_with_what_they_are(everything: Session, kind: IndicatorSet) -> None:
    """办学类型 2 + 省级地域码 2 + 序号 6; at universities the number is 0 and the code of the institution."""
    for school in schools_of(everything, kind):
        assert len(school.code) == 10 and school.code[:4] == f"{school.school_category[:2]}53"
        assert school.school_category in {entry.code for entry in codes["SCHOOL_CATEGORY"].offered(kind)}
        if kind.kind in "UH":
            assert school.code[4] == "0" and school.parent is not None and school.parent.level == "province"
