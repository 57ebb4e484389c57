"""Saved views: what they keep, whose they are, and what happens when the list has changed since."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.actor import actor_of
from app.core.db import utc_now
from app.core.ui.arrangement import TABS
from app.core.ui.column_choice import ListChoice
from app.core.ui.saved_views import MOST, NAME_LENGTH, SavedView, keep_view, may_share, views_of
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import Client
from tests.lists.items import add_item, retire
from tests.lists.pages import (
    LISTS,
    TEACHERS,
    change,
    choose,
    exported,
    headings,
    offered,
    rows,
    save,
    text,
    ticked,
    views,
)

QUERY = "?_flt_0_gender=2&_flt_0_is_staffed=1&_oc_TeacherView=birth_date&_od_TeacherView=desc&psize_TeacherView=20"
COLUMNS = ["status", "ethnicity", "gender"]
# info_admin, reviewer and query of 青禾县第一中学; info_admin of the county; info_admin of a school next door.
CLERK, REVIEWER, COUNTY, STRANGER = "liyutong", "wangjianguo", "zhoumin", "shiqiao1"


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as(CLERK)


def stored(app: Flask) -> list[SavedView]:
    with looking(app) as session:
        return list(session.scalars(sa.select(SavedView).order_by(SavedView.id)))


def opened(client: Client, key: int, path: str = TEACHERS) -> str:
    answer = client.get(f"{path}?view={key}")
    assert answer.status_code == 302, answer.status_code
    return text(client.get(answer.location))


def saved(app: Flask, client: Client, view: str, query: str = "", **form: str) -> int:
    answer = save(client, view, query, **form)
    assert answer.status_code == 302
    [key] = [row.id for row in stored(app) if row.name == view]
    assert f"of={key}" in answer.location
    return int(key)


def said(client: Client, answer: Any) -> str:
    """What the page says beside the field after a refused form."""
    assert answer.status_code == 302, answer.status_code
    page = text(client.get(answer.location))
    found = re.search(r'(?s)<p class="field-error"[^>]*>(.*?)</p>', page)
    assert found, "no word of what is wrong"
    return re.sub(r"<[^>]+>", "", found[1])


# ── the round trip ──


def test_a_view_brings_back_rows_order_columns_and_size(app: Flask, clerk: Client) -> None:
    choose(clerk, "TeacherView", COLUMNS)
    before = text(clerk.get(TEACHERS + QUERY))
    key = saved(app, clerk, "在编女教师", QUERY)
    clerk.post("/lists/TeacherView/columns", {"reset": "1"})
    after = opened(clerk, key)
    assert rows(after) == rows(before) != []
    assert headings(after) == headings(before) == ["姓名", "审核状态", "民族", "性别"]
    assert ticked(after) == COLUMNS and "selected>20 条/页" in after
    assert "性别：女" in after and "是否在编：是" in after


def test_the_export_of_a_view_is_what_it_shows(app: Flask, clerk: Client) -> None:
    choose(clerk, "TeacherView", COLUMNS)
    key = saved(app, clerk, "在编女教师", QUERY)
    clerk.post("/lists/TeacherView/columns", {"reset": "1"})
    page = opened(clerk, key)
    action = re.search(r'action="(/teachers/export\?[^"]*)"', page)
    assert action
    head, *lines = exported(clerk, action[1].replace("&amp;", "&"))
    assert list(head) == headings(page)
    assert [line[0] for line in lines] == [row[0] for row in rows(page)]


@pytest.mark.parametrize("name", list(LISTS))
def test_every_list_has_views(app: Flask, client_as: Callable[[str], Client], count_queries: Any, name: str) -> None:
    username, path = LISTS[name]
    client = client_as(username)
    page = text(client.get(path))
    select = re.search(
        r'(?s)<select class="form-control" (?:id="[^"]*"|aria-label="[^"]*") name="(_flt_0_\w+)">(.*?)</select>', page
    )
    found = [value for value in re.findall(r'<option value="([^"]+)"', select[2])] if select else []
    query = f"?{select[1]}={found[0]}" if select and found else ""
    save(client, "一个视图", query, name)
    [view] = stored(app)
    with count_queries() as statements:
        page = opened(client, view.id, path)
    # Two requests: the one that leads on, and the list itself.
    assert len(statements) <= 15 + 8, "\n".join(statements)
    assert views(page) == {"一个视图": view.id} and 'aria-current="page">一个视图</a>' in page
    assert rows(page) == rows(text(client.get(path + query)))
    assert view.content["filters"] == ({select[1][7:]: found[0]} if query and select else {})


def test_what_differs_is_said_and_can_be_kept(app: Flask, clerk: Client) -> None:
    key = saved(app, clerk, "在编女教师", QUERY)
    assert "已改动" not in opened(clerk, key)
    other = f"?of={key}&_flt_0_gender=1&_flt_0_is_staffed=1"
    assert "已改动" in text(clerk.get(TEACHERS + other))
    answer = change(clerk, key, "update", other)
    assert "已改动" not in text(clerk.get(answer.location))
    [view] = stored(app)
    assert view.content["filters"] == {"gender": "1", "is_staffed": "1"} and view.content["order"] == ""


def test_columns_chosen_inside_a_view_are_a_change_of_it(app: Flask, clerk: Client) -> None:
    key = saved(app, clerk, "在编女教师", QUERY)
    answer = choose(clerk, "TeacherView", COLUMNS, f"?of={key}&{QUERY[1:]}")
    page = text(clerk.get(answer.location))
    assert "cols=own" in answer.location and ticked(page) == COLUMNS and "已改动" in page
    assert ticked(opened(clerk, key)) != COLUMNS, "the view itself is as it was"
    change(clerk, key, "update", answer.location.removeprefix(TEACHERS))
    assert ticked(opened(clerk, key)) == COLUMNS


def test_the_tabs_lead_out_of_a_view(app: Flask, clerk: Client) -> None:
    key = saved(app, clerk, "在编女教师", QUERY)
    page = opened(clerk, key)
    tabs = page.split('nav-tabs views">')[1].split("</ul>")[0]
    assert re.findall(r'<li class="active"><a href="([^"]*)" aria-current="page">', tabs) == [f"?view={key}"]
    drafts = re.search(r'href="([^"]*)">未报送<', page)
    assert drafts and drafts[1] == "?_flt_0_status=draft"


def test_the_form_of_conditions_stays_in_the_view(app: Flask, clerk: Client) -> None:
    key = saved(app, clerk, "在编女教师", QUERY)
    form = opened(clerk, key).split('<form class="choices"')[1].split("</form>")[0]
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    assert kept == {
        "of": str(key),
        "_oc_TeacherView": "birth_date",
        "_od_TeacherView": "desc",
        "psize_TeacherView": "20",
    }


# ── a search is no part of it ──


def test_a_search_text_is_not_kept(app: Flask, clerk: Client, teachers: list[Teacher]) -> None:
    name = teachers[0].name or ""
    found = clerk.post("/teachers/search/", {"q": name}).location
    query = found.removeprefix(TEACHERS)
    page = text(clerk.get(found))
    told = "正在查找的文字不会存进视图"
    assert told in page and told not in text(clerk.get(TEACHERS))
    answer = save(clerk, "查找", query)
    assert "q=" in answer.location, "one stays at what was found"
    [view] = stored(app)
    assert name not in str(view.content) and query[3:] not in str(view.content)
    assert len(rows(opened(clerk, view.id))) == len(teachers)


def test_a_new_search_takes_the_place_of_the_last(clerk: Client, teachers: list[Teacher]) -> None:
    page = text(clerk.get(clerk.post("/teachers/search/", {"q": teachers[0].name}).location))
    form = page.split('<form class="search"')[1].split("</form>")[0]
    assert len(re.findall(r'name="q"', form)) == 1, "the id of the last search would be searched for"


# ── opening with a view ──


def test_a_list_opens_with_the_view_that_was_set(app: Flask, clerk: Client, client_as: Callable[[str], Client]) -> None:
    key = saved(app, clerk, "在编女教师", QUERY)
    change(clerk, key, "opening", on="1")
    answer = clerk.get(TEACHERS)
    assert answer.status_code == 302 and f"of={key}" in answer.location
    page = text(clerk.get(answer.location))
    assert "打开时先用" in page
    everybody = text(clerk.get(TEACHERS + "?of=0"))
    assert len(rows(everybody)) > len(rows(page)) and f'href="{TEACHERS}?of=0"' in page
    assert '<input type="hidden" name="of" value="0">' in everybody.split('<form class="choices"')[1]
    assert client_as(REVIEWER).get(TEACHERS).status_code == 200
    change(clerk, key, "opening")
    assert clerk.get(TEACHERS).status_code == 200


def test_without_its_view_a_list_opens_as_usual(app: Flask, clerk: Client) -> None:
    key = saved(app, clerk, "在编女教师", QUERY)
    change(clerk, key, "opening", on="1")
    answer = change(clerk, key, "delete", f"?of={key}&{QUERY[1:]}")
    assert clerk.get(answer.location).status_code == 200
    assert clerk.get(TEACHERS).status_code == 200 and stored(app) == []
    with looking(app) as session:
        assert [choice.view_id for choice in session.scalars(sa.select(ListChoice))] == [None]


# ── whose it is ──


@pytest.fixture
def own(app: Flask, clerk: Client) -> int:
    return saved(app, clerk, "我的", QUERY)


@pytest.fixture
def units(app: Flask, clerk: Client) -> int:
    """The view that the info_admin of the school shares."""
    return saved(app, clerk, "本校的", QUERY, shared="1")


SEES = {
    # own, the unit's
    CLERK: (302, 302),
    REVIEWER: (404, 302),
    "yizhong_query": (404, 302),
    COUNTY: (404, 404),
    STRANGER: (404, 404),
    "shiqiao": (404, 404),
    "yizhong_sys": (403, 403),  # may not open this list at all
}


@pytest.mark.parametrize("username", list(SEES))
def test_who_sees_which_view(client_as: Callable[[str], Client], own: int, units: int, username: str) -> None:
    client = client_as(username)
    assert tuple(client.get(f"{TEACHERS}?view={key}").status_code for key in (own, units)) == SEES[username]
    if SEES[username] != (403, 403):
        seen = views(text(client.get(TEACHERS + "?of=0")))
        assert seen == {
            name: key
            for name, key, status in zip(("我的", "本校的"), (own, units), SEES[username], strict=True)
            if status == 302
        }
        for key, status in zip((own, units), SEES[username], strict=True):
            expected = 200 if status == 302 else 404
            assert client.get(f"{TEACHERS}?of={key}").status_code == expected
            assert client.post(f"/teachers/export?of={key}").status_code in (expected, 403)


VERBS = ("rename", "update", "delete", "opening")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("username", [name for name in SEES if name != CLERK])
def test_nobody_else_changes_a_view(
    app: Flask, client_as: Callable[[str], Client], own: int, units: int, username: str, verb: str
) -> None:
    client, before = client_as(username), dump(app)
    for key, seen in zip((own, units), SEES[username], strict=True):
        answer = change(client, key, verb, name="TeacherView", **({"on": "1"} if verb == "opening" else {}))
        if (verb, seen) == ("opening", 302):
            assert answer.status_code == 302
        else:
            assert answer.status_code == (403 if seen in (302, 403) else 404)
    allowed = ["list_choice"] if verb == "opening" and 302 in SEES[username] else []
    assert changed_tables(before, dump(app)) == allowed


@pytest.mark.parametrize(("username", "status"), [(REVIEWER, 302), ("yizhong_query", 302)])
def test_who_may_not_share_keeps_own_views_only(
    app: Flask, client_as: Callable[[str], Client], username: str, status: int
) -> None:
    client = client_as(username)
    assert 'name="shared"' not in text(client.get(TEACHERS))
    before = dump(app)
    assert save(client, "本校的", shared="1").status_code == 403
    assert changed_tables(before, dump(app)) == []
    assert save(client, "我的").status_code == status
    assert [view.shared for view in stored(app)] == [False]


def test_administrators_of_the_unit_look_after_its_views(app: Flask, client_as: Callable[[str], Client]) -> None:
    """系统管理员 over the lists they may open, 信息管理员 over those of the record."""
    for username, name in (("yizhong_sys", "AccountView"), (CLERK, "TeacherView"), (COUNTY, "TeacherView")):
        client = client_as(username)
        assert save(client, f"单位的 {username}", "", name, shared="1").status_code == 302
    assert [view.shared for view in stored(app)] == [True] * 3
    assert len({view.owner for view in stored(app)}) == 2


def test_who_leaves_the_unit_loses_its_views(
    app: Flask, everything: Session, client_as: Callable[[str], Client], own: int, units: int
) -> None:
    with looking(app) as session:
        elsewhere = session.scalars(sa.select(Unit.id).where(Unit.code == "2153000102")).one()
        session.execute(
            sa.text("UPDATE ab_user SET unit_id = :unit WHERE username = :name"), {"unit": elsewhere, "name": CLERK}
        )
        session.commit()
    client = client_as(CLERK)
    assert [client.get(f"{TEACHERS}?view={key}").status_code for key in (own, units)] == [302, 404]


def test_a_person_without_a_unit_sees_no_units_views(session_as: Callable[[str], Session]) -> None:
    session = session_as(CLERK)
    actor = actor_of(session)
    content = {"filters": {}, "order": "", "direction": "", "size": 50, "columns": [], "labels": {}}
    keep_view(session, actor, "TeacherView", "我的", content, utc_now(), shared=False)
    nowhere = replace(actor, user_id=-1, unit_id=0)
    assert list(views_of(session, nowhere, "TeacherView")) == [] and not may_share(nowhere)


# ── names ──


REFUSED = [
    ("", "请写视图的名称"),
    ("  ", "请写视图的名称"),
    ("\0", "请写视图的名称"),
    ("一" * (NAME_LENGTH + 1), f"最多 {NAME_LENGTH} 个字"),
    ("在编", "已有叫「在编」的视图"),
    (" 在编\u200b", "已有叫「在编」的视图"),
]


@pytest.mark.parametrize(("typed", "reason"), REFUSED)
def test_a_name_that_cannot_be_is_refused_beside_the_field(app: Flask, clerk: Client, typed: str, reason: str) -> None:
    key = saved(app, clerk, "在编")
    saved(app, clerk, "别的")
    before = dump(app)
    assert reason in said(clerk, save(clerk, typed))
    other = next(view.id for view in stored(app) if view.id != key)
    assert reason in said(clerk, change_name(clerk, other, typed))
    assert changed_tables(before, dump(app)) == []


def change_name(client: Client, key: int, typed: str, query: str = "") -> Any:
    return client.post(f"/lists/TeacherView/views/{key}/rename{query}", {"name": typed})


def test_what_was_typed_is_still_there_once(clerk: Client) -> None:
    typed = "一" * (NAME_LENGTH + 1)
    answer = save(clerk, typed, QUERY, shared="1")
    page = text(clerk.get(answer.location))
    field = re.search(r'<input[^>]*id="view-name"[^>]*>', page)
    assert field and f'value="{typed}"' in field[0] and 'aria-invalid="true"' in field[0] and "data-focus" in field[0]
    assert 'name="shared" value="1" checked' in page and '<details class="more-filters menu-panel" open>' in page
    assert typed not in text(clerk.get(answer.location))


def test_a_view_is_renamed(app: Flask, clerk: Client, own: int) -> None:
    before = stored(app)[0].content
    answer = change_name(clerk, own, "在编女教师（新）", f"?of={own}&{QUERY[1:]}")
    assert f"of={own}" in answer.location
    assert [(view.name, view.content) for view in stored(app)] == [("在编女教师（新）", before)]
    assert change_name(clerk, own, "在编女教师（新）").status_code == 302, "the same name is no second one"


def test_the_same_name_may_be_used_by_others_and_in_other_lists(
    app: Flask, clerk: Client, client_as: Callable[[str], Client]
) -> None:
    for client, name, form in (
        (clerk, "TeacherView", {}), (clerk, "TeacherView", {"shared": "1"}), (clerk, "UnitView", {}),
        (client_as(REVIEWER), "TeacherView", {}),
    ):  # fmt: skip
        assert "of=" in save(client, "在编", "", name, **form).location
    assert len(stored(app)) == 4


def test_there_are_not_too_many(app: Flask, clerk: Client) -> None:
    for number in range(MOST):
        assert "of=" in save(clerk, f"视图 {number}").location
    assert f"已有 {MOST} 个视图" in said(clerk, save(clerk, "再一个"))
    assert "of=" in save(clerk, "本校的", shared="1").location, "the unit has its own number"
    assert len(stored(app)) == MOST + 1
    page = text(clerk.get(TEACHERS))
    tabs = page.split('nav-tabs views">')[1].split("</ul>")[0]
    assert len(views(page)) == MOST + 1 and tabs.count('href="?view=') == TABS


# ── what is gone since ──


def test_a_retired_item_is_left_out_and_named(app: Flask, clerk: Client) -> None:
    item = add_item(app, label="是否援边教师", kind="bool", code_table="YES_NO", in_filter=True)
    choose(clerk, "TeacherView", ["gender", item.name])
    key = saved(app, clerk, "援边", f"?_flt_0_{item.name}=1&_flt_0_gender=2")
    assert "已经不用" not in opened(clerk, key)
    retire(app, item)
    page = opened(clerk, key)
    assert "条件「是否援边教师」、列「是否援边教师」" in page
    assert headings(page) == ["姓名", "性别"] and rows(page) == rows(text(clerk.get(TEACHERS + "?_flt_0_gender=2")))
    assert "已改动" not in page
    change(clerk, key, "update", f"?of={key}&_flt_0_gender=2")
    assert "已经不用" not in opened(clerk, key)


def test_a_view_of_conditions_that_a_list_refuses_today(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("yizhong_sys")
    save(client, "停用的", "?_flt_0_state=disabled", "AccountView")
    with looking(app) as session:
        [view] = session.scalars(sa.select(SavedView))
        wrong = {
            "filters": {"state": "no such state", "nothing": "1"},
            "order": "password",
            "direction": "up",
            "size": 7,
            "columns": ["password"],
        }
        labels = {"filter state": "状态", "filter nothing": "没有", "column password": "密码"}
        view.content = dict(view.content) | wrong | {"labels": labels}
        session.commit()
        key = view.id
    page = opened(client, key, "/accounts/list/")
    assert "条件「状态」、条件「没有」、列「密码」" in page and "李雨桐" in page


# ── hostile input ──


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "１", "", "1 OR 1=1", "%00"])
@pytest.mark.parametrize("parameter", ["view", "of"])
def test_a_key_that_is_none(clerk: Client, parameter: str, value: str) -> None:
    status = clerk.get(f"{TEACHERS}?{parameter}={value}").status_code
    assert status in (400, 404) or (parameter == "of" and value == "")
    assert clerk.get(f"{TEACHERS}?{parameter}=99999").status_code == 404
    assert clerk.get(f"{TEACHERS}?{parameter}={'9' * 30}").status_code in (400, 404)


def test_a_view_stands_alone_in_its_address(clerk: Client, own: int) -> None:
    assert clerk.get(f"{TEACHERS}?view={own}&_flt_0_gender=1").status_code == 400
    assert clerk.get(f"/teachers/export?view={own}").status_code == 405
    assert clerk.post(f"/teachers/export?view={own}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "?x=1",
        "?_flt_0_id_number_tail=0001",
        "?_oc_TeacherView=id_number_tail",
        "?psize_TeacherView=7",
        "?q=x",
        "?view=1",
    ],
)
def test_what_a_list_refuses_is_not_saved(app: Flask, clerk: Client, own: int, query: str) -> None:
    before = dump(app)
    assert save(clerk, "坏的", query).status_code == 400
    assert change(clerk, own, "update", query).status_code == 400
    assert changed_tables(before, dump(app)) == []


def test_a_condition_that_a_list_refuses_is_not_saved(app: Flask, client_as: Callable[[str], Client]) -> None:
    client, before = client_as("yizhong_sys"), dump(app)
    assert save(client, "坏的", "?_flt_0_state=nonsense", "AccountView").status_code == 400
    assert changed_tables(before, dump(app)) == []


def test_what_a_list_does_not_offer_is_not_kept(app: Flask, clerk: Client) -> None:
    assert "「审核状态」里没有「陈晓明」" in said(clerk, save(clerk, "人", "?_flt_0_status=陈晓明"))
    assert stored(app) == []


def test_a_view_of_another_list_is_not_found(app: Flask, clerk: Client, own: int) -> None:
    before = dump(app)
    assert clerk.get(f"/units/list/?view={own}").status_code == 404
    assert {change(clerk, own, verb, name="UnitView").status_code for verb in VERBS} == {404}
    assert changed_tables(before, dump(app)) == []


def test_only_verbs_that_there_are(app: Flask, clerk: Client, own: int) -> None:
    before = dump(app)
    assert {change(clerk, own, verb).status_code for verb in ("drop", "keep", "__init__", "_delete")} == {404}
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"' onmouseover=x", "{{7*7}}", "😀", "\u202eabc"])
def test_an_odd_name_is_only_a_name(app: Flask, clerk: Client, name: str) -> None:
    save(clerk, name, QUERY)
    [view] = stored(app)
    page = opened(clerk, view.id)
    assert "<script>alert" not in page and '" onmouseover' not in page and "49" not in views(page)
    assert views(page) == {view.name: view.id}


def test_a_menu_offers_what_the_person_may_do(client_as: Callable[[str], Client], clerk: Client, units: int) -> None:
    mine, theirs = text(clerk.get(TEACHERS)), text(client_as(REVIEWER).get(TEACHERS))
    for verb in ("rename", "update", "delete"):
        assert f"/views/{units}/{verb}" in mine and f"/views/{units}/{verb}" not in theirs
    assert f"/views/{units}/opening" in theirs and "李雨桐" in theirs
    assert offered(theirs)
