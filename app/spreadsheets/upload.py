"""From an uploaded file to rows whose columns are known. No database is touched here."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from openpyxl.utils import get_column_letter

from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.sections.reading import Raw
from app.core.sections.section import Section
from app.core.sections.sheets import GUIDE_SHEET, Book, read_sheet_columns
from app.core.uploaded_workbook import open_sheets
from app.core.workbook_reader import Cell, ErrorCell, Row, Sheet, is_empty
from app.records import SECTIONS, sections_for

KEYS = ("name", "id_number")
NAME, NUMBER = (f"{SECTIONS[0].name}.{key}" for key in KEYS)
MAX_ROWS = 150_000
MOST_UNREAD = 50  # columns of a sheet that are kept for who sent them


def unread_name(position: int, heading: str) -> str:
    """The name of a column that the template does not know: like no identifier."""
    return f"?{position}?{heading}"


def unread_heading(name: str) -> str | None:
    """The heading of such a column; None for an identifier."""
    return name.split("?", 2)[2] if name.startswith("?") else None


@dataclass(frozen=True)
class FileRow:
    """One row of the file. `cells` that are filled, by identifier (`section.item`)."""

    sheet: "SectionSheet"
    source: Row
    cells: Mapping[str, Cell]

    @property
    def number(self) -> int:
        """As Excel counts, from 1."""
        return self.source.number

    @cached_property
    def given(self) -> Mapping[str, Raw]:
        """The section's own items that are filled and can be read, by item."""
        own = self.sheet.own
        return {
            own[identifier]: plain(cell)
            for identifier, cell in self.cells.items()
            if identifier in own and not isinstance(cell, ErrorCell)
        }

    def broken(self) -> list[str]:
        """The identifiers of cells that show an Excel error instead of a value."""
        return [identifier for identifier, cell in self.cells.items() if isinstance(cell, ErrorCell)]

    def texts(self) -> dict[str, str]:
        """What was typed, for showing it again; columns that are not read by their `unread_name`."""
        unread = {unread_name(at, heading): as_typed(self.source.at(at)) for at, heading in self.sheet.unread.items()}
        return {identifier: as_typed(cell) for identifier, cell in self.cells.items()} | unread


@dataclass(frozen=True)
class SectionSheet:
    """A sheet whose section and columns are known, and its rows that say something."""

    name: str
    section: Section
    columns: Mapping[int, str]  # position from 0 → identifier
    rows: Sequence[Row]
    head: Row | None = None  # the row above the first

    @cached_property
    def own(self) -> Mapping[str, str]:
        """Identifier → item, of the section's own columns; the sheets of others begin with name and number."""
        prefix = f"{self.section.name}."
        return {name: name.removeprefix(prefix) for name in self.columns.values() if name.startswith(prefix)}

    @cached_property
    def letters(self) -> Mapping[str, str]:
        """The Excel column of each identifier."""
        return {identifier: get_column_letter(position + 1) for position, identifier in self.columns.items()}

    @cached_property
    def number_at(self) -> int:
        """The position of the ID number; every sheet of a section has one."""
        return next(position for position, identifier in self.columns.items() if identifier == NUMBER)

    @cached_property
    def unread(self) -> Mapping[int, str]:
        """The headings of the columns that are not read, by their position."""
        cells = self.head.cells if self.head else ()
        if any(cell in self.columns.values() for cell in cells):
            return {}  # a hidden row alone: these are no headings
        unread = ((at, cell) for at, cell in enumerate(cells) if at not in self.columns and not is_empty(cell))
        return {at: as_typed(cell) for at, cell in islice(unread, MOST_UNREAD)}

    def file_row(self, row: Row) -> FileRow:
        cells = ((name, row.at(position)) for position, name in self.columns.items())
        return FileRow(self, row, {name: cell for name, cell in cells if not is_empty(cell)})


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
    if isinstance(value, int) and abs(value) >= 10**15:
        return f"{value:.5E}"  # as Excel shows it: written out, the zeros at the end would look like somebody's number
    return "" if value is None else str(value)


def book_for(indicator_set: IndicatorSet) -> Book:
    """The sheets of one kind of school."""
    return Book(sections_for(indicator_set), indicator_set, KEYS)


@dataclass
class Upload:
    """A file while it is read: what was understood of its sheets, and how many rows they have."""

    path: Path
    book: Book
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    expected: int = 0  # how many there will be, empty ones and the lists of the drop-downs included
    _sheets: dict[str, str] = field(default_factory=dict)  # section → the name of its sheet

    def sheets(self) -> Iterator[SectionSheet]:
        """The sheets of the sections, the people's first. One is in memory, and those that stood before the people's.

        Raises AppError when the file cannot be read, and when nothing in it can be understood.
        """
        waiting: list[SectionSheet] = []
        opened = open_sheets(self.path, self.book.main.title)
        self.expected = opened.rows
        for sheet in opened.sheets:
            found = self._understand(sheet)
            if found is None:
                continue
            if found.section is self.book.main or self.book.main.name in self._sheets:
                yield found
            else:
                waiting.append(found)
            if found.section is self.book.main:
                yield from waiting
                waiting.clear()
        yield from waiting
        if not self._sheets:
            titles = "、".join(f"「{section.title}」" for section in self.book.sections)
            raise AppError(f"文件里没有系统认得的工作表（{titles}）。请下载模板，把数据填进去再上传。", field="file")
        if not self.rows:
            raise AppError("文件里只有表头，没有数据。请从表头下一行填起。", field="file")

    def _understand(self, sheet: Sheet) -> SectionSheet | None:
        columns = read_sheet_columns(self.book, sheet.name, sheet.rows)
        if columns is None:
            if sheet.rows and not sheet.name.startswith("_") and sheet.name.strip() != GUIDE_SHEET:
                self.notes.append(f"工作表「{sheet.name}」不是模板里的表，没有读取。")
            return None
        self.notes += [*columns.notes, *_hidden(sheet, columns.first_row)]
        below = [row for row in sheet.rows if row.number >= columns.first_row]
        name, section = sheet.name, columns.section
        own = [at for at, identifier in columns.columns.items() if identifier.startswith(f"{section.name}.")]
        telling = [row for row in below if any(not is_empty(row.at(at)) for at in own)]
        silent = sum(any(not is_empty(row.at(at)) for at in columns.columns) for row in below) - len(telling)
        if silent:
            self.notes.append(f"工作表「{name}」有 {silent} 行只有姓名和证件号，没有内容，已略过。")
        self._count(name, section, len(telling))
        head = next((row for row in sheet.rows if row.number == columns.first_row - 1), None)
        return SectionSheet(name, section, columns.columns, telling, head)

    def _count(self, name: str, section: Section, rows: int) -> None:
        other = self._sheets.setdefault(section.name, name)
        if other != name:
            title = section.title
            raise AppError(
                f"工作表「{other}」和「{name}」都是「{title}」。请合成一张，或删掉多余的一张。", field="file"
            )
        self.rows += rows
        if self.rows > MAX_ROWS:
            raise AppError(f"文件超过 {MAX_ROWS:,} 行。请拆成几个文件后分别上传。", field="file")


def _hidden(sheet: Sheet, first_row: int) -> list[str]:
    """What somebody who filters a list may not expect."""
    count = sum(number >= first_row for number in sheet.hidden_rows)
    what = "是隐藏的" if sheet.hidden else f"有 {count} 行是隐藏的（筛选也会隐藏）"
    told = sheet.hidden or count
    return [f"工作表「{sheet.name}」{what}，也读取了。不要的请删除后重新上传。"] if told else []
