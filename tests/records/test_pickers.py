"""Items with long code tables in a form: what stands in the page, and a browser without JavaScript."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.codes import codes, store_code
from app.core.drafts import Draft
from app.core.history import History
from app.core.indicator_set import IndicatorSet
from app.core.sections.choices import MOST_LISTED, as_chosen, picker, short_list
from app.core.sections.fields import Field
from app.core.sections.forms import FormState, Item, fieldsets
from app.records import BY_NAME, SECTIONS
from app.records.sections.teaching import Teaching
from app.records.teacher import Teacher
from tests.conftest import Client
from tests.kinds import S, U


class PlainForm(HTMLParser):
    """What a browser without JavaScript would send of the editor on a page, untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.inside, self.select = False, ""
        self.feed(page)

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in given}
        if tag == "form":
            self.inside = "editor" in a.get("class", "")
        elif self.inside and tag == "select":
            self.select = a["name"]
        elif self.inside and tag == "option" and self.select and "selected" in a:
            self.values[self.select] = [a["value"]]
        elif self.inside and tag == "input" and "name" in a and "disabled" not in a:
            if a.get("type") not in ("radio", "checkbox") or "checked" in a:
                self.values.setdefault(a["name"], []).append(a.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


@pytest.fixture
def teacher(teachers: list[Teacher]) -> Teacher:
    """A draft that the clerk may change."""
    return teachers[0]


def opened(client: Client, path: str) -> dict[str, list[str]]:
    return PlainForm(client.get(path).get_data(as_text=True)).values


def sent(client: Client, path: str, values: dict[str, list[str]], **changes: str) -> Any:
    form = values | {name: [text] for name, text in changes.items()}
    return client.client.post(path, data=form)


def stored(session: Session, teacher: Teacher) -> Teacher:
    session.rollback()
    return session.get_one(Teacher, teacher.id, populate_existing=True)


# ── without JavaScript ──


def test_an_untouched_form_changes_nothing(clerk: Client, everything: Session, teacher: Teacher) -> None:
    path, version = f"/teachers/edit/{teacher.id}", teacher.version
    changes = everything.scalar(sa.select(sa.func.count(History.id)))
    values = opened(clerk, path)
    assert values["native_place"] == [codes["ADMIN_DIV"].show(teacher.native_place)]
    assert values["nationality"] == ["156-中国"]
    assert sent(clerk, path, values).status_code == 302
    assert stored(everything, teacher).version == version
    assert everything.scalar(sa.select(sa.func.count(History.id))) == changes


def test_names_that_are_typed_are_read(clerk: Client, everything: Session, teacher: Teacher) -> None:
    path = f"/teachers/edit/{teacher.id}"
    answer = sent(clerk, path, opened(clerk, path), native_place="吉林长春朝阳区", ethnicity="彝族")
    assert answer.status_code == 302
    assert (stored(everything, teacher).native_place, teacher.ethnicity) == ("220104", "07")


def test_what_cannot_be_read_comes_back_as_typed_with_the_reason(
    clerk: Client, everything: Session, teacher: Teacher
) -> None:
    path, before = f"/teachers/edit/{teacher.id}", teacher.native_place
    answer = sent(clerk, path, opened(clerk, path), native_place="朝阳区", birth_place="<b>某地</b>")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "「朝阳区」有 2 处：北京市朝阳区、吉林省长春市朝阳区" in page
    again = PlainForm(page).values
    assert (again["native_place"], again["birth_place"]) == (["朝阳区"], ["<b>某地</b>"])
    assert "<b>某地" not in page
    assert stored(everything, teacher).native_place == before


def test_a_refused_form_keeps_only_what_was_changed(clerk: Client, everything: Session, teacher: Teacher) -> None:
    path = f"/teachers/edit/{teacher.id}"
    sent(clerk, path, opened(clerk, path), native_place="某地")
    everything.rollback()
    assert everything.scalars(sa.select(Draft)).one().texts == {"native_place": "某地"}
    assert opened(clerk, path)["native_place"] == ["某地"]


def test_several_names_are_separated(clerk: Client, everything: Session, teacher: Teacher) -> None:
    path = f"/teachers/{teacher.id}/teaching/add"
    answer = sent(
        clerk, path, opened(clerk, path), year="2020", term="1", teaching_status="20", course="语文、数学，41"
    )
    assert answer.status_code == 302
    everything.rollback()
    row = everything.scalars(sa.select(Teaching).where(Teaching.year == "2020")).one()
    assert row.course == ",13,14,41,"
    path, version = f"/teachers/{teacher.id}/teaching/{row.id}", row.version
    values = opened(clerk, path)
    assert values["course"] == ["语文、数学、英语"]
    assert sent(clerk, path, values).status_code == 302
    everything.rollback()
    assert everything.get_one(Teaching, row.id, populate_existing=True).version == version
    refused = sent(clerk, path, values, course="语文、外星语")
    assert refused.status_code == 400 and "没有「外星语」" in refused.get_data(as_text=True)
    assert PlainForm(refused.get_data(as_text=True)).values["course"] == ["语文、外星语"]


def test_a_retired_code_stays_in_its_form(clerk: Client, everything: Session, teacher: Teacher) -> None:
    everything.get_one(Teacher, teacher.id).native_place = "310115"
    store_code(everything, "ADMIN_DIV", {"code": "310115", "valid_to": "2026-01-01"})
    everything.commit()
    path = f"/teachers/edit/{teacher.id}"
    values = opened(clerk, path)
    assert values["native_place"] == ["上海市浦东新区"]
    assert sent(clerk, path, values, remark="核对过").status_code == 302
    assert (stored(everything, teacher).native_place, teacher.remark) == ("310115", "核对过")


# ── what stands in the page ──


def items(name: str, indicator_set: IndicatorSet, **stored_values: str) -> dict[str, Item]:
    state = FormState(BY_NAME[name], indicator_set, stored_values, {}, lambda _field: "")
    return {item.name: item for group in fieldsets(state) for item in group["items"]}


def test_long_tables_are_pickers_and_short_ones_lists(everything: Session) -> None:
    for section in SECTIONS:
        for indicator_set in (S, U):
            for item in items(section.name, indicator_set).values():
                assert len(item.options) <= MOST_LISTED, item.name
                assert (item.kind in ("picker", "pickers")) == (item.picker is not None)
    kinds = {name: item.kind for name, item in items("basic_info", S).items()}
    assert (kinds["native_place"], kinds["nationality"], kinds["gender"]) == ("picker", "picker", "select")
    assert items("teaching", S)["course"].kind == "pickers"


def test_a_table_stands_in_the_page_once_and_the_longest_not_at_all(clerk: Client, teacher: Teacher) -> None:
    page = clerk.get(f"/teachers/{teacher.id}/education_history/add").get_data(as_text=True)
    assert page.count('<datalist id="codes-COUNTRY"') == 1 and page.count('data-list="codes-COUNTRY"') == 2
    form = clerk.get(f"/teachers/edit/{teacher.id}").get_data(as_text=True)
    assert "盘龙区" not in form and len(form) < 150_000
    assert re.search(r'data-find="/codes/ADMIN_DIV/find\?set=S"', form)


def test_headings_are_listed_and_cannot_be_chosen(everything: Session) -> None:
    made = items("title_appointment", S)["title"].picker
    assert made is not None
    by_code = {row.code: row for row in made.rows}
    assert not by_code["010"].open and by_code["011"].open and by_code["011"].parent == "010"
    assert (by_code["011"].text, by_code["011"].sound) == ("教授", "jiao shou")


def test_a_short_list_stands_under_its_headings(everything: Session) -> None:
    groups = items("basic_info", S)["grassroots_program"].groups
    heading = next(title for title, _ in groups if title)
    entries = codes["GRASSROOTS"].entries
    assert heading in {entry.name for entry in entries.values() if not entry.selectable}
    assert sum(len(options) for _, options in groups) == len(codes["GRASSROOTS"].offered(S))


def test_a_choice_knows_the_parents_it_hangs_on(everything: Session) -> None:
    made = items("education_history", S)["degree"].picker
    assert made is not None
    assert made.list_id == "codes-DEGREE-degree"
    assert {row.parent.split()[0] for row in made.rows} == {"2", "3", "4"}


def places() -> Field:
    return BY_NAME["basic_info"].fields["native_place"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("云南省昆明市五华区", "530102"), ("530102", "530102"), ("五华区", "五华区"), ("", ""), ("朝阳区", "朝阳区")],
)
def test_only_what_the_form_itself_showed_is_put_back_into_codes(everything: Session, typed: str, meant: str) -> None:
    assert as_chosen(places(), S, typed) == meant


def test_a_picker_holds_what_was_typed_without_a_code(everything: Session) -> None:
    assert picker(places(), S, "某地", "x").chosen == [("", "某地", "")]
    assert picker(places(), S, "530102", "x").chosen == [("530102", "云南省昆明市五华区", "530100")]
    assert picker(places(), S, "", "x").text == ""


def test_retired_codes_stay_in_short_lists_where_they_stand(everything: Session) -> None:
    store_code(everything, "GENDER", {"code": "9", "valid_to": "2026-01-01"})
    everything.commit()
    codes.refresh(everything)
    gender = BY_NAME["basic_info"].fields["gender"]
    assert "9" in [option.code for option in short_list(gender, S, "9")]
    assert "9" not in [option.code for option in short_list(gender, S, "1")]
