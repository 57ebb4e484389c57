"""Captchas, as people meet them: on the login page, and over a page whose login has run out."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import ServerSession
from app.core import captcha
from app.demo import PASSWORD
from app.records.teacher import Teacher
from tests.browser.conftest import PHONE, Browser

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captcha, "new_letters", lambda: "HK7A")
    monkeypatch.setattr(captcha, "new_question", lambda: ("三加五等于几？请填数字。", "8"))


def key(browser: Browser) -> str:
    return str(browser.driver.execute_script("return document.querySelector('[name=captcha_key]').value"))


def test_after_two_mistakes_a_picture_is_read(browser: Browser) -> None:
    browser.size(*PHONE)
    browser.open("/login/")
    for _ in range(2):
        browser.type("username", "liyutong")
        browser.type("password", "wrong-Password1")
        browser.find("form button.btn-primary").click()
        browser.sees("还可以再试")
    browser.sees("验证码")
    browser.look("captcha-phone")
    browser.type("password", PASSWORD)
    shown = key(browser)
    browser.click("换一张图")
    browser.wait(lambda: key(browser) != shown, "another picture")
    assert browser.find("[name=password]").get_attribute("value") == PASSWORD
    shown = key(browser)
    browser.click("改用文字题")
    browser.wait(lambda: key(browser) != shown, "a question in words")
    browser.sees("三加五等于几")
    browser.look("captcha-words-phone")
    assert browser.find("[name=password]").get_attribute("value") == PASSWORD
    browser.find("[name=captcha]").send_keys("8\n")
    browser.wait(lambda: browser.path == "/", "the page after login")


def sent_with(browser: Browser, password: str) -> None:
    """Send the dialog with a password."""
    field = browser.find("dialog[open] [name=password]")
    field.clear()
    field.send_keys(password)
    browser.find("dialog[open] .acts .btn-primary").click()


def test_over_the_open_page_too(browser: Browser, everything: Session, teachers: list[Teacher]) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teachers[0].id}")
    everything.rollback()
    everything.execute(sa.delete(ServerSession))
    everything.commit()
    browser.find("[name=remark]").send_keys("抓到了")
    browser.sees("登录已过期")
    browser.find("dialog[open] [name=username]").send_keys("liyutong")
    for left in (4, 3):
        sent_with(browser, "wrong-Password1")
        browser.sees(f"还可以再试 {left} 次")
        browser.wait(lambda: browser.find("dialog[open] .acts .btn-primary").is_enabled(), "the button")
    browser.find("dialog[open] [data-picture]")
    browser.look("captcha-relogin")
    browser.find("dialog[open] [name=captcha]").send_keys("hk7a")
    sent_with(browser, PASSWORD)
    browser.wait(lambda: not browser.driver.find_elements("css selector", "dialog[open]"), "the page again")
    browser.sees("已自动保存")
