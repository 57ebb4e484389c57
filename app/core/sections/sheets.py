"""Excel sheets of the sections: which columns they have, and how the columns of a filled one are found.

The hidden first row of a sheet names each column by `section.item`, so columns may be moved and headings reworded. A
file without that row is understood by its headings. The first section is the main one; the sheets of the others begin
with its key items. The template itself is made in core/template.py.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field
from app.core.sections.section import Section
from app.core.template_version import Mark, explain, read_mark
from app.core.text import clean, match_key
from app.core.workbook_reader import Cell, Row

GUIDE_SHEET = "填表说明"
HEAD_ROW = 2
FIRST_ROW = 3
SEARCHED_ROWS = 10  # how far down a heading is looked for
ITEM = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")  # an identifier as the hidden row has it


@dataclass(frozen=True)
class Column:
    """One column of a sheet: `section.item`, and what is known of the item."""

    identifier: str
    field: Field


@dataclass(frozen=True)
class SheetColumns:
    """What was understood of a sheet. `columns` are positions from 0, `first_row` is where the data begin."""

    section: Section
    columns: Mapping[int, str]
    first_row: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Book:
    """The sheets of one kind of school. `keys`: the items of the first section that tell who somebody is."""

    sections: Sequence[Section]
    indicator_set: IndicatorSet
    keys: Sequence[str]

    @property
    def main(self) -> Section:
        return self.sections[0]

    @property
    def key_columns(self) -> list[Column]:
        return [Column(f"{self.main.name}.{key}", self.main.fields[key]) for key in self.keys]

    def columns(self, section: Section) -> list[Column]:
        """The columns of a section's sheet; what is derived from other sections is not filled in."""
        own = [field for field in section.fields_for(self.indicator_set) if field.filled_by != "D"]
        lead = [] if section is self.main else self.key_columns
        return [*lead, *(Column(f"{section.name}.{field.name}", field) for field in own)]


def read_sheet_columns(book: Book, name: str, rows: Sequence[Row]) -> SheetColumns | None:
    """Find out which section a sheet is and what its columns are; None for a sheet that is no section.

    Raises AppError when key columns are missing or an item has two columns.
    """
    head = list(rows[:SEARCHED_ROWS])
    by_identifier = {f"{s.name}.{item}": s for s in book.sections for item in s.fields}
    hidden = next((row for row in head if any(text in by_identifier for text in _texts(row))), None)
    named = _identified(hidden, by_identifier)
    section = _section_of(book, name, head, named)
    if section is None:
        return None
    labels = _labels(book, section)
    below = [row for row in head if hidden is None or row.number > hidden.number]
    heading = _head_row(below, labels)
    last = heading or hidden
    if last is None:
        raise AppError(f"工作表「{name}」里找不到表头。请用系统的模板，或保留模板的表头一行。")
    found = _Columns(book, section, name, read_mark(hidden))
    for position in range(max(len(last.cells), max(named, default=-1) + 1)):
        found.add(position, hidden.at(position) if hidden else None, _heading(heading, position), labels)
    found.explain_template()
    if any(row.number > last.number for row in rows):
        found.refuse_missing_keys()
    return SheetColumns(section, found.columns, last.number + 1, tuple(found.notes))


