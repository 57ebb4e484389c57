"""The columns of a list: what is offered, chosen, shown and exported."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.jobs import DONE, FAILED, Job
from app.core.province_items import ProvinceItem
from app.core.ui.base_view import ScopedModelView
from app.core.ui.column_choice import ListChoice, posted_columns
from app.jobs.running import make_worker
from app.organisations.models import Unit
from app.records import BY_NAME, export_views
from app.records.export import CHANGED
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import SCHOOL, Client
from tests.lists.items import add_item, retire
from tests.lists.pages import (
    EXPORTED,
    LISTS,
    TEACHERS,
    choose,
    exported,
    headings,
    offered,
    rows,
    text,
    ticked,
    workbook,
)

USUAL = ["gender", "id_number", "birth_date", "highest_education", "unit", "staff_category", "status", "updated_at"]
OWN = ["status", "ethnicity", "gender"]
EVERY_LIST = pytest.mark.parametrize("name", list(LISTS))


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


def choices(app: Flask) -> list[tuple[int, str, Any]]:
    with looking(app) as session:
        query = sa.select(ListChoice.user_id, ListChoice.list_name, ListChoice.columns)
        return [tuple(row) for row in session.execute(query)]


# ── every list ──


def test_the_table_has_every_list(app: Flask) -> None:
    there = {type(v).__name__ for v in app.appbuilder.baseviews if isinstance(v, ScopedModelView)}  # type: ignore[attr-defined]
    assert there == set(LISTS)


@EVERY_LIST
def test_each_offered_column_can_be_shown(client_as: Callable[[str], Client], count_queries: Any, name: str) -> None:
    username, path = LISTS[name]
    client = client_as(username)
    page = text(client.get(path))
    menu = offered(page)
    assert headings(page)[1:] == [label for _, label, on in menu if on] or not rows(page)
    assert choose(client, name, [column for column, _, _ in menu][::-1]).status_code == 302
    with count_queries() as statements:
        page = text(client.get(path))
    assert len(statements) <= 15, "\n".join(statements)
    assert ticked(page) == [column for column, _, _ in menu][::-1]
    assert headings(page)[1:] == [label for _, label, _ in menu][::-1] or not rows(page)


@pytest.mark.parametrize("name", EXPORTED)
def test_the_export_has_the_chosen_columns(client_as: Callable[[str], Client], name: str) -> None:
    username, path = LISTS[name]
    client = client_as(username)
    menu = offered(text(client.get(path)))
    items = {item.name for item in SECTION_OF[name].fields.values() if "S" in item.school_types}
    assert {column for column, _, _ in menu} >= items - UNLISTED - {"name"}
    choose(client, name, [column for column, _, _ in menu][::-1])
    head, *lines = exported(client, path.replace("/list/", "/export"))
    assert list(head)[1:] == [label for _, label, _ in menu][::-1]
    shown = rows(text(client.get(path)))
    assert len(shown) == min(len(lines), 50)
    for row, line in zip(shown, lines, strict=False):
        assert [cell.replace("—", "") for cell in row[: len(line)]] == [cell or "" for cell in line]


UNLISTED = {"mobile", "emergency_phone", "department"}  # encrypted, or the school's own codes: see records/columns.py
SECTION_OF = {name: BY_NAME[LISTS[name][1].split("/")[2] if "records" in LISTS[name][1] else "basic_info"]
              for name in EXPORTED}  # fmt: skip


def test_every_item_is_offered_above_the_schools_and_those_of_the_kind_in_one(
    client_as: Callable[[str], Client],
) -> None:
    def items(username: str) -> set[str]:
        return {column for column, _, _ in offered(text(client_as(username).get(TEACHERS)))}

    declared = BY_NAME["basic_info"].declared
    of_schools = {item.name for item in declared.values() if "S" in item.school_types}
    assert items("liyutong") - {"unit", "status", "updated_at"} == of_schools - {"name"}
    assert items("zhoumin") - {"unit", "status", "updated_at"} == set(declared) - {"name", "department"}


def of_the_page(statements: list[str]) -> list[str]:
    """Without what happens now and then: codes are looked at, a session is noted as used."""
    looks = ("FROM code_table", "FROM province_", "UPDATE server_session")
    return [s for s in statements if not any(look in s for look in looks)]


def test_all_columns_cost_no_more_queries(client_as: Callable[[str], Client], count_queries: Any) -> None:
    client = client_as("zhoumin")
    for name in ("TeacherView", "EducationHistoryView"):
        path = LISTS[name][1]
        with count_queries() as before:
            page = text(client.get(path))
        choose(client, name, [column for column, _, _ in offered(page)])
        client.get(path)  # takes the message out of the session
        with count_queries() as after:
            client.get(path)
        assert len(rows(page)) >= 20
        assert len(of_the_page(after)) == len(of_the_page(before)) <= 15, "\n".join(after)


# ── what is chosen ──


def test_a_choice_is_kept_for_this_person_and_list(
    app: Flask, clerk: Client, client_as: Callable[[str], Client]
) -> None:
    before = text(clerk.get(TEACHERS))
    assert ticked(before) == USUAL
    answer = choose(clerk, "TeacherView", OWN)
    assert (answer.status_code, answer.location) == (302, TEACHERS)
    page = text(clerk.get(TEACHERS))
    assert headings(page) == ["姓名", "审核状态", "民族", "性别"] and ticked(page) == OWN
    assert ticked(text(client_as("liyutong").get(TEACHERS))) == OWN, "at another computer too"
    assert ticked(text(client_as("wangjianguo").get(TEACHERS))) == USUAL
    assert len(choices(app)) == 1


def test_the_usual_columns_come_back(app: Flask, clerk: Client) -> None:
    choose(clerk, "TeacherView", OWN)
    assert clerk.post("/lists/TeacherView/columns", {"reset": "1", "column": OWN}).status_code == 302
    assert ticked(text(clerk.get(TEACHERS))) == USUAL
    assert [columns for *_, columns in choices(app)] == [None]


def test_the_name_stays_where_it_is(clerk: Client) -> None:
    choose(clerk, "TeacherView", [])
    page = text(clerk.get(TEACHERS))
    assert headings(page) == ["姓名"] and "/teachers/show/" in page


def test_one_goes_back_to_what_was_shown(clerk: Client) -> None:
    query = "?_flt_0_gender=1&_oc_TeacherView=birth_date&_od_TeacherView=desc&psize_TeacherView=20"
    answer = choose(clerk, "TeacherView", OWN, query)
    assert sorted(answer.location.split("?")[1].split("&")) == sorted(query[1:].split("&"))
    assert text(clerk.get(answer.location)).count("/teachers/show/") >= 5


def test_an_order_stays_when_its_column_is_hidden(clerk: Client) -> None:
    query = "?_oc_TeacherView=birth_date&_od_TeacherView=desc"
    people = [row[0] for row in rows(text(clerk.get(TEACHERS + query)))]
    choose(clerk, "TeacherView", OWN)
    assert [row[0] for row in rows(text(clerk.get(TEACHERS + query)))] == people


def test_numbers_stay_masked_whatever_is_chosen(
    app: Flask, clerk: Client, teachers: list[Teacher], strangers: list[Teacher]
) -> None:
    for name in ("TeacherView", "ContactView"):
        path = LISTS[name][1]
        choose(clerk, name, [column for column, _, _ in offered(text(clerk.get(path)))])
        page = text(clerk.get(path))
        told = page + str(exported(clerk, path.replace("/list/", "/export")))
        assert not [t for t in (*teachers, *strangers) if t.id_number and t.id_number in told]
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", told)


# ── without JavaScript: numbers ──


@pytest.mark.parametrize(
    ("names", "places", "expected"),
    [
        ("abc", {}, "abc"),
        ("cab", {}, "cab"),
        ("abc", {"a": "1", "b": "2", "c": "3"}, "abc"),
        ("abc", {"a": "3", "b": "2", "c": "3"}, "bca"),
        ("abc", {"a": "1", "b": "2", "c": "1"}, "cab"),
        ("abcx", {"a": "1", "b": "2", "c": "3", "x": "2"}, "axbc"),
        ("abcx", {"a": "1", "b": "2", "c": "3", "x": ""}, "abcx"),
        ("abcx", {"x": "999"}, "abcx"),
        ("ac", {"a": "1", "b": "2", "c": "3"}, "ac"),
        ("aab", {}, "ab"),
        ("", {}, ""),
    ],
)
def test_a_number_moves_a_column_there(names: str, places: dict[str, str], expected: str) -> None:
    found = posted_columns([*names], places, [*"abc"])
    assert found is not None and "".join(found) == expected


@pytest.mark.parametrize("typed", ["x", "-1", "1.5", "１", "1000", "9" * 30])
def test_a_place_that_is_no_number_is_no_place(typed: str) -> None:
    assert posted_columns(["a"], {"a": typed}, ["a"]) is None


def test_the_form_without_script(clerk: Client) -> None:
    places = {name: place for place, name in enumerate(USUAL, 1)} | {"ethnicity": 2}
    choose(clerk, "TeacherView", [*USUAL, "ethnicity"], **places)
    assert ticked(text(clerk.get(TEACHERS))) == [USUAL[0], "ethnicity", *USUAL[1:]]


# ── what is refused ──

NEVER = ["id_number_hash", "id_number_tail", "version", "unit_id", "extra", "x_1", "unit.name", "name", "", "x" * 300,
         "mobile", "teacher", "__class__"]  # fmt: skip


@pytest.mark.parametrize("column", NEVER)
def test_what_is_not_offered_is_refused(app: Flask, clerk: Client, column: str) -> None:
    before = dump(app)
    assert choose(clerk, "TeacherView", ["gender", column]).status_code == 400
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize(
    "query", ["?x=1", "?_flt_0_id_number=1", "?view=1", "?page_TeacherView=x", "?cols=own", "?cols=x"]
)
def test_an_address_that_the_list_refuses_changes_nothing(app: Flask, clerk: Client, query: str) -> None:
    before = dump(app)
    assert choose(clerk, "TeacherView", OWN, query).status_code == 400
    assert clerk.get(TEACHERS + query).status_code == 400 or query == "?view=1"
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("HomeView", 404), ("SectionView", 404), ("x", 404), ("AccountView", 403), ("TeacherView", 302)],
)
def test_only_lists_that_the_person_may_open(app: Flask, clerk: Client, name: str, status: int) -> None:
    before = dump(app)
    assert choose(clerk, name, []).status_code == status
    assert changed_tables(before, dump(app)) == (["list_choice"] if status == 302 else [])


# ── items of a province ──


@pytest.fixture
def item(app: Flask) -> ProvinceItem:
    """An item of 云川省 that no list shows by itself; one teacher has it."""
    made = add_item(app, label="本省工作证号", kind="text", length=12)
    with looking(app) as session:
        query = sa.select(Teacher).join(Unit, Teacher.unit_id == Unit.id).where(Unit.code == SCHOOL)
        session.scalars(query.order_by(Teacher.id)).first().extra = {made.name: "YC001"}  # type: ignore[union-attr]
        session.commit()
    return made


def test_an_item_of_the_own_province_is_offered(app: Flask, item: ProvinceItem, clerk: Client) -> None:
    assert (item.name, "本省工作证号", False) in offered(text(clerk.get(TEACHERS)))
    choose(clerk, "TeacherView", [item.name, "gender"])
    page = text(clerk.get(TEACHERS))
    assert headings(page) == ["姓名", "本省工作证号", "性别"] and "YC001" in [row[1] for row in rows(page)]
    assert "YC001" in [line[1] for line in exported(clerk, "/teachers/export")]


def test_a_retired_item_is_no_longer_shown(app: Flask, item: ProvinceItem, clerk: Client) -> None:
    choose(clerk, "TeacherView", [item.name, "gender"])
    retire(app, item)
    page = text(clerk.get(TEACHERS))
    assert headings(page) == ["姓名", "性别"] and "本省工作证号" not in page


# ── export by a job ──


def work(app: Flask) -> Job:
    while make_worker(app).turn():
        pass
    with looking(app) as session:
        return session.scalars(sa.select(Job).order_by(Job.id.desc()).limit(1)).one()


def test_a_job_keeps_the_columns_of_its_asking(app: Flask, clerk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(clerk, "TeacherView", OWN)
    at_once = exported(clerk, "/teachers/export")
    monkeypatch.setattr(export_views, "AT_ONCE", 1)
    assert clerk.post("/teachers/export").status_code == 302
    choose(clerk, "TeacherView", ["birth_date"])
    job = work(app)
    assert job.status == DONE, job.message
    assert exported_file(clerk, job) == at_once
    assert at_once[0] == ("姓名", "审核状态", "民族", "性别")


def exported_file(client: Client, job: Job) -> list[tuple[Any, ...]]:
    return workbook(client.get(f"/jobs/{job.id}/result").data)


def test_a_job_without_one_of_its_columns_says_so(
    app: Flask, item: ProvinceItem, clerk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(clerk, "TeacherView", [item.name])
    monkeypatch.setattr(export_views, "AT_ONCE", 1)
    clerk.post("/teachers/export")
    retire(app, item)
    job = work(app)
    assert (job.status, job.message, job.result_digest) == (FAILED, CHANGED, None)


# ── the page ──


def test_every_control_has_a_name(clerk: Client) -> None:
    page = text(clerk.get(TEACHERS))
    section = page.split('<section class="card list"')[1].split("<table")[0]
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', section))
    nameless = [
        control
        for control in re.findall(r"<(?:input|select)\b[^>]*>", section)
        if 'type="hidden"' not in control and 'type="checkbox"' not in control and "aria-label" not in control
        and not labelled & set(re.findall(r'\bid="([^"]+)"', control))
    ]  # fmt: skip
    assert nameless == []
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
