"""The lines of a sheet that settings are read from: its columns found, its rows with what stands in them."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import AppError
from app.core.sections.section import Problem
from app.core.sections.sheets import Book, read_sheet_columns
from app.core.text import clean
from app.core.workbook_reader import Cell, ErrorCell, Sheet, is_empty

NO_COLUMN = "文件里找不到「{label}」一列。请先下载这一页给的文件，在里面填好再上传。"
ONLY_HEAD = "文件里只有表头，没有内容。"
TOO_LONG = "文件有 {count} 行，一次最多 {most} 行，请分成几个文件。"
NOT_READABLE = "这一格显示的是错误值，请改成内容。"


@dataclass(frozen=True)
class Line:
    """One row of the file: its number, and the cells of the columns that are there."""

    number: int
    cells: Mapping[str, Cell]

    def text(self, item: str) -> str:
        """What stands in a cell; Excel may have made a number of a code."""
        cell = self.cells.get(item)
        if cell is None or isinstance(cell, ErrorCell):
            return ""
        return clean(str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell))

    @property
    def readable(self) -> dict[str, Any]:
        """The cells without those that show an error."""
        return {item: cell for item, cell in self.cells.items() if not isinstance(cell, ErrorCell)}

    @property
    def filled(self) -> dict[str, Any]:
        """The same without the empty ones."""
        return {item: cell for item, cell in self.readable.items() if not is_empty(cell)}

    def problems(self) -> Iterator[Problem]:
        """The cells that show an error."""
        return (Problem(item, NOT_READABLE) for item, cell in self.cells.items() if isinstance(cell, ErrorCell))


def read_lines(book: Book, sheets: Sequence[Sheet], most: int) -> tuple[list[Line], list[str]]:
    """The rows of the first sheet that has the key column, and what was not read. Raises AppError."""
    for sheet in sheets:
        columns = read_sheet_columns(book, sheet.name, sheet.rows)
        if columns is None:
            continue
        names = {place: name.partition(".")[2] for place, name in columns.columns.items()}
        below = (row for row in sheet.rows if row.number >= columns.first_row)
        lines = [Line(row.number, {name: _kept(row.at(place)) for place, name in names.items()}) for row in below]
        said = [line for line in lines if not all(map(is_empty, line.cells.values()))]
        if not said:
            raise AppError(ONLY_HEAD, field="file")
        if len(said) > most:
            raise AppError(TOO_LONG.format(count=len(said), most=most), field="file")
        return said, list(columns.notes)
    raise AppError(NO_COLUMN.format(label=book.key_columns[0].field.label), field="file")


def _kept(cell: Cell) -> Cell:
    """A cell as it can be stored: days as text."""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date) else cell
