"""A list of units by file: what it would change is shown first, and written as a whole or not at all."""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from openpyxl.utils import get_column_letter
from sqlalchemy.orm import Session

from app.core.settings_log import SettingChange
from app.organisations.declarations import UNIT
from app.organisations.models import Unit, UnitChange
from app.organisations.unit_file import write_units
from app.records.teacher import Teacher
from tests.conftest import PRIMARY, SCHOOL, STRANGE_SCHOOL, Client

HEAD = ("单位代码", "单位名称", "上级单位代码", "级别", "学校类型", "办学类型")
COUNTY, CITY = "5301210000", "5301000000"
NEW = ("2153000901", "青禾县河东小学", COUNTY, "学校", "中小学", "小学")


def workbook(*rows: Sequence[Any], head: Sequence[str] = HEAD) -> bytes:
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def planned(client: Client, *rows: Sequence[Any], head: Sequence[str] = HEAD) -> tuple[str, str]:
    """The address of the plan, and its page."""
    answer = client.post("/units/file/upload", {"file": (io.BytesIO(workbook(*rows, head=head)), "名单.xlsx")})
    assert answer.status_code == 302, answer.text
    path = re.sub(r"^https?://[^/]+", "", answer.headers["Location"])
    return path, client.get(path).text


def unit(session: Session, code: str) -> Unit | None:
    session.rollback()
    session.expire_all()
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one_or_none()


def known(session: Session) -> dict[str, tuple[Any, ...]]:
    session.rollback()
    session.expire_all()
    return {u.code: (u.name, u.parent_id, u.status, u.school_category) for u in session.scalars(sa.select(Unit))}


@pytest.fixture
def county(client_as: Callable[[str], Client]) -> Client:
    return client_as("qinghe_sys")


def test_the_list_goes_out_and_comes_back_unchanged(client_as: Callable[[str], Client]) -> None:
    for username in ("moe_sys", "yunchuan_sys", "qinghe_sys"):
        client = client_as(username)
        answer = client.post("/units/file/download")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        answer = client.post("/units/file/upload", {"file": (io.BytesIO(answer.data), "x.xlsx")})
        page = client.get(answer.headers["Location"]).text
        assert "没有变动" in page and "要改的地方" not in page, username


@pytest.mark.usefixtures("everything")  # which has the codes read
def test_every_coded_item_of_the_template_has_a_drop_down() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_units([])))
    sheet = book.active
    labels = {get_column_letter(at): cell.value.lstrip("*") for at, cell in enumerate(sheet[2], start=1) if cell.value}
    assert list(labels.values()) == [field.label for field in UNIT.items]
    assert sheet.row_dimensions[1].hidden and sheet["A1"].value == "unit.code"
    offered = {
        str(v.sqref).rstrip("0123456789").split(":")[1]: v.formula1 for v in sheet.data_validations.dataValidation
    }
    assert {labels[letter] for letter in offered} == {field.label for field in UNIT.items if field.code_table}
    [level] = [offered[letter] for letter, label in labels.items() if label == "级别"]
    named, _, place = book.defined_names[level].attr_text.partition("!")
    cells = [row[0].value for row in book[named.strip("'")][place.replace("$", "")]]
    assert "学校" in cells and "县" in cells
    assert "INDIRECT" in next(offered[letter] for letter, label in labels.items() if label == "所在地区划")


@pytest.mark.usefixtures("everything")
def test_a_full_list_can_be_read_by_every_reader() -> None:
    rows = [{"code": f"{number:010}", "name": "某小学", "level": "school"} for number in range(30)]
    content = write_units(rows)
    for read_only in (False, True):
        sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=read_only).worksheets[0]
        found = [row[:4] for row in sheet.iter_rows(min_row=3, values_only=True)]
        assert found == [(row["code"], "某小学", None, "学校") for row in rows]


def test_a_list_adds_and_changes(county: Client, everything: Session) -> None:
    before = known(everything)
    path, page = planned(county, NEW, (PRIMARY, "青禾县第一小学", "", "", "", ""), (SCHOOL, "", "", "", "", "高级中学"))
    for said in ("青禾县河东小学", "新增", "修改", "青禾县第一小学", "确认写入"):
        assert said in page
    assert known(everything) == before, "nothing is written before the confirmation"
    assert county.post(f"{path}/confirm").status_code == 302
    made, renamed, mended = (unit(everything, code) for code in (NEW[0], PRIMARY, SCHOOL))
    assert made and renamed and mended
    assert (made.name, made.school_kind, made.school_category, made.status) == (NEW[1], "S", "211", "2")
    assert made.scope_ids[2] == made.parent_id and made.pinyin.startswith("qinghexianhedong")
    assert (renamed.name, renamed.school_category) == ("青禾县第一小学", "211"), "an empty cell changes nothing"
    assert renamed.pinyin.startswith("qinghexiandiyixiaoxue") and mended.school_category == "342"
    change = everything.scalars(sa.select(UnitChange)).one()
    assert (change.old_name, change.unit_id) == ("青禾县实验小学", renamed.id)
    assert everything.scalar(sa.select(sa.func.count(SettingChange.id))) == 3
    page = county.get(f"/units/show/{renamed.id}").text
    assert "青禾县实验小学 → 青禾县第一小学" in page and "修改历史" in page
    assert county.post(f"{path}/confirm").status_code == 409, "the second click"
    assert "已写入" in county.get(path).text


