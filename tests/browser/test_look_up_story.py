"""Before the login: a school lets its people ask, and one of them asks."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core import captcha
from app.records.teacher import Teacher
from tests.browser.conftest import PHONE, Browser

pytestmark = pytest.mark.browser


def test_a_school_switches_it_on_and_a_teacher_gets_in(
    browser: Browser, everything: Session, teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captcha, "new_letters", lambda: "HK7A")
    have = set(everything.scalars(sa.select(Account.teacher_id)))
    person = next(teacher for teacher in teachers if teacher.id not in have)
    number, name, key = str(person.id_number), str(person.name), person.id
    everything.rollback()

    browser.login("yizhong_sys")
    browser.open("/me/")
    browser.click("填写联系方式")
    browser.type("contact_phone", "0871-65100000")
    browser.look("contact")
    browser.send()
    browser.sees("联系方式已保存")
    browser.open("/accounts/list/")
    browser.click("登录前查询")
    browser.look("look-up-choices")
    for item in ("contact", "password"):
        browser.driver.execute_script(f"document.querySelector('[name={item}][value=\"1\"]').click()")
    browser.send()
    browser.sees("登录前查询已保存")
    browser.open("/accounts/teachers/list/?psize_TeacherAccountView=100")
    browser.driver.execute_script(f"document.querySelector('[name=rowid][value=\"{key}\"]').click()")
    browser.click("生成账号")
    browser.sees("做好了 1 人")

    browser.logout()
    browser.size(*PHONE)
    browser.open("/login/?entry=teacher")
    browser.look("login-links-phone")
    browser.click("获取初始密码")
    browser.type("name", name)
    browser.type("number", number)
    browser.type("captcha", "hk7a")
    browser.look("look-up-phone")
    browser.find("form button.btn-primary").click()
    browser.sees("初始密码只显示这一次")
    browser.look("looked-up-phone")
    password = browser.find(".kv div:last-child dd").text
    browser.login(number, password)
    assert browser.path == "/password/"
    browser.sees("在登录页查询过")
    browser.look("told-phone")
