"""Items that a province adds: there at once in form, list, filter, template, import, check, history and print; and
nowhere else."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.roles import TEACHER, permissions_of
from app.collection.models import Snapshot
from app.core import province_items as province_module
from app.core.actor import Actor, actor_of
from app.core.codes import codes
from app.core.db import utc_now
from app.core.history import History, earlier_values
from app.core.indicator_set import IndicatorSet
from app.core.province_items import ProvinceItem, ProvinceRule, province_items
from app.core.sections.section import Problem, diff
from app.core.settings_log import SettingChange
from app.indicators.operations import save_item, set_item_in_use
from app.organisations.models import Unit
from app.records import BY_NAME
from app.records.completeness import check_record
from app.records.editing import BY_SCHOOL, edit_rights
from app.records.operations import save_row
from app.records.teacher import Teacher
from tests.conftest import Client
from tests.kinds import S
from tests.spreadsheets import workbooks
from tests.spreadsheets.desk import Desk

BASIC = BY_NAME["basic_info"]
TEXTS = {
    "section": "basic_info", "label": "本省工作证号", "kind": "text", "length": "12", "required": "1",
    "school_types": "S,E", "filled_by": "T", "help": "云川省教师工作证上的号码。", "in_list": "1", "sort": "10",
}  # fmt: skip
CHOICE = TEXTS | {"label": "是否援边教师", "kind": "bool", "required": "0", "in_filter": "1", "sort": "20"}
HOURS = TEXTS | {
    "section": "education_history", "label": "实习课时", "kind": "number", "length": "5", "low": "1", "high": "500",
    "unit": "课时", "required": "0",
}  # fmt: skip
AFTER = dt.timedelta(days=1)


@pytest.fixture
def province(session_as: Callable[[str], Session]) -> Session:
    return session_as("yunchuan_sys")


@pytest.fixture
def add(province: Session, everything: Session) -> Callable[..., str]:
    """`add(TEXTS, label=…)`: an item of 云川省 and its name."""

    def add(texts: dict[str, str], **changes: str) -> str:
        problems = save_item(province, actor_of(province), None, texts | changes, utc_now())
        assert problems == []
        province.commit()
        codes.refresh(province)
        everything.rollback()
        return f"x_{province.scalar(sa.select(sa.func.max(ProvinceItem.id)))}"

    return add


@pytest.fixture
def clerk(actor_named: Callable[[str], Actor]) -> Actor:
    return actor_named("liyutong")


@pytest.fixture
def teacher(everything: Session, teachers: list[Teacher]) -> Teacher:
    found = next(t for t in teachers if t.status == "draft")
    return everything.get_one(Teacher, found.id)


def stored(session: Session, teacher: Teacher, name: str) -> Any:
    session.rollback()
    return getattr(session.get_one(Teacher, teacher.id, populate_existing=True), name)


def put(session: Session, clerk: Actor, teacher: Teacher, **texts: str) -> list[Problem]:
    """Save the first form with these items."""
    teacher = session.get_one(Teacher, teacher.id, populate_existing=True)
    saved = save_row(session, clerk, BASIC, teacher, teacher.id, texts, teacher.version, utc_now())
    session.commit()
    return saved.problems


# ── one item everywhere ──


def test_an_item_is_in_the_form_with_label_help_and_value(
    add: Callable[..., str], client_as: Callable[[str], Client], everything: Session, teacher: Teacher
) -> None:
    name = add(TEXTS)
    client = client_as("liyutong")
    page = client.get(f"/teachers/edit/{teacher.id}").get_data(as_text=True)
    assert "本省工作证号" in page and f'name="{name}"' in page and "云川省教师工作证上的号码" in page
    answer = client.post(f"/teachers/edit/{teacher.id}", {"version": str(teacher.version), name: "ＹＣ00１"})
    assert answer.status_code == 302
    assert stored(everything, teacher, name) == "YC001", "read like every other text"
    assert "YC001" in client.get(f"/teachers/edit/{teacher.id}").get_data(as_text=True)
    assert "YC001" in client.get(f"/teachers/show/{teacher.id}").get_data(as_text=True)


def test_what_is_wrong_is_said_beside_it(
    add: Callable[..., str], everything: Session, clerk: Actor, teacher: Teacher
) -> None:
    name = add(TEXTS)
    (problem,) = put(everything, clerk, teacher, **{name: "十三个字的号码就太长了吧是"})
    assert problem.item == name and "最多 12 个字" in problem.message
    assert stored(everything, teacher, name) is None


def test_required_counts_from_its_day_and_only_there(
    add: Callable[..., str], everything: Session, teacher: Teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> list[str]:
        found = check_record(everything, everything.get_one(Teacher, teacher.id)).findings
        return [finding.problem.item for finding in found]

    tomorrow = province_module.TODAY() + AFTER
    name = add(TEXTS, valid_from=tomorrow.isoformat())
    assert name not in asked()
    monkeypatch.setattr(province_module, "TODAY", lambda: tomorrow)
    assert name in asked()
    for other in (S, IndicatorSet("S", teacher.province_id + 1), IndicatorSet("K", teacher.province_id or 0)):
        assert name not in [item.name for item in BASIC.fields_for(other)]


def test_history_difference_and_snapshot_name_it(
    add: Callable[..., str], everything: Session, clerk: Actor, teacher: Teacher
) -> None:
    name = add(TEXTS)
    put(everything, clerk, teacher, **{name: "YC001"})
    version = everything.get_one(Teacher, teacher.id, populate_existing=True).version
    put(everything, clerk, teacher, **{name: "YC002"})
    entry = everything.scalars(sa.select(History).order_by(History.id.desc()).limit(1)).one()
    assert entry.changes == {name: ["YC001", "YC002"]}
    row = everything.get_one(Teacher, teacher.id, populate_existing=True)
    assert earlier_values(everything, row, version) == {name: "YC001"}
    (change,) = diff(BASIC, {}, {name: "YC002"}, S)
    assert (change.label, change.old, change.new) == ("本省工作证号", "", "YC002")


def test_list_shows_and_filters_by_it(
    add: Callable[..., str], everything: Session, clerk: Actor, teacher: Teacher, client_as: Callable[[str], Client]
) -> None:
    name = add(CHOICE)
    put(everything, clerk, teacher, **{name: "是"})
    client = client_as("liyutong")
    page = client.get("/teachers/list/").get_data(as_text=True)
    assert "是否援边教师" in page
    found = client.get("/teachers/list/", query_string={f"_flt_0_{name}": "1"}).get_data(as_text=True)
    assert re.findall(r"/teachers/show/(\d+)", found).count(str(teacher.id)) >= 1
    assert set(re.findall(r"/teachers/show/(\d+)", found)) == {str(teacher.id)}
    others = client.get("/teachers/list/", query_string={f"_flt_0_{name}": "0"}).get_data(as_text=True)
    assert f"/teachers/show/{teacher.id}" not in others
    stranger = client_as("shiqiao")
    assert stranger.get("/teachers/list/", query_string={"_flt_0_x_999": "1"}).status_code == 400


@pytest.fixture
def fresh_templates(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The templates that other tests keep know nothing of a province's items."""
    monkeypatch.setattr(workbooks, "_templates", {})
    yield


