"""Hostile and broken workbooks are refused quickly, with a sentence for the user; ordinary ones pass."""

import contextlib
import io
import random
import struct
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from app.core.workbook_guard import BadWorkbook, Limits, check_workbook
from app.core.workbook_kinds import SENTENCES

DEFAULT = Limits()
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how old compound files begin
SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def plain_bytes() -> bytes:
    workbook = Workbook()
    for row in range(1, 51):
        workbook.active.append([f"第{row}行", row, row / 2])
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def changed(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an ordinary workbook with some parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain_bytes())) as source, zipfile.ZipFile(out, "w", compression) as target:
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, content in parts.items():
            target.writestr(name, content)
    return out.getvalue()


def sheet(rows: str, before: str = "", after: str = "") -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}<worksheet {MAIN}>{before}<sheetData>{rows}</sheetData>{after}</worksheet>".encode()


def with_rows(rows: str) -> bytes:
    return changed({SHEET: sheet(rows)})


def refusal(tmp_path: Path, content: bytes, limits: Limits = DEFAULT) -> str:
    """Return the reason why the file is refused; it must be refused in time and with a Chinese sentence."""
    path = tmp_path / "upload"
    path.write_bytes(content)
    started = time.monotonic()
    with pytest.raises(BadWorkbook) as caught:
        check_workbook(path, limits)
    assert time.monotonic() - started < 5
    message = str(caught.value)
    assert message.endswith("。") and "请" in message and "！" not in message
    return caught.value.reason


def accept(tmp_path: Path, content: bytes, limits: Limits = DEFAULT) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    check_workbook(path, limits)


def test_plain_workbook_passes(tmp_path: Path) -> None:
    accept(tmp_path, plain_bytes())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (OLD + bytes(5000), "old_xls"),
        (OLD + bytes(5000) + "Workbook".encode("utf-16-le"), "old_xls"),
        (OLD + bytes(50_000) + "EncryptedPackage".encode("utf-16-le"), "locked"),
        (OLD + bytes(5000) + "WordDocument".encode("utf-16-le"), "word"),
        ("姓名,性别\n张三,男\n".encode("gb18030"), "csv"),
        (("姓名,性别\n" + "张三,男\n" * 2000).encode("utf-8-sig"), "csv"),
        ("姓名\t性别\n".encode("utf-16"), "csv"),
        (b"<html><table></table></html>", "web"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', "web"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        (b"Rar!\x1a\x07" + bytes(100), "archive"),
        (bytes(range(256)) * 20, "not_xlsx"),
        (plain_bytes()[:3000], "damaged"),
        (plain_bytes()[:-10], "damaged"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    assert refusal(tmp_path, content) == reason


def test_large_file_is_refused_unopened(tmp_path: Path) -> None:
    assert refusal(tmp_path, plain_bytes(), Limits(file_bytes=1000)) == "file_size"


@pytest.mark.parametrize(
    ("names", "reason", "words"),
    [
        (("[Content_Types].xml", "word/document.xml"), "word", "Word"),
        (("[Content_Types].xml", "ppt/presentation.xml"), "slides", "演示文稿"),
        (("mimetype", "content.xml"), "open_document", ".ods"),
        (("Index/Document.iwa",), "numbers", "Numbers"),
        (("[Content_Types].xml", "xl/workbook.bin"), "binary_xlsb", ".xlsb"),
        (("教师.xlsx",), "archive", "解压"),
        (("xl/worksheets/sheet1.xml",), "not_xlsx", "另存为"),
    ],
)
def test_other_archives_are_told_apart(tmp_path: Path, names: Sequence[str], reason: str, words: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    assert refusal(tmp_path, out.getvalue()) == reason
    assert words in SENTENCES[reason]


def test_binary_workbook_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, changed({"xl/workbook.bin": b"x"})) == "binary_xlsb"


@pytest.mark.parametrize("name", ["../../etc/passwd", "xl/../../a.xml", "..\\windows\\a.xml"])
def test_names_that_climb_out_are_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, changed({name: b"<a/>"})) == "path"


@pytest.mark.parametrize("name", ["xl/vbaProject.bin", "XL/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml"])
def test_macros_are_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, changed({name: b"x"})) == "macro"


def test_macro_content_type_is_refused(tmp_path: Path) -> None:
    types = b'<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
    assert refusal(tmp_path, changed({"[Content_Types].xml": types})) == "macro"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [SHEET, SHEET.upper(), SHEET.replace("/", "\\"), "/" + SHEET])
def test_duplicate_members_are_refused(tmp_path: Path, name: str) -> None:
    out = io.BytesIO(plain_bytes())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, sheet(""))
    assert refusal(tmp_path, out.getvalue()) == "duplicate_members"


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, changed({f"xl/media/{i}.png": b"" for i in range(1001)})) == "members"


