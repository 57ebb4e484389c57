"""A clerk's first hour: the account is made, a file with mistakes is brought in, mended, partly written and undone."""

from pathlib import Path

import openpyxl
import pytest

from app.organisations.models import Unit
from tests.browser.conftest import DESK, PHONE, Browser
from tests.browser.test_collection_story import upload
from tests.spreadsheets.workbooks import PEOPLE, fill, headings, person

pytestmark = pytest.mark.browser

OWN_PASSWORD = "Erste-Stunde-2026"


def new_clerk(browser: Browser) -> str:
    """The school's administrator makes the account; its initial password."""
    browser.login("yizhong_sys")
    browser.open("/accounts/list/")
    browser.click("新增账号")
    browser.type("name", "周雅文")
    browser.type("username", "zhouyawen")
    browser.choose("roles", "info_admin")
    browser.look("first-account")
    browser.find(".bar-b .btn-primary").click()
    initial = browser.find(".strip code").text
    browser.look("first-initial-password")
    browser.logout()
    return initial


def first_login(browser: Browser, initial: str) -> None:
    browser.login("zhouyawen", initial)
    assert browser.path == "/password/"
    for name, word in (("old", initial), ("new", OWN_PASSWORD), ("repeat", OWN_PASSWORD)):
        browser.type(name, word)
    browser.find("form button.btn-primary").click()
    browser.wait(lambda: browser.path.startswith("/login"), "the login page")
    browser.login("zhouyawen", OWN_PASSWORD)


def test_first_hour_of_a_clerk(browser: Browser, school: Unit, tmp_path: Path) -> None:
    first_login(browser, new_clerk(browser))
    people = [
        person(401, "段玉兰"),
        person(402, "黄守业", 民族="火星"),
        person(403, "欧阳 明", 参加工作年月="2016年9月"),
    ]
    upload(browser, fill(school, tmp_path / "名册.xlsx", **{PEOPLE: people}))
    browser.sees("代码表里没有「火星」")
    browser.look("first-errors")
    browser.size(*PHONE)
    browser.look("first-errors-phone")
    browser.size(*DESK)

    # What is right goes in now, the rest comes back marked, is mended there and sent again.
    browser.click("下载标出错误的文件")
    marked = browser.wait(lambda: next(browser.downloads.glob("*标出错误.xlsx"), None), "the marked file")
    browser.click("只写没有错的行")
    browser.find("dialog[open] .btn-primary").click()
    browser.sees("有 1 行没有写入")
    browser.look("first-partly")
    workbook = openpyxl.load_workbook(marked)
    sheet = workbook[PEOPLE]
    for row in range(3, 6):
        cell = sheet.cell(row, headings(sheet)["民族"])
        cell.value = "汉" if cell.value == "火星" else cell.value
    workbook.save(tmp_path / "改好.xlsx")
    upload(browser, tmp_path / "改好.xlsx")
    browser.sees("可以写入 1 行")
    browser.find(".bar-b form button.btn-primary").click()
    browser.sees("已写入")

    # Found by the sound of the name; and all of the second file is taken back.
    browser.open("/teachers/list/")
    browser.type("q", "hsy")
    browser.find("[name=q]").submit()
    browser.sees("黄守业")
    browser.open("/imports/")
    browser.look("first-imports")
    browser.click("改好.xlsx")
    browser.click("撤销这次导入")
    browser.find("dialog[open] .btn-danger, dialog[open] .btn-primary").click()
    browser.sees("已撤销 1 行")
    browser.open("/teachers/list/")
    browser.sees("欧阳明")
    browser.sees_not("黄守业")
