"""A list of units as a workbook: written for looking and editing, read back row by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import excel
from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Value
from app.core.sections.section import show
from app.core.sections.sheets import Book, read_sheet_columns
from app.core.validators import normalise_id
from app.core.workbook_reader import Cell, ErrorCell, Sheet
from app.organisations.declarations import UNIT

NATION = IndicatorSet()
BOOK = Book((UNIT,), NATION, keys=("code",))
MAX_ROWS = 10_000
NO_LIST = "文件里找不到「单位代码」一列。请先下载名单，在下载的文件里改好再上传。"


@dataclass(frozen=True)
class FileUnit:
    """One row of the file: its number, and the cells that are filled."""

    number: int
    cells: Mapping[str, Cell]

    @property
    def code(self) -> str:
        """What stands in the column of the code."""
        return self.number_in("code")

    def number_in(self, item: str) -> str:
        """A code as it is compared: Excel may have made a number of it."""
        cell = self.cells.get(item)
        if cell is None or isinstance(cell, ErrorCell):
            return ""
        return normalise_id(str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell))


def write_units(rows: Iterable[Mapping[str, Value]]) -> bytes:
    """The template, with the units that are there: one column for each item, in the words of the form."""
    lines = ([show(field, row.get(field.name), NATION) for field in UNIT.items] for row in rows)
    return excel.export_rows([field.label for field in UNIT.items], lines, UNIT.title)


def read_units(sheets: Sequence[Sheet]) -> tuple[list[FileUnit], list[str]]:
    """The rows of the first sheet that has a column of codes, and what was not read. Raises AppError."""
    for sheet in sheets:
        columns = read_sheet_columns(BOOK, sheet.name, sheet.rows)
        if columns is None:
            continue
        below = [row for row in sheet.rows if row.number >= columns.first_row]
        if len(below) > MAX_ROWS:
            raise AppError(f"文件有 {len(below)} 行，一次最多导入 {MAX_ROWS} 行，请分成几个文件。", field="file")
        names = {position: name.partition(".")[2] for position, name in columns.columns.items()}
        found = [FileUnit(row.number, _filled({name: row.at(at) for at, name in names.items()})) for row in below]
        said = [row for row in found if row.cells]
        if not said:
            raise AppError("文件里只有表头，没有单位。", field="file")
        return said, list(columns.notes)
    raise AppError(NO_LIST, field="file")


def _filled(cells: Mapping[str, Any]) -> dict[str, Cell]:
    """Without the empty cells: they mean that an item stays as it is."""
    return {name: cell for name, cell in cells.items() if cell is not None and str(cell).strip()}
