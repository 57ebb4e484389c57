"""The file with the errors marked, in the template's columns: what is wrong is red, with the sentence as a comment.

Columns that the template does not know are kept behind its own, and not judged.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from sqlalchemy.orm import Session

from app.core import excel
from app.core.codes import codes
from app.core.errors import AppError
from app.core.files import FileStore
from app.core.sections.sheets import HEAD_ROW
from app.core.template import template_workbook
from app.organisations.models import Unit
from app.records import BY_NAME
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.plan_rows import count_rows, rows_of_plan
from app.spreadsheets.upload import NUMBER, Upload, book_for, unread_heading

WHOLE = 5_000  # rows; of a larger file only the wrong ones come back: they can be mended and sent alone
MOST = 20_000
NO_ERRORS = "这次导入没有有错的行，或已经放弃，没有可以下载的。"
WRONG_FILL = PatternFill("solid", start_color="FFFBE9E7", end_color="FFFBE9E7")
Errors = dict[int, list[dict[str, str]]]


@dataclass(frozen=True)
class _Line:
    """One row of the file: its section, its number there, what was typed, and what is wrong."""

    section: str
    number: int
    texts: Mapping[str, str]
    errors: list[dict[str, str]]


def errors_file(session: Session, plan: ImportPlan, unit: Unit, store: FileStore) -> bytes:
    """The uploaded rows, or of a large file the wrong ones. Raises AppError when nothing is wrong."""
    counts = count_rows(session, [plan.id])[plan.id]
    if not counts.get("error"):
        raise AppError(NO_ERRORS)
    wrong = (
        _Line(row.section, row.row_no, row.texts, row.errors)
        for row in rows_of_plan(session, plan.id, ("error",))
        if row.row_no
    )
    if plan.stored_digest is None or sum(counts.values()) > WHOLE:
        return _draw(unit, (line for _, line in zip(range(MOST), wrong, strict=False)))
    errors: dict[str, Errors] = {}
    for line in wrong:
        errors.setdefault(line.section, {})[line.number] = line.errors
    with store.opened(plan.stored_digest) as path:
        return _draw(unit, _all_lines(Upload(path, book_for(unit.indicator_set)), errors))


def _all_lines(upload: Upload, errors: Mapping[str, Errors]) -> Iterator[_Line]:
    for sheet in upload.sheets():
        own = errors.get(sheet.section.name, {})
        for row in sheet.rows:
            yield _Line(sheet.section.name, row.number, sheet.file_row(row).texts(), own.get(row.number, []))


def _draw(unit: Unit, lines: Iterator[_Line]) -> bytes:
    book = book_for(unit.indicator_set)
    workbook = template_workbook(book, f"{unit.name} 教师信息导入模板", codes)
    positions = {
        section.name: {column.identifier: i for i, column in enumerate(book.columns(section), start=1)}
        for section in book.sections
    }
    last = dict.fromkeys(positions, HEAD_ROW)
    unread: dict[str, dict[str, int]] = {name: {} for name in positions}
    for line in lines:
        # At its own place where the heading leaves it free: the numbers on the screen stay true.
        number = last[line.section] = max(line.number, last[line.section] + 1)
        sheet = workbook[BY_NAME[line.section].title]
        _write(sheet, number, line, positions[line.section])
        _write_unread(sheet, number, line, unread[line.section], len(positions[line.section]))
    return excel.save_bytes(workbook)


def _write(sheet: Any, number: int, line: _Line, positions: Mapping[str, int]) -> None:
    excel.write_row(sheet, number, [line.texts.get(identifier) for identifier in positions])
    messages: dict[int, str] = {}
    for problem in line.errors:
        position = positions.get(problem["identifier"], positions[NUMBER])
        messages[position] = messages.get(position, "") + problem["message"]
    for position, message in messages.items():
        cell = sheet.cell(number, position)
        cell.fill = WRONG_FILL
        cell.font = Font(name=excel.BODY_FONT_NAME, size=11, color=excel.RED)
        cell.comment = Comment(excel.clean_text(message), "导入核对", width=280, height=90)


def _write_unread(sheet: Any, number: int, line: _Line, places: dict[str, int], own: int) -> None:
    """What stands in unknown columns, behind the `own` ones; each gets place and heading when it first comes."""
    for name, text in line.texts.items():
        heading = unread_heading(name)
        if heading is None:
            continue
        if name not in places:
            places[name] = own + len(places) + 1
            head = sheet.cell(HEAD_ROW, places[name])
            excel.write_cell(head, heading)
            head._style = copy(sheet.cell(HEAD_ROW, own)._style)
        if text:
            excel.write_cell(sheet.cell(number, places[name]), text)