def test_superiors_may_stand_below_their_inferiors(client_as: Callable[[str], Client], everything: Session) -> None:
    province = client_as("yunchuan_sys")
    path, page = planned(
        province,
        ("2153000902", "河源县实验小学", "5302010000", "学校", "中小学", ""),
        ("5302010000", "河源县教育局", "5302000000", "县", "", ""),
        ("5302000000", "河源市教育局", "5300000000", "市", "", ""),
    )
    assert "确认写入" in page and "要改的地方" not in page
    assert province.post(f"{path}/confirm").status_code == 302
    school, above, city = (unit(everything, code) for code in ("2153000902", "5302010000", "5302000000"))
    assert school and above and city
    assert school.scope_ids == (city.parent_id, city.id, above.id, school.id)


def test_a_new_superior_by_file_takes_the_rows_along(
    client_as: Callable[[str], Client], session_as: Callable[[str], Session], everything: Session
) -> None:
    province = client_as("yunchuan_sys")
    path, page = planned(
        province,
        (PRIMARY, "", "5301220000", "", "", ""),
        (COUNTY, "", "5302000000", "", "", ""),
        ("5302000000", "北屏市教育局", "5300000000", "市", "", ""),
    )
    assert "要改的地方" not in page
    assert province.post(f"{path}/confirm").status_code == 302
    moved, taken, city = (unit(everything, code) for code in (PRIMARY, SCHOOL, "5302000000"))
    assert moved and taken and city
    for school in (moved, taken):
        rows = everything.execute(
            sa.select(Teacher.city_id, Teacher.county_id).where(Teacher.school_id == school.id).distinct()
        )
        assert [tuple(row) for row in rows] == [school.scope_ids[1:3]]
    assert taken.city_id == city.id != moved.city_id
    assert session_as("shiqiao").scalar(sa.select(sa.func.count(Teacher.id))) == 24
    assert session_as("nanping").scalar(sa.select(sa.func.count(Teacher.id))) == 90 - 36 - 8


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("215300090", *NEW[1:]), "应是 10 位数字"),
        (("2154000901", *NEW[1:]), "与上级单位所在省的代码 53 不符"),
        (("1153000901", *NEW[1:]), "与所选学校类型不符"),
        ((STRANGE_SCHOOL, *NEW[1:]), "已有其他单位在用"),
        (("", *NEW[1:]), "没有填"),
        ((*NEW[:1], "青禾县实验小学", *NEW[2:]), "下面已经有"),
        ((*NEW[:2], "5301220000", *NEW[3:]), "不归您管"),
        ((*NEW[:2], "5301990000", *NEW[3:]), "不存在"),
        ((*NEW[:2], PRIMARY, *NEW[3:]), "不能挂在"),
        ((*NEW[:3], "", "", ""), "没有填"),
        ((*NEW[:3], "二级单位", "", ""), "由学校在"),
        ((*NEW[:3], "乡", "", ""), "代码表里没有「乡」"),
        ((*NEW[:4], "", ""), "没有填"),
        ((*NEW[:5], "幼儿园"), "不是中小学的办学类型"),
        ((PRIMARY, "", "", "县", "", ""), "定了就不能改"),
        ((PRIMARY, "", "", "", "幼儿园", ""), "定了就不能改"),
        ((PRIMARY, "青禾县第一中学", "", "", "", ""), "下面已经有"),
        ((CITY, "别的名字", "", "", "", ""), "已有其他单位在用"),
        ((COUNTY, "别的名字", "", "", "", ""), "已有其他单位在用"),
    ],
)
def test_what_is_wrong_is_told_by_row_and_nothing_is_written(
    county: Client, everything: Session, row: Sequence[str], said: str
) -> None:
    before = known(everything)
    path, page = planned(county, ("2153000777", "青禾县好小学", *NEW[2:]), row)
    assert said in page and "第 3 行" in page
    assert county.post(f"{path}/confirm").status_code == 400
    assert known(everything) == before


def test_two_of_one_code_or_name_are_told(county: Client) -> None:
    _, page = planned(county, NEW, NEW)
    assert "出现了两次" in page and "第 3 行" in page
    _, page = planned(county, NEW, ("2153000902", *NEW[1:]))
    assert "下面已经有" in page


def test_a_plan_is_refused_when_a_unit_has_moved_on(county: Client, everything: Session) -> None:
    row = unit(everything, PRIMARY)
    assert row is not None
    path, _ = planned(county, NEW, (PRIMARY, "", "", "", "", "教学点"))
    assert county.post(f"/units/edit/{row.id}", {"school_category": "22", "status": "2"}).status_code == 302
    assert county.post(f"{path}/confirm").status_code == 409
    assert unit(everything, NEW[0]) is None
    path, _ = planned(county, NEW)
    county.post(
        "/units/add", {"code": NEW[0], "name": "别的小学", "level": "school", "school_kind": "S", "status": "2"}
    )
    assert county.post(f"{path}/confirm").status_code == 409


def test_a_plan_belongs_to_who_made_it(county: Client, client_as: Callable[[str], Client]) -> None:
    path, _ = planned(county, NEW)
    for username in ("moe_sys", "yizhong_sys"):
        assert client_as(username).get(path).status_code == 404
        assert client_as(username).post(f"{path}/confirm").status_code == 404
    assert client_as("yizhong_sys").get("/units/file/").status_code == 403


@pytest.mark.parametrize(("head", "rows"), [(("名称",), [("小学",)]), (HEAD, [])])
def test_a_file_without_units_is_refused(county: Client, head: Sequence[str], rows: list[Any]) -> None:
    content = workbook(*rows, head=head)
    answer = county.post("/units/file/upload", {"file": (io.BytesIO(content), "x.xlsx")})
    assert answer.status_code == 400
