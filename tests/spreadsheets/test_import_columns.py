"""Columns that were moved, reworded, added or lost; words as people type them."""

import datetime as dt
from typing import Any

import openpyxl
import pytest

from app.core.errors import AppError
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, STUDIES, fill, headings, known, number_of, person, plain_book


def changed(desk: Desk, edit: Any, **sheets: Any) -> Any:
    """A filled template after somebody worked on its layout."""
    workbook = openpyxl.load_workbook(fill(desk.unit, desk.path, **sheets))
    edit(workbook)
    workbook.save(desk.path)
    return desk.path


def test_moved_and_reworded_columns_are_found_by_their_hidden_mark(desk: Desk) -> None:
    def edit(workbook: Any) -> None:
        sheet = workbook[PEOPLE]
        number, former = headings(sheet)["身份证件号"], headings(sheet)["曾用名"]
        for row in (1, 2, 3):
            a, b = sheet.cell(row, number), sheet.cell(row, former)
            a.value, b.value = b.value, a.value
        sheet.cell(2, former).value = "身份证号码（18位）"
        sheet.title = "老师"

    plan = desk.plan_file(changed(desk, edit, 基本信息=[person(1, "何静宜", 曾用名="小何")]))
    (row,) = desk.rows(plan)
    assert (row.sheet, row.action) == ("老师", "create")
    assert (row.key, row.values["former_name"]) == (number_of(1), "小何")


def test_a_book_without_marks_is_understood_by_its_headings(desk: Desk) -> None:
    lines = [{" 身份证件号*": number_of(1), "姓名（必填）": "何静宜", "民 族": "汉"}]
    (row,) = desk.rows(desk.plan_file(plain_book(desk.path, Sheet1=lines)))
    assert (row.row_no, row.section, row.values["ethnicity"]) == (2, "basic_info", "01")


def test_unknown_columns_and_sheets_are_reported(desk: Desk) -> None:
    lines = [person(1, "何静宜", 民族="汉族", 手机号码="13800000000", 最高学历="本科")]
    plan = desk.plan_file(plain_book(desk.path, 基本信息=lines, 食堂=[{"菜": "面"}]))
    assert "工作表「基本信息」D 列「手机号码」不是模板里的项目，没有读取。" in plan.notes
    assert "工作表「基本信息」E 列「最高学历」由其他板块得出，没有读取。" in plan.notes
    assert "工作表「食堂」不是模板里的表，没有读取。" in plan.notes


def test_a_visible_heading_goes_before_the_hidden_mark(desk: Desk) -> None:
    def edit(workbook: Any) -> None:
        sheet = workbook[PEOPLE]
        sheet.cell(2, headings(sheet)["教职工号"]).value = "备注"
        sheet.delete_cols(headings(sheet)["信息技术应用能力"])
        last = max(column for label, column in headings(sheet).items() if label == "备注")
        sheet.delete_cols(last)

    plan = desk.plan_file(changed(desk, edit, 基本信息=[person(1, "何静宜", 教职工号="老员工")]))
    assert desk.rows(plan)[0].values["remark"] == "老员工"


def test_missing_key_columns_are_one_clear_error(desk: Desk) -> None:
    path = plain_book(desk.path, 基本信息=[{"姓名": "何静宜", "民族": "汉族", "性别": "男"}])
    with pytest.raises(AppError, match="工作表「基本信息」里找不到「身份证件号」列"):
        desk.plan_file(path)


def test_two_columns_for_one_item_are_refused(desk: Desk) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = PEOPLE
    workbook.active.append(["姓名", "身份证件号", "民族", "民族*"])
    workbook.active.append(["何静宜", number_of(1), "汉族", "彝族"])
    workbook.save(desk.path)
    with pytest.raises(AppError, match="D 列和 C 列都是「民族」，请只留一列"):
        desk.plan_file(desk.path)


def test_a_foreign_workbook_and_an_empty_one_are_refused(desk: Desk) -> None:
    with pytest.raises(AppError, match="没有系统认得的工作表"):
        desk.plan_file(plain_book(desk.path, 食堂=[{"菜": "面"}]))
    with pytest.raises(AppError, match="只有表头，没有数据"):
        desk.plan(基本信息=[])


def test_something_else_than_a_workbook_is_refused_with_the_guards_sentence(desk: Desk) -> None:
    desk.path.write_bytes(b"%PDF-1.7 nothing of ours")
    with pytest.raises(AppError, match=r"不是 \.xlsx 格式"):
        desk.plan_file(desk.path)


def test_rows_with_a_name_only_are_skipped_and_said(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")], 学习经历=[person(1, "何静宜")])
    assert desk.actions(plan) == ["create"]
    assert f"工作表「{STUDIES}」有 1 行只有姓名和证件号，没有内容，已略过。" in plan.notes


@pytest.mark.parametrize(
    ("label", "typed", "item", "stored"),
    [
        ("参加工作年月", "2016年9月", "work_start_month", "2016-09"),
        ("参加工作年月", dt.date(2016, 9, 1), "work_start_month", "2016-09"),
        ("参加工作年月", "２０１６．９", "work_start_month", "2016-09"),
        ("参加工作年月", 201609, "work_start_month", "2016-09"),
        ("出生日期", dt.datetime(1990, 1, 16), "birth_date", "1990-01-16"),  # noqa: DTZ001 - Excel knows no time zones
        ("出生日期", "19900116", "birth_date", "1990-01-16"),
        ("教职工类别", "A1", "staff_category", "A1"),
        ("教职工类别", "A1-专任教师", "staff_category", "A1"),
        ("教职工类别", "任课教师", "staff_category", "A1"),
        ("教职工类别", " 专任教师　", "staff_category", "A1"),
        ("是否在编", "是", "is_staffed", "1"),
        ("是否在编", 0, "is_staffed", "0"),
        ("民族", "汉", "ethnicity", "01"),
    ],
)
def test_clumsy_input_is_understood(desk: Desk, label: str, typed: Any, item: str, stored: str) -> None:
    (row,) = desk.rows(desk.plan(基本信息=[person(1, "何静宜", **{label: typed})]))
    assert (row.action, row.errors, row.values[item]) == ("create", [], stored)


def test_a_clumsy_name_and_number_find_the_person(desk: Desk, open_teacher: Any) -> None:
    number = "".join(chr(ord(c) + 0xFEE0) for c in open_teacher.id_number)
    typed = {"姓名": f" {open_teacher.name[0]}　{open_teacher.name[1:]}", "身份证件号": f" {number} ", "曾用名": "小名"}
    (row,) = desk.rows(desk.plan(基本信息=[known(open_teacher) | typed]))
    assert (row.action, row.target_id) == ("update", open_teacher.id)
    assert row.values == {"former_name": "小名"}
