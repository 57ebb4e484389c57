"""The file with the errors marked: it can be opened, mended and uploaded again as it is."""

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest

from app.core.files import FileStore
from app.spreadsheets.errors_file import errors_file
from app.spreadsheets.models import ImportPlan
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, STUDIES, headings, number_of, person, plain_book

QUALIFICATIONS = "教师资格"


def marked(desk: Desk, plan: ImportPlan) -> Any:
    store = FileStore(desk.path.parent / "files")
    plan.stored_digest = store.put(desk.path.read_bytes())
    return openpyxl.load_workbook(io.BytesIO(errors_file(desk.session, plan, desk.unit, store)))


def again(desk: Desk, workbook: Any) -> ImportPlan:
    workbook.save(desk.path)
    return desk.plan_file(desk.path)


def cell(workbook: Any, sheet: str, row: int, label: str) -> Any:
    return workbook[sheet].cell(row, headings(workbook[sheet])[label])


def notes(workbook: Any, sheet: str) -> dict[str, str]:
    """Coordinate → comment, without those of the headings."""
    return {
        one.coordinate: one.comment.text
        for line in workbook[sheet].iter_rows(min_row=3)
        for one in line
        if one.comment is not None
    }


@pytest.fixture
def wrong(desk: Desk) -> ImportPlan:
    """Two people and a row of theirs; one cell of each sheet is wrong."""
    return desk.plan(
        基本信息=[
            person(1, "何静宜", 民族="火星", 参加工作年月="2016.9", 备注="=1+1", 是否在编=True),
            person(2, "段玉兰", 出生日期=dt.date(1990, 1, 16)),
        ],
        学习经历=[person(1, "何静宜", 获得学历="21", 毕业年月="2016-13")],
    )


def test_what_is_wrong_is_marked_with_its_sentence(desk: Desk, wrong: ImportPlan) -> None:
    workbook = marked(desk, wrong)
    ethnicity = cell(workbook, PEOPLE, 3, "民族")
    assert notes(workbook, PEOPLE) == {ethnicity.coordinate: desk.errors(wrong)[0][3]}
    assert ethnicity.fill.start_color.rgb == "FFFBE9E7"
    assert [text for text in notes(workbook, STUDIES).values()] == [desk.errors(wrong)[1][3]]


def test_everything_else_stands_as_it_was_typed(desk: Desk, wrong: ImportPlan) -> None:
    workbook = marked(desk, wrong)
    typed = {label: cell(workbook, PEOPLE, 3, label).value for label in ("姓名", "民族", "参加工作年月", "备注")}
    assert typed == {"姓名": "何静宜", "民族": "火星", "参加工作年月": "2016.9", "备注": "=1+1"}
    assert cell(workbook, PEOPLE, 3, "备注").data_type == "s", "no formula comes of it"
    assert cell(workbook, PEOPLE, 4, "出生日期").value == "1990-01-16"


def test_uploaded_again_unchanged_it_has_the_same_errors(desk: Desk, wrong: ImportPlan) -> None:
    plan = again(desk, marked(desk, wrong))
    assert (desk.errors(plan), plan.notes) == (desk.errors(wrong), [])


def test_mended_and_uploaded_it_is_written(desk: Desk, wrong: ImportPlan) -> None:
    workbook = marked(desk, wrong)
    cell(workbook, PEOPLE, 3, "民族").value = "彝族"
    cell(workbook, STUDIES, 3, "毕业年月").value = "2016-07"
    desk.apply(again(desk, workbook))
    teacher = desk.teacher(number_of(1))
    assert (teacher.ethnicity, teacher.work_start_month, teacher.remark) == ("07", "2016-09", "=1+1")
    assert [study.end_month for study in desk.studies(teacher)] == ["2016-07"]


LOST = {"身份证件号": 530102199001160013, "曾用名": "#N/A", "备注": "#REF!", "民族": "#NAME?"}