@pytest.mark.usefixtures("fresh_templates")
def test_template_has_a_column_and_the_import_reads_it(
    add: Callable[..., str], session_as: Callable[[str], Session], teacher: Teacher, everything: Session, tmp_path: Path
) -> None:
    name, hours = add(CHOICE), add(HOURS)
    session = session_as("liyutong")
    desk = Desk(session, actor_of(session), session.get_one(Unit, teacher.unit_id), tmp_path / "import.xlsx")
    plan = desk.write(基本信息=[workbooks.known(teacher, 是否援边教师="是")])
    assert desk.actions(plan) == ["update"]
    assert stored(everything, teacher, name) == "1"
    line = {"获得学历": "大学本科毕业", "获得学历的院校或机构": "云川师范大学", "实习课时": "501"}
    plan = desk.plan(学习经历=[workbooks.known(teacher, **line)])
    assert any("1 到 500" in message for *_, message in desk.errors(plan))
    assert hours in [item.name for item in BY_NAME["education_history"].fields_for(desk.unit.indicator_set)]


def test_it_may_hang_on_an_item_of_the_nation(
    add: Callable[..., str], everything: Session, clerk: Actor, teacher: Teacher, client_as: Callable[[str], Client]
) -> None:
    name = add(TEXTS, label="代理单位", when_item="basic_info.is_staffed", when_codes="否")
    assert 'value="否"' in client_as("yunchuan_sys").get(f"/indicators/edit/{name[2:]}").text

    def asked() -> list[str]:
        stored = everything.get_one(Teacher, teacher.id, populate_existing=True)
        return [finding.problem.item for finding in check_record(everything, stored).findings]

    put(everything, clerk, teacher, is_staffed="1")
    assert name not in asked()
    (problem,) = [p for p in put(everything, clerk, teacher, **{name: "某公司"}) if p.item == name]
    assert "是否在编" in problem.message
    put(everything, clerk, teacher, is_staffed="0", employment_form="9", contract_type="2")
    put(everything, clerk, teacher, **{name: "某公司"})
    assert stored(everything, teacher, name) == "某公司" and name not in asked()
    put(everything, clerk, teacher, **{name: ""})
    assert name in asked()


