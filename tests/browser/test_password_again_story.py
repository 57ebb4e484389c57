"""The password again, as an administrator meets it: an export of initial passwords, a new account."""

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import ServerSession
from app.accounts.sessions import KNOWN_AT
from app.core.db import utc_now
from app.demo import PASSWORD
from tests.browser.conftest import PHONE, Browser

pytestmark = pytest.mark.browser


def stale(everything: Session) -> None:
    everything.rollback()
    for row in everything.scalars(sa.select(ServerSession)):
        row.data = row.data | {KNOWN_AT: (utc_now() - dt.timedelta(hours=1)).isoformat()}
    everything.commit()


def test_password_again_before_passwords_are_handed_out_and_accounts_made(
    browser: Browser, everything: Session
) -> None:
    browser.login("yizhong_sys")
    browser.open("/accounts/teachers/list/")
    browser.click("导出初始密码")
    browser.find("dialog[open] [data-yes]").click()
    browser.sees("要导出初始密码，请先确认是您本人")
    browser.look("again-reason")
    browser.type("again_password", PASSWORD)
    browser.find(".again .btn-primary").click()
    browser.sees("请写明原因")
    browser.type("again_reason", "发给新来的教师")
    browser.type("again_password", PASSWORD)
    browser.find(".again .btn-primary").click()
    browser.wait(lambda: list(browser.downloads.glob("初始密码*.xlsx")), "the file")
    browser.click("返回", ".again")
    browser.wait(lambda: browser.path.startswith("/accounts/teachers/list/"), "the list")

    browser.size(*PHONE)
    browser.open("/accounts/add")
    stale(everything)
    browser.type("name", "陈思源")
    browser.type("username", "chen.siyuan")
    browser.driver.execute_script("document.querySelector('[name=roles][value=viewer]').click()")
    browser.send()
    browser.sees("要新增账号，请先确认是您本人")
    browser.type("again_password", "wrong-Password1")
    browser.find(".again .btn-primary").click()
    browser.sees("密码不对")
    browser.look("again-phone")
    browser.type("again_password", PASSWORD)
    browser.find(".again .btn-primary").click()
    browser.sees("初始密码只显示这一次")
    browser.sees("chen.siyuan")
