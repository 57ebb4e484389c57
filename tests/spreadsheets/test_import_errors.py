"""Each kind of error: its sheet, row, column and sentence; and that nothing changes."""

from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import actor_of
from app.core.db import utc_now
from app.core.errors import AppError
from app.records.marks import ReviewMark
from app.records.teacher import Teacher
from app.spreadsheets.operations import apply_plan
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, STUDIES, headings, known, letter_of, number_of, person

BAD = number_of(1)[:17] + ("1" if number_of(1)[17] != "1" else "2")


def column(desk: Desk, sheet: str, label: str) -> str:
    return letter_of(desk.unit, sheet, label)


@pytest.mark.parametrize(
    ("items", "label", "fragment"),
    [
        ({"身份证件号": BAD}, "身份证件号", "最后一位"),
        ({"身份证件号": 530426199001161234}, "身份证件号", "Excel 已把号码变成数字"),
        ({"身份证件号": 5.30426e17}, "身份证件号", "第 15 位以后的数字已经变成 0"),
        ({"身份证件号": None}, "身份证件号", "没有填身份证件号"),
        ({"姓名": None}, "姓名", "「姓名」要先填，才能建档"),
        ({"姓名": "何8"}, "姓名", "姓名里有数字"),
        ({"教职工类别": "厨神"}, "教职工类别", "代码表里没有「厨神」"),
        ({"参加工作年月": "1985-13"}, "参加工作年月", "没有 13 月"),
        ({"参加工作年月": "2012-09", "进本校（园）年月": "2010-09"}, "进本校（园）年月", "早于「参加工作年月」2012-09"),
        ({"参加工作年月": "2004-09"}, "参加工作年月", "当时只有 14 岁"),
        ({"是否在编": "是", "用人形式": "9"}, "用人形式", "不用填，请清空"),
        ({"政治面貌": "群众、中共党员"}, "政治面貌", "就不能再选其他"),
        ({"籍贯": "朝阳区"}, "籍贯", "「朝阳区」有 2 处：北京市朝阳区、吉林省长春市朝阳区"),
        ({"出生地": "云南省昆明市"}, "出生地", "「云南省昆明市」下面还要选一级"),
        ({"备注": "长" * 201}, "备注", "最多 200 个字"),
    ],
)
def test_a_wrong_cell_is_named(desk: Desk, items: dict[str, Any], label: str, fragment: str) -> None:
    plan = desk.plan(基本信息=[person(2, "段玉兰"), person(1, "何静宜") | items])
    sheet, row, letter, message = desk.only_error(plan)
    assert (sheet, row, letter) == (PEOPLE, 4, column(desk, PEOPLE, label))
    assert fragment in message


