"""Workbooks are read with true positions and types, and no file or dying child brings the parent down."""

import io
import time
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.core import workbook_child, workbook_reader
from app.core.workbook_guard import BadWorkbook, Counted, Limits
from app.core.workbook_reader import ErrorCell, Row, Sheet
from tests.core.raw_workbooks import read_workbook

MOMENT = datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001 (Excel knows no time zones)
SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def saved(workbook: Workbook, tmp_path: Path) -> Path:
    # Stored uploads have no extension.
    path = tmp_path / "upload"
    workbook.save(path)
    return path


def with_sheet(tmp_path: Path, rows: str, before: str = "", other: dict[str, bytes] | None = None) -> Path:
    """Store a workbook whose only sheet has the given XML."""
    plain = io.BytesIO()
    Workbook().save(plain)
    parts = {SHEET: f"<worksheet {MAIN}>{before}<sheetData>{rows}</sheetData></worksheet>".encode(), **(other or {})}
    path = tmp_path / "upload"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in {**dict.fromkeys(source.namelist()), **parts}:
            target.writestr(name, parts.get(name) or source.read(name))
    return path


def only_rows(path: Path) -> list[Row]:
    (sheet,) = read_workbook(path)
    return sheet.rows


def refusal(path: Path, timeout: float = 60) -> str:
    started = time.monotonic()
    with pytest.raises(BadWorkbook) as caught:
        read_workbook(path, timeout)
    assert time.monotonic() - started < 20
    message = str(caught.value)
    assert message.endswith("。") and "请" in message and "！" not in message
    return caught.value.reason


