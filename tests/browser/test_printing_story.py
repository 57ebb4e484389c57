"""Printing: the record as a file, and the page on paper."""

import base64
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.records.teacher import Teacher
from tests.browser.conftest import DESK, PHONE, Browser
from tests.pdf_reading import joined, page_count, text_of

pytestmark = pytest.mark.browser


def download(browser: Browser, name: str) -> bytes:
    path = browser.downloads / name
    path.unlink(missing_ok=True)
    browser.click("下载 PDF")
    browser.wait(lambda: path.exists() and path.stat().st_size, f"the file {name}")
    return path.read_bytes()


def test_clerk_and_teacher_take_the_record_along(browser: Browser, teachers: list[Teacher], tmp_path: Path) -> None:
    teacher = teachers[0]
    name, number = f"{teacher.name}-教师信息表.pdf", teacher.id_number or ""
    browser.login("liyutong")
    browser.open(f"/teachers/show/{teacher.id}")
    masked = text_of(download(browser, name), tmp_path)
    assert teacher.name in masked and number not in masked
    browser.size(*PHONE)
    browser.look("printing-record-phone")
    browser.logout()
    browser.size(*DESK)
    browser.login(number)
    browser.open("/my/")
    browser.look("printing-my")
    assert number in text_of(download(browser, name), tmp_path)


def test_reason_why_nothing_was_printed_is_on_the_page(
    browser: Browser, everything: Session, teachers: list[Teacher]
) -> None:
    everything.execute(sa.update(Teacher).where(Teacher.id == teachers[0].id).values(remark="好😀"))
    everything.commit()
    browser.login("liyutong")
    browser.open(f"/teachers/show/{teachers[0].id}")
    browser.click("下载 PDF")
    browser.sees("里的「😀」（U+1F600）印不出来")


def test_page_on_paper_is_the_record_alone(browser: Browser, teachers: list[Teacher], tmp_path: Path) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/show/{teachers[0].id}")
    made = browser.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    content = base64.b64decode(made["data"])
    said = joined(text_of(content, tmp_path))
    for word in (teachers[0].name, "没有记录的板块", "文艺作品、获奖（奖励）、", "李雨桐·青禾县第一中学·"):
        assert word in said
    for word in ("下载 PDF", "修改历史", "添加一条", "操作", "教师列表", "工作台"):
        assert word not in said
    assert page_count(content, tmp_path) <= 3, "fifteen sections are filled"
