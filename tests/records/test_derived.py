"""Items that follow from other sections: the latest post, the title still held, for one and for many people."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.records.derived import DERIVED_FROM, refresh_derived
from app.records.sections.post_appointment import PostAppointment
from app.records.sections.title_appointment import TitleAppointment
from app.records.teacher import Teacher


@pytest.fixture
def teacher(everything: Session, teachers: list[Teacher]) -> Teacher:
    for model in (PostAppointment, TitleAppointment):
        everything.execute(delete(model).where(model.teacher_id == teachers[0].id))
    return teachers[0]


def test_the_latest_post_counts(everything: Session, teacher: Teacher) -> None:
    for since, grade in (("2010-09", "112"), ("2018-09", "110"), ("2014-09", "111")):
        everything.add(PostAppointment(teacher=teacher, post_category="1", post_grade=grade, start_month=since))
    refresh_derived(everything, [teacher], ["post_appointment"])
    assert (teacher.current_post_category, teacher.current_post_grade) == ("1", "110")


def test_a_title_that_ended_is_not_held(everything: Session, teacher: Teacher) -> None:
    everything.add(TitleAppointment(teacher=teacher, title="514", start_month="2010-09"))
    everything.add(TitleAppointment(teacher=teacher, title="513", start_month="2015-09", end_month="2020-08"))
    refresh_derived(everything, [teacher], ["title_appointment"])
    assert teacher.current_title == "514"


def test_nothing_left_nothing_derived(everything: Session, teacher: Teacher) -> None:
    refresh_derived(everything, [teacher])
    assert (teacher.current_post_category, teacher.current_post_grade, teacher.current_title) == (None, None, None)


def test_many_people_cost_no_more_questions_than_one(
    everything: Session, teachers: list[Teacher], count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    everything.flush()
    with count_queries() as statements:
        refresh_derived(everything, teachers)
    assert len(teachers) > 20 and len(statements) == len(DERIVED_FROM)
