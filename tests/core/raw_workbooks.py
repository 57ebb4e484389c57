"""Workbooks written part by part, the way programs other than Excel write them, or somebody with bad intentions."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from app.core.workbook_guard import Limits
from app.core.workbook_reader import Sheet, open_workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
BOOK, LINKS, TYPES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
Parts = Mapping[str, str | bytes]


def read_workbook(path: Path, timeout: float = 60, limits: Limits | None = None) -> list[Sheet]:
    """All sheets of a file at once."""
    return list(open_workbook(path, "", timeout, limits).sheets)


def letters(number: int) -> str:
    """1 → A, 27 → AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def sheet(rows: str, before: str = "", after: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def inline_rows(lines: Sequence[Sequence[str]], first: int = 1) -> str:
    """Rows of texts that stand in the cells themselves."""
    rows = []
    for number, line in enumerate(lines, start=first):
        cells = (
            f'<c r="{letters(i)}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            for i, text in enumerate(line, start=1)
        )
        rows.append(f'<row r="{number}">{"".join(cells)}</row>')
    return "".join(rows)


def strings(texts: Sequence[str]) -> str:
    found = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    return f'<sst xmlns="{MAIN}">{found}</sst>'


def book(names: Sequence[str], *, target: str = "", properties: str = "", same_part: bool = False) -> dict[str, str]:
    """The workbook part and its links for so many sheets. target: what stands before the names of parts."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="rId{1 if same_part else i}"/>' for i, name in enumerate(names, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/worksheet" Target="{target}worksheets/sheet{i}.xml"/>'
        for i in range(1, 2 if same_part else len(names) + 1)
    )
    links += "".join(
        f'<Relationship Id="rId{kind}" Type="{OFFICE}/{kind}" Target="{target}{kind}.xml"/>'
        for kind in ("styles", "sharedStrings")
    )
    return {
        BOOK: f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{listed}</sheets></workbook>',
        LINKS: f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
    }


def parts(
    rows: str = "", *, changed: Parts | None = None, names: Sequence[str] = ("基本信息",)
) -> dict[str, str | bytes]:
    """The parts of a workbook with one sheet; `changed` replaces and adds parts."""
    types = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    )
    link = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    return {
        TYPES: f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{link}</Relationships>',
        **book(names),
        SHEET: sheet(rows),
        STRINGS: strings(()),
        STYLES: f'<styleSheet xmlns="{MAIN}"/>',
        **(changed or {}),
    }


def packed(contents: Parts) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(rows: str = "", *, changed: Parts | None = None, names: Sequence[str] = ("基本信息",)) -> bytes:
    return packed(parts(rows, changed=changed, names=names))
