"""The template that people fill in: a sheet for each section, drop-downs, explanations, and who it is for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter

from app.core import excel
from app.core.codes import CodeBook
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import EXAMPLES, Field
from app.core.sections.section import Section
from app.core.sections.sheets import FIRST_ROW, GUIDE_SHEET, HEAD_ROW, Book, Column
from app.core.template_choices import Choices
from app.core.template_conditions import grey_out, words_of_condition
from app.core.template_version import FORMAT, write_mark

VERSION_SHEET = "_template"
LAST_ROW = 5000
GUIDE = (
    "一、先填第一张表，再填后面的表。后面的表用「{keys}」认人，同一人可以填多行。",
    "二、红色星号是报送前必填的项目；暂时不全也可以导入，以后补。",
    "三、有下拉框的项目可以选，也可以直接填代码、名称或常用叫法，例如「{label}」里填「{code}」或「{name}」都行。"
    "选项很多的逐级选：选了省，再点一次箭头选市，再点一次选县。变灰的格不用填。",
    "四、可多选的项目把几个代码或名称用顿号隔开，填在同一格。",
    "五、年月写成 2016-09，日期写成 1990-01-16；写 2016年9月、2016.9、20160901 也能认。",
    "六、证件号是文本，请先把号码列设为「文本」再粘贴，不要让 Excel 变成数字。",
    "七、已在名册里的人：空格表示不改，填了就按填的改。名册里没有的人会新增。",
    "八、某个板块没有内容：在那张表里填一行，写上「{keys}」，第一个项目填「无」。",
    "九、导入方式有两种。追加：保留原有记录，相同的不重复写。替换：文件里这些人的原有记录先删，再写文件里的；"
    "第一张表只新增和修改，不删人。",
    "十、上传后先看预览，确认之前什么都不写入；写入后 7 天内可以整批撤销。",
    "十一、可以调整列的次序，请不要删除隐藏的第 1 行。表里没有的列会略过，并告诉您。"
    "以前下载的模板也能用，项目有变动的会说明。",
)


def build_template(book: Book, title: str, codes: CodeBook) -> bytes:
    """The empty workbook for one kind of school."""
    return excel.save_bytes(template_workbook(book, title, codes))


def template_workbook(book: Book, title: str, codes: CodeBook) -> Any:
    """The same as an openpyxl workbook, for who wants to write rows into it."""
    workbook = excel.new_workbook()
    _write_guide(workbook, book, title, codes)
    choices = Choices(workbook, codes, book.indicator_set)
    for section in book.sections:
        _add_sheet(workbook, book, section, choices, codes, LAST_ROW)
    version = workbook.create_sheet(VERSION_SHEET)
    version.sheet_state = "veryHidden"
    excel.write_row(version, 1, ("version", str(FORMAT)))
    excel.write_row(version, 2, ("indicator_set", book.indicator_set.kind))
    return workbook


def filled_sheet(book: Book, codes: CodeBook, rows: Iterable[Sequence[object]], most: int) -> bytes:
    """The first sheet alone with rows in it, to be sent back with changes; there is room for so many rows at most."""
    workbook = excel.new_workbook()
    choices = Choices(workbook, codes, book.indicator_set)
    sheet = _add_sheet(workbook, book, book.main, choices, codes, FIRST_ROW + most)
    return excel.save_bytes(workbook, excel.rows_below(sheet, rows, FIRST_ROW))


def _add_sheet(workbook: Any, book: Book, section: Section, choices: Choices, codes: CodeBook, last: int) -> Any:
    sheet = workbook.create_sheet(section.title)
    columns = book.columns(section)
    _write_head(sheet, columns, book.indicator_set, 1 if section is book.main else len(book.keys))
    places = {column.identifier: get_column_letter(number) for number, column in enumerate(columns, start=1)}
    for column in columns:
        if column.field.code_table:
            parent = places.get(f"{section.name}.{column.field.code_parent}", "")
            choices.offer(sheet, column.field, places[column.identifier], parent, (FIRST_ROW, last))
    _grey_out(sheet, book, section, places, codes, last)
    return sheet


def _grey_out(sheet: Any, book: Book, section: Section, places: Mapping[str, str], codes: CodeBook, last: int) -> None:
    """Show what needs no answer because of another item of the row."""
    for field in section.fields_for(book.indicator_set):
        own, when = places.get(f"{section.name}.{field.name}"), field.applies_when
        other = places.get(f"{section.name}.{when.item}") if when else None
        if own and when and other:
            words = words_of_condition(field, section.fields[when.item], codes, book.indicator_set)
            if words:
                grey_out(sheet, field, f"{own}{FIRST_ROW}:{own}{last}", f"${other}{FIRST_ROW}", words)


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
    labels = {column.identifier: column.field.label for column in columns}
    excel.write_row(sheet, 1, [*labels, write_mark(indicator_set.kind, labels)])
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
