"""A list of units as a workbook: written for looking and editing, and what of it is read back."""

from collections.abc import Iterable, Mapping

from app.core.codes import codes
from app.core.file_lines import Line
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Value
from app.core.sections.section import show
from app.core.sections.sheets import Book
from app.core.template import filled_sheet
from app.core.validators import normalise_id
from app.organisations.declarations import UNIT

NATION = IndicatorSet()
BOOK = Book((UNIT,), NATION, keys=("code",))
MAX_ROWS = 10_000


def number_in(line: Line, item: str) -> str:
    """A unit's code as it is compared."""
    return normalise_id(line.text(item))


def write_units(rows: Iterable[Mapping[str, Value]]) -> bytes:
    """The template with its drop-downs, and the units that are there, in the words of the form."""
    lines = ([show(field, row.get(field.name), NATION) or None for field in UNIT.items] for row in rows)
    return filled_sheet(BOOK, codes, lines, MAX_ROWS)