def test_what_excel_has_lost_does_not_come_back_as_content(desk: Desk) -> None:
    lines = [person(i, f"何{'一二三四'[i]}") | {label: broken} for i, (label, broken) in enumerate(LOST.items())]
    plan = desk.plan(基本信息=lines)
    first = [error[:3] for error in desk.errors(plan)]
    assert [row for _, row, _ in first] == [3, 4, 5, 6]
    for _ in range(2):
        plan = again(desk, marked(desk, plan))
        assert [error[:3] for error in desk.errors(plan)] == first


def test_a_shortened_number_is_not_taken_for_somebody(desk: Desk) -> None:
    """Its last digits are zeros: written out, it would be somebody's valid number once in eleven times."""
    plan = desk.plan(基本信息=[person(1, "何静宜") | {"身份证件号": 530102199001160000}])
    assert cell(marked(desk, plan), PEOPLE, 3, "身份证件号").value == "5.30102E+17"


def test_rows_that_say_nothing_is_there_are_kept(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜", 民族="火星")], 教师资格=[person(1, "何静宜", 教师资格证种类="无")])
    workbook = marked(desk, plan)
    assert cell(workbook, QUALIFICATIONS, 3, "教师资格证种类").value == "无"
    cell(workbook, PEOPLE, 3, "民族").value = "彝族"
    assert desk.actions(again(desk, workbook)) == ["create", "create"]


def test_columns_that_the_template_does_not_know_are_kept(desk: Desk, wrong: ImportPlan) -> None:
    workbook = openpyxl.load_workbook(desk.path)
    sheet = workbook[PEOPLE]
    end = max(headings(sheet).values())
    sheet.insert_cols(3)  # between known ones
    for row, value in ((2, "校内工号"), (3, "=1+1"), (4, "0012")):
        sheet.cell(row, 3, value).data_type = "s"
        sheet.cell(row, end + 2, "备注二" if row == 2 else f"说明{row}")
    workbook.save(desk.path)
    judged = desk.plan_file(desk.path)
    back = marked(desk, judged)
    assert [cell(back, PEOPLE, row, "校内工号").value for row in (3, 4)] == ["=1+1", "0012"]
    assert cell(back, PEOPLE, 3, "校内工号").data_type == "s", "no formula comes of it"
    assert [cell(back, PEOPLE, row, "备注二").value for row in (3, 4)] == ["说明3", "说明4"]
    assert headings(back[PEOPLE])["校内工号"] > max(headings(back[PEOPLE])[label] for label in ("姓名", "备注"))
    # Sent again they are as they were, and the others are judged as before.
    plan = again(desk, back)
    said = [[(row[0], row[1], row[3]) for row in desk.errors(one)] for one in (plan, judged, wrong)]
    assert said[0] == said[1] == said[2], "in the same rows, in moved columns"
    assert sum("不是模板里的项目，没有读取" in note for note in plan.notes) == 2
    assert cell(marked(desk, plan), PEOPLE, 4, "校内工号").value == "0012"


def test_a_column_of_ones_own_without_content_comes_back_as_well(desk: Desk, wrong: ImportPlan) -> None:
    workbook = openpyxl.load_workbook(desk.path)
    sheet = workbook[PEOPLE]
    sheet.cell(2, max(headings(sheet).values()) + 2, "还没填")
    workbook.save(desk.path)
    assert "还没填" in headings(marked(desk, desk.plan_file(desk.path))[PEOPLE])


def test_a_file_without_a_hidden_row_becomes_a_template(desk: Desk) -> None:
    lines = [{"姓名": "何静宜", "身份证件号": number_of(1), "民族": "火星"}]
    workbook = marked(desk, desk.plan_file(plain_book(desk.path, 名册=lines)))
    cell(workbook, PEOPLE, 3, "民族").value = "汉"
    assert desk.actions(again(desk, workbook)) == ["create"]


def test_many_errors_are_marked_quickly_enough_to_be_read(desk: Desk) -> None:
    people = [person(serial, f"何{chr(0x4E00 + serial)}", 民族="火星") for serial in range(900)]
    workbook = marked(desk, desk.plan(基本信息=people))
    assert len(notes(workbook, PEOPLE)) == 900
