"""What was typed survives: a login that ran out, a second editor, a wrong value."""

import time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import ServerSession
from app.demo import PASSWORD
from app.records.teacher import Teacher
from tests.browser.conftest import PHONE, Browser, Traffic

pytestmark = pytest.mark.browser


def test_login_that_ran_out_is_renewed_over_the_open_page(
    browser: Browser, everything: Session, teachers: list[Teacher]
) -> None:
    browser.size(*PHONE)
    browser.login(str(teachers[4].id_number))
    browser.open("/my/basic_info")
    everything.rollback()
    everything.execute(sa.delete(ServerSession))
    everything.commit()
    browser.find("[name=former_name]").send_keys("，王小明")
    browser.choose("it_skill", "1")
    browser.sees("登录已过期")
    browser.look("relogin-phone")
    browser.find("dialog[open] [name=username]").send_keys(str(teachers[4].id_number))
    browser.find("dialog[open] [name=password]").send_keys(PASSWORD)
    browser.find("dialog[open] .btn-primary").click()
    browser.sees("已自动保存")
    browser.save()
    everything.rollback()
    stored = everything.get_one(Teacher, teachers[4].id, populate_existing=True)
    assert (stored.former_name, stored.it_skill) == ("无，王小明", "1")


def test_second_editor_is_told_and_loses_nothing(
    browser: Browser, everything: Session, teachers: list[Teacher]
) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teachers[0].id}")
    everything.rollback()
    row = everything.get_one(Teacher, teachers[0].id)
    row.remark = "同事刚写的"
    everything.commit()
    browser.type("former_name", "杨明")
    browser.sees("刚被别人改过")
    browser.look("conflict")
    browser.send()
    browser.sees("请对照最新内容再保存")
    assert browser.find("[name=former_name]").get_attribute("value") == "杨明"
    browser.sees("现在存的是「无」")
    browser.look("conflict-restored")
    browser.save()
    everything.rollback()
    both = everything.get_one(Teacher, teachers[0].id, populate_existing=True)
    assert (both.former_name, both.remark) == ("杨明", "同事刚写的"), "neither change undoes the other"


def test_wrong_value_stays_on_the_page_with_its_reason(browser: Browser, teachers: list[Teacher]) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/{teachers[0].id}/education_history/add")
    browser.type("start_month", "2015-13")
    browser.type("major", "历史学")
    browser.send()
    browser.sees("没有 13 月")
    assert browser.find("[name=start_month]").get_attribute("value") == "2015-13"
    assert browser.find("[name=major]").get_attribute("value") == "历史学"
    browser.look("wrong-value")


@pytest.fixture
def late_drafts(_server: tuple[str, Traffic], monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """Drafts are a second under way, as on a slow line or a busy server."""
    traffic = _server[1]
    usual = traffic.app

    def slow(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith("/draft"):
            time.sleep(1)
        return usual(environ, start_response)

    monkeypatch.setattr(traffic, "app", slow)
    return traffic


def test_draft_under_way_does_not_outlive_the_save(
    browser: Browser, late_drafts: Traffic, everything: Session, teachers: list[Teacher]
) -> None:
    """Leaving the field for the button keeps a draft; it must not be there when the form is saved."""
    key = teachers[0].id
    browser.login(str(teachers[0].id_number))
    browser.open("/my/basic_info")
    everything.rollback()
    browser.type("former_name", "杨小明")
    browser.save()
    late_drafts.settle()
    assert everything.get_one(Teacher, key, populate_existing=True).former_name == "杨小明"
    browser.open("/my/")
    browser.sees("可以提交给学校")
    browser.sees_not("没有保存")
