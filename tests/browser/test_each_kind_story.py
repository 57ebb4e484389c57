"""One teacher of every kind of school, from a name and an ID number to a whole record that is handed in.

The clerk takes the person in and enters what only the school fills in; the teacher does the rest on the phone. Which
sections and items these are is read from the declarations, and must be what has a star on the page. Each choice is one
that opens most of the items behind it. The account is made by the operation behind the button: how it is handed out and
its first password changed is told in the collection story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.operations import new_account
from app.accounts.password_rules import PasswordRules
from app.accounts.roles import TEACHER
from app.core.codes import codes
from app.core.crypto import blind_index
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field, Value, from_text
from app.core.sections.reading import typed
from app.core.sections.section import Section
from app.demo import PASSWORD
from app.organisations.models import Unit
from app.portal.my_page import own_sections, school_sections
from app.records.completeness import check_record
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from tests.browser.conftest import DESK, PHONE, Browser
from tests.kinds import KINDS
from tests.spreadsheets.full_records import BORN, CHOSEN, fitting, plain
from tests.spreadsheets.workbooks import number_of

pytestmark = pytest.mark.browser

NOTHING = ("certificate", "rotation")  # what a newcomer has none of
FIRST = {"language_skill.language": "zh"}  # of the languages Chinese must be there
NO_STAR = {"contact.mobile"}  # at schools a rule asks for one of two numbers
PAGE = """
const form = document.querySelector('form.editor'), sent = new FormData(form);
return Array.from(form.querySelectorAll('[data-item]'), box => ({
  item: box.dataset.item, open: !('fixed' in box.dataset), star: !!box.querySelector('.req:not([hidden])'),
  text: 'fixed' in box.dataset ? box.dataset.value : sent.getAll(box.dataset.item).join(',')}));
