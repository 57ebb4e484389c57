"""Makers of files that mean harm, or come from broken programs: small to send, dear to read."""

import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping

from tests.core.raw_workbooks import (
    BOOK,
    LINKS,
    OFFICE,
    SHEET,
    STRINGS,
    STYLES,
    TYPES,
    book,
    letters,
    packed,
    parts,
    sheet,
    strings,
    workbook,
)

ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="15000"><c r="IV15000"><v>1</v></c></row>'
LONG = "字" * 30_000


def rows(count: int, cell: str = "<v>1</v>", attributes: str = "", columns: int = 1) -> str:
    names = [letters(i) for i in range(1, columns + 1)]
    lines = ("".join(f'<c r="{name}{i}"{attributes}>{cell}</c>' for name in names) for i in range(1, count + 1))
    return "".join(f'<row r="{i}">{line}</row>' for i, line in enumerate(lines, start=1))


def zip_bomb() -> bytes:
    return workbook(changed={SHEET: sheet(" " * (100 << 20))})


def understated_bomb() -> bytes:
    content = bytearray(packed(parts(ONE) | {"xl/worksheets/x.xml": b"<a/>" * (10 << 20)}))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<L", 1000)
    return bytes(content)


def entity_bomb() -> bytes:
    lols = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    return workbook(changed={STRINGS: f'<?xml version="1.0"?><!DOCTYPE sst [{lols}]><sst>&l9;</sst>'})


def external_entity() -> bytes:
    head = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return workbook(changed={SHEET: head + sheet('<row r="1"><c r="A1" t="str"><v>&x;</v></c></row>')})


def sheets_of_one_part() -> bytes:
    return workbook(changed={**book([f"表{i}" for i in range(250)], same_part=True), SHEET: sheet(rows(40_000))})


def thousands_of_sheets() -> bytes:
    return workbook(changed=book([f"表{i}" for i in range(5000)], same_part=True))


def far_cells_in_every_sheet() -> bytes:
    names = [f"表{i}" for i in range(1, 101)]
    return workbook(changed={**book(names), **{f"xl/worksheets/sheet{i}.xml": sheet(FAR) for i in range(1, 101)}})


def deep(part: str) -> Callable[[], bytes]:
    def make() -> bytes:
        contents = parts(ONE)
        text = str(contents[part])
        end = text.rindex("</") if "</" in text else len(text)
        return packed(contents | {part: text[:end] + "<a>" * 500_000 + "</a>" * 500_000 + text[end:]})

    return make


def noise() -> str:
    return random.Random(1).randbytes(1_000_000).hex()


def duplicate_entries() -> bytes:
    out = io.BytesIO(workbook(ONE))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(SHEET.upper(), sheet(rows(10)))
    return out.getvalue()


def broken_sum() -> bytes:
    content = bytearray(workbook(rows(50)))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        place = archive.getinfo(SHEET).header_offset
    content[place + 14] ^= 0xFF
    entry = content.index(SHEET.encode(), place + 100) - 46
    content[entry + 16] ^= 0xFF
    return bytes(content)


def with_part(name: str, content: str, rows: str = ONE) -> Callable[[], bytes]:
    return lambda: workbook(rows, changed={name: content})


def many(around: str, text: str, count: int) -> str:
    """An element with so many others inside; # stands for their number."""
    inside = "".join(text.replace("#", str(i)) for i in range(count))
    return f"<{around}>{inside}</{around.partition(' ')[0]}>"


def million_columns() -> bytes:
    cells = "".join(f'<c r="{letters(i)}1"/>' for i in range(1, 1_000_000))
    return workbook(f'<row r="1">{cells}</row>')


def merged(text: str, count: int, lines: str) -> Callable[[], bytes]:
    return lambda: workbook(changed={SHEET: sheet(lines, after=many("mergeCells", text, count))})


def filled_down() -> bytes:
    first = '<row r="1"><c r="A1"><f t="shared" ref="A1:A90000" si="0">B1+1</f><v>1</v></c></row>'
    others = (f'<row r="{i}"><c r="A{i}"><f t="shared" si="0"/><v>1</v></c></row>' for i in range(2, 90_000))
    return workbook(first + "".join(others))


LINK = f'<Relationship Id="rId1" TargetMode="External" Type="{OFFICE}/externalLinkPath" Target="file:///etc/passwd"/>'
MACRO = '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
COMMENT = '<comment ref="A#"><text><t>x</t></text></comment>'
DAMAGED, STRANGE, TOO_BIG, AROUND = "已损坏", "内部结构", "解压后的内容过大", "样式、名称或链接太多"
TOO_HARD = "限定的时间和内存"

