"""Write safe workbooks: data never becomes a formula, and text stays text (ID numbers, codes, "2019.10").

The parameters `workbook` and `sheet` are openpyxl objects, which carry no type information.
"""

import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from itertools import chain
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

CODE_SHEET = "_codes"
FIRST_SHEET = "xl/worksheets/sheet1.xml"
TEXT_FORMAT = "@"
DATE_FORMAT = "yyyy-mm-dd"
MOMENT_FORMAT = "yyyy-mm-dd hh:mm:ss"
TIME_FORMAT = "h:mm:ss"
CELL_LENGTH = 32_767
HEADER_FONT_NAME = "微软雅黑"
BODY_FONT_NAME = "等线"
RED = "FFC00000"

HEADER_FONT = Font(name=HEADER_FONT_NAME, size=11, bold=True)
BODY_FONT = Font(name=BODY_FONT_NAME, size=11)
HEADER_FILL = PatternFill("solid", start_color="FFE7F0F2", end_color="FFE7F0F2")
HEADER_ALIGNMENT = Alignment(horizontal="center", vertical="center", wrap_text=True)
THIN_BORDER = Border(**{side: Side("thin", color="FFB7C4C8") for side in ("left", "right", "top", "bottom")})

# A file of equal content is equal byte for byte, so tests and caches can compare files.
_FIXED_MOMENT = datetime(2020, 1, 1)  # noqa: DTZ001 (openpyxl refuses time zones)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Excel reads _x0041_ as "A"; escaping the first underscore keeps what was typed.
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Value = object


def new_workbook() -> Workbook:
    """Return a workbook without sheets."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    return workbook


def clean_text(value: str) -> str:
    """Return the text without what XML cannot carry, lines ended by LF, cut at the length of an Excel cell."""
    text = _UNWRITABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return _cut(text, CELL_LENGTH)


def _cut(text: str, length: int) -> str:
    # Excel counts UTF-16 units: characters beyond the BMP (rare surnames) count twice.
    if len(text) <= length // 2:
        return text
    units = text.encode("utf-16-le")[: length * 2]
    return units.decode("utf-16-le", errors="ignore")


def _plain(value: Value) -> str | int | float | bool | Decimal | date | time | None:
    """Return the value as a cell takes it; whatever is not a number or a date becomes its text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        # Excel keeps 15 digits: a longer number would silently end in zeros.
        return str(value)
    if isinstance(value, (float, Decimal)) and not math.isfinite(value):
        return str(value)
    if isinstance(value, date) and value.year < 1900:
        # Excel's calendar begins in 1900.
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float, Decimal, date, time)):
        return value
    return str(value)


def _fill(cell: Cell, value: Value, text: bool) -> None:
    plain = _plain(value)
    if isinstance(plain, str):
        _fill_text(cell, plain, text)
        return
    cell.value = plain
    if isinstance(plain, datetime):
        cell.number_format = MOMENT_FORMAT
    elif isinstance(plain, date):
        cell.number_format = DATE_FORMAT


def _fill_text(cell: Cell, original: str, text: bool) -> None:
    content = clean_text(original)
    cell.value = _LOOKS_ESCAPED.sub("_x005F_", content)
    # openpyxl takes "=…" for a formula and "#N/A" for an error; the type set afterwards is what gets written.
    cell.data_type = "s"
    if text:
        cell.number_format = TEXT_FORMAT
    cell.quotePrefix = _needs_quote(original, content)


def _needs_quote(original: str, content: str) -> bool:
    """When the cell is edited or saved as CSV, the quote prefix still says that this is text."""
    return original.startswith(_FORMULA_STARTS) or content.lstrip().startswith(_FORMULA_STARTS)


def write_row(sheet: Worksheet, row_no: int, values: Iterable[Value], text: bool = True) -> None:
    """Write values from column A on; strings are stored as text, with the text format if `text`."""
    for column, value in enumerate(values, start=1):
        if value is not None:
            write_cell(sheet.cell(row_no, column), value, text)


def write_cell(cell: Cell, value: Value, text: bool = True) -> None:
    """The same for one cell."""
    cell.font = BODY_FONT
    _fill(cell, value, text)


def write_header(
    sheet: Worksheet, row_no: int, titles: Sequence[str], required: Collection[int] = (), freeze_columns: int = 0
) -> None:
    """Write and style the titles, freeze what is above and left. required: positions from 0 that get a red star."""
    for index, title in enumerate(titles):
        cell = sheet.cell(row_no, index + 1)
        _fill(cell, str(title), text=True)
        _style_header(cell)
        if index in required:
            cell.value = _starred(clean_text(str(title)))
        width = max(title_width(str(title)) + (2 if index in required else 0), 8)
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(width + 3, 40)
    sheet.row_dimensions[row_no].height = 32
    sheet.freeze_panes = f"{get_column_letter(freeze_columns + 1)}{row_no + 1}"  # a cell would make an empty row


