"""The drop-downs of the template: lists in steps, lists that follow another column, and that every list is there."""

import io
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import openpyxl
import pytest

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.template import build_template
from app.spreadsheets.upload import book_for
from tests.kinds import KINDS, S
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import PEOPLE, headings

POSTS, STUDIES = "岗位聘任", "学习经历"
FOLLOWING = re.compile(
    r'IF\(ISERROR\(ROWS\(INDIRECT\("(\w+)"&LEFT\((\w+),FIND\("-",\2&"-"\)-1\)\)\)\),(\w+),INDIRECT\("\1"&LEFT\(\2,.*\)\)'
)
LOOKS_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*[Cc][0-9]*")


@dataclass
class Template:
    """A template with what a spreadsheet program makes of its drop-downs."""

    workbook: Any

    def rule(self, sheet: str, label: str) -> Any:
        """The drop-down of the first row under a heading."""
        where = self.workbook[sheet].cell(3, headings(self.workbook[sheet])[label]).coordinate
        found = self.workbook[sheet].data_validations.dataValidation
        return next(rule for rule in found if str(rule.sqref).split(":")[0] == where)

    def offered(self, sheet: str, label: str, chosen: str = "") -> list[str]:
        """What is offered while `chosen` stands in the cell that the drop-down looks at."""
        formula = self.rule(sheet, label).formula1
        following = FOLLOWING.fullmatch(formula)
        if not following:
            return self.listed(formula)
        prefix, _, otherwise = following.groups()
        name = prefix + chosen.split("-")[0]
        return self.listed(name if name in self.workbook.defined_names else otherwise)

    def listed(self, name: str) -> list[str]:
        place = re.fullmatch(r"'_codes'!\$([A-Z]+)\$(\d+):\$\1\$(\d+)", self.workbook.defined_names[name].attr_text)
        assert place
        column, first, last = place.groups()
        return [row[0].value for row in self.workbook["_codes"][f"{column}{first}:{column}{last}"]]


@cache
def template_of(indicator_set: IndicatorSet) -> Template:
    """It takes seconds, and nobody here changes it."""
    content = build_template(book_for(indicator_set), "青禾县第一中学", codes)
    return Template(openpyxl.load_workbook(io.BytesIO(content)))


@pytest.fixture
def ours(desk: Desk) -> Template:
    return template_of(desk.unit.indicator_set)


def test_a_place_is_chosen_in_three_steps(ours: Template) -> None:
    provinces = ours.offered(PEOPLE, "籍贯")
    assert (len(provinces), provinces[0]) == (34, "110000-北京市")
    assert "530100-云南省昆明市" in ours.offered(PEOPLE, "籍贯", "530000-云南省")
    assert "530102-云南省昆明市五华区" in ours.offered(PEOPLE, "籍贯", "530100-云南省昆明市")
    assert "110101-北京市东城区" in ours.offered(PEOPLE, "籍贯", "110000-北京市"), "no city between"
    assert ours.offered(PEOPLE, "籍贯", "530102-云南省昆明市五华区") == provinces, "at the end it begins anew"
    assert ours.offered(PEOPLE, "籍贯", "云川") == provinces


def test_every_place_is_reached(ours: Template) -> None:
    reached: set[str] = set()
    to_open = ours.offered(PEOPLE, "籍贯")
    while to_open:
        entry = to_open.pop()
        reached.add(entry.split("-")[0])
        name = f"in_ADMIN_DIV_{entry.split('-')[0]}"
        to_open += ours.listed(name) if name in ours.workbook.defined_names else []
    assert {entry.code for entry in codes["ADMIN_DIV"].offered(S)} <= reached


def test_on_the_way_down_nobody_is_warned(ours: Template) -> None:
    rule = ours.rule(PEOPLE, "籍贯")
    assert not rule.showErrorMessage
    assert rule.showInputMessage and "逐级选" in rule.prompt
    assert ours.rule(PEOPLE, "民族").showErrorMessage


def test_grades_follow_the_category_of_the_post(ours: Template) -> None:
    teachers = ours.offered(POSTS, "岗位等级", "1-教师岗位")
    assert teachers and teachers == ours.offered(POSTS, "岗位等级", "2")
    managers = ours.offered(POSTS, "岗位等级", "3-管理岗位")
    assert managers and not {*teachers} & {*managers} - {*ours.offered(POSTS, "岗位等级", "4")}
    everything = ours.offered(POSTS, "岗位等级")
    assert {*teachers, *managers} < {*everything}
    assert ours.offered(POSTS, "岗位等级", "教师") == everything, "what is not understood hides nothing"


def test_a_list_looks_at_the_row_it_stands_in(ours: Template) -> None:
    columns = headings(ours.workbook[POSTS])
    for grade, category in (("岗位等级", "岗位类别"), ("兼任岗位等级", "兼任岗位类别")):
        followed = FOLLOWING.fullmatch(ours.rule(POSTS, grade).formula1)
        assert followed and followed[2] == ours.workbook[POSTS].cell(3, columns[category]).coordinate
    own = FOLLOWING.fullmatch(ours.rule(PEOPLE, "出生地").formula1)
    assert own and own[2] == ours.workbook[PEOPLE].cell(3, headings(ours.workbook[PEOPLE])["出生地"]).coordinate


@pytest.mark.parametrize("indicator_set", KINDS, ids=lambda one: one.kind)
def test_every_coded_item_has_a_list_that_works_everywhere(desk: Desk, indicator_set: IndicatorSet) -> None:
    book, made = book_for(indicator_set), template_of(indicator_set)
    for section in book.sections:
        for column in book.columns(section):
            if column.field.code_table and not column.field.of_school:
                rule = made.rule(section.title, column.field.label)
                assert rule.type == "list" and len(rule.formula1) <= 255
                assert made.offered(section.title, column.field.label)
    names = list(made.workbook.defined_names)
    assert len({name.casefold() for name in names}) == len(names)
    assert not [name for name in names if LOOKS_LIKE_A_CELL.fullmatch(name)]


def test_what_needs_no_answer_turns_grey(ours: Template) -> None:
    sheet = ours.workbook[PEOPLE]
    own, other = (sheet.cell(3, headings(sheet)[label]).column_letter for label in ("用人形式", "是否在编"))
    rules = {str(area.sqref): area.rules for area in sheet.conditional_formatting}
    (rule,) = rules[f"{own}3:{own}5000"]
    code = f'LEFT(${other}3,FIND("-",${other}3&"-")-1)'
    assert rule.formula[0].startswith(f'AND(LEN(${other}3)>0,NOT(OR({code}="0",{code}="否",')
    assert rule.dxf.fill.bgColor.rgb == "FFE3E6E8"


@pytest.mark.parametrize("indicator_set", KINDS, ids=lambda one: one.kind)
def test_every_condition_fits_into_a_formula(desk: Desk, indicator_set: IndicatorSet) -> None:
    book, made = book_for(indicator_set), template_of(indicator_set)
    for section in book.sections:
        columns = [column.field for column in book.columns(section) if column.identifier.startswith(f"{section.name}.")]
        depending = [field for field in columns if field.applies_when]
        formulas = [
            rule.formula[0] for area in made.workbook[section.title].conditional_formatting for rule in area.rules
        ]
        assert len(formulas) == len(depending)
        assert all(len(formula) < 2000 for formula in formulas)