def test_huge_directory_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    content = changed({f"xl/media/{i}.png": b"" for i in range(12_000)})
    assert refusal(tmp_path, content) == "members"


def test_encrypted_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(plain_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    assert refusal(tmp_path, bytes(content)) == "encrypted"


def test_unusual_compression_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, changed({"a.xml": b"<a/>"}, zipfile.ZIP_LZMA)) == "compression"


def test_zip_bomb_is_refused_by_ratio(tmp_path: Path) -> None:
    assert refusal(tmp_path, changed({SHEET: sheet(" " * (50 << 20))})) == "ratio"


def test_many_small_bombs_are_refused_by_total(tmp_path: Path) -> None:
    bombs = {f"xl/{i}.xml": b"<a/>" * (9 << 18) for i in range(8)}
    assert refusal(tmp_path, changed(bombs)) == "total_size"


def test_declared_total_is_limited(tmp_path: Path) -> None:
    assert refusal(tmp_path, plain_bytes(), Limits(total_bytes=5000)) == "total_size"


def test_part_size_is_limited(tmp_path: Path) -> None:
    assert refusal(tmp_path, plain_bytes(), Limits(part_bytes=1000)) == "part_size"


@pytest.mark.parametrize(("size", "reason"), [(30 << 20, "ratio"), (100_000, "size_lie")])
def test_understated_size_does_not_hide_a_bomb(tmp_path: Path, size: int, reason: str) -> None:
    content = bytearray(changed({"xl/worksheets/big.xml": b"<a/>" * (size // 4)}))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<L", 1000)
    assert refusal(tmp_path, bytes(content)) == reason


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "customXml/item1.xml"])
def test_entity_declarations_are_refused(tmp_path: Path, part: str) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    assert refusal(tmp_path, changed({part: bomb})) == "dtd"


def test_entity_declaration_across_pieces_is_found(tmp_path: Path) -> None:
    filler = "<!-- " + random.Random(1).randbytes(600_000).hex()[: (1 << 20) - 10] + "-->"
    assert refusal(tmp_path, changed({"xl/styles.xml": f"{filler}<!DOCTYPE a><a/>".encode()})) == "dtd"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused(tmp_path: Path, encoding: str) -> None:
    text = sheet('<row r="1"/>').decode()
    assert refusal(tmp_path, changed({SHEET: text.encode(encoding)})) == "utf16"


def test_other_encoding_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, changed({SHEET: sheet("").replace(b"UTF-8", b"ISO-2022-JP")})) == "encoding"


FAR_CELLS = [
    '<row r="1"><c r="A1"/><c r="XFD1048576"><v>1</v></c></row>',
    "<row r='1'><c r='XFD1048576'><v>1</v></c></row>",
    '<row r="1"><c r = "xfd1048576"/></row>',
    '<row r="1"><c\n\tr="XFD1048576"\n/></row>',
    '<x:row xmlns:x="a" r="1"><x:c r="XFD1048576"/></x:row>',
    '<row r="1"><c s="1" t="n" r="XFD1048576"/></row>',
    '<row r="1"><c r="A1" r="XFD1048576"/></row>',
    '<row r="1"><c x=">" r="XFD1048576"/></row>',
    '<row r="1"><c x="1"r="XFD1048576"/></row>',
    '<row r="1"><c r="A1048576"/></row>',
    '<row r="1048576"/>',
    "<row r='1048576'><c><v>1</v></c></row>",
    '<row spans="1:1" r="1048576"><c/></row>',
    '<row r="1"><c r="XFD1"/></row>',
    '<row r="1">' + "<c><v>1</v></c>" * 300 + "</row>",
    '<row r="1"><c r="IV1"/><c/></row>',
    "<row/>" * 200_001,
]


@pytest.mark.parametrize("rows", FAR_CELLS)
@pytest.mark.parametrize("part", [SHEET, "xl/worksheets/特别.xml", "xl/media/image1.png", "data.bin"])
def test_cells_far_out_are_refused(tmp_path: Path, rows: str, part: str) -> None:
    assert refusal(tmp_path, changed({part: sheet(rows)})) in ("rows", "columns")


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="&#88;FD1048576"/></row>',
        '<row r="x"><c r="A1"/></row>',
        '<row r="1"><c r="11"/></row>',
        '<row r="1"><c r="ABCDE1"/></row>',
        '<row r="1"><c r=""/><c r="123456789"/></row>',
    ],
)
def test_malformed_references_are_refused(tmp_path: Path, rows: str) -> None:
    assert refusal(tmp_path, with_rows(rows)) == "reference"


@pytest.mark.parametrize(
    "rows",
    [
        '<!-- <c x=" --><row r="1"><c r=\'XFD1048576\'/></row><!-- "> -->',
        '<row r="1"><c x="<" r="XFD1048576"/></row>',
        "<row r=\"1\"><c s='<c r=\"A1\"/>' r='XFD1048576'/></row>",
    ],
)
def test_markup_that_hides_cells_is_refused(tmp_path: Path, rows: str) -> None:
    assert refusal(tmp_path, with_rows(rows)) in ("markup", "columns")