# How it is made, and words of the sentence with which it is refused; "" for what is read as if nothing were there.
MAKERS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "zip bomb": (zip_bomb, TOO_BIG),
    "bomb that understates its size": (understated_bomb, TOO_BIG),
    "entities that multiply": (entity_bomb, STRANGE),
    "entity that names a file": (external_entity, STRANGE),
    "nesting in a sheet": (deep(SHEET), ""),
    "nesting in the strings": (deep(STRINGS), ""),
    "nesting in the workbook": (deep(BOOK), ""),
    "a million columns": (million_columns, "列的上限"),
    "columns without a name": (lambda: workbook(f'<row r="1">{"<c><v>1</v></c>" * 1_000_000}</row>'), TOO_BIG),
    "cells without a place": (lambda: workbook(f"<row>{'<c><v>1</v></c>' * 10}</row>" * 199_000), STRANGE),
    "dimension that lies": (with_part(SHEET, sheet(ONE, before='<dimension ref="A1:XFD1048576"/>')), ""),
    # Either limit may be reached first, that of cells or that of computing: a busy machine takes longer.
    "a cell far out in every sheet": (far_cells_in_every_sheet, f"加起来太大|{TOO_HARD}"),
    "all sheets are one part": (sheets_of_one_part, STRANGE),
    "thousands of sheets": (thousands_of_sheets, "工作表超过"),
    "millions of strings": (
        lambda: workbook(ONE, changed={STRINGS: strings([str(i) for i in range(2_000_001)])}), "不同的文字太多",
    ),
    "a long string repeated": (
        lambda: workbook(rows(10_000, "<v>0</v>", ' t="s"'), changed={STRINGS: strings([LONG])}), TOO_HARD,
    ),
    "a long string repeated without end": (
        lambda: workbook(rows(199_000, "<v>0</v>", ' t="s"'), changed={STRINGS: strings([LONG])}), TOO_HARD,
    ),
    "a string that is too long": (with_part(STRINGS, strings(["x" * 20_000_000])), TOO_BIG),
    "a string that is far too long": (lambda: workbook(changed={STRINGS: strings([noise()])}), "32767"),
    "entries of one name": (duplicate_entries, STRANGE),
    "a path that climbs out": (with_part("../../etc/cron.d/x", "x"), STRANGE),
    "a link to another file": (with_part("xl/externalLinks/_rels/externalLink1.xml.rels", f"<a>{LINK}</a>"), ""),
    "a macro": (with_part("xl/vbaProject.bin", "x"), "宏"),
    "a macro of the oldest kind": (with_part("xl/macrosheets/sheet1.xml", sheet("")), "宏"),
    "a macro by its type alone": (with_part(TYPES, MACRO), "宏"),
    "a sum that does not fit": (broken_sum, DAMAGED),
    "a file that ends early": (lambda: workbook(rows(2000))[:-3000], DAMAGED),
    "merged ranges without end": (merged('<mergeCell ref="A1:A#"/>', 100_001, ONE), "合并的单元格太多"),
    "merged ranges over one another": (merged('<mergeCell ref="A1:A20#"/>', 99_000, rows(2000, columns=2)), ""),
    "comments without end": (with_part("xl/comments1.xml", many("comments", COMMENT, 500_000)), ""),
    "styles without end": (with_part(STYLES, many("cellXfs", "<xf/>", 130_001)), "样式太多"),
    "formats without end": (
        with_part(STYLES, many("styleSheet", '<numFmt numFmtId="#" formatCode="0"/>', 500_000)), AROUND,
    ),
    "names without end": (
        with_part(BOOK, many("workbook", '<definedName name="n#">A#</definedName>', 500_000)), AROUND,
    ),
    "links without end": (
        with_part(LINKS, many("Relationships", '<Relationship Id="x#" Target="b#"/>', 500_000)), AROUND,
    ),
    "broken formulas without end": (lambda: workbook(rows(20_000, "<v>#N/A</v>", ' t="e"', 20)), "公式太多"),
    "a formula that fills a column": (filled_down, ""),
    "quotes without end": (lambda: workbook(f'<row r="1"><c {"x=" * 50_000} r="A1"/></row>'), "读不出"),
}  # fmt: skip