class _Columns:
    """The columns of one sheet while they are being found. `mark`: what its template said of itself."""

    def __init__(self, book: Book, section: Section, sheet: str, mark: Mark | None) -> None:
        self.sheet, self.mark, self.section = sheet, mark, section
        self.indicator_set = book.indicator_set
        self.columns: dict[int, str] = {}
        self.notes: list[str] = []
        self.gone: dict[str, list[str]] = {}  # labels of the template's columns that were not read, by the reason
        self.known = {c.identifier: c.field for c in book.columns(section)}
        self.others = {f"{section.name}.{field.name}": field for field in section.fields.values()}
        self.keys = [column.identifier for column in book.key_columns]

    def add(self, position: int, hidden: Cell, heading: str, labels: Mapping[str, str]) -> None:
        """Take a column by its identifier; a visible heading that names another item goes before a hidden mark."""
        where = f"工作表「{self.sheet}」{get_column_letter(position + 1)} 列"
        identifier = hidden if isinstance(hidden, str) and ITEM.fullmatch(hidden) else ""
        then = self.mark.labels.get(identifier, "") if self.mark else ""
        said = labels.get(_label_key(heading), "")
        if then and _label_key(heading) == _label_key(then):
            said = ""  # nobody has touched the heading: the template meant this item, whatever has that label today
        if said and identifier and said != identifier:
            self.notes.append(f"{where}的表头是「{heading}」，按表头读取。")
        chosen = said or identifier
        if chosen in self.columns.values():
            first = next(i for i, taken in self.columns.items() if taken == chosen)
            raise AppError(f"{where}和 {get_column_letter(first + 1)} 列都是「{self._label(chosen)}」，请只留一列。")
        if chosen in self.known:
            self.columns[position] = chosen
        elif chosen in self.others or (chosen and chosen == identifier and (then or heading)):
            self._pass_over(where, chosen, then or heading)
        elif heading:
            self.notes.append(f"{where}「{heading}」不是模板里的项目，没有读取。")

    def _pass_over(self, where: str, identifier: str, label: str) -> None:
        """Note a column of an item that is not asked for, or of none that is known."""
        field = self.others.get(identifier)
        label = field.label if field and not self.mark else label
        why = _why_not(field, self.indicator_set)
        if self.mark:
            self.gone.setdefault(why, []).append(label)
        else:
            self.notes.append(f"{where}「{label}」{why}，没有读取。")

    def explain_template(self) -> None:
        """One note for all that has changed since the template was made."""
        if self.mark:
            asked = {
                name: (field.label, field.required and self.indicator_set.kind in field.required_for)
                for name, field in self.known.items()
            }
            self.notes[:0] = explain(self.sheet, self.mark, asked, list(self.columns.values()), self.gone)

    def _label(self, identifier: str) -> str:
        return (self.known.get(identifier) or self.others[identifier]).label

    def refuse_missing_keys(self) -> None:
        """One sentence for all key columns that are not there."""
        missing = [self.known[key].label for key in self.keys if key not in self.columns.values()]
        if missing:
            names = "".join(f"「{label}」" for label in missing)
            raise AppError(f"工作表「{self.sheet}」里找不到{names}列。请补上这一列，或重新下载模板。")


def _why_not(field: Field | None, indicator_set: IndicatorSet) -> str:
    if field is None:
        return "已经取消"
    if field.filled_by == "D":
        return "由其他板块得出"
    if field.province_id:
        return "已经停用" if field.province_id == indicator_set.province_id else "是别的省的项目"
    return "不是本类学校的项目"


def _identified(hidden: Row | None, by_identifier: Mapping[str, Section]) -> dict[int, str]:
    if hidden is None:
        return {}
    return {i: cell for i, cell in enumerate(hidden.cells) if isinstance(cell, str) and cell in by_identifier}


def _section_of(book: Book, name: str, head: Sequence[Row], named: Mapping[int, str]) -> Section | None:
    """By the hidden row, else by the name of the sheet, else by the headings."""
    if named:
        counted = Counter(identifier.partition(".")[0] for identifier in named.values())
        children = [section for section in book.sections[1:] if counted[section.name]]
        return max(children, key=lambda section: counted[section.name], default=book.main)
    if not head or name.startswith("_") or match_key(name) == match_key(GUIDE_SHEET):
        return None
    for section in book.sections:
        if match_key(name) == match_key(section.title):
            return section
    best: tuple[int, Section | None] = (len(book.keys), None)  # more than the key columns must fit
    for section in book.sections:
        labels = _labels(book, section)
        fitting = max(_matches(row, labels) for row in head)
        if fitting > best[0]:
            best = (fitting, section)
    return best[1]


def _labels(book: Book, section: Section) -> dict[str, str]:
    """Heading → identifier; items that are not read are known too, so that the note can say why."""
    known = {_label_key(c.field.label): c.identifier for c in book.columns(section)}
    return {_label_key(f.label): f"{section.name}.{f.name}" for f in section.fields.values()} | known


def _label_key(heading: str) -> str:
    return match_key(re.sub(r"[*★]|[(（](?:必填|选填|可不填)[)）]", "", clean(heading)))


def _head_row(rows: Sequence[Row], labels: Mapping[str, str]) -> Row | None:
    """The row with the most headings; of a head of two lines, whose cells are merged, the lower one."""
    fitting = [_matches(row, labels) for row in rows]
    most = max(fitting, default=0)
    if not most:
        return None
    place = fitting.index(most)
    while place + 1 < len(rows) and fitting[place + 1] == most and rows[place + 1].number == rows[place].number + 1:
        place += 1
    return rows[place]


def _heading(row: Row | None, position: int) -> str:
    cell = row.at(position) if row is not None else None
    return clean(cell).lstrip("*").strip() if isinstance(cell, str) else ""


def _texts(row: Row) -> Iterator[str]:
    return (cell for cell in row.cells if isinstance(cell, str))


def _matches(row: Row, labels: Mapping[str, str]) -> int:
    return len({labels[key] for key in map(_label_key, _texts(row)) if key in labels})
