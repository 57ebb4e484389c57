"""Login, as people meet it."""

import pytest

from app.records.teacher import Teacher
from tests.browser.conftest import PHONE, Browser

pytestmark = pytest.mark.browser


def test_administrator_and_teacher_find_their_page(browser: Browser, teachers: list[Teacher]) -> None:
    browser.open("/teachers/list/")
    assert browser.path.startswith("/login/?next=/teachers/list/")
    browser.look("login")
    browser.type("username", "liyutong")
    browser.type("password", "wrong-Password1")
    browser.find("form button.btn-primary").click()
    browser.sees("还可以再试 4 次")
    browser.type("password", "Demo@2026")
    browser.find("form button.btn-primary").click()
    browser.sees("教师列表")
    assert browser.path == "/teachers/list/"
    browser.logout()
    browser.size(*PHONE)
    browser.login(str(teachers[0].id_number))
    assert browser.path.startswith("/my/")
    browser.look("my-phone")


def test_first_login_leads_to_the_password_and_nowhere_else(browser: Browser, teachers: list[Teacher]) -> None:
    browser.size(*PHONE)
    browser.login(str(teachers[3].id_number))
    assert browser.path == "/password/"
    browser.open("/my/")
    assert browser.path == "/password/"
    browser.type("old", "Demo@2026")
    browser.type("new", "short")
    assert browser.find("[data-strength-box] b").text == "弱"
    browser.type("new", "Neu-2026-wort-lang")
    assert browser.find("[data-strength-box] b").text == "强"
    browser.type("new", "short")
    browser.type("repeat", "short")
    browser.look("password-phone")
    browser.find("form button.btn-primary").click()
    browser.sees("长度要 8–64 位")
    for name, word in (("old", "Demo@2026"), ("new", "Neu-2026-wort"), ("repeat", "Neu-2026-wort")):
        browser.type(name, word)
    browser.find("form button.btn-primary").click()
    browser.wait(lambda: browser.path.startswith("/login"), "the login page")
    browser.login(str(teachers[3].id_number), "Neu-2026-wort")
    assert browser.path.startswith("/my/")
