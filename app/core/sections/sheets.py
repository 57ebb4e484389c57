"""Excel sheets of the sections: the template that people fill in, and how the columns of a filled one are found.

The hidden first row of a sheet names each column by `section.item`, so columns may be moved and headings reworded. A
file without that row is understood by its headings. The first section is the main one; the sheets of the others begin
with its key items.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter

from app.core import excel
from app.core.codes import CodeBook
from app.core.errors import AppError
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import EXAMPLES, Field
from app.core.sections.section import Section
from app.core.text import clean, match_key
from app.core.workbook_reader import Row

TEMPLATE_VERSION = "1"
GUIDE_SHEET = "填表说明"
VERSION_SHEET = "_template"
HEAD_ROW = 2
FIRST_ROW = 3
LAST_ROW = 5000
SEARCHED_ROWS = 10  # how far down a heading is looked for
GUIDE = (
    "一、先填第一张表，再填后面的表。后面的表用「{keys}」认人，同一人可以填多行。",
    "二、红色星号是报送前必填的项目；暂时不全也可以导入，以后补。",
    "三、有下拉框的项目可以选，也可以直接填代码、名称或常用叫法，例如「{label}」里填「{code}」或「{name}」都行。",
    "四、可多选的项目把几个代码或名称用顿号隔开，填在同一格。",
    "五、年月写成 2016-09，日期写成 1990-01-16；写 2016年9月、2016.9、20160901 也能认。",
    "六、证件号是文本，请先把号码列设为「文本」再粘贴，不要让 Excel 变成数字。",
    "七、已在名册里的人：空格表示不改，填了就按填的改。名册里没有的人会新增。",
    "八、某个板块没有内容：在那张表里填一行，写上「{keys}」，第一个项目填「无」。",
    "九、导入方式有两种。追加：保留原有记录，相同的不重复写。替换：文件里这些人的原有记录先删，再写文件里的；"
    "第一张表只新增和修改，不删人。",
    "十、上传后先看预览，确认之前什么都不写入；写入后 7 天内可以整批撤销。",
    "十一、可以调整列的次序，请不要删除隐藏的第 1 行。表里没有的列会略过，并告诉您。",
)


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


# ── the template ──


def build_template(book: Book, title: str, codes: CodeBook) -> bytes:
    """The empty workbook for one kind of school."""
    return excel.save_bytes(template_workbook(book, title, codes))


def template_workbook(book: Book, title: str, codes: CodeBook) -> Any:
    """The same as an openpyxl workbook, for who wants to write rows into it."""
    workbook = excel.new_workbook()
    _write_guide(workbook, book, title, codes)
    ranges: dict[str, str] = {}
    for section in book.sections:
        sheet = workbook.create_sheet(section.title)
        columns = book.columns(section)
        _write_head(sheet, columns, book.indicator_set, 1 if section is book.main else len(book.keys))
        for number, column in enumerate(columns, start=1):
            if not column.field.code_table:
                continue
            table = codes[column.field.table_for(book.indicator_set)]
            if table.name not in ranges:
                labels = [entry.label for entry in table.offered(book.indicator_set)]
                ranges[table.name] = excel.add_code_column(workbook, table.name, labels)
            _offer(sheet, number, column.field.label, ranges[table.name])
    version = workbook.create_sheet(VERSION_SHEET)
    version.sheet_state = "veryHidden"
    excel.write_row(version, 1, ("version", TEMPLATE_VERSION))
    excel.write_row(version, 2, ("indicator_set", book.indicator_set.kind))
    return workbook


def _write_guide(workbook: Any, book: Book, title: str, codes: CodeBook) -> None:
    sheet = workbook.create_sheet(GUIDE_SHEET)
    excel.write_header(sheet, 1, (title,))
    sheet.column_dimensions["A"].width = 100
    coded = next(field for field in book.main.fields_for(book.indicator_set) if field.code_table)
    entry = codes[coded.table_for(book.indicator_set)].offered(book.indicator_set)[:2][-1]
    names = "」和「".join(column.field.label for column in book.key_columns)
    for number, line in enumerate(GUIDE, start=2):
        text = line.format(keys=names, label=coded.label, code=entry.code, name=entry.name)
        excel.write_row(sheet, number, (text,))
        sheet.cell(number, 1).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[number].height = 20 * (1 + excel.title_width(text) // 100)


def _write_head(sheet: Any, columns: Sequence[Column], indicator_set: IndicatorSet, frozen: int) -> None:
    excel.write_row(sheet, 1, [column.identifier for column in columns])
    sheet.row_dimensions[1].hidden = True
    required = [
        i
        for i, column in enumerate(columns)
        if column.field.required and indicator_set.kind in column.field.required_for
    ]
    excel.write_header(sheet, HEAD_ROW, [column.field.label for column in columns], required, frozen)
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].number_format = excel.TEXT_FORMAT
        if text := _explanation(column.field):
            excel.header_comment(sheet.cell(HEAD_ROW, number), text)


def _explanation(field: Field) -> str:
    lines = [field.help, field.source]
    if field.kind in EXAMPLES:
        lines.append(f"例：{EXAMPLES[field.kind]}")
    if field.kind == "codes":
        lines.append("可多选，用顿号隔开。")
    if field.secret:
        lines.append("请保持文本格式。")
    return "\n".join(line for line in lines if line)


def _offer(sheet: Any, number: int, label: str, codes_range: str) -> None:
    """A drop-down that advises and does not forbid: names and aliases are understood as well."""
    letter = get_column_letter(number)
    message = f"「{label}」一般从下拉框里选；填代码或名称也可以，导入时会核对。"
    area = f"{letter}{FIRST_ROW}:{letter}{LAST_ROW}"
    excel.add_list_validation(sheet, codes_range, area, label, message, blocking=False)


# ── the columns of a filled sheet ──


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
    heading = max(below, key=lambda row: _matches(row, labels), default=None)
    if heading is not None and not _matches(heading, labels):
        heading = None
    last = heading or hidden
    if last is None:
        raise AppError(f"工作表「{name}」里找不到表头。请用系统的模板，或保留模板的表头一行。")
    found = _Columns(book, section, name)
    for position in range(max(len(last.cells), max(named, default=-1) + 1)):
        found.add(position, named.get(position, ""), _heading(heading, position), labels)
    if any(row.number > last.number for row in rows):
        found.refuse_missing_keys()
    return SheetColumns(section, found.columns, last.number + 1, tuple(found.notes))


class _Columns:
    """The columns of one sheet while they are being found."""

    def __init__(self, book: Book, section: Section, sheet: str) -> None:
        self.sheet = sheet
        self.columns: dict[int, str] = {}
        self.notes: list[str] = []
        self.known = {c.identifier: c.field for c in book.columns(section)}
        self.others = {f"{section.name}.{field.name}": field for field in section.fields.values()}
        self.keys = [column.identifier for column in book.key_columns]

    def add(self, position: int, identifier: str, heading: str, labels: Mapping[str, str]) -> None:
        """Take a column by its identifier; a visible heading that names another item goes before a hidden mark."""
        where = f"工作表「{self.sheet}」{get_column_letter(position + 1)} 列"
        said = labels.get(_label_key(heading), "")
        if said and identifier and said != identifier:
            self.notes.append(f"{where}的表头是「{heading}」，按表头读取。")
        chosen = said or identifier
        if chosen in self.columns.values():
            first = next(i for i, taken in self.columns.items() if taken == chosen)
            raise AppError(f"{where}和 {get_column_letter(first + 1)} 列都是「{self._label(chosen)}」，请只留一列。")
        if chosen in self.known:
            self.columns[position] = chosen
        elif chosen in self.others:
            why = "由其他板块得出" if self.others[chosen].filled_by == "D" else "不是本类学校的项目"
            self.notes.append(f"{where}「{self._label(chosen)}」{why}，没有读取。")
        elif heading:
            self.notes.append(f"{where}「{heading}」不是模板里的项目，没有读取。")

    def _label(self, identifier: str) -> str:
        field = self.known.get(identifier) or self.others[identifier]
        return field.label

    def refuse_missing_keys(self) -> None:
        """One sentence for all key columns that are not there."""
        missing = [self.known[key].label for key in self.keys if key not in self.columns.values()]
        if missing:
            names = "".join(f"「{label}」" for label in missing)
            raise AppError(f"工作表「{self.sheet}」里找不到{names}列。请补上这一列，或重新下载模板。")


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


def _heading(row: Row | None, position: int) -> str:
    cell = row.at(position) if row is not None else None
    return clean(cell).lstrip("*").strip() if isinstance(cell, str) else ""


def _texts(row: Row) -> Iterator[str]:
    return (cell for cell in row.cells if isinstance(cell, str))


def _matches(row: Row, labels: Mapping[str, str]) -> int:
    return len({labels[key] for key in map(_label_key, _texts(row)) if key in labels})
