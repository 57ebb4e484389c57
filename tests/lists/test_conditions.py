"""The conditions of a list: every coded item is one, with names; long tables are searched."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.codes import Code, codes, touch
from app.core.indicator_set import IndicatorSet
from app.core.sections.choices import MOST_LISTED
from app.core.sections.fields import split_codes
from app.core.ui.coded_filters import code_meant, condition
from app.organisations.models import Unit
from app.records import BY_NAME
from app.records.access import AccessLog
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import SCHOOL, Client
from tests.lists.pages import EXPORTED, LISTS, TEACHERS, rows, save, text

BASIC = BY_NAME["basic_info"]


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


def offered(page: str) -> dict[str, list[str] | None]:
    """The conditions of the page: the codes of a short one, None for one that is searched."""
    form = page.split('<form class="choices"')[1].split("</form>")[0] if 'class="choices"' in page else ""
    short = re.findall(r'(?s)<select[^>]*name="_flt_0_(\w+)">(.*?)</select>', form)
    found: dict[str, list[str] | None] = {name: re.findall(r'<option value="([^"]+)"', body) for name, body in short}
    return found | dict.fromkeys(re.findall(r'<input class="form-control" id="[^"]*" name="_flt_0_(\w+)"', form))


def total(page: str) -> int:
    told = re.search(r"共 <b>(\d+)</b>", page)
    return int(told[1]) if told else 0


def stored(app: Flask, model: Any, name: str) -> list[str | None]:
    """The values of an item in 青禾县第一中学."""
    with looking(app) as session:
        school = session.scalars(sa.select(Unit.id).where(Unit.code == SCHOOL)).one()
        return list(session.scalars(sa.select(getattr(model, name)).where(model.school_id == school)))


@pytest.mark.parametrize("name", EXPORTED)
def test_every_coded_item_is_a_condition(app: Flask, clerk: Client, name: str) -> None:
    path = LISTS[name][1]
    section = BY_NAME[path.split("/")[2]] if "records" in path else BASIC
    coded = {f.name: f for f in section.declared.values() if f.code_table and "S" in f.school_types}
    found = offered(text(clerk.get(path)))
    assert set(found) - {"status", "waiting"} == set(coded)
    for item, field in coded.items():
        listed = codes[field.table_for(IndicatorSet("S"))].offered(IndicatorSet("S"))
        assert (found[item] is None) == (len(listed) > MOST_LISTED), item
        values = stored(app, section.model, item)
        code = next((split_codes(value)[0] for value in values if value), listed[0].code if listed else "1")
        having = [value for value in values if code in split_codes(value)]
        page = text(clerk.get(f"{path}?_flt_0_{item}={code}"))
        assert total(page) == len(having), item
        said = f"{field.label}：{codes[field.table_for(IndicatorSet('S'))].show(code)}"
        assert f'<span class="chip">{html.escape(said)}' in page, item


def test_a_multiple_choice_is_found_by_each_of_its_codes(app: Flask, clerk: Client) -> None:
    with looking(app) as session:
        query = sa.select(Teacher).join(Unit, Teacher.unit_id == Unit.id).where(Unit.code == SCHOOL)
        teacher = session.scalars(query.order_by(Teacher.id)).first()
        assert teacher is not None
        teacher.political_status = ",01,04,"
        name = teacher.name
        session.commit()
    for code in ("01", "04"):
        assert name in [row[0] for row in rows(text(clerk.get(f"{TEACHERS}?_flt_0_political_status={code}")))]
    assert rows(text(clerk.get(f"{TEACHERS}?_flt_0_political_status=1,0"))) == [], "no part of a code"


# ── without a script, names are typed ──


def test_a_typed_name_means_its_code(app: Flask, clerk: Client) -> None:
    by_code = text(clerk.get(f"{TEACHERS}?_flt_0_ethnicity=01"))
    for typed in ("汉族", "汉", "hanzu", "01-汉族", " 汉族 "):
        page = text(clerk.get(TEACHERS, query_string={"_flt_0_ethnicity": typed}))
        assert rows(page) == rows(by_code) != [] and "民族：汉族" in page
        assert set(re.findall(r'href="[^"]*_flt_0_ethnicity=([^"&]*)', page)) == {"01"}


@pytest.mark.parametrize("typed", ["火星族", "xyz", "99", "<script>", "13800001234", "x" * 200])
def test_what_is_no_name_is_said_beside_the_field(app: Flask, clerk: Client, typed: str) -> None:
    page = text(clerk.get(TEACHERS, query_string={"_flt_0_ethnicity": typed}))
    assert rows(page) == [] and "没有符合条件的记录" in page and "<script>" not in page
    field = re.search(r'<input class="form-control" id="filter-_flt_0_ethnicity"[^>]*>', page)
    assert field and f'value="{html.escape(typed)}"' in field[0] and 'aria-invalid="true"' in field[0]
    assert f"「民族」里没有「{html.escape(typed)}」" in page and '<details class="more-filters" open>' in page
    assert f"去掉条件 民族：{html.escape(typed)}（没有这一项）" in page


def test_it_is_not_kept_in_a_view(app: Flask, clerk: Client) -> None:
    answer = save(clerk, "火星", "?_flt_0_ethnicity=火星族")
    page = text(clerk.get(answer.location))
    assert "先改好条件，再存视图" in page and 'value="火星"' in page
    save(clerk, "汉族的", "?_flt_0_ethnicity=汉族")
    with looking(app) as session:
        kept = list(session.execute(sa.text("SELECT name, content FROM saved_view")))
    assert [name for name, _ in kept] == ["汉族的"] and '"01"' in str(kept[0][1]).replace("'", '"')


def test_it_is_neither_exported_nor_noted(app: Flask, clerk: Client) -> None:
    answer = clerk.post("/teachers/export?_flt_0_ethnicity=火星族")
    assert answer.status_code == 400 and "先改好条件，再导出" in answer.get_data(as_text=True)
    with looking(app) as session:
        assert list(session.scalars(sa.select(AccessLog))) == []


def test_a_retired_code_stays_chosen(app: Flask, clerk: Client) -> None:
    with looking(app) as session:
        row = session.scalars(sa.select(Code).where(Code.table_name == "MARITAL", Code.code == "10")).one()
        row.valid_to, name = "2020-01-01", row.name
        touch(session, "MARITAL")
        session.commit()
    codes.forget()
    assert "10" not in (offered(text(clerk.get(TEACHERS)))["marital_status"] or [])
    page = text(clerk.get(f"{TEACHERS}?_flt_0_marital_status=10"))
    assert f'<option value="10" selected>{name}</option>' in page and "没有这一项" not in page


# ── above the schools ──


def test_above_the_schools_the_items_of_all_kinds_are_conditions(client_as: Callable[[str], Client]) -> None:
    found = offered(text(client_as("zhoumin").get(TEACHERS)))
    coded = {name for name, field in BASIC.declared.items() if field.code_table}
    assert set(found) - {"status", "waiting"} == coded - {"department"}, "each school has its own departments"


def test_one_code_of_two_tables_has_both_names(app: Flask, client_as: Callable[[str], Client]) -> None:
    client_as("zhoumin").get(TEACHERS)  # the codes are read
    field = BASIC.fields["staff_category"]
    names = {kind: codes[field.table_for(IndicatorSet(kind))].show("A2") for kind in "SU"}
    assert names["S"] != names["U"]
    options = {option["value"]: option["label"] for option in condition(field, IndicatorSet(), "")["options"]}
    assert set(names.values()) <= set(options["A2"].split(" / "))
    assert [option["value"] for option in condition(field, IndicatorSet("S"), "")["options"]].count("A2") == 1
    only_u = next(e.code for e in codes[field.table_for(IndicatorSet("U"))].offered(IndicatorSet("U"))
                  if e.code not in codes[field.table_for(IndicatorSet("S"))].entries)  # fmt: skip
    assert code_meant(field, IndicatorSet(), only_u) == only_u


# ── the page ──


def test_many_conditions_cost_no_more_queries(clerk: Client, count_queries: Any) -> None:
    clerk.get(TEACHERS)
    query = "&".join(f"_flt_0_{name}=1" for name in offered(text(clerk.get(TEACHERS))) if name != "status")
    with count_queries() as statements:
        assert clerk.get(f"{TEACHERS}?{query}").status_code == 200
    assert len(statements) <= 15, "\n".join(statements)


def test_short_ones_stand_in_the_row_and_the_rest_is_found_by_name(clerk: Client) -> None:
    page = text(clerk.get(f"{TEACHERS}?_flt_0_ethnicity=01&_flt_0_is_staffed=1"))
    row, panel = page.split('<form class="choices"')[1].split("</form>")[0].split('<details class="more-filters"')
    assert re.findall(r'name="_flt_0_(\w+)"', row) == ["status", "gender", "staff_category"]
    assert "data-find-condition" in panel and '<span class="n">2</span>' in panel
    labels = re.findall(r'<label class="control-label" for="([^"]+)">', panel)
    assert len(labels) > 20 and all(f'id="{label}"' in panel for label in labels)


SEARCHED = {
    "TeacherView": "_flt_0_status=draft",
    "TeacherAccountView": "_flt_0_state=none",
    "CodeView": "_flt_0_table_name=MARITAL",
    "EducationHistoryView": "_flt_0_education=61",
}


@pytest.mark.parametrize("name", SEARCHED)
def test_a_search_keeps_the_conditions(client_as: Callable[[str], Client], name: str) -> None:
    login, path = LISTS[name]
    client, condition, sizes = client_as(login), SEARCHED[name], f"psize_{name}=20"
    page = text(client.get(f"{path}?{condition}&{sizes}&page_{name}=0"))
    action = html.unescape(re.findall(r'<form class="search"[^>]* action="([^"]+)"', page)[0])
    location = client.post(action, {"q": "陈"}).location
    kept = re.findall(r"[^?&]+", location.partition("?")[2])
    assert [part for part in kept if not part.startswith("q=")] == [condition, sizes] and len(kept) == 3
    again = text(client.get(location))
    assert 'value="陈"' in again
    without = client.post(action, {})
    assert re.sub(r"^https?://[^/]+", "", without.location) == f"{path}?{condition}&{sizes}"
    assert client.post(f"{path.replace('/list/', '/search/')}?_flt_0_nothing=1", {"q": "陈"}).status_code == 400