def test_all_sheets_are_read_in_order(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.title = "基本信息"
    workbook.active.append(["姓名", "赵一"])
    workbook.create_sheet("空表")
    hidden = workbook.create_sheet("_codes")
    hidden.sheet_state = "veryHidden"
    hidden["A1"] = "01"
    assert read_workbook(saved(workbook, tmp_path)) == [
        Sheet("基本信息", [Row(1, ("姓名", "赵一"))]),
        Sheet("空表", []),
        Sheet("_codes", [Row(1, ("01",))]),
    ]


def test_types_are_kept(tmp_path: Path) -> None:
    workbook = Workbook()
    values = ["文", 3, 2.5, -7.0, True, False, date(2020, 1, 2), MOMENT]
    workbook.active.append(values)
    (row,) = only_rows(saved(workbook, tmp_path))
    assert row.cells == ("文", 3, 2.5, -7, True, False, date(2020, 1, 2), MOMENT)
    assert [type(cell) for cell in row.cells] == [str, int, float, int, bool, bool, date, datetime]


def test_times_and_durations_become_text(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append([clock(8, 30), timedelta(hours=30, minutes=5)])
    assert only_rows(saved(workbook, tmp_path)) == [Row(1, ("08:30:00", "30:05:00"))]


def test_chinese_date_format_gives_dates(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active["A1"] = 44000
    workbook.active["A1"].number_format = 'yyyy"年"m"月"'
    assert only_rows(saved(workbook, tmp_path)) == [Row(1, (date(2020, 6, 18),))]


def test_numbers_stored_as_text_stay_text(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["2019.10", "000000000000000018", "1"])
    assert only_rows(saved(workbook, tmp_path)) == [Row(1, ("2019.10", "000000000000000018", "1"))]


def test_long_numbers_become_int(tmp_path: Path) -> None:
    path = with_sheet(tmp_path, '<row r="1"><c r="A1"><v>3.1010119900101E17</v></c><c r="B1"><v>1e300</v></c></row>')
    assert only_rows(path) == [Row(1, (310101199001010000, 1e300))]


def test_position_survives_leading_blanks(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active["C4"] = "甲"
    workbook.active["E6"] = "乙"
    assert only_rows(saved(workbook, tmp_path)) == [
        Row(4, (None, None, "甲")),
        Row(6, (None, None, None, None, "乙")),
    ]


def test_row_gives_cells_beyond_its_end() -> None:
    row = Row(1, ("甲", None, 3))
    assert (row.at(0), row.at(1), row.at(2), row.at(3)) == ("甲", None, 3, None)


def test_blank_rows_and_cells_are_left_out(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["甲", "", None])
    for row in range(2, 900):
        workbook.active.cell(row, 1, "  ").number_format = "@"
    assert only_rows(saved(workbook, tmp_path)) == [Row(1, ("甲",))]


@pytest.mark.parametrize("ref", ["A1", "A1:XFD1048576"])
def test_wrong_dimension_hides_no_rows(tmp_path: Path, ref: str) -> None:
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in range(1, 51))
    path = with_sheet(tmp_path, rows, before=f'<dimension ref="{ref}"/>')
    assert only_rows(path) == [Row(number, (number,)) for number in range(1, 51)]


@pytest.mark.parametrize(
    "rows",
    [
        "<row r='2'><c r='B2'><v>1</v></c></row>",
        '<x:row xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="2"><x:c r="B2"><x:v>1</x:v>'
        "</x:c></x:row>",
        "<row/><row><c/><c><v>1</v></c></row>",
    ],
)
def test_unusual_spelling_is_read(tmp_path: Path, rows: str) -> None:
    assert only_rows(with_sheet(tmp_path, rows)) == [Row(2, (None, 1))]


def test_error_cells_are_told_from_empty_ones(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["甲", "#N/A", None, "#REF!"])
    workbook.create_sheet("二")["B2"] = "#DIV/0!"
    first, second = read_workbook(saved(workbook, tmp_path))
    assert first.rows == [Row(1, ("甲", ErrorCell(), None, ErrorCell()))]
    assert second.rows == [Row(2, (None, ErrorCell()))]


def test_infinite_number_is_an_error_cell(tmp_path: Path) -> None:
    assert only_rows(with_sheet(tmp_path, '<row r="1"><c r="A1"><v>1e999</v></c></row>')) == [Row(1, (ErrorCell(),))]


def test_sparse_sheet_within_the_limits_is_read(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="150000"><c r="C150000"><v>2</v></c></row>'
    assert only_rows(with_sheet(tmp_path, rows)) == [Row(1, (1,)), Row(150_000, (None, None, 2))]


def test_text_with_any_sign_survives(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(['两行\n"引号"\\', "𠮷䶮", "\u2028a"])
    assert only_rows(saved(workbook, tmp_path)) == [Row(1, ('两行\n"引号"\\', "𠮷䶮", "\u2028a"))]


def test_guard_is_asked_first(tmp_path: Path) -> None:
    path = with_sheet(tmp_path, '<row r="1"><c r="A1"/><c r="XFD1048576"/></row>')
    assert refusal(path) == "rows"


def test_limits_of_the_caller_hold(tmp_path: Path) -> None:
    path = with_sheet(tmp_path, '<row r="6"><c r="A6"/></row>')
    with pytest.raises(BadWorkbook):
        read_workbook(path, limits=Limits(rows=5))


def test_abort_of_the_library_is_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    monkeypatch.setattr(workbook_reader, "check_workbook", lambda path, limits: Counted(0, 0))
    path = with_sheet(tmp_path, '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>')
    assert refusal(path) in ("child_exit_-6", "unreadable")


def test_repeated_long_string_does_not_eat_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    strings = f"<sst {MAIN}><si><t>{'字' * 30_000}</t></si></sst>".encode()
    rows = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 60_000))
    plain = io.BytesIO()
    Workbook().save(plain)
    with zipfile.ZipFile(plain) as source:
        relations = source.read("xl/_rels/workbook.xml.rels")
        types = source.read("[Content_Types].xml")
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    link = b'<Relationship Id="rIdS" Type="%s" Target="sharedStrings.xml"/></Relationships>' % kind
    other = {
        "xl/sharedStrings.xml": strings,
        "xl/_rels/workbook.xml.rels": relations.replace(b"</Relationships>", link),
        "[Content_Types].xml": types,
    }
    monkeypatch.setattr(workbook_reader, "MEMORY_BYTES", 300 << 20)
    assert refusal(with_sheet(tmp_path, rows, other=other)).startswith("child_")


def test_workbook_with_broken_relations_is_unreadable(tmp_path: Path) -> None:
    path = with_sheet(tmp_path, "", other={"xl/workbook.xml": b"<workbook><sheets><sheet name='a'/></sheets>"})
    assert refusal(path) == "unreadable"


CHILDREN = {
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "aborted": "import os; os.abort()",
    "silent": "",
    "failed": "raise SystemExit(1)",
    "unfinished": 'print(\'{"sheet":"a","index":0,"rows":1}\')',
    "half a line": 'print(\'{"sheet":"a","ind\', end="")',
    "no json": 'print("hello")',
    "hanging": "import time; time.sleep(60)",
    "half and hanging": 'import time; print(\'{"sheet":"a"}\', flush=True); time.sleep(60)',
    "flooding": 'while True: print(\'{"sheet":"\' + "a" * 1000000 + \'"}\')',
    "endless line": 'while True: print("a" * 1000000, end="")',
}


@pytest.mark.parametrize("name", CHILDREN)
def test_dying_child_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    child = tmp_path / "child.py"
    child.write_text(CHILDREN[name], encoding="utf-8")
    monkeypatch.setattr(workbook_reader, "CHILD_SCRIPT", child)
    monkeypatch.setattr(workbook_reader, "OUTPUT_BYTES", 20 << 20)
    monkeypatch.setattr(workbook_reader, "LINE_BYTES", 10 << 20)
    assert refusal(with_sheet(tmp_path, ""), timeout=1.5).startswith("child_")


def test_child_works_without_resource_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_child, "resource", None)
    workbook = Workbook()
    workbook.active["A1"] = "甲"
    out = io.BytesIO()
    workbook_child.limit_self(1, 1)
    workbook_child.print_workbook(str(saved(workbook, tmp_path)), out, 1000)
    assert out.getvalue().decode().splitlines() == [
        '{"sheet":"Sheet","index":0,"rows":1}',
        '{"r":1,"c":["甲"]}',
        '{"end":true}',
    ]
