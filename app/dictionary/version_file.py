"""A code table as a workbook: written for looking and editing, and what of it is read back."""

from collections.abc import Iterable

from app.core import excel
from app.core.codes import Code, CodeTable
from app.core.indicator_set import IndicatorSet
from app.core.sections.section import show
from app.core.sections.sheets import Book
from app.dictionary.declarations import CODE_IN_FILE, values_of

NATION = IndicatorSet()
BOOK = Book((CODE_IN_FILE,), NATION, keys=("code",))
MAX_ROWS = 20_000


def write_table(table: CodeTable, rows: Iterable[Code]) -> bytes:
    """All given codes in the words of the form, as text: leading zeros stay."""
    fields = CODE_IN_FILE.fields
    lines = ([show(fields[name], value, NATION) for name, value in values_of(row).items()] for row in rows)
    return excel.export_rows([field.label for field in fields.values()], lines, table.title)
