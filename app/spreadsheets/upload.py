"""From an uploaded file to rows whose columns are known. No database is touched here."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.sections.reading import Raw
from app.core.sections.section import Section
from app.core.sections.sheets import GUIDE_SHEET, Book, read_sheet_columns
from app.core.uploaded_workbook import read_sheets
from app.core.workbook_reader import Cell, ErrorCell, Sheet
from app.records import SECTIONS, sections_for

KEYS = ("name", "id_number")
NAME, NUMBER = (f"{SECTIONS[0].name}.{key}" for key in KEYS)
MAX_ROWS = 20_000


@dataclass(frozen=True)
class FileRow:
    """One row of the file. `cells` by identifier (`section.item`), `letters` the Excel column of each identifier."""

    sheet: str
    number: int
    section: Section
    cells: Mapping[str, Cell]
    letters: Mapping[str, str]

    def given(self) -> dict[str, Raw]:
        """The section's own items that are filled and can be read, by item."""
        prefix = f"{self.section.name}."
        return {
            identifier.removeprefix(prefix): plain(cell)
            for identifier, cell in self.cells.items()
            if identifier.startswith(prefix) and not is_empty(cell) and not isinstance(cell, ErrorCell)
        }

    def broken(self) -> list[str]:
        """The identifiers of cells that show an Excel error instead of a value."""
        return [identifier for identifier, cell in self.cells.items() if isinstance(cell, ErrorCell)]

    def texts(self) -> dict[str, str]:
        """What was typed, for showing it again."""
        return {identifier: as_typed(cell) for identifier, cell in self.cells.items() if not is_empty(cell)}


@dataclass(frozen=True)
class Upload:
    """The rows of a file in its order, and what was understood of its sheets."""

    rows: list[FileRow]
    notes: list[str]


def is_empty(cell: Cell) -> bool:
    """Whether nothing is in a cell, or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def plain(cell: Cell) -> Raw:
    """A cell as the readers of the sections take it: a moment at midnight is a day."""
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date()
    return None if isinstance(cell, ErrorCell) else cell


def as_typed(cell: Cell) -> str:
    """A cell as text."""
    if isinstance(cell, ErrorCell):
        return "#N/A"
    value = plain(cell)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "" if value is None else str(value)


def book_for(indicator_set: IndicatorSet) -> Book:
    """The sheets of one kind of school."""
    return Book(sections_for(indicator_set), indicator_set, KEYS)


def read_file(path: Path) -> tuple[list[Sheet], str]:
    """The sheets of a file and its digest. Raises AppError with the sentence of the guard."""
    return read_sheets(path), hashlib.sha256(path.read_bytes()).hexdigest()


def understand(sheets: list[Sheet], book: Book) -> Upload:
    """Find the sections' sheets and their columns. Raises AppError when nothing in the file can be understood."""
    rows: list[FileRow] = []
    notes: list[str] = []
    seen: set[str] = set()
    for sheet in sheets:
        columns = read_sheet_columns(book, sheet.name, sheet.rows)
        if columns is None:
            if sheet.rows and not sheet.name.startswith("_") and sheet.name.strip() != GUIDE_SHEET:
                notes.append(f"工作表「{sheet.name}」不是模板里的表，没有读取。")
            continue
        notes += columns.notes
        seen.add(columns.section.name)
        letters = {identifier: _letter(position) for position, identifier in columns.columns.items()}
        below = [row for row in sheet.rows if row.number >= columns.first_row]
        cells = [{name: row.at(position) for position, name in columns.columns.items()} for row in below]
        read = [
            FileRow(sheet.name, row.number, columns.section, own, letters)
            for row, own in zip(below, cells, strict=True)
            if _says_something(columns.section, own)
        ]
        rows += read
        nothing = sum(any(not is_empty(cell) for cell in own.values()) for own in cells) - len(read)
        if nothing:
            notes.append(f"工作表「{sheet.name}」有 {nothing} 行只有姓名和证件号，没有内容，已略过。")
    if not seen:
        titles = "、".join(f"「{section.title}」" for section in book.sections)
        raise AppError(f"文件里没有系统认得的工作表（{titles}）。请下载模板，把数据填进去再上传。", field="file")
    if not rows:
        raise AppError("文件里只有表头，没有数据。请从表头下一行填起。", field="file")
    if len(rows) > MAX_ROWS:
        raise AppError(f"文件有 {len(rows)} 行，一次最多 {MAX_ROWS} 行。请拆成几个文件后分别上传。", field="file")
    order = [section.name for section in book.sections]
    rows.sort(key=lambda row: order.index(row.section.name))  # people first; stable within a sheet
    return Upload(rows, notes)


def _says_something(section: Section, cells: Mapping[str, Cell]) -> bool:
    """Whether an own item is filled; the name and number alone say nothing in a sheet of rows."""
    return any(not is_empty(cell) for name, cell in cells.items() if name.startswith(f"{section.name}."))


def _letter(position: int) -> str:
    letters = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
