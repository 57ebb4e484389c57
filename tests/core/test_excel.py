"""What is written stays what it was: data never becomes a formula, text never a number."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

from app.core import excel
from tests.core.raw_workbooks import read_workbook

MOMENT = datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001 (Excel knows no time zones)
INJECTIONS = [
    "=1+1",
    '=HYPERLINK("http://example.invalid","点我")',
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "=",
    "{=1}",
    "#N/A",
    "#REF!",
    "TRUE",
    "1",
    "000018",
    "2019.10",
    "1e5",
    "2020-01-02",
]


def written(values: list[object], text: bool = True) -> bytes:
    workbook = excel.new_workbook()
    excel.write_row(workbook.create_sheet("表"), 1, values, text)
    return excel.save_bytes(workbook)


def opened(content: bytes) -> Any:
    return load_workbook(io.BytesIO(content))


def by_calamine(content: bytes) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()]


def cleaned(value: str) -> str:
    return value.replace("\r", "\n")


@pytest.mark.parametrize("value", INJECTIONS)
def test_strings_stay_text(value: str) -> None:
    content = written([value])
    cell = opened(content).active["A1"]
    assert (cell.value, cell.data_type, cell.number_format) == (cleaned(value), "s", "@")
    assert by_calamine(content) == [[cleaned(value)]]
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("value", INJECTIONS)
def test_exported_strings_stay_text(value: str) -> None:
    content = excel.export_rows([value], [[value]])
    for row in opened(content).active.iter_rows():
        assert [(cell.value, cell.data_type, cell.number_format) for cell in row] == [(cleaned(value), "s", "@")]
    assert by_calamine(content) == [[cleaned(value)], [cleaned(value)]]


@pytest.mark.parametrize(
    ("value", "prefixed"),
    [
        ("=1", True),
        ("+1", True),
        ("-", True),
        ("@a", True),
        ("\ta", True),
        ("\ra", True),
        (" =1", True),
        ("张三", False),
    ],
)
def test_formula_like_text_gets_the_quote_prefix(value: str, prefixed: bool) -> None:
    assert opened(written([value])).active["A1"].quotePrefix is prefixed


def test_control_characters_are_left_out() -> None:
    assert by_calamine(written(["a\x00b\x0bc\x1fd\x7f\x85\ud800\uffffe"])) == [["abcde"]]


def test_line_ends_become_lf() -> None:
    assert by_calamine(written(["a\r\nb\rc\nd"])) == [["a\nb\nc\nd"]]


@pytest.mark.parametrize(("sign", "kept"), [("字", 32_767), ("𠮷", 16_383)])
def test_text_is_cut_at_the_length_of_a_cell(sign: str, kept: int) -> None:
    assert by_calamine(written([sign * 40_000])) == [[sign * kept]]


def test_text_that_looks_escaped_is_kept() -> None:
    assert by_calamine(written(["_x0041_ _x005F_x0041_ _x00"])) == [["_x0041_ _x005F_x0041_ _x00"]]


class Lazy:
    def __str__(self) -> str:
        return "=延迟"


def test_lazy_strings_become_text() -> None:
    assert by_calamine(written([Lazy()])) == [["=延迟"]]
    assert by_calamine(excel.export_rows([Lazy()], [[Lazy()]])) == [["=延迟"], ["=延迟"]]  # type: ignore[list-item]


def test_none_leaves_the_cell_empty() -> None:
    sheet = opened(written(["a", None, "b"])).active
    assert [cell.value for cell in sheet[1]] == ["a", None, "b"]


def test_numbers_and_dates_keep_their_type() -> None:
    values: list[object] = [1, 2.5, Decimal("3.5"), True, date(2020, 1, 2), MOMENT]
    expected = [[1.0, 2.5, 3.5, True, date(2020, 1, 2), MOMENT]]
    assert by_calamine(written(values)) == expected
    assert by_calamine(excel.export_rows(["a"] * 6, [values]))[1:] == expected
    sheet = opened(written(values)).active
    assert (sheet["E1"].number_format, sheet["F1"].number_format) == ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss")


def test_values_that_excel_cannot_hold_become_text() -> None:
    values: list[object] = [310101199001010018, float("nan"), float("inf"), Decimal("NaN"), date(1899, 12, 31)]
    expected = [["310101199001010018", "nan", "inf", "NaN", "1899-12-31"]]
    assert by_calamine(written(values)) == expected
    assert by_calamine(excel.export_rows(["a"] * 5, [values]))[1:] == expected


def test_text_format_can_be_left_out() -> None:
    cell = opened(written(["=1"], text=False)).active["A1"]
    assert (cell.value, cell.data_type, cell.number_format, cell.quotePrefix) == ("=1", "s", "General", True)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_any_text_survives(values: list[str]) -> None:
    expected = [excel.clean_text(value) for value in values]
    (row,) = by_calamine(written(["首", *values, "尾"]))
    assert row == ["首", *expected, "尾"]


def header_sheet() -> Any:
    workbook = excel.new_workbook()
    sheet = workbook.create_sheet("基本信息")
    excel.write_header(sheet, 2, ["姓名", "=很长的列名" * 6, "备注"], required={0}, freeze_columns=1)
    excel.header_comment(sheet["A2"], "与身份证一致\x00。" * 60)
    return load_workbook(io.BytesIO(excel.save_bytes(workbook)), rich_text=True).active


def test_header_is_styled_and_frozen() -> None:
    sheet = header_sheet()
    cell = sheet["B2"]
    assert (cell.fill.start_color.rgb, cell.font.b, cell.font.name) == ("FFE7F0F2", True, "微软雅黑")
    assert (cell.alignment.wrap_text, cell.border.left.style) == (True, "thin")
    assert (cell.value, cell.data_type) == ("=很长的列名" * 6, "s")
    assert sheet.freeze_panes == "B3"
    assert [sheet.column_dimensions[letter].width for letter in "ABC"] == [11, 40, 11]


def test_required_header_has_a_red_star() -> None:
    star, title = header_sheet()["A2"].value
    assert (star.text, star.font.color.rgb, str(title)) == ("*", "FFC00000", "姓名")


def test_header_comment_is_attached() -> None:
    assert header_sheet()["A2"].comment.text == "与身份证一致。" * 60


def coded() -> tuple[Workbook, str, str]:
    workbook = excel.new_workbook()
    sheet = workbook.create_sheet("表")
    sex = excel.add_code_column(workbook, "sex", ["1-男", "2-女", "=1"])
    county = excel.add_code_column(workbook, "320500 苏州-市", [f"区{i}" for i in range(3500)])
    excel.add_list_validation(sheet, sex, "B2:B1000", "性别" * 40, "请从列表中选择。" * 80, True)
    excel.add_list_validation(sheet, f"={county}", "C2:C1000", "区县", "不在列表中。", False)
    return opened(excel.save_bytes(workbook)), sex, county


def test_code_columns_lie_on_one_very_hidden_sheet() -> None:
    workbook, sex, county = coded()
    assert (sex, county) == ("codes_sex", "codes_320500_苏州_市")
    assert workbook.sheetnames == ["表", "_codes"]
    assert workbook["_codes"].sheet_state == "veryHidden"
    assert workbook.active.title == "表"
    assert workbook.defined_names[sex].attr_text == "'_codes'!$A$2:$A$4"
    assert workbook.defined_names[county].attr_text == "'_codes'!$B$2:$B$3501"
    assert [cell.data_type for cell in workbook["_codes"]["A"][:4]] == ["s"] * 4


def test_drop_downs_name_their_range_and_keep_excels_lengths() -> None:
    workbook, sex, county = coded()
    first, second = workbook["表"].data_validations.dataValidation
    assert (first.type, first.formula1, str(first.sqref), first.errorStyle) == ("list", sex, "B2:B1000", "stop")
    assert (second.formula1, second.errorStyle) == (county, "warning")
    assert (len(first.errorTitle), len(first.error)) == (32, 255)
    assert first.showErrorMessage is True


def test_code_column_without_values_names_one_blank_cell() -> None:
    workbook = excel.new_workbook()
    excel.add_code_column(workbook, "a", [])
    excel.add_code_column(workbook, "b", ["1"])
    assert workbook.defined_names["codes_a"].attr_text == "'_codes'!$A$2:$A$2"
    assert workbook.defined_names["codes_b"].attr_text == "'_codes'!$B$2:$B$2"


@pytest.mark.parametrize("key", ["sex", "SEX"])
def test_code_name_is_given_once(key: str) -> None:
    workbook = excel.new_workbook()
    excel.add_code_column(workbook, "sex", ["1"])
    with pytest.raises(ValueError, match="exists already"):
        excel.add_code_column(workbook, key, ["1"])


def test_equal_content_gives_equal_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> bytes:
        workbook = excel.new_workbook()
        sheet = workbook.create_sheet("表")
        excel.write_header(sheet, 1, ["甲", "乙"], required={1})
        excel.header_comment(sheet["A1"], "说明")
        excel.add_code_column(workbook, "a", ["1"])
        return excel.save_bytes(workbook)

    first = make()
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert make() == first
    assert excel.export_rows(["a"], [["b"]]) == excel.export_rows(["a"], [["b"]])


def test_own_files_pass_guard_and_reader(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(excel.export_rows(["姓名", "证件号"], [["张三", "000018"], [None, "=1"]], title="教师[1]/名单"))
    (sheet,) = read_workbook(path)
    assert sheet.name == "教师_1__名单"
    assert [row.cells for row in sheet.rows] == [("姓名", "证件号"), ("张三", "000018"), (None, "=1")]
