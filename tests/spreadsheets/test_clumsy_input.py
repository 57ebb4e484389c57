"""Input as people type it and programs leave it: what is understood, and the sentence for what is not."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest

from app.core.sections.fields import filled
from app.core.validators import citizen_check_digit
from app.records.teacher import Teacher
from app.spreadsheets.packing import unpack_values
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, fill, headings, known, letter_of, number_of, person

WORK, CERTIFICATES = "工作经历", "教师资格"
NOON = dt.datetime(2016, 9, 1, 12, 30)  # noqa: DTZ001 - Excel knows no time zones
SERIAL = 42614  # the day number of 2016-09-01
HAN = ("汉", "汉族", "01", "01-汉族", "1", 1, 1.0, "０１", "０１－汉族", "01 汉族", "01.汉族", "（01）汉族",
       "汉族（01）", " 汉　族", "汉\xa0族", "\u200b汉族\ufeff", "'01", "hanzu", "HanZu")  # fmt: skip
SEPTEMBER = ("2016.9", "2016.09", "2016-9", "2016/9", "2016/9/1", "2016年9月", "2016 年 9 月", "2016年09月01日",
             "201609", 201609, "20160901", 20160901, SERIAL, SERIAL + 0.5, dt.date(2016, 9, 1), NOON, "２０１６．９",
             "2016、9", "2016-09-01 00:00:00", "'2016-09", 2016.9, "2016.9 ")  # fmt: skip
FIRST = ("2016-09-01", "2016.9.1", "2016/9/1", "2016年9月1日", "20160901", 20160901, SERIAL, dt.date(2016, 9, 1), NOON,
         "2016-09-01 08:30:00", "2016–09–01")  # fmt: skip
YES = ("是", "1", 1, True, "TRUE", "Y", "yes", "√", "有", "1-是", "对")
NO = ("否", "0", 0, False, "FALSE", "N", "×", "0-否", "没有")

# (sheet, what else the row has, column, typed, item, stored)
UNDERSTOOD: list[tuple[str, dict[str, Any], str, Any, str, str]] = [
    *((PEOPLE, {}, "民族", typed, "ethnicity", "01") for typed in HAN),
    *((PEOPLE, {}, "参加工作年月", typed, "work_start_month", "2016-09") for typed in SEPTEMBER),
    *((PEOPLE, {}, "是否在编", typed, "is_staffed", "1") for typed in YES),
    *((PEOPLE, {}, "是否在编", typed, "is_staffed", "0") for typed in NO),
    *((CERTIFICATES, {"教师资格证种类": "4"}, "证书颁发日期", typed, "issue_date", "2016-09-01") for typed in FIRST),
    *(
        (PEOPLE, {}, "籍贯", typed, "native_place", "530102")
        for typed in ("530102", 530102, "530102-云南省昆明市五华区", "云南昆明五华区", "云南省-昆明市-五华区", "五华区")
    ),
    *(
        (PEOPLE, {}, "政治面貌", typed, "political_status", ",01,04,")
        for typed in ("01,04", "1，4", "中共党员、民革会员", "01-中共党员；04-民革会员", "中共党员/民革会员")
    ),
    (PEOPLE, {}, "备注", "'照旧", "remark", "照旧"),
    (PEOPLE, {}, "备注", "‘十三五’规划", "remark", "‘十三五’规划"),
    (PEOPLE, {}, "备注", 3.3000000000000003, "remark", "3.3"),
    (PEOPLE, {}, "备注", 20160901, "remark", "20160901"),
    *(
        (WORK, {"任职单位名称": "青禾县第一中学", "任职开始年月": "2016-09"}, "任职结束年月", typed, "end_month", "")
        for typed in ("至今", "现在", " 至　今 ", "")
    ),
    *(
        (CERTIFICATES, {"教师资格证种类": "4"}, "教师资格证号码", typed, "cert_no", stored)
        for typed, stored in (
            ("20145300141000123", "20145300141000123"),
            ("２０１４ 5300 1410 00123", "20145300141000123"),
            ("'20145300141000123", "20145300141000123"),
            ("985301024100123", "19985301024100123"),
            (985301024100123, "19985301024100123"),
            ("015301024100123", "20015301024100123"),
        )
    ),
]
# (sheet, what else the row has, column, typed, part of the sentence)
REFUSED: list[tuple[str, dict[str, Any], str, Any, str]] = [
    (PEOPLE, {}, "参加工作年月", 2019.1, "分不清是 1 月还是 10 月（Excel 会去掉末尾的 0）"),
    (PEOPLE, {}, "参加工作年月", 20169, "分不清是年月还是 Excel 的日期序号"),
    (PEOPLE, {}, "参加工作年月", "至今", "看不懂，请按“年-月”"),
    (PEOPLE, {}, "参加工作年月", "85.9", "年份要写 4 位"),
    (PEOPLE, {}, "参加工作年月", True, "这里要填日期或年月"),
    (PEOPLE, {}, "民族", "火星", "代码表里没有「火星」"),
    (PEOPLE, {}, "民族", 99, "代码表里没有「99」"),
    (PEOPLE, {}, "是否在编", "看情况", "代码表里没有「看情况」"),
    (CERTIFICATES, {"教师资格证种类": "4"}, "证书颁发日期", "2016-09", "要有年、月、日"),
    (CERTIFICATES, {"教师资格证种类": "4"}, "教师资格证号码", 20145300141000123, "照证件重新填写"),
    (CERTIFICATES, {"教师资格证种类": "4"}, "教师资格证号码", "885301024100123", "1993–2001"),
    (CERTIFICATES, {"教师资格证种类": "4"}, "教师资格证号码", "2.01453E+16", "科学计数"),
    (PEOPLE, {}, "身份证件号", 530102199001160013, "第 15 位以后的数字已经变成 0"),
    (PEOPLE, {}, "身份证件号", "5.30102E+17", "第 15 位以后的数字已经变成 0"),
    (PEOPLE, {}, "身份证件号", 12345678, "开头的 0 可能丢失"),
    (PEOPLE, {}, "身份证件号", "530102901316001", "不是真实的日期"),
]  # fmt: skip


def cases_by_sheet(cases: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for sheet in dict.fromkeys(case[0] for case in cases):
        yield sheet, [case for case in cases if case[0] == sheet]


def table(cases: list[Any]) -> tuple[dict[str, list[dict[str, Any]]], dict[tuple[str, int], Any]]:
    """One person and one row for each case; and the case of each row of the file."""
    sheets: dict[str, list[dict[str, Any]]] = {PEOPLE: []}
    places: dict[tuple[str, int], Any] = {}
    serial = 0
    for sheet, own in sorted(cases_by_sheet(cases), key=lambda pair: pair[0] != PEOPLE):
        for case in own:
            serial += 1
            someone = person(serial, f"何{chr(0x4E00 + serial)}")
            if sheet != PEOPLE:
                sheets[PEOPLE].append(someone)
            line = someone | case[1] | {case[2]: case[3]}
            sheets.setdefault(sheet, []).append(line)
            places[sheet, len(sheets[sheet]) + 2] = case
    return sheets, places


def test_what_people_type_is_understood(desk: Desk) -> None:
    sheets, places = table(UNDERSTOOD)
    plan = desk.plan(**sheets)
    wrong = []
    for row in desk.rows(plan):
        case = places.get((row.sheet, row.row_no))
        if case is None:
            continue
        item, stored = case[4], case[5]
        found = unpack_values(row.section, row.values).get(item)
        if row.errors or str(filled(found) or "") != stored:
            wrong.append((case[2], case[3], found, [error["message"] for error in row.errors]))
    assert not wrong, "\n".join(map(str, wrong))
    assert len(places) == len(UNDERSTOOD) > 90


def test_what_cannot_be_understood_is_explained(desk: Desk) -> None:
    sheets, places = table(REFUSED)
    rows = {(row.sheet, row.row_no): row for row in desk.rows(desk.plan(**sheets))}
    for place, (sheet, _, label, typed, words) in places.items():
        errors = rows[place].errors
        found = [(error["column"], words in error["message"]) for error in errors]
        assert found == [(letter_of(desk.unit, sheet, label), True)], (typed, errors)
        assert errors[0]["message"].endswith("。") or "例：" in errors[0]["message"]


# ── old numbers of 15 digits ──


def old(number: str) -> str:
    return number[:6] + number[8:17]


def with_real_province(desk: Desk, teacher: Teacher) -> str:
    first17 = f"530102{(teacher.id_number or '')[6:17]}"
    teacher.id_number = first17 + citizen_check_digit(first17)
    desk.session.commit()
    return teacher.id_number


@pytest.mark.parametrize("as_number", [False, True])
def test_an_old_number_finds_the_person(desk: Desk, open_teacher: Teacher, as_number: bool) -> None:
    number = with_real_province(desk, open_teacher)
    typed = int(old(number)) if as_number else f" {old(number)} "
    line = {"姓名": open_teacher.name, "身份证件号": typed}
    plan = desk.plan(基本信息=[line | {"曾用名": "小名"}], 工作经历=[line | {"任职单位名称": "云川师范附小"}])
    person_row, work = desk.rows(plan)
    assert (person_row.action, person_row.target_id, person_row.key) == ("update", open_teacher.id, number)
    assert person_row.values == {"former_name": "小名"}
    assert (work.action, work.owner_id) == ("create", open_teacher.id)
    assert "工作表「基本信息」第 3 行的身份证号是 15 位旧号码，已补成 18 位，按 18 位找人。" in plan.notes


def test_a_new_person_gets_the_whole_number(desk: Desk) -> None:
    first17 = "53010219680307002"
    number = first17 + citizen_check_digit(first17)
    desk.write(基本信息=[{"姓名": "何静宜", "身份证件号": old(number)}])
    teacher = desk.teacher(number)
    assert (teacher.gender, str(teacher.birth_date)) == ("2", "1968-03-07")


def test_old_and_new_number_of_one_person_are_the_same_row(desk: Desk, open_teacher: Teacher) -> None:
    number = with_real_province(desk, open_teacher)
    lines = [{"姓名": open_teacher.name, "身份证件号": typed} for typed in (number, old(number))]
    assert "与第 3 行重复" in desk.only_error(desk.plan(基本信息=lines))[3]


def test_fifteen_characters_of_another_document_stay(desk: Desk) -> None:
    permit = {"姓名": "安娜", "身份证件类型": "外国人永久居留身份证", "身份证件号": "ABC110101900307"}
    (row,) = desk.rows(desk.plan(基本信息=[permit]))
    assert (row.action, row.key) == ("create", "ABC110101900307")


# ── the layout of the file ──


def edited(desk: Desk, edit: Any, **sheets: Any) -> Any:
    workbook = openpyxl.load_workbook(fill(desk.unit, desk.path, **sheets))
    edit(workbook)
    workbook.save(desk.path)
    return desk.plan_file(desk.path)


def test_cells_merged_over_the_rows_of_one_person(desk: Desk) -> None:
    def edit(workbook: Any) -> None:
        for column in (1, 2):
            for row in (4, 5):
                workbook[WORK].cell(row, column).value = None
            workbook[WORK].merge_cells(start_row=3, end_row=5, start_column=column, end_column=column)

    jobs = [person(1, "何静宜", 任职单位名称=name) for name in ("云川一小", "云川二小", "云川三小")]
    plan = edited(desk, edit, 基本信息=[person(1, "何静宜")], 工作经历=jobs)
    assert [(row.action, row.key) for row in desk.rows(plan)[1:]] == [("create", number_of(1))] * 3


def test_a_head_of_two_merged_lines(desk: Desk) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = PEOPLE
    for line in (
        ["青禾县第一中学教师花名册", None, None, None],
        [None, None, None, None],
        ["姓名", "身份证件号", "基本情况", None],
        [None, None, "民族", "性别"],
        ["何静宜", number_of(2), "彝族", "女"],
        ["郭思源", number_of(4), "汉", 2],
    ):
        sheet.append(line)
    for place in ("A1:D1", "A3:A4", "B3:B4", "C3:D3"):
        sheet.merge_cells(place)
    workbook.save(desk.path)
    rows = desk.rows(desk.plan_file(desk.path))
    assert [(row.row_no, row.name, row.values["ethnicity"]) for row in rows] == [
        (5, "何静宜", "07"),
        (6, "郭思源", "01"),
    ]


def test_a_formula_without_a_result_is_named(desk: Desk) -> None:
    def edit(workbook: Any) -> None:
        workbook[PEOPLE].cell(3, headings(workbook[PEOPLE])["曾用名"]).value = "=A3"

    plan = edited(desk, edit, 基本信息=[person(1, "何静宜")])
    assert desk.only_error(plan)[1:] == (
        3,
        letter_of(desk.unit, PEOPLE, "曾用名"),
        "单元格里是公式错误（如 #N/A）或没有结果的公式，读不出内容。请改填实际内容。",
    )


def test_hidden_rows_and_sheets_are_read_and_said(desk: Desk) -> None:
    def edit(workbook: Any) -> None:
        workbook[PEOPLE].row_dimensions[4].hidden = True
        workbook[WORK].sheet_state = "hidden"

    people = [person(1, "何静宜"), person(2, "段玉兰")]
    plan = edited(desk, edit, 基本信息=people, 工作经历=[person(1, "何静宜", 任职单位名称="云川一小")])
    assert desk.actions(plan) == ["create"] * 3
    assert "工作表「基本信息」有 1 行是隐藏的（筛选也会隐藏），也读取了。不要的请删除后重新上传。" in plan.notes
    assert "工作表「工作经历」是隐藏的，也读取了。不要的请删除后重新上传。" in plan.notes


def test_empty_rows_with_a_format_or_a_stray_sign_are_no_rows(desk: Desk) -> None:
    def edit(workbook: Any) -> None:
        for number in range(4, 600):
            for column in (1, 2, 3):
                workbook[PEOPLE].cell(number, column).number_format = "@"
        for stray in ("\u200b", "\u3000", "\xa0"):
            workbook[PEOPLE].append([None, stray])

    assert desk.actions(edited(desk, edit, 基本信息=[person(1, "何静宜")])) == ["create"]


def test_a_file_with_some_sheets_and_others_beside(desk: Desk, open_teacher: Teacher) -> None:
    def edit(workbook: Any) -> None:
        for title in [sheet.title for sheet in workbook if sheet.title not in (WORK, "_codes")]:
            del workbook[title]
        workbook.create_sheet("说明").append(["请于周五前交"])

    plan = edited(desk, edit, 工作经历=[known(open_teacher, 任职单位名称="云川一小")])
    assert desk.actions(plan) == ["create"]
    assert plan.notes == ["工作表「说明」不是模板里的表，没有读取。"]
