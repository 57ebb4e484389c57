"""The address that pickers of long code tables ask."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core.codes import store_code
from app.records.teacher import Teacher
from tests.conftest import Client

PLACES = "/codes/ADMIN_DIV/find"


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


def shown(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [option["text"] for option in answer.get_json()["options"]]


def test_a_text_finds_the_best_twenty(clerk: Client) -> None:
    found = shown(clerk.get(PLACES, query_string={"q": "朝阳"}))
    assert found[:2] == ["北京市朝阳区", "辽宁省朝阳市"] and "吉林省长春市朝阳区" in found
    assert len(shown(clerk.get(PLACES, query_string={"q": "区"}))) == 20
    assert shown(clerk.get(PLACES, query_string={"q": "查无此地"})) == []


def test_an_option_says_what_the_picker_needs(clerk: Client) -> None:
    answer = clerk.get(PLACES, query_string={"q": "长春朝阳"}).get_json()
    assert answer["level"] is None
    assert answer["options"] == [
        {
            "code": "220104", "text": "吉林省长春市朝阳区", "name": "朝阳区", "above": "吉林省长春市",
            "parent": "220100", "open": True, "more": False,
        }
    ]  # fmt: skip


def test_levels_are_shown_whole(clerk: Client) -> None:
    top = clerk.get(PLACES).get_json()
    assert len(top["options"]) == 34 and top["level"] is None
    assert [(o["name"], o["open"], o["more"]) for o in top["options"]][::33] == [
        ("北京市", False, True), ("澳门特别行政区", True, False)
    ]  # fmt: skip
    city = clerk.get(PLACES, query_string={"parent": "530100"}).get_json()
    assert city["level"] == {"code": "530100", "text": "云南省昆明市", "parent": "530000"}
    assert city["options"][0]["name"] == "五华区"
    assert len(shown(clerk.get(PLACES, query_string={"parent": "500000"}))) == 38


def test_a_kind_of_school_is_offered_its_own_codes(clerk: Client) -> None:
    kinds = "/codes/SCHOOL_CATEGORY/find"
    all_kinds, kindergarten = shown(clerk.get(kinds)), shown(clerk.get(kinds, query_string={"set": "K"}))
    assert set(kindergarten) < set(all_kinds)


def test_a_teacher_may_ask_too(client_as: Callable[[str], Client], teachers: list[Teacher]) -> None:
    assert shown(client_as(str(teachers[0].id_number)).get(PLACES, query_string={"q": "浦东"})) == ["上海市浦东新区"]


def test_who_is_not_logged_in_learns_nothing(client_as: Callable[[str], Client]) -> None:
    nobody = client_as("")
    page = nobody.get(PLACES, query_string={"q": "朝阳"})
    assert page.status_code == 302 and page.location.startswith("/login/")
    script = nobody.get(PLACES, headers={"Accept": "application/json"})
    assert script.status_code == 401
    assert {page.headers["Cache-Control"], script.headers["Cache-Control"]} == {"no-store"}


@pytest.mark.parametrize("table", ["NO_SUCH_TABLE", "admin_div", "teacher", "..", "%00"])
def test_an_unknown_table_is_not_found(clerk: Client, table: str) -> None:
    assert clerk.get(f"/codes/{table}/find").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "q=%00", "q=" + "a" * 61, "parent=999999", "parent=530000&parent=530100", "q=a&parent=530000", "set=X",
        "set=KS", "limit=5000", "q=a&q=b", "_flt_0_name=x",
    ],
)  # fmt: skip
def test_anything_else_is_a_bad_request(clerk: Client, query: str) -> None:
    answer = clerk.get(f"{PLACES}?{query}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")


def test_a_browser_may_keep_the_answer_for_this_person(clerk: Client) -> None:
    answer = clerk.get(PLACES, query_string={"q": "朝阳"})
    assert answer.headers["Cache-Control"] == "private, max-age=600"
    assert "Cookie" in answer.headers["Vary"]


def test_an_answer_costs_no_query_of_its_own(
    clerk: Client, count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    clerk.get(PLACES)
    with count_queries() as statements:
        assert shown(clerk.get(PLACES, query_string={"q": "朝阳"}))
    assert len([s for s in statements if "FROM code" in s]) == 0
    assert len(statements) <= 4, "\n".join(statements)


def test_a_retired_code_is_no_longer_offered(clerk: Client, everything: Session) -> None:
    store_code(everything, "ADMIN_DIV", {"code": "310115", "valid_to": "2026-01-01"})
    everything.commit()
    assert shown(clerk.get(PLACES, query_string={"q": "浦东"})) == []
