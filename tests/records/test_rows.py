"""Rows of a person beside each other."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import NotAllowed
from app.core.sections.fields import Field
from app.core.sections.reading import read
from app.core.validators import InvalidValue
from app.records import BY_NAME, CHILD_SECTIONS
from app.records.editing import BY_SCHOOL
from app.records.operations import Saved, delete_row, save_row
from app.records.rows import rows_of
from app.records.teacher import Teacher
from tests.kinds import S

Save = Callable[..., Saved]


@pytest.fixture
def save(session_as: Callable[[str], Session], actor_named: Callable[[str], Actor], teachers: list[Teacher]) -> Save:
    session, clerk = session_as("liyutong"), actor_named("liyutong")
    teacher = session.get_one(Teacher, teachers[0].id)

    def store(name: str, row_id: int | None = None, version: int = 0, **texts: str) -> Saved:
        return save_row(session, clerk, BY_NAME[name], teacher, row_id, texts, version, utc_now())

    return store


def test_one_row_for_each_year(save: Save) -> None:
    first = save("annual_review", year="2024", result="1")
    assert first.ok
    again = save("annual_review", year="2024", result="2")
    assert not again.ok and [problem.item for problem in again.problems] == ["year"]
    assert save("annual_review", year="2023", result="2").ok
    assert save("annual_review", first.row.id, first.row.version, year="2024", result="2").ok


def test_a_single_row_stays_single(save: Save) -> None:
    again = save("contact", mobile="13800005678")
    assert not again.ok and "只有一条" in again.problems[0].message


def test_rows_without_their_year_are_drafts_beside_each_other(save: Save) -> None:
    assert save("annual_review", result="1").ok
    assert save("annual_review", result="2").ok


def test_a_teacher_does_not_delete_what_the_school_fills_in(
    everything: Session, actor_named: Callable[[str], Actor]
) -> None:
    section = BY_NAME["salary"]
    account = everything.scalars(
        select(Account)
        .join(Teacher, Account.teacher_id == Teacher.id)
        .where(Teacher.status == "draft")
        .order_by(Account.id)
    ).first()
    assert account is not None
    teacher = everything.get_one(Teacher, account.teacher_id)
    row = section.model(teacher_id=teacher.id, year="2024")
    everything.add(row)
    everything.flush()
    with pytest.raises(NotAllowed, match=BY_SCHOOL):
        delete_row(everything, actor_named(account.username), section, teacher, row.id, utc_now())
    assert everything.get(section.model, row.id) is row


@pytest.mark.parametrize("raw", ["1,200.50", "1200.5", "１２００．５", "1200.5元"])
def test_numbers_are_understood_as_people_write_them(save: Save, raw: str) -> None:
    saved = save("salary", year="2024", base_salary=raw)
    assert saved.ok and str(saved.row.base_salary) == "1200.50"


@pytest.mark.parametrize("raw", ["abc", "-1", "1.234", "99999999999", "nan", "inf"])
def test_numbers_out_of_bounds_are_refused_with_a_reason(save: Save, raw: str) -> None:
    saved = save("salary", year="2024", base_salary=raw)
    assert not saved.ok and [problem.item for problem in saved.problems] == ["base_salary"]
    assert "基本工资" in saved.problems[0].message


def test_a_number_without_an_upper_bound_is_told_the_lower_one() -> None:
    with pytest.raises(InvalidValue, match="「人数」不能小于 0，现在是 -1。"):
        read(Field(label="人数", kind="number", length=5), "-1", S)


def test_salary_of_the_running_year_is_refused_at_reporting(save: Save) -> None:
    saved = save("salary", year=str(utc_now().year))
    assert saved.ok and [problem.item for problem in saved.problems] == ["year"]


@pytest.mark.parametrize("section", [s for s in CHILD_SECTIONS if s.filled_by == "A"], ids=lambda s: s.name)
def test_the_schools_sections_are_closed_to_the_teacher(
    everything, client_as, teachers: list[Teacher], section
) -> None:  # type: ignore[no-untyped-def]
    """They are there to read, rows and all; nothing can be written."""
    client = client_as(str(teachers[0].id_number))
    page = client.get(f"/my/{section.name}").get_data(as_text=True)
    assert BY_SCHOOL in page and "添加一条" not in page and "填「无」</button>" not in page
    before = rows_of(everything, teachers[0])[section.name]
    assert client.post(f"/my/{section.name}/add", {"year": "2024"}).status_code == 404
    assert client.post(f"/my/{section.name}/none/1").status_code == 404
    for row in before:
        path = f"/my/{section.name}/{row.id}"
        assert (
            client.get(path).status_code == 200 and '<button class="btn btn-primary">保存' not in client.get(path).text
        )
        client.post(path, {"version": str(row.version), "year": "2020"})
    assert rows_of(everything, teachers[0])[section.name] == before