def _style_header(cell: Cell) -> None:
    cell.font, cell.fill = HEADER_FONT, HEADER_FILL
    cell.alignment, cell.border = HEADER_ALIGNMENT, THIN_BORDER


def _starred(title: str) -> CellRichText:
    font = {"rFont": HEADER_FONT_NAME, "sz": 11, "b": True}
    return CellRichText(
        TextBlock(InlineFont(color=RED, **font), "*"),
        TextBlock(InlineFont(**font), _LOOKS_ESCAPED.sub("_x005F_", title)),
    )


def title_width(text: str) -> int:
    """Return the width of the longest line in Latin characters; a Chinese character counts two."""
    return max(
        sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)
        for line in text.split("\n")
    )


def header_comment(cell: Cell, text: str) -> None:
    """Attach the explanation of a column to its header cell."""
    content = clean_text(text)
    comment = Comment(content, "填写说明")
    lines = sum(1 + title_width(line) // 36 for line in content.split("\n"))
    comment.width, comment.height = 280, min(40 + 18 * lines, 400)
    cell.comment = comment


def add_list_validation(
    sheet: Worksheet,
    named_range: str,
    cell_range: str,
    error_title: str,
    error_message: str,
    blocking: bool | None = True,
    prompt: str = "",
) -> None:
    """Offer the values of a named range (or an INDIRECT formula) as drop-down.

    blocking: False only warns of other values, None says nothing. prompt: what shows beside the cell meanwhile.
    """
    validation = DataValidation(
        type="list",
        formula1=named_range.removeprefix("="),
        allow_blank=True,
        showErrorMessage=blocking is not None,
        errorStyle="stop" if blocking else "warning",
        showInputMessage=bool(prompt),
        promptTitle=_cut(clean_text(str(error_title)), 32) if prompt else None,
        prompt=_cut(clean_text(prompt), 255) if prompt else None,
        # Excel calls the whole file damaged when these are longer.
        errorTitle=_cut(clean_text(str(error_title)), 32),
        error=_cut(clean_text(str(error_message)), 255),
    )
    validation.add(cell_range)
    sheet.add_data_validation(validation)


def add_code_column(workbook: Workbook, key: str, values: Iterable[str]) -> str:
    """Write the values of a drop-down on the hidden code sheet and return the defined name of their range.

    The name is "codes_" + key, other signs than letters, digits, "." and "_" replaced by "_". Raises ValueError if it
    is taken.
    """
    sheet = _code_sheet(workbook)
    column = _free_column(sheet)
    name = "codes_" + _as_name(key)
    _fill(sheet.cell(1, column), name, text=True)
    _add_block(workbook, sheet, name, column, 2, values)
    return name


def add_code_blocks(workbook: Workbook, key: str, blocks: Mapping[str, Iterable[str]]) -> str:
    """Write several lists below one another on the hidden code sheet, each with a defined name of its own.

    Returns what their names begin with; they end with the keys of the blocks, so that INDIRECT can build them. Raises
    ValueError if a name is taken.
    """
    sheet = _code_sheet(workbook)
    column, row = _free_column(sheet), 2
    prefix = f"in_{_as_name(key)}_"
    _fill(sheet.cell(1, column), prefix, text=True)
    for block, values in blocks.items():
        row = _add_block(workbook, sheet, prefix + _as_name(block), column, row, values)
    return prefix


def _as_name(key: str) -> str:
    return re.sub(r"[^\w.]", "_", key)


def _free_column(sheet: Worksheet) -> int:
    return 1 if sheet.cell(1, 1).value is None else int(sheet.max_column) + 1


def _add_block(workbook: Workbook, sheet: Worksheet, name: str, column: int, first: int, values: Iterable[str]) -> int:
    """Write the values downwards and name their range; returns the row behind them."""
    # Excel does not distinguish case in names.
    if name.casefold() in map(str.casefold, workbook.defined_names):
        raise ValueError(f"code column {name} exists already")
    row = first - 1
    for row, value in enumerate(values, start=first):
        _fill(sheet.cell(row, column), str(value), text=True)
    letter = get_column_letter(column)
    reference = f"'{CODE_SHEET}'!${letter}${first}:${letter}${max(row, first)}"
    workbook.defined_names[name] = DefinedName(name, attr_text=reference)
    return max(row, first) + 1


def _code_sheet(workbook: Workbook) -> Worksheet:
    if CODE_SHEET in workbook.sheetnames:
        return workbook[CODE_SHEET]
    sheet = workbook.create_sheet(CODE_SHEET)
    sheet.sheet_state = "veryHidden"
    return sheet


def save_bytes(workbook: Workbook, more_rows: Iterable[bytes] = ()) -> bytes:
    """Return the file; equal content gives equal bytes. more_rows: XML to be added to the first sheet."""
    if not workbook.write_only:
        visible = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        workbook.active = workbook.index(visible[0])
    workbook.properties.created = _FIXED_MOMENT
    workbook.properties.creator = ""
    raw = io.BytesIO()
    workbook.save(raw)
    return _without_moments(raw, more_rows)


def _without_moments(raw: io.BytesIO, more_rows: Iterable[bytes]) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            entry = zipfile.ZipInfo(member.filename, _FIXED_MOMENT.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            if member.filename == "docProps/core.xml":
                target.writestr(entry, _with_fixed_moment(source.read(member)))
                continue
            if more_rows and member.filename == FIRST_SHEET:
                head, end, tail = source.read(member).rpartition(b"</sheetData>")
                head = re.sub(rb"<dimension[^>]*/>", b"", head)  # it knows nothing of these rows
                with target.open(entry, "w") as to:
                    for part in chain((head,), more_rows, (end, tail)):
                        to.write(part)
                continue
            with source.open(member) as reader, target.open(entry, "w", force_zip64=member.file_size > 1 << 31) as to:
                while chunk := reader.read(1 << 20):
                    to.write(chunk)
    return result.getvalue()


def _with_fixed_moment(core: bytes) -> bytes:
    moment = _FIXED_MOMENT.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", lambda match: match[1] + moment, core)


def export_rows(headers: Sequence[str], rows: Iterable[Sequence[Value]], title: str = "数据") -> bytes:
    """Return a workbook with one sheet, written row by row in little memory."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(re.sub(r"[\\/*?:\[\]']", "_", clean_text(title))[:31] or "数据")
    sheet.freeze_panes = "A2"
    for index, header in enumerate(headers, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = min(max(title_width(str(header)), 8) + 3, 40)
    cells = []
    for header in headers:
        cell = WriteOnlyCell(sheet)
        _fill(cell, str(header), text=True)
        _style_header(cell)
        cells.append(cell)
    sheet.append(cells)
    return save_bytes(workbook, rows_below(sheet, rows, 2))


def rows_below(sheet: Worksheet, rows: Iterable[Sequence[Value]], first: int) -> Iterator[bytes]:
    """Rows for the end of a sheet that is saved as the first of its workbook; strings are stored as text."""
    return _rows_as_xml({key: _style(sheet, *style) for key, style in _STYLES.items()}, rows, first)


# By what a value is; True: a text that must be quoted.
_STYLES: Mapping[object, tuple[str, bool]] = {
    False: (TEXT_FORMAT, False),
    True: (TEXT_FORMAT, True),
    datetime: (MOMENT_FORMAT, False),
    date: (DATE_FORMAT, False),
    time: (TIME_FORMAT, False),
}


def _style(sheet: Worksheet, number_format: str, quoted: bool) -> int:
    """The number of a style in the workbook."""
    cell = WriteOnlyCell(sheet)
    cell.number_format, cell.quotePrefix = number_format, quoted
    number: int = cell.style_id
    return number


def _rows_as_xml(styles: Mapping[object, int], rows: Iterable[Iterable[Value]], first: int) -> Iterator[bytes]:
    """Rows from the `first` on. Written here and not by the library, which makes an object for each of a million cells
    and keeps the whole sheet in a readable file meanwhile."""
    for number, row in enumerate(rows, start=first):
        cells = (_cell_as_xml(styles, f"{_letter(column)}{number}", value) for column, value in enumerate(row, start=1))
        yield f'<row r="{number}">{"".join(cells)}</row>'.encode()


def _cell_as_xml(styles: Mapping[object, int], place: str, value: Value) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, str):
        content = clean_text(plain)
        style = styles[_needs_quote(plain, content)]
        text = escape(_LOOKS_ESCAPED.sub("_x005F_", content))
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(plain, bool):
        return f'<c r="{place}" t="b"><v>{plain:d}</v></c>'
    if isinstance(plain, date | time):
        return f'<c r="{place}" s="{styles[type(plain)]}"><v>{to_excel(plain)}</v></c>'
    return f'<c r="{place}"><v>{plain}</v></c>'


_letter = cache(get_column_letter)
