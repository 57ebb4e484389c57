"""Filled templates for the tests of the import."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from app.core.excel import CODE_SHEET
from app.core.text import clean
from app.core.validators import citizen_check_digit
from app.organisations.models import Unit
from app.records import sections_for
from app.records.teacher import Teacher
from app.spreadsheets.commands import template_for

PEOPLE, STUDIES = "基本信息", "学习经历"
Lines = Sequence[Mapping[str, Any]]


def number_of(serial: int, born: str = "19900116") -> str:
    """A valid ID number of nobody: the area code is never given to a person."""
    first17 = f"539900{born}{serial:03d}"
    return first17 + citizen_check_digit(first17)


def person(serial: int, name: str, **items: Any) -> dict[str, Any]:
    return {"姓名": name, "身份证件号": number_of(serial), **items}


def known(teacher: Teacher, **items: Any) -> dict[str, Any]:
    return {"姓名": teacher.name, "身份证件号": teacher.id_number, **items}


def headings(sheet: Any, row: int = 2) -> dict[str, int]:
    """Heading → column number; in the hidden row, identifier → column number."""
    texts = {cell.column: clean(str(cell.value)).lstrip("*") for cell in sheet[row] if cell.value is not None}
    return {text: column for column, text in texts.items() if not text.startswith("{")}  # the template's own mark


_templates: dict[tuple[str, frozenset[str]], bytes] = {}
_letters: dict[tuple[str, str], dict[str, str]] = {}
FEW = 40  # rows of the hidden lists that a template of some sheets keeps


def template(unit: Unit, *names: str) -> Any:
    """The school's template; with `names` only those sheets of sections, and the beginnings of the hidden lists.

    Making one takes seconds: it is kept. Thousands of places in each of hundreds of files would only take time.
    """
    key = (unit.code, frozenset(names))
    if key not in _templates:
        whole = _templates.setdefault((unit.code, frozenset()), template_for(unit))
        workbook = openpyxl.load_workbook(io.BytesIO(whole))
        for section in sections_for(unit.indicator_set) if names else ():
            if section.title not in names:
                del workbook[section.title]
        if names:
            workbook[CODE_SHEET].delete_rows(FEW + 1, workbook[CODE_SHEET].max_row)
        made = io.BytesIO()
        workbook.save(made)
        _templates[key] = made.getvalue()
    return openpyxl.load_workbook(io.BytesIO(_templates[key]))


def letter_of(unit: Unit, sheet: str, label: str) -> str:
    """The column of the school's template under a heading."""
    if (unit.code, sheet) not in _letters:
        columns = headings(template(unit)[sheet])
        _letters[unit.code, sheet] = {text: get_column_letter(column) for text, column in columns.items()}
    return _letters[unit.code, sheet][label]


def fill(unit: Unit, path: Path, **sheets: Lines) -> Path:
    """Write rows under the headings of the school's template, from row 3 on."""
    workbook = template(unit, *sheets)
    for name, lines in sheets.items():
        columns = headings(workbook[name])
        for number, line in enumerate(lines, start=3):
            for label, value in line.items():
                cell = workbook[name].cell(number, columns[label], value)
                if isinstance(value, str):
                    cell.data_type = "s"
    workbook.save(path)
    return path


def plain_book(path: Path, **sheets: Lines) -> Path:
    """A workbook of one's own: headings in the first row, no hidden marks."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, lines in sheets.items():
        sheet = workbook.create_sheet(name)
        labels = list(dict.fromkeys(label for line in lines for label in line))
        sheet.append(labels)
        for line in lines:
            sheet.append([line.get(label) for label in labels])
    workbook.save(path)
    return path