# ── who may, and what is refused ──


@pytest.mark.parametrize(
    ("item", "text", "said"),
    [
        ("label", "姓名", "已经有国家指标"),
        ("label", " ", "没有填"),
        ("label", "长" * 61, "最多 60 个字"),
        ("section", "nonsense", "请选择"),
        ("kind", "picture", "代码表里没有「picture」"),
        ("length", "0", "最多几个字"),
        ("length", "501", "0 到 500"),
        ("length", "多", "要填数字"),
        ("school_types", "", "没有填"),
        ("school_types", "S,X", "代码表里没有「X」"),
        ("filled_by", "G", "由谁填写"),
        ("valid_from", "昨天", "日期"),
        ("when_item", "basic_info.is_staffed", "要一起填"),
        ("when_codes", "否", "要一起填"),
    ],
)
def test_a_wrong_declaration_is_refused_beside_the_field(
    client_as: Callable[[str], Client], everything: Session, item: str, text: str, said: str
) -> None:
    answer = client_as("yunchuan_sys").post("/indicators/add", TEXTS | {item: text})
    assert answer.status_code == 400 and said in answer.get_data(as_text=True)
    assert "云川省教师工作证上的号码" in answer.get_data(as_text=True), "nothing typed is lost"
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(ProvinceItem.id))) == 0


def test_numbers_and_tables_are_checked(province: Session) -> None:
    def said(**changes: str) -> list[str]:
        return [p.item for p in save_item(province, actor_of(province), None, HOURS | changes, utc_now())]

    assert said(length="16") == ["length"] and said(high="0.5") == ["high"] and said(low="少") == ["low"]
    assert said(kind="code") == ["code_table"] and said(kind="code", code_table="NOWHERE") == ["code_table"]
    assert said(section="salary") == ["filled_by"], "the school's section has no item of the teacher's"


def test_the_screens_add_change_retire_and_tell(client_as: Callable[[str], Client], everything: Session) -> None:
    client = client_as("yunchuan_sys")
    assert client.get("/indicators/add").status_code == 200
    assert client.post("/indicators/add", TEXTS).status_code == 302
    everything.rollback()
    row = everything.scalars(sa.select(ProvinceItem)).one()
    assert "本省工作证号" in client.get("/indicators/list/").get_data(as_text=True)
    changed = TEXTS | {"label": "工作证号", "kind": "number", "section": "salary"}
    assert client.post(f"/indicators/edit/{row.id}", changed).status_code == 302
    everything.rollback()
    everything.expire_all()
    assert (row.label, row.kind, row.section) == ("工作证号", "text", "basic_info"), "kind and place stay"
    assert client.post(f"/indicators/edit/{row.id}/retire").status_code == 302
    assert "停用" in client.get(f"/indicators/edit/{row.id}").get_data(as_text=True)
    codes.refresh(everything)
    assert province_items.asked("basic_info", IndicatorSet("S", row.province_id)) == []
    assert client.post(f"/indicators/edit/{row.id}/retire").status_code == 409
    assert client.post(f"/indicators/edit/{row.id}/restore").status_code == 302
    everything.rollback()
    changes = everything.scalars(sa.select(SettingChange).order_by(SettingChange.id)).all()
    assert [set(change.changes) >= names for change, names in zip(changes, ({"label"}, {"label"}), strict=False)]
    assert {change.actor_name for change in changes} == {"方志强"} and len(changes) == 4


def test_another_province_neither_sees_nor_changes_it(
    add: Callable[..., str], everything: Session, province: Session, actor_named: Callable[[str], Actor]
) -> None:
    add(TEXTS)
    row = everything.scalars(sa.select(ProvinceItem)).one()
    other = Unit(code="5400000000", name="别省教育厅", level="province")
    everything.add(other)
    everything.flush()
    row.province_id = other.id
    everything.commit()
    province.rollback()
    mine = province.get_one(ProvinceItem, row.id, populate_existing=True)
    with pytest.raises(Exception, match="本省"):
        set_item_in_use(province, actor_of(province), mine, utc_now(), in_use=False)
    with pytest.raises(Exception, match="权限"):
        save_item(province, actor_named("liyutong"), None, TEXTS, utc_now())
    province.rollback()
    assert everything.get_one(ProvinceItem, row.id, populate_existing=True).valid_to == ""


