"""Files as WPS, LibreOffice and other programs write them are read like Excel's own."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference

from app.core.workbook_guard import BadWorkbook
from app.core.workbook_reader import ErrorCell, Row, Sheet
from tests.core.raw_workbooks import (
    BOOK,
    LINKS,
    MAIN,
    OFFICE,
    SHEET,
    STRINGS,
    STYLES,
    book,
    inline_rows,
    packed,
    parts,
    read_workbook,
    sheet,
    strings,
    workbook,
)

SHARED = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
TEXTS = {STRINGS: strings(["姓名", "李洁"])}
READ = [Row(1, ("姓名", "李洁"))]
DAY = 42614  # 2016-09-01
OLD_DAY = DAY - 1462  # the same day in a workbook that counts from 1904


def rows_of(tmp_path: Path, content: bytes) -> list[Row]:
    return only_sheet(tmp_path, content).rows


def only_sheet(tmp_path: Path, content: bytes) -> Sheet:
    path = tmp_path / "upload"
    path.write_bytes(content)
    (found,) = read_workbook(path)
    return found


def styles(number_format: int, code: str = "") -> dict[str, str]:
    """A style part whose style 1 has a number format."""
    own = f'<numFmts><numFmt numFmtId="{number_format}" formatCode="{code}"/></numFmts>' if code else ""
    plain = "<fonts><font/></fonts><fills><fill/></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
    used = f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{number_format}" applyNumberFormat="1"/></cellXfs>'
    return {STYLES: f'<styleSheet xmlns="{MAIN}">{own}{plain}{used}</styleSheet>'}


def renamed(change: Callable[[str], str]) -> bytes:
    """The same parts under other names."""
    return packed({change(name): content for name, content in parts(SHARED, changed=TEXTS).items()})


def strict() -> bytes:
    """The strict variant of the standard has names of its own."""
    contents = {name: str(content) for name, content in parts(SHARED, changed=TEXTS).items()}
    purl = "http://purl.oclc.org/ooxml"
    return packed(
        {
            name: text.replace(MAIN, f"{purl}/spreadsheetml/main").replace(
                OFFICE, f"{purl}/officeDocument/relationships"
            )
            for name, text in contents.items()
        }
    )


WRITTEN: Mapping[str, Callable[[], bytes]] = {
    "shared strings": lambda: workbook(SHARED, changed=TEXTS),
    "inline strings": lambda: workbook(inline_rows([["姓名", "李洁"]])),
    "results of formulas": lambda: workbook(
        '<row r="1"><c r="A1" t="str"><f>X</f><v>姓名</v></c><c r="B1" t="str"><f>Y</f><v>李洁</v></c></row>'
    ),
    "text in several fonts, with pronunciation": lambda: workbook(
        SHARED,
        changed={
            STRINGS: f'<sst xmlns="{MAIN}"><si><r><rPr><b/></rPr><t>姓</t></r><r><t>名</t></r></si>'
            '<si><t>李洁</t><rPh sb="0" eb="1"><t>li</t></rPh><phoneticPr fontId="1"/></si></sst>'
        },
    ),
    "no dimension and no styles": lambda: workbook(SHARED, changed=TEXTS | {STYLES: f'<styleSheet xmlns="{MAIN}"/>'}),
    "absolute names of parts": lambda: workbook(SHARED, changed=TEXTS | book(["基本信息"], target="/xl/")),
    "another spelling of a part": lambda: renamed(lambda name: name.replace("sharedStrings", "SharedStrings")),
    "backslashes in names": lambda: renamed(lambda name: name.replace("/", "\\")),
    "custom parts": lambda: workbook(
        SHARED, changed=TEXTS | {"customXml/item1.xml": "<a/>", "docProps/custom.xml": "<Properties/>"}
    ),
    "the strict variant": strict,
    "a prefix before every name": lambda: workbook(
        changed=TEXTS | {SHEET: sheet(SHARED).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")}
    ),
    "cells without places": lambda: workbook('<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>', changed=TEXTS),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_however_it_is_written_the_same_is_read(name: str, tmp_path: Path) -> None:
    assert rows_of(tmp_path, WRITTEN[name]()) == READ


@pytest.mark.parametrize(
    ("number_format", "code"),
    [
        *((number, "") for number in (14, 17, 22, 27, 28, 30, 31, 36, 50, 55, 57, 58)),  # 27 to 58: Chinese dates
        (176, "yyyy&quot;年&quot;m&quot;月&quot;"),
        (176, "[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"),
        (176, "[DBNum1][$-804]yyyy&quot;年&quot;m&quot;月&quot;"),
        (176, "yyyy/m/d;@"),
        (176, "e/m/d"),
    ],
)
def test_every_format_of_a_date_gives_the_day(number_format: int, code: str, tmp_path: Path) -> None:
    row = f'<row r="1"><c r="A1" s="1"><v>{DAY}</v></c><c r="B1" s="1"><v>{DAY}.5</v></c></row>'
    found = rows_of(tmp_path, workbook(row, changed=styles(number_format, code)))
    noon = datetime(2016, 9, 1, 12)  # noqa: DTZ001 - Excel knows no time zones
    assert found == [Row(1, (date(2016, 9, 1), noon))]


@pytest.mark.parametrize("said", ["1", "true"])
def test_a_workbook_that_counts_from_1904_gives_the_same_day(said: str, tmp_path: Path) -> None:
    changed = styles(14) | book(["基本信息"], properties=f'<workbookPr date1904="{said}"/>')
    row = f'<row r="1"><c r="A1" s="1"><v>{OLD_DAY}</v></c></row>'
    assert rows_of(tmp_path, workbook(row, changed=changed)) == [Row(1, (date(2016, 9, 1),))]


def test_a_formula_that_was_never_calculated_is_an_error(tmp_path: Path) -> None:
    cells = (
        '<c r="A1"><f>1+1</f></c><c r="B1"><f>1+1</f><v></v></c><c r="C1"><f>1+1</f><v/></c>'
        '<c r="D1" t="str"><f>""</f><v></v></c><c r="E1"><f>1+1</f><v>2</v></c>'
        '<c r="F1" t="b"><f>TRUE</f><v>1</v></c><c r="G1"><f t="shared" si="0"/></c>'
    )
    wrong = ErrorCell()
    assert rows_of(tmp_path, workbook(f'<row r="1">{cells}</row>')) == [
        Row(1, (wrong, wrong, wrong, None, 2, True, wrong))
    ]


def test_openpyxl_leaves_formulas_uncalculated(tmp_path: Path) -> None:
    made = Workbook()
    made.active.append(["=1+1"])
    made.active.append(["甲", None, "=A1&B1"])
    made.active["A9"] = "=A1"
    made.save(tmp_path / "upload")
    (found,) = read_workbook(tmp_path / "upload")
    assert found.rows == [Row(1, (ErrorCell(),)), Row(2, ("甲", None, ErrorCell())), Row(9, (ErrorCell(),))]


def test_formulas_across_pieces_of_the_file_are_found(tmp_path: Path) -> None:
    lines = "".join(
        f'<row r="{i}"><c r="A{i}"><v>{i}</v></c><c r="B{i}"><f>A{i}*2</f><v></v></c></row>' for i in range(1, 40_001)
    )
    found = rows_of(tmp_path, workbook(lines))
    assert len(found) == 40_000
    assert all(row.cells[1] == ErrorCell() for row in found)


def test_cells_merged_downwards_hold_in_all_their_rows(tmp_path: Path) -> None:
    made = Workbook()
    for line in (
        ["教师名册", None, None],
        ["姓名", "证件号", "单位"],
        ["李洁", "1", "甲"],
        [None, None, "乙"],
        ["马兰", "2", "丙"],
    ):
        made.active.append(line)
    for place in ("A1:C1", "A3:A4", "B3:B4", "A5:A5000"):
        made.active.merge_cells(place)
    made.save(tmp_path / "upload")
    (found,) = read_workbook(tmp_path / "upload")
    assert found.rows[0] == Row(1, ("教师名册",)), "sideways nothing is filled in"
    assert found.rows[2:] == [Row(3, ("李洁", "1", "甲")), Row(4, ("李洁", "1", "乙")), Row(5, ("马兰", "2", "丙"))]


def test_hidden_rows_and_sheets_are_read_and_counted(tmp_path: Path) -> None:
    made = Workbook()
    for line in (["姓名"], ["李洁"], ["马兰"], ["高文"]):
        made.active.append(line)
    for number in (3, 4, 9):
        made.active.row_dimensions[number].hidden = True
    hidden, very = made.create_sheet("旧表"), made.create_sheet("_codes")
    hidden.sheet_state, very.sheet_state = "hidden", "veryHidden"
    made.save(tmp_path / "upload")
    found = read_workbook(tmp_path / "upload")
    assert [(one.name, len(one.rows), one.hidden, one.hidden_rows) for one in found] == [
        ("Sheet", 4, False, {3, 4}),
        ("旧表", 0, True, set()),
        ("_codes", 0, False, set()),
    ]


def test_a_chart_on_a_sheet_of_its_own_is_passed_over(tmp_path: Path) -> None:
    made = Workbook()
    made.active.append([1, 2])
    chart = BarChart()
    chart.add_data(Reference(made.active, min_col=1, min_row=1, max_col=2))
    made.create_chartsheet("图").add_chart(chart)
    made.create_sheet("二").append(["乙"])
    made.save(tmp_path / "upload")
    assert [(one.name, one.rows) for one in read_workbook(tmp_path / "upload")] == [
        ("Sheet", [Row(1, (1, 2))]),
        ("二", [Row(1, ("乙",))]),
    ]


@pytest.mark.parametrize("blank", [" ", "\u3000", "\xa0", "\u200b", "\ufeff", "\u200b \u3000\u2060", "\u3164"])
def test_what_looks_empty_is_empty(blank: str, tmp_path: Path) -> None:
    assert rows_of(tmp_path, workbook(inline_rows([["甲", blank], [blank, blank], [blank, "乙"]]))) == [
        Row(1, ("甲",)),
        Row(3, (None, "乙")),
    ]


def test_numbers_are_read_as_excel_shows_them(tmp_path: Path) -> None:
    cells = '<c r="A1"><v>3.3000000000000003</v></c><c r="B1"><v>0.30000000000000004</v></c><c r="C1"><v>1E-3</v></c>'
    assert rows_of(tmp_path, workbook(f'<row r="1">{cells}</row>')) == [Row(1, (3.3, 0.3, 0.001))]


def test_two_sheets_of_one_part_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(workbook(SHARED, changed=book(["甲", "乙"], same_part=True)))
    with pytest.raises(BadWorkbook, match="内部结构"):
        read_workbook(path)


def test_a_workbook_whose_links_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    for damaged in ({LINKS: "<Relationships"}, {BOOK: "<workbook><sheets>"}):
        path.write_bytes(workbook(SHARED, changed=damaged))
        with pytest.raises(BadWorkbook, match="读不出"):
            read_workbook(path)
