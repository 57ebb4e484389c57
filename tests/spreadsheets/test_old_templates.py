"""Templates of another day: what has changed since is read as far as it can be, and said."""

import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from app.core.province_items import Snapshot, province_items
from app.core.sections.fields import Field
from app.core.sections.sheets import read_sheet_columns
from app.core.template_version import read_mark, version_of, write_mark
from app.core.workbook_reader import Row
from app.spreadsheets.upload import book_for
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, fill, headings, person

Edit = Callable[[Any, dict[str, str]], None]


def older(desk: Desk, edit: Edit, **items: Any) -> Any:
    """A filled template as it would have been made before: `edit` changes the sheet and the labels of that day."""
    workbook = openpyxl.load_workbook(fill(desk.unit, desk.path, 基本信息=[person(1, "何静宜", **items)]))
    sheet = workbook[PEOPLE]
    mark = next(cell for cell in sheet[1] if str(cell.value).startswith("{"))
    labels = json.loads(mark.value)["columns"]
    edit(sheet, labels)
    mark.value = write_mark("S", labels)
    workbook.save(desk.path)
    return desk.plan_file(desk.path)


def column_of(sheet: Any, label: str) -> int:
    return headings(sheet)[label]


def rename(item: str, now: str, then: str) -> Edit:
    def edit(sheet: Any, labels: dict[str, str]) -> None:
        labels[f"basic_info.{item}"] = then
        sheet.cell(2, column_of(sheet, now)).value = then

    return edit


def test_todays_template_needs_no_explanation(desk: Desk) -> None:
    assert older(desk, lambda sheet, labels: None).notes == []


def test_an_item_with_a_new_name_is_read_and_said(desk: Desk) -> None:
    plan = older(desk, rename("former_name", "曾用名", "以前的名字"), 曾用名="小何")
    assert plan.notes == ["工作表「基本信息」用的是以前的模板：「以前的名字」现在叫「曾用名」，照读。"]
    assert desk.rows(plan)[0].values["former_name"] == "小何"


def test_an_item_that_is_gone_is_said(desk: Desk) -> None:
    def edit(sheet: Any, labels: dict[str, str]) -> None:
        labels["basic_info.pager"] = "寻呼机号"
        column = len(labels) + 3
        for row, text in enumerate(("basic_info.pager", "寻呼机号", "127-8866"), start=1):
            sheet.cell(row, column).value = text

    assert older(desk, edit).notes == ["工作表「基本信息」用的是以前的模板：「寻呼机号」已经取消，没有读取。"]


def test_an_item_of_that_day_does_not_become_another_one_of_its_name(desk: Desk) -> None:
    """What is called 备注 today was 曾用名 then: the template counts, as long as nobody touched the heading."""

    def edit(sheet: Any, labels: dict[str, str]) -> None:
        labels["basic_info.former_name"], labels["basic_info.remark"] = "备注", "其他"
        former, remark = column_of(sheet, "曾用名"), column_of(sheet, "备注")
        sheet.cell(2, former).value, sheet.cell(2, remark).value = "备注", "其他"

    (row,) = desk.rows(older(desk, edit, 曾用名="小何", 备注="老员工"))
    assert (row.values["former_name"], row.values["remark"]) == ("小何", "老员工")


def test_items_that_came_later_are_named(desk: Desk) -> None:
    def edit(sheet: Any, labels: dict[str, str]) -> None:
        for item, label in (("staff_category", "教职工类别"), ("remark", "备注")):
            del labels[f"basic_info.{item}"]
            sheet.delete_cols(column_of(sheet, label))

    plan = older(desk, edit)
    assert plan.notes == [
        "工作表「基本信息」用的是以前的模板：后来新增的「教职工类别」（必填）「备注」这份文件里没有。"
        "请重新下载模板，把要填的项目填好再上传。"
    ]
    assert desk.actions(plan) == ["create"]


def test_a_column_that_somebody_deleted_is_no_old_template(desk: Desk) -> None:
    assert older(desk, lambda sheet, labels: sheet.delete_cols(column_of(sheet, "备注"))).notes == []


def test_a_template_of_another_kind_of_school_is_read_as_far_as_it_goes(desk: Desk) -> None:
    def edit(sheet: Any, labels: dict[str, str]) -> None:
        labels["basic_info.has_preschool_training"] = "是否受过学前教育专业培养培训"
        column = len(labels) + 3
        sheet.cell(1, column).value = "basic_info.has_preschool_training"
        sheet.cell(2, column).value = "是否受过学前教育专业培养培训"

    assert older(desk, edit).notes == [
        "工作表「基本信息」用的是以前的模板：「是否受过学前教育专业培养培训」不是本类学校的项目，没有读取。"
    ]


@pytest.mark.parametrize(
    "text",
    ["{", '{"version":1}', '{"version":"2-S-00000000","kind":"S","columns":{}}', '{"version":"x","columns":[1]}', "[]"],
)
def test_a_mark_that_somebody_changed_counts_for_nothing(text: str) -> None:
    assert read_mark(Row(1, ("basic_info.name", text))) is None


def test_the_version_moves_with_every_item() -> None:
    labels = {"basic_info.name": "姓名", "basic_info.remark": "备注"}
    versions = {
        version_of("S", labels),
        version_of("K", labels),
        version_of("S", labels | {"basic_info.remark": "说明"}),
        version_of("S", labels | {"basic_info.pager": "寻呼机号"}),
        version_of("S", {"basic_info.name": "姓名"}),
    }
    assert len(versions) == 5
    mark = read_mark(Row(1, (None, write_mark("S", labels))))
    assert mark is not None and (mark.kind, mark.labels) == ("S", labels)


def test_an_item_that_the_province_has_retired_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its column is in the file, its values stay in the records, and nothing of it is read any more."""
    province = desk.unit.indicator_set.province_id
    retired = Field(name="x_7", label="骨干称号", kind="text", length=20, province_id=province)
    known = Snapshot({"basic_info": {"x_7": retired}}, {"x_7": ("2020-01-01", "2020-12-31")})
    monkeypatch.setattr(province_items, "snapshot", known)
    monkeypatch.setattr(province_items, "refresh", lambda session: None)
    labels = {"basic_info.name": "姓名", "basic_info.id_number": "身份证件号", "basic_info.x_7": "骨干称号"}
    rows = [
        Row(1, ("basic_info.name", "basic_info.id_number", "basic_info.x_7", write_mark("S", labels))),
        Row(2, ("姓名", "身份证件号", "骨干称号")),
    ]
    found = read_sheet_columns(book_for(desk.unit.indicator_set), PEOPLE, rows)
    assert found is not None and set(found.columns.values()) == {"basic_info.name", "basic_info.id_number"}
    assert "「骨干称号」已经停用，没有读取" in found.notes[0]
    assert "后来新增的" in found.notes[0] and "等 " in found.notes[0], "all that this short template does not have"