def test_a_foreign_item_is_not_there(
    add: Callable[..., str], everything: Session, client_as: Callable[[str], Client]
) -> None:
    add(TEXTS)
    row = everything.scalars(sa.select(ProvinceItem)).one()
    row.province_id = everything.scalars(sa.select(Unit.id).where(Unit.level == "nation")).one()
    everything.commit()
    client = client_as("yunchuan_sys")
    assert client.get(f"/indicators/edit/{row.id}").status_code == 404
    assert client.post(f"/indicators/edit/{row.id}", TEXTS).status_code == 404
    assert client.post(f"/indicators/edit/{row.id}/retire").status_code == 404
    assert "本省工作证号" not in client.get("/indicators/list/").get_data(as_text=True)


# ── what a province settles about the nation's items ──


RULE = {"item": "basic_info.former_name", "required": "1", "filled_by": "A"}


def test_a_province_may_ask_for_more_and_say_who_fills_in(
    everything: Session, teacher: Teacher, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor]
) -> None:
    client = client_as("yunchuan_sys")
    assert client.post("/indicators/rules/add", RULE).status_code == 302
    everything.rollback()
    codes.refresh(everything)
    settled = {item.name: item for item in BASIC.fields_for(teacher.indicator_set)}["former_name"]
    assert settled.is_required(teacher.indicator_set, {}) and settled.filled_by == "A"
    nation = {item.name: item for item in BASIC.fields_for(S)}["former_name"]
    assert nation.filled_by == "T"
    person = edit_rights(everything, _self(actor_named("liyutong"), teacher), teacher)
    assert person.item_lock(BASIC, teacher.id, BASIC.fields["former_name"]) == BY_SCHOOL
    page = client.get("/indicators/rules/list/").get_data(as_text=True)
    assert "曾用名" in page and "必填" in page and "学校" in page
    rule = everything.scalars(sa.select(ProvinceRule)).one()
    assert client.post(f"/indicators/rules/edit/{rule.id}", {"required": "0", "filled_by": "A"}).status_code == 302
    assert client.post(f"/indicators/rules/drop/{rule.id}").status_code == 302
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(ProvinceRule.id))) == 0
    assert everything.scalar(sa.select(sa.func.count(SettingChange.id))) == 3
    codes.refresh(everything)
    assert {item.name: item for item in BASIC.fields_for(teacher.indicator_set)}["former_name"].filled_by == "T"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"item": "basic_info.id_number"}, "代码表里没有"),
        ({"item": "nonsense"}, "代码表里没有"),
        ({"item": "salary.year", "filled_by": "T"}, "也只能由学校填"),
        ({"filled_by": "G"}, "由谁填写"),
        ({"required": "0", "filled_by": ""}, "没有要规定的"),
    ],
)
def test_a_wrong_rule_is_refused(
    client_as: Callable[[str], Client], everything: Session, changes: dict[str, str], said: str
) -> None:
    answer = client_as("yunchuan_sys").post("/indicators/rules/add", RULE | changes)
    assert answer.status_code == 400 and said in answer.get_data(as_text=True)
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(ProvinceRule.id))) == 0


def _self(actor: Actor, teacher: Teacher) -> Actor:
    return Actor(actor.user_id, teacher.name or "", actor.unit_id, actor.unit_name, actor.level, actor.indicator_set,
                 "教师", permissions_of([TEACHER], "school"), teacher.id)  # fmt: skip


def test_snapshots_keep_it(add: Callable[..., str], everything: Session, clerk: Actor, teacher: Teacher) -> None:
    from app.collection.operations import take_snapshot  # noqa: PLC0415
    from app.core.declarations import unpack_json  # noqa: PLC0415

    name = add(TEXTS)
    put(everything, clerk, teacher, **{name: "YC001"})
    kept = take_snapshot(everything, everything.get_one(Teacher, teacher.id), clerk, utc_now())
    assert isinstance(kept, Snapshot)
    assert unpack_json(kept.content)["basic_info"][0][name] == "YC001"


def test_templates_are_made_for_the_province(add: Callable[..., str], tmp_path: Path, school: Unit) -> None:
    add(TEXTS)
    workbook = workbooks.template_for(school)
    assert "本省工作证号" in _headings(workbook)


def _headings(content: bytes) -> list[str]:
    import io  # noqa: PLC0415

    import openpyxl  # noqa: PLC0415

    sheet = openpyxl.load_workbook(io.BytesIO(content))["基本信息"]
    return [str(cell.value).lstrip("*") for cell in sheet[2] if cell.value]
