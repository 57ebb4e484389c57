"""A code table as a workbook: written for looking and editing, read back row by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import excel
from app.core.codes import Code, CodeTable
from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.sections.section import show
from app.core.sections.sheets import Book, read_sheet_columns
from app.core.text import clean
from app.core.workbook_reader import Cell, ErrorCell, Sheet
from app.dictionary.declarations import CODE_IN_FILE, values_of

NATION = IndicatorSet()
BOOK = Book((CODE_IN_FILE,), NATION, keys=("code",))
MAX_ROWS = 20_000
NO_TABLE = "文件里找不到「代码」一列。请先导出这张代码表，在导出的文件里改好再上传。"


@dataclass(frozen=True)
class FileCode:
    """One row of the file: its number, and the cells of the columns that are there."""

    number: int
    cells: Mapping[str, Cell]

    @property
    def code(self) -> str:
        """What stands in the column of the code."""
        cell = self.cells.get("code")
        return "" if cell is None or isinstance(cell, ErrorCell) else clean(str(cell))


def write_table(table: CodeTable, rows: Iterable[Code]) -> bytes:
    """All given codes in the words of the form, as text: leading zeros stay."""
    fields = CODE_IN_FILE.fields
    lines = ([show(fields[name], value, NATION) for name, value in values_of(row).items()] for row in rows)
    return excel.export_rows([field.label for field in fields.values()], lines, table.title)


def read_table(sheets: Sequence[Sheet]) -> tuple[list[FileCode], list[str]]:
    """The rows of the first sheet that has a column of codes, and what was not read. Raises AppError."""
    for sheet in sheets:
        columns = read_sheet_columns(BOOK, sheet.name, sheet.rows)
        if columns is None:
            continue
        below = [row for row in sheet.rows if row.number >= columns.first_row]
        if len(below) > MAX_ROWS:
            raise AppError(f"文件有 {len(below)} 行，一张代码表最多 {MAX_ROWS} 行。", field="file")
        names = {position: name.partition(".")[2] for position, name in columns.columns.items()}
        found = [FileCode(row.number, {name: row.at(place) for place, name in names.items()}) for row in below]
        said = [row for row in found if any(not _is_empty(cell) for cell in row.cells.values())]
        if not said:
            raise AppError("文件里只有表头，没有代码。", field="file")
        return said, list(columns.notes)
    raise AppError(NO_TABLE, field="file")


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