def test_an_excel_error_in_a_cell_is_named(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")])
    workbook = openpyxl.load_workbook(desk.path)
    cell = workbook[PEOPLE].cell(3, headings(workbook[PEOPLE])["曾用名"], "#N/A")
    cell.data_type = "e"
    workbook.save(desk.path)
    plan = desk.plan_file(desk.path)
    assert "公式错误" in desk.only_error(plan)[3]


def test_a_number_that_stands_twice_names_the_other_row(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜"), person(2, "段玉兰"), person(1, "何静宜")])
    assert desk.only_error(plan) == (PEOPLE, 5, column(desk, PEOPLE, "身份证件号"), "与第 3 行重复。同一人只留一行。")


def test_somebody_of_another_unit_leads_to_transfer_without_naming_it(desk: Desk, strangers: list[Teacher]) -> None:
    plan = desk.plan(基本信息=[known(strangers[0])])
    message = desk.only_error(plan)[3]
    assert message == "此人已在别的单位建档，不能再新增。请走「教师调动」。"
    assert "石桥" not in str(desk.rows(plan)[0])


def test_a_child_row_of_nobody_is_refused(desk: Desk, strangers: list[Teacher]) -> None:
    plan = desk.plan(学习经历=[person(1, "何静宜", 获得学历="21"), known(strangers[0], 获得学历="21")])
    errors = desk.errors(plan)
    assert [(e[0], e[1], e[2]) for e in errors] == [(STUDIES, 3, "B"), (STUDIES, 4, "B")]
    assert all("第一张表和本校名册里都没有这个证件号" in e[3] for e in errors)


def test_another_name_in_the_child_sheet_is_refused(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.plan(学习经历=[known(open_teacher, 姓名="张冠李戴", 获得学历="21")])
    sheet, row, letter, message = desk.only_error(plan)
    assert (sheet, row, letter) == (STUDIES, 3, "A")
    assert f"姓名是「{open_teacher.name}」" in message


def test_the_same_child_row_twice_is_refused(desk: Desk) -> None:
    study = person(1, "何静宜", 获得学历="21", 获得学历的院校或机构="云川大学")
    plan = desk.plan(基本信息=[person(1, "何静宜")], 学习经历=[study, study])
    assert desk.only_error(plan)[:2] == (STUDIES, 4)
    assert "与第 3 行完全相同" in desk.only_error(plan)[3]


@pytest.mark.parametrize(("status", "fragment"), [("in_review", "审核期间不能改"), ("approved", "要改请申请信息变更")])
def test_a_locked_record_is_refused_with_the_reason(
    desk: Desk, staff: list[Teacher], status: str, fragment: str
) -> None:
    teacher = next(t for t in staff if t.status == status)
    plan = desk.plan(基本信息=[known(teacher, 曾用名="改名")], 学习经历=[known(teacher, 获得学历="11")])
    errors = desk.errors(plan)
    assert [(e[0], e[1]) for e in errors] == [(PEOPLE, 3), (STUDIES, 3)]
    assert all(fragment in error[3] for error in errors)


def test_a_locked_record_that_stays_the_same_is_no_error(desk: Desk, staff: list[Teacher]) -> None:
    teacher = next(t for t in staff if t.status == "approved")
    assert desk.actions(desk.plan(基本信息=[known(teacher)])) == ["same"]


def test_a_refused_record_is_open_only_where_it_was_named(desk: Desk, staff: list[Teacher]) -> None:
    teacher = next(t for t in staff if t.status == "rejected")
    mark = desk.session.scalars(sa.select(ReviewMark).where(ReviewMark.teacher_id == teacher.id)).one()
    named = next(s for s in desk.studies(teacher) if s.id == mark.row_id)
    study = known(teacher, 获得学历=named.education, 获得学历的院校或机构=named.education_school)
    right = desk.plan(学习经历=[study | {"毕业年月": f"{named.end_month[:4]}-07"}])
    assert (desk.actions(right), desk.errors(right)) == (["update"], [])
    wrong = desk.plan(基本信息=[known(teacher, 曾用名="改名")])
    assert "审核没有点名这一项" in desk.only_error(wrong)[3]


def test_contradictions_that_were_there_before_do_not_stop_a_file(desk: Desk, open_teacher: Teacher) -> None:
    open_teacher.school_entry_month = "1970-01"
    desk.session.commit()
    plan = desk.plan(基本信息=[known(open_teacher, 曾用名="小名")])
    assert (desk.actions(plan), desk.errors(plan)) == (["update"], [])


def test_sex_and_birth_date_follow_the_number_when_left_empty(desk: Desk) -> None:
    (row,) = desk.rows(desk.plan(基本信息=[person(2, "段玉兰")]))
    values = row.values
    assert (values["gender"], values["birth_date"], values["personnel_status"]) == ("2", "1990-01-16", "100")


def test_what_disagrees_with_the_number_is_only_a_warning(desk: Desk) -> None:
    (row,) = desk.rows(desk.plan(基本信息=[person(2, "段玉兰", 性别="男", 出生日期="1990-01-17")]))
    assert row.action == "create"
    assert [w["identifier"] for w in row.warnings] == ["basic_info.birth_date", "basic_info.gender"]


def test_a_plan_with_an_error_is_refused_as_a_whole(desk: Desk, open_teacher: Teacher) -> None:
    before = desk.state()
    plan = desk.plan(基本信息=[known(open_teacher, 曾用名="小名"), person(1, "何静宜", 民族="火星")])
    with pytest.raises(AppError, match="还有 1 行有错，什么都没有写入"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.rollback()
    assert desk.state() == before


def test_a_county_cannot_import(session_as: Callable[[str], Session], desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")])
    county = session_as("zhoumin")
    with pytest.raises(AppError, match="没有做这件事的权限"):
        apply_plan(county, actor_of(county), plan.id, utc_now())
