"""Real files of LibreOffice, and files in the manner of WPS: imported like Excel's own, or refused with advice."""

import io
import zipfile
from pathlib import Path

import pytest

from app.core.errors import AppError
from app.spreadsheets.packing import unpack_values
from tests.core.raw_workbooks import MAIN, STYLES, TYPES, book, inline_rows, packed, parts, sheet
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import number_of

FILES = Path(__file__).parent / "files"


def test_a_template_that_libreoffice_has_saved(desk: Desk) -> None:
    plan = desk.plan_file(FILES / "libreoffice.xlsx")
    assert desk.errors(plan) == []
    assert plan.notes == ["工作表「基本信息」有 1 行是隐藏的（筛选也会隐藏），也读取了。不要的请删除后重新上传。"]
    rows = [(row.section, row.row_no, row.key, row.action) for row in desk.rows(plan)]
    assert rows == [
        ("basic_info", 3, number_of(1), "create"),
        ("basic_info", 4, number_of(2), "create"),
        ("education_history", 3, number_of(1), "create"),
        ("education_history", 4, number_of(1), "create"),
        ("post_appointment", 3, number_of(1), "create"),
    ]


def test_what_libreoffice_keeps_of_the_cells(desk: Desk) -> None:
    desk.apply(desk.plan_file(FILES / "libreoffice.xlsx"))
    first, second = desk.teacher(number_of(1)), desk.teacher(number_of(2))
    assert (first.former_name, first.ethnicity, first.native_place, first.remark) == (
        "小何",
        "01",
        "530102",
        "=不是公式",
    )
    assert (first.work_start_month, str(first.birth_date), first.is_staffed) == ("2012-08", "1990-01-16", "1")
    assert (second.former_name, second.gender, second.ethnicity) == (None, "2", "07")
    assert second.work_start_month == "2012-08"
    assert [study.end_month for study in desk.studies(first)] == ["2012-07", "2015-06"]


def in_the_manner_of_wps() -> bytes:
    """Inline strings, no dimension, no shared strings, absolute names of parts, own styles and parts, dates as text."""
    rows = inline_rows(
        [
            ["青禾县第一中学教师信息表", "", "", "", ""],
            ["序号", "姓名*", "身份证件号（必填）", "民　族", "参加工作年月"],
            ["1", "何静宜", f" {number_of(1)}", "汉", "2016年9月1日"],
            ["2", "段玉兰\u200b", number_of(2), "０７", "2016.09"],
        ]
    )
    before = '<sheetPr/><sheetFormatPr defaultRowHeight="13.5"/>'
    merged = '<mergeCells count="1"><mergeCell ref="A1:E1"/></mergeCells>'
    odd = '<numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/></numFmts>'
    contents = parts(
        changed={
            **book(["Sheet1", "WpsReserved_CellImgList"], target="/xl/"),
            "xl/worksheets/sheet1.xml": sheet(rows, before=before, after=merged),
            "xl/worksheets/sheet2.xml": sheet(""),
            STYLES: f'<styleSheet xmlns="{MAIN}" xmlns:ets="http://www.wps.cn/ets">{odd}<ets:ext/></styleSheet>',
            "customXml/item1.xml": "<s:customData xmlns:s='http://www.wps.cn/officeDocument/2013/wpsCustomData'/>",
            "docProps/custom.xml": "<Properties/>",
        }
    )
    return packed({name: content for name, content in contents.items() if name != "xl/sharedStrings.xml"})


def test_a_file_in_the_manner_of_wps(desk: Desk) -> None:
    desk.path.write_bytes(in_the_manner_of_wps())
    plan = desk.plan_file(desk.path)
    found = [(row.row_no, row.name, row.key, unpack_values(row.section, row.values)) for row in desk.rows(plan)]
    assert [entry[:3] for entry in found] == [(3, "何静宜", number_of(1)), (4, "段玉兰", number_of(2))]
    values = [(entry[3]["ethnicity"], entry[3]["work_start_month"]) for entry in found]
    assert values == [("01", "2016-09"), ("07", "2016-09")]
    assert plan.notes == ["工作表「Sheet1」A 列「序号」不是模板里的项目，没有读取。"]


def archive_of(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ((FILES / "people.xls").read_bytes(), "另存为“Excel 工作簿（.xlsx）”"),
        ((FILES / "people.ods").read_bytes(), "另存为“Excel 工作簿（.xlsx）”"),
        ("姓名,身份证件号\n何静宜,1\n".encode("gb18030"), "另存为“Excel 工作簿（.xlsx）”"),
        (archive_of(TYPES, "word/document.xml"), "请把内容填进模板"),
        (archive_of("名册.xlsx"), "请解压后上传里面的 .xlsx 文件"),
        ((FILES / "libreoffice.xlsx").read_bytes()[:40_000], "文件已损坏，或者没有传完整"),
        (b"", "空的（0 字节）"),
    ],
    ids=["xls", "ods", "csv", "docx", "zip", "cut off", "empty"],
)
def test_another_file_is_told_what_to_do(desk: Desk, content: bytes, words: str) -> None:
    desk.path.write_bytes(content)
    before = desk.state()
    with pytest.raises(AppError) as refusal:
        desk.plan_file(desk.path)
    assert words in str(refusal.value)
    assert str(refusal.value).endswith("。")
    assert desk.state() == before