def test_far_cell_after_many_pieces_is_found(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i * 7919}</v></c></row>' for i in range(1, 100_000))
    assert refusal(tmp_path, with_rows(rows + '<row r="7"><c r="ZZ7"/></row>')) == "columns"


def test_sparse_sheet_is_refused_by_area(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"/></row><row r="199999"><c r="IV199999"/></row>'
    assert refusal(tmp_path, with_rows(rows)) == "area"


def test_repeated_cells_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, with_rows('<row r="1">' + '<c r="A1"/>' * 2000), Limits(cells=1000)) == "cells"


def test_cells_are_counted_over_all_sheets(tmp_path: Path) -> None:
    rows = '<row r="1">' + "".join(f'<c r="A{i}"/>' for i in range(1, 700)) + "</row>"
    content = changed({SHEET: sheet(rows), "xl/worksheets/sheet2.xml": sheet(rows)})
    assert refusal(tmp_path, content, Limits(cells=1000)) == "cells"


@pytest.mark.parametrize(
    ("part", "content", "reason"),
    [
        ("xl/sharedStrings.xml", b"<sst>" + b"<si><t>a</t></si>" * 5001 + b"</sst>", "shared_strings"),
        ("xl/sharedStrings.xml", b"<x:sst>" + b"<x:si />" * 5001 + b"</x:sst>", "shared_strings"),
        ("xl/styles.xml", b"<styleSheet>" + b'<xf numFmtId="0"/>' * 5001 + b"</styleSheet>", "styles"),
        (SHEET, sheet("", after='<mergeCell ref="A1:B2"/>' * 5001), "merged_ranges"),
        (SHEET, sheet("", before='<col min="1" max="2"/>' * 5001), "column_records"),
    ],
)
def test_counts_are_limited(tmp_path: Path, part: str, content: bytes, reason: str) -> None:
    limits = Limits(shared_strings=5000, styles=5000, merged_ranges=5000, column_records=5000)
    assert refusal(tmp_path, changed({part: content}), limits) == reason


@pytest.mark.parametrize("length", [300_000, 3_000_000])
def test_huge_cell_is_refused(tmp_path: Path, length: int) -> None:
    text = random.Random(1).randbytes(length // 2).hex()
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row>'
    assert refusal(tmp_path, with_rows(rows)) == "huge_cell"


@pytest.mark.parametrize("pattern", ['<c "', "<c '", "<c x=", '<c r="', "<", "<a:", "<row ", '<c x="1" ', "<c r='A1'"])
def test_no_pattern_needs_more_than_linear_time(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(with_rows(pattern * (2_000_000 // len(pattern))))
    started = time.monotonic()
    with contextlib.suppress(BadWorkbook):
        check_workbook(path, Limits(rows=100))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("ref", ["A1", "A1:XFD1048576", "nonsense"])
def test_wrong_dimension_is_no_reason_to_refuse(tmp_path: Path, ref: str) -> None:
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in range(1, 51))
    accept(tmp_path, changed({SHEET: sheet(rows, before=f'<dimension ref="{ref}"/>')}))


@pytest.mark.parametrize(
    "rows",
    [
        "<row><c><v>1</v></c><c><v>2</v></c></row>",
        "<row r='1'><c r='A1'><v>1</v></c></row>",
        '<x:row xmlns:x="a" r="1"><x:c r="A1"/></x:row>',
        '<row r="1" spans="1:3" ht="12.8" x14ac:dyDescent="0.25"><c r="A1" s="1" t="s"><v>0</v></c></row>',
        '<row r="200000"><c r="IV200000"/></row>',
    ],
)
def test_legal_spellings_pass(tmp_path: Path, rows: str) -> None:
    accept(tmp_path, with_rows(rows))


def test_pictures_pass(tmp_path: Path) -> None:
    noise = random.Random(1)
    parts = {f"xl/media/image{i}.jpeg": b"\xff\xd8\xff" + noise.randbytes(200_000) for i in range(5)}
    parts["xl/media/picture.svg"] = b'<?xml version="1.0"?><!DOCTYPE svg><svg/>'
    parts["xl/media/blank.bmp"] = b"BM" + bytes(9 << 20)
    accept(tmp_path, changed(parts))


def test_damaged_bytes_raise_nothing_else(tmp_path: Path) -> None:
    original, chance, path = plain_bytes(), random.Random(7), tmp_path / "upload"
    for _ in range(400):
        content = bytearray(original)
        for _ in range(chance.randint(1, 5)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            check_workbook(path)
        except BadWorkbook as error:
            assert error.reason
