"""The template, and the way from it through an import back to the same values."""

import io

import openpyxl

from app.core.codes import codes
from app.records import sections_for
from app.spreadsheets.commands import template_for
from tests.kinds import S
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, STUDIES, fill, headings, number_of, person, template

FULL = {
    "曾用名": "无", "性别": "2-女", "身份证件类型": "居民身份证", "出生日期": "1990-01-16", "国籍/地区": "156-中国",
    "民族": "汉族", "政治面貌": "中共党员、民革会员", "参加工作年月": "2012-08", "进本校（园）年月": "2013-09",
    "是否在编": "是", "签订合同情况": "1", "教职工类别": "A1-专任教师",
    "籍贯": "530102-云南省昆明市五华区", "出生地": "吉林长春朝阳区",
}  # fmt: skip
STORED = {
    "name": "何静宜", "former_name": "无", "gender": "2", "id_type": "1", "birth_date": "1990-01-16",
    "nationality": "156", "ethnicity": "01", "political_status": ",01,04,", "work_start_month": "2012-08",
    "native_place": "530102", "birth_place": "220104",
    "school_entry_month": "2013-09", "is_staffed": "1", "contract_type": "1", "staff_category": "A1",
    "personnel_status": "100", "id_number": number_of(1), "status": "draft",
}  # fmt: skip


def test_template_begins_with_the_guide_and_has_a_sheet_for_each_section(desk: Desk) -> None:
    workbook = template(desk.unit)
    visible = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    assert visible == ["填表说明", *(section.title for section in sections_for(S))]


def test_template_names_its_columns_in_a_hidden_row(desk: Desk) -> None:
    sheet = template(desk.unit)[STUDIES]
    assert sheet.row_dimensions[1].hidden
    assert [sheet.cell(1, column).value for column in (1, 2, 3)] == [
        "basic_info.name",
        "basic_info.id_number",
        "education_history.education",
    ]
    assert list(headings(sheet))[:3] == ["姓名", "身份证件号", "获得学历"]


def test_template_leaves_out_derived_items_and_those_of_other_schools(desk: Desk) -> None:
    labels = headings(template(desk.unit)[PEOPLE])
    assert "最高学历" not in labels
    assert "从教起始年月" not in labels


def test_template_offers_codes_without_forbidding_other_words(desk: Desk) -> None:
    sheet = template(desk.unit)[PEOPLE]
    validations = {str(v.sqref).split(":")[0]: v for v in sheet.data_validations.dataValidation}
    gender = validations[sheet.cell(3, headings(sheet)["性别"]).coordinate]
    assert (gender.formula1, gender.errorStyle) == ("codes_GENDER", "warning")


def test_template_offers_the_whole_country_and_stays_small(desk: Desk) -> None:
    content = template_for(desk.unit)
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    column = workbook.defined_names["in_ADMIN_DIV_top"].attr_text.split("$")[1]
    labels = [cell.value for cell in workbook["_codes"][column][1:] if cell.value]
    assert len(set(labels)) == len(labels) == len(codes["ADMIN_DIV"].listed(S)) > 3300
    assert "220104-吉林省长春市朝阳区" in labels
    used = [v.formula1 for sheet in workbook for v in sheet.data_validations.dataValidation]
    assert sum("in_ADMIN_DIV_top" in formula for formula in used) == 2, "two columns share one list"
    assert len(content) < 300_000


def test_template_is_text_and_explains_required_items(desk: Desk) -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(template_for(desk.unit)), rich_text=True)
    head = workbook[PEOPLE].cell(2, 1)
    assert str(head.value) == "*姓名"
    assert "与身份证件一致" in head.comment.text
    assert workbook[PEOPLE].column_dimensions["D"].number_format == "@"


def test_what_is_filled_in_comes_out_equal(desk: Desk) -> None:
    desk.write(基本信息=[person(1, "何静宜") | FULL])
    teacher = desk.teacher(number_of(1))
    assert {item: str(getattr(teacher, item)) for item in STORED} == STORED


def test_a_second_import_of_the_same_file_changes_nothing(desk: Desk) -> None:
    sheets = {PEOPLE: [person(1, "何静宜") | FULL], STUDIES: [person(1, "何静宜", 获得学历="21", 学习方式="1")]}
    desk.write(**sheets)
    before = desk.state()
    plan = desk.plan_file(fill(desk.unit, desk.path, **sheets))
    assert desk.actions(plan) == ["same", "same"]
    assert desk.state() == before


def test_formula_like_text_stays_text(desk: Desk) -> None:
    desk.write(基本信息=[person(1, "何静宜", 备注="=1+1", 曾用名="@sum")])
    teacher = desk.teacher(number_of(1))
    assert (teacher.remark, teacher.former_name) == ("=1+1", "@sum")