"""


@dataclass(frozen=True)
class Newcomer:
    """Who comes to which school."""

    school: Unit
    clerk: str
    name: str
    number: str


@pytest.fixture(params=range(len(KINDS)), ids=[kind.kind for kind in KINDS])
def newcomer(request: pytest.FixtureRequest, everything: Session) -> Newcomer:
    place: int = request.param
    clerks = sa.select(Account).join(Unit, Account.unit_id == Unit.id).where(Account.teacher_id.is_(None))
    of_kind = clerks.where(Unit.school_kind == KINDS[place].kind).order_by(Account.id).limit(1)
    clerk = everything.scalars(of_kind).one()
    school = everything.get_one(Unit, clerk.unit_id)
    everything.rollback()
    return Newcomer(school, clerk.username, f"方{'春夏秋冬山川'[place]}", number_of(2 * place + 500, f"{BORN:%Y%m%d}"))


def test_from_name_and_number_to_a_record_handed_in(
    browser: Browser, app: Flask, everything: Session, newcomer: Newcomer
) -> None:
    school = newcomer.school
    kind, indicator_set = school.school_kind, school.indicator_set
    teacher = clerk_takes_in(browser, everything, newcomer)
    make_account(app, everything, teacher)
    browser.size(*PHONE)
    browser.login(newcomer.number)
    browser.sees("还差")
    browser.look(f"kind-{kind}-begin")
    for section in own_sections(indicator_set):
        if section.required:
            teacher_fills_in(browser, section, indicator_set)
    browser.open("/my/")
    browser.sees("完整度 100%")
    browser.look(f"kind-{kind}-whole")
    browser.click("提交给学校")
    browser.sees("已交学校")
    browser.logout()
    clerk_sees_it_whole(browser, newcomer, teacher)
    everything.rollback()
    stored = everything.get_one(Teacher, teacher, populate_existing=True)
    found = check_record(everything, stored)
    assert (stored.status, found.percent, found.own_percent) == ("submitted_to_school", 100, 100)


def clerk_takes_in(browser: Browser, everything: Session, newcomer: Newcomer) -> int:
    """The key of the new teacher, who has a name, a number, and what only the school fills in."""
    indicator_set = newcomer.school.indicator_set
    browser.login(newcomer.clerk)
    browser.open("/teachers/add")
    browser.type("name", newcomer.name)
    browser.type("id_number", newcomer.number)
    department = BASIC_INFO.fields["department"]
    if indicator_set.kind in department.school_types:
        offered = codes[department.table_for(indicator_set)].offered(indicator_set)
        browser.choose(department.name, offered[0].code)
    browser.save()
    everything.rollback()
    teacher = everything.scalars(sa.select(Teacher.id).where(Teacher.name == newcomer.name)).one()
    everything.rollback()
    for section in school_sections(indicator_set):
        if section.required:
            browser.open(f"/teachers/{teacher}/{section.name}/add")
            fill_in(browser, section, indicator_set)
            browser.save()
    browser.logout()
    return teacher


def make_account(app: Flask, everything: Session, key: int) -> None:
    rules = PasswordRules(app.config["FAB_PASSWORD_HASH_METHOD"], 5, 10)
    teacher = everything.get_one(Teacher, key)
    name = blind_index(teacher.id_number or "", "id_number")
    new_account(
        everything, username=name, name=teacher.name or "", role=TEACHER, unit_id=teacher.unit_id, teacher_id=key,
        password=PASSWORD, rules=rules, initial_from=None,
    )  # fmt: skip
    everything.commit()


def teacher_fills_in(browser: Browser, section: Section, indicator_set: IndicatorSet) -> None:
    if section.name in NOTHING:
        browser.open(f"/my/{section.name}")
        browser.click("填「无」")
        browser.sees("已填「无」")
        return
    browser.open(f"/my/{section.name}/add" if section.many else f"/my/{section.name}")
    fill_in(browser, section, indicator_set)
    browser.look(f"kind-{indicator_set.kind}-{section.name}")
    browser.save()


def clerk_sees_it_whole(browser: Browser, newcomer: Newcomer, teacher: int) -> None:
    browser.size(*DESK)
    browser.login(newcomer.clerk)
    browser.open(f"/teachers/show/{teacher}")
    browser.sees("完整度 100%")


def fill_in(browser: Browser, section: Section, indicator_set: IndicatorSet) -> None:
    """Fill in what is asked for and empty, item by item as the form goes."""
    fields = section.fields_for(indicator_set)
    page = read_page(browser)
    for place, field in enumerate(fields):
        row = values_on(page, fields)
        asked = field.is_required(indicator_set, row) or f"{section.name}.{field.name}" in NO_STAR
        if asked and page[field.name]["open"] and not page[field.name]["text"]:
            give(browser, field, answer(section, field, indicator_set, row, place))
            page = read_page(browser)
    row = values_on(page, fields)
    required = {field.name for field in fields if field.filled_by != "D" and field.is_required(indicator_set, row)}
    assert {name for name, item in page.items() if item["star"]} == required


def read_page(browser: Browser) -> dict[str, Any]:
    """The items of the form by name: text, whether open, whether with a star."""
    return {item["item"]: item for item in browser.driver.execute_script(PAGE)}


def values_on(page: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Value]:
    """What stands in the open items, empty ones included."""
    found = [(field, page[field.name]["text"]) for field in fields if page[field.name]["open"]]
    return {field.name: from_text(field, text) if text else None for field, text in found}


def answer(section: Section, field: Field, indicator_set: IndicatorSet, row: Mapping[str, Value], place: int) -> Value:
    path = f"{section.name}.{field.name}"
    if path in FIRST:
        return FIRST[path]
    if path in CHOSEN:
        return from_text(field, CHOSEN[path].format(n=1))
    if field.code_table:
        return next(fitting(section, field, indicator_set, dict(row), 0, set(row)))
    return plain(field, place, 1)


def give(browser: Browser, field: Field, value: Value) -> None:
    if field.code_table:
        browser.choose(field.name, str(value))
    else:
        browser.type(field.name, typed(field, value))
