"""Units on screens: found, added by the direct superior, mended, closed; the unit itself keeps its contact items."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import actor_of
from app.core.db import utc_now
from app.core.errors import NotAllowed
from app.core.settings_log import SettingChange
from app.organisations.declarations import LOG
from app.organisations.models import Unit
from app.organisations.operations import add_unit, save_items, set_unit_in_use
from app.records.teacher import Teacher
from tests.conftest import PRIMARY, SCHOOL, STRANGE_SCHOOL, Client

NEW = {"code": "2153000901", "name": "青禾县河东小学", "level": "school", "school_kind": "S", "school_category": "211",
       "status": "2"}  # fmt: skip


def unit(session: Session, code: str) -> Unit:
    session.rollback()
    session.expire_all()
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one()


def exists(session: Session, code: str) -> bool:
    session.rollback()
    return session.scalar(sa.select(Unit.id).where(Unit.code == code)) is not None


@pytest.fixture
def county(client_as: Callable[[str], Client]) -> Client:
    return client_as("qinghe_sys")


def listed(client: Client, **filters: Any) -> str:
    return str(
        client.get("/units/list/", query_string={f"_flt_0_{name}": value for name, value in filters.items()}).text
    )


# ── the list ──


def test_the_list_is_filtered(client_as: Callable[[str], Client], everything: Session) -> None:
    province = client_as("yunchuan_sys")
    page = listed(province, level="school", school_kind="K")
    assert "青禾县第一幼儿园" in page and "青禾县第一中学" not in page
    city = unit(everything, "5301000000")
    page = listed(province, above=city.id)
    assert "南屏市第一中学" in page and "青禾县第一中学" not in page
    unit(everything, PRIMARY).status = "1"
    unit(everything, STRANGE_SCHOOL)
    everything.execute(sa.update(Unit).where(Unit.code == PRIMARY).values(status="1"))
    everything.execute(sa.update(Unit).where(Unit.code == STRANGE_SCHOOL).values(active=False))
    everything.commit()
    assert "青禾县实验小学" in listed(province, state="1")
    page = listed(province, state="retired")
    assert "石桥县初级中学" in page and "青禾县实验小学" not in page
    for wrong in ("x", "99999999999", "-1"):
        assert province.get("/units/list/", query_string={"_flt_0_above": wrong}).status_code == 400
    foreign = client_as("qinghe_sys")
    assert "石桥县初级中学" not in listed(foreign, above=unit(everything, "5301220000").id)


@pytest.mark.parametrize("typed", ["青禾县实验", "附小", "城关小学", "21530001", "qinghexianshiyan", "qhxsyxx", "SYXX"])
def test_a_unit_is_found_by_every_name_by_code_and_by_sound(county: Client, everything: Session, typed: str) -> None:
    school = unit(everything, PRIMARY)
    school.aliases, school.former_names = "实小；附小", "城关小学"
    everything.commit()
    answer = county.post("/units/search/", {"q": typed})
    page = county.get(answer.headers["Location"]).text
    assert "青禾县实验小学" in page and "青禾县第一幼儿园" not in page


def test_pages_cost_few_queries(
    client_as: Callable[[str], Client],
    everything: Session,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    client, key = client_as("yunchuan_sys"), unit(everything, "5301000000").id
    for path in ("/units/list/", f"/units/show/{key}", f"/units/changes/{key}"):
        client.get(path)
        with count_queries() as statements:
            assert client.get(path).status_code == 200
        assert len(statements) <= 15, "\n".join(statements)


def test_pages_of_units_outside_are_missing(county: Client, everything: Session) -> None:
    inside, outside = unit(everything, PRIMARY).id, unit(everything, STRANGE_SCHOOL).id
    above, department = unit(everything, "5301000000").id, unit(everything, "415301980101").id
    assert "小学" in county.get(f"/units/show/{inside}").text
    for key in (outside, above, department, 10**6):
        for path in (f"/units/show/{key}", f"/units/edit/{key}", f"/units/changes/{key}"):
            assert county.get(path).status_code == 404, path
        for path in (f"/units/edit/{key}", f"/units/edit/{key}/retire", f"/units/changes/{key}"):
            assert county.post(path, NEW).status_code == 404, path


# ── adding ──


def test_the_superior_adds_a_unit(county: Client, everything: Session) -> None:
    assert "下级单位" in county.get("/units/add").text
    answer = county.post("/units/add", NEW | {"code": "２１５３０００９０１ "})
    assert answer.status_code == 302, answer.text
    made, above = unit(everything, "2153000901"), unit(everything, "5301210000")
    assert (made.parent_id, made.county_id, made.city_id) == (above.id, above.id, above.city_id)
    assert (made.name, made.school_kind, made.status, made.active) == (NEW["name"], "S", "2", True)
    assert made.pinyin.startswith("qinghexianhedongxiaoxue qhxhdxx")
    page = county.get(f"/units/show/{made.id}").text
    assert "修改历史" in page and "新增" in page and "马志远" in page
    assert "青禾县河东小学" in listed(county, level="school")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"code": "215300090"}, "应是 10 位数字"),
        ({"code": "2111000901"}, "与上级单位所在省的代码 53 不符"),
        ({"code": "2199000901"}, "不是省份代码"),
        ({"code": "1153000901"}, "与所选学校类型不符"),
        ({"code": PRIMARY}, "已有其他单位在用"),
        ({"code": STRANGE_SCHOOL}, "已有其他单位在用"),
        ({"code": ""}, "没有填"),
        ({"name": "青禾县实验小学"}, "下面已经有"),
        ({"level": "city", "school_kind": ""}, "不能挂在"),
        ({"level": "department", "school_kind": ""}, "不能挂在"),
        ({"school_kind": ""}, "没有填"),
        ({"school_category": "111"}, "不是中小学的办学类型"),
        ({"seat_code": "5301"}, "12 位数字"),
        ({"postcode": "65000"}, "6 位数字"),
        ({"name": "长" * 101}, "最多 100 个字"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_stored(
    county: Client, everything: Session, changed: dict[str, str], said: str
) -> None:
    before = everything.scalar(sa.select(sa.func.count(Unit.id)))
    answer = county.post("/units/add", NEW | changed)
    assert answer.status_code == 400 and said in answer.text
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(Unit.id))) == before


@pytest.mark.parametrize(
    ("username", "form"),
    [
        ("moe_sys", {"code": "5400000000", "name": "雪域省教育厅", "level": "province", "status": "2"}),
        ("yunchuan_sys", {"code": "5302000000", "name": "北屏市教育局", "level": "city", "status": "2"}),
        (
            "yunchuan_sys",
            NEW | {"code": "4153019803", "name": "云川医学院", "school_kind": "U", "school_category": "412"},
        ),
    ],
)
def test_each_level_adds_what_hangs_on_it(
    client_as: Callable[[str], Client], everything: Session, username: str, form: dict[str, str]
) -> None:
    client = client_as(username)
    assert client.post("/units/add", form).status_code == 302
    made = unit(everything, form["code"])
    assert (
        made.parent is not None
        and made.scope_ids[:3].count(None) == {"province": 2, "city": 1, "school": 2}[made.level]
    )


def test_a_new_province_has_a_real_number(client_as: Callable[[str], Client], everything: Session) -> None:
    form = {"code": "9900000000", "name": "无名省教育厅", "level": "province", "status": "2"}
    answer = client_as("moe_sys").post("/units/add", form)
    assert answer.status_code == 400 and "不是省份代码" in answer.text
    assert not exists(everything, "9900000000")


# ── mending ──


def test_the_superior_mends_items(county: Client, everything: Session) -> None:
    school = unit(everything, PRIMARY)
    form = {"founder_type": "2", "urban_rural": "121", "status": "3", "aliases": "实小", "principal": "杨校长",
            "name": "别的名字", "code": "2153000999", "level": "county", "school_kind": "K"}  # fmt: skip
    assert county.post(f"/units/edit/{school.id}", form).status_code == 302
    stored = unit(everything, PRIMARY)
    assert (stored.founder_type, stored.urban_rural, stored.status, stored.aliases) == ("2", "121", "3", "实小")
    assert (stored.name, stored.level, stored.school_kind) == ("青禾县实验小学", "school", "S"), "these are not mended"
    page = county.get(f"/units/show/{school.id}").text
    assert all(said in page for said in ("停办", "教育部门", "镇中心区", "杨校长"))
    assert everything.scalar(sa.select(sa.func.count()).where(SettingChange.table_name == LOG)) == 1
    assert county.post(f"/units/edit/{school.id}", {"status": ""}).status_code == 400


def test_the_unit_itself_mends_its_contact_items_only(client_as: Callable[[str], Client], everything: Session) -> None:
    client, school = client_as("yizhong_sys"), unit(everything, SCHOOL)
    assert "由上级单位维护" in client.get(f"/units/edit/{school.id}").text
    form = {"contact_name": "钱老师", "contact_phone": "0871-5551234", "status": "3", "aliases": "一中"}
    assert client.post(f"/units/edit/{school.id}", form).status_code == 302
    stored = unit(everything, SCHOOL)
    assert (stored.contact_name, stored.contact_phone) == ("钱老师", "0871-5551234")
    assert (stored.status, stored.aliases) == ("2", None)
    for path in (f"/units/changes/{school.id}", f"/units/edit/{school.id}/retire", "/units/add"):
        assert client.post(path, {"name": "x"}).status_code == 403, path


def test_units_further_down_and_other_roles_are_refused(
    session_as: Callable[[str], Session], client_as: Callable[[str], Client], everything: Session
) -> None:
    school = unit(everything, SCHOOL)
    for username in ("yunchuan_sys", "zhoumin", "liyutong"):
        session = session_as(username)
        with pytest.raises(NotAllowed):
            save_items(session, actor_of(session), school.id, {"status": "3"}, utc_now())
        with pytest.raises(NotAllowed):
            set_unit_in_use(session, actor_of(session), school.id, utc_now(), in_use=False)
        session.rollback()
    session = session_as("liyutong")
    with pytest.raises(NotAllowed):
        add_unit(session, actor_of(session), NEW, utc_now())
    assert client_as("zhoumin").get("/units/add").status_code == 403
    assert unit(everything, SCHOOL).status == "2"


# ── closing ──


def test_a_unit_with_people_or_units_is_not_closed(
    county: Client, client_as: Callable[[str], Client], everything: Session
) -> None:
    school, authority = unit(everything, PRIMARY), unit(everything, "5301210000")
    answer = county.post(f"/units/edit/{school.id}/retire")
    assert answer.status_code == 400 and "14 名在职教师" in answer.text
    session_city = client_as("yunchuan_sys")
    city = unit(everything, "5301000000")
    answer = session_city.post(f"/units/edit/{city.id}/retire")
    assert answer.status_code == 400 and "下面还有" in answer.text
    assert unit(everything, PRIMARY).active and unit(everything, "5301000000").active and authority.active


def test_a_unit_whose_people_have_left_is_closed_and_taken_up_again(county: Client, everything: Session) -> None:
    school = unit(everything, PRIMARY)
    everything.execute(sa.update(Teacher).where(Teacher.unit_id == school.id).values(personnel_status="301"))
    everything.commit()
    assert county.post(f"/units/edit/{school.id}/retire").status_code == 302
    assert county.post(f"/units/edit/{school.id}/retire").status_code == 409
    assert not unit(everything, PRIMARY).active
    assert "撤销" in county.get(f"/units/show/{school.id}").text
    assert county.post("/units/add", NEW | {"name": "青禾县实验小学"}).status_code == 400, "its name is still there"
    assert county.post(f"/units/edit/{school.id}/restore").status_code == 302
    assert unit(everything, PRIMARY).active
