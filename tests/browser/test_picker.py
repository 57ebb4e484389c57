"""Long code tables on the desk and on the phone: searched, browsed, chosen, and what is only typed is not lost."""

import pytest
import sqlalchemy as sa
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from sqlalchemy.orm import Session

from app.records.sections.education_history import EducationHistory
from app.records.sections.teaching import Teaching
from app.records.teacher import Teacher
from tests.browser.conftest import PHONE, Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def teacher(teachers: list[Teacher]) -> Teacher:
    """A draft that the clerk may change."""
    return teachers[0]


def stored(session: Session, teacher: Teacher) -> Teacher:
    session.rollback()
    return session.get_one(Teacher, teacher.id, populate_existing=True)


def row(browser: Browser, words: str) -> WebElement:
    """The row of the open list that begins with these words."""
    path = f"//ul[@role='listbox' and not(@hidden)]/li[@role='option'][starts-with(normalize-space(.), '{words}')]"
    return browser.wait(lambda: browser.driver.find_element(By.XPATH, path), f"row 「{words}」")  # type: ignore[no-any-return]


def test_a_place_is_searched_with_the_keys(browser: Browser, everything: Session, teacher: Teacher) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teacher.id}")
    field = browser.picker("native_place")
    assert (field.get_attribute("role"), field.get_attribute("aria-expanded")) == ("combobox", "false")
    rows = browser.search("native_place", "朝阳")
    assert rows[0].startswith("朝阳区") and "北京市" in rows[0]
    assert field.get_attribute("aria-expanded") == "true"
    active = field.get_attribute("aria-activedescendant")
    assert browser.driver.find_element(By.ID, str(active)).text.startswith("朝阳区")
    browser.look("picker-search")
    found = browser.search("native_place", "changchun")
    field.send_keys(Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert found[0].startswith("长春市"), "a city leads to its counties"
    browser.search("native_place", "吉林朝阳")
    field.send_keys(Keys.ENTER)
    browser.wait(lambda: browser.sent("native_place") == "220104", "the code")
    assert field.get_attribute("value") == "吉林省长春市朝阳区"
    assert field.get_attribute("aria-expanded") == "false"
    browser.search("nationality", "mg")
    browser.picker("nationality").send_keys(Keys.ESCAPE)
    browser.search("nationality", "156")
    browser.picker("nationality").send_keys(Keys.ENTER)
    browser.save()
    assert stored(everything, teacher).native_place == "220104"
    browser.open(f"/teachers/show/{teacher.id}")
    browser.sees("吉林省长春市朝阳区")


def test_a_place_is_browsed_level_by_level(browser: Browser, everything: Session, teacher: Teacher) -> None:
    everything.get_one(Teacher, teacher.id).birth_place = None
    everything.commit()
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teacher.id}")
    field = browser.picker("birth_place")
    field.click()
    row(browser, "云南省").click()
    row(browser, "昆明市").click()
    row(browser, "五华区")
    browser.look("picker-level")
    row(browser, "返回上一级").click()
    row(browser, "曲靖市").click()
    row(browser, "麒麟区").click()
    assert (browser.sent("birth_place"), field.get_attribute("value")) == ("530302", "云南省曲靖市麒麟区")
    field.click()
    browser.wait(lambda: "返回上一级" in browser.rows()[0], "the level of what is chosen")
    assert row(browser, "麒麟区").get_attribute("aria-selected") == "true"
    field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    assert field.get_attribute("value") == "云南省曲靖市沾益区"
    browser.save()
    assert stored(everything, teacher).birth_place == "530303"


def test_on_the_phone_rows_are_wide_enough_for_a_thumb(browser: Browser, everything: Session, teacher: Teacher) -> None:
    browser.size(*PHONE)
    browser.login(str(teacher.id_number))
    browser.open("/my/basic_info")
    field = browser.picker("native_place")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", field)
    browser.search("native_place", "长沙")
    heights = [r.size["height"] for r in browser.driver.find_elements(By.CSS_SELECTOR, ".picker-list li[role=option]")]
    assert heights and min(heights) >= 44
    browser.look("picker-phone")
    row(browser, "长沙市").click()
    row(browser, "返回上一级")
    row(browser, "雨花区").click()
    assert browser.sent("native_place") == "430111"
    browser.look("picker-phone-chosen")
    browser.sees("已自动保存")
    browser.save()
    assert stored(everything, teacher).native_place == "430111"


def test_what_is_typed_and_not_chosen_is_sent_and_refused_with_the_candidates(
    browser: Browser, everything: Session, teacher: Teacher
) -> None:
    before = stored(everything, teacher).native_place
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teacher.id}")
    browser.search("native_place", "朝阳区")
    browser.picker("native_place").send_keys(Keys.ESCAPE)
    assert browser.rows() == [] and browser.sent("native_place") == "朝阳区"
    browser.send()
    browser.sees("「朝阳区」有 2 处：北京市朝阳区、吉林省长春市朝阳区")
    assert browser.picker("native_place").get_attribute("value") == "朝阳区"
    browser.look("picker-refused")
    assert stored(everything, teacher).native_place == before
    browser.picker("native_place").send_keys(Keys.CONTROL, "a")
    browser.picker("native_place").send_keys("北京朝阳区", Keys.TAB)
    browser.save()
    assert stored(everything, teacher).native_place == "110105"


def test_a_number_pasted_by_mistake_stands_in_no_address(browser: Browser, teacher: Teacher) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teacher.id}")
    browser.picker("birth_place").send_keys(Keys.CONTROL, "a")
    assert browser.search("native_place", "530102199001161234") == ["没有找到。换个写法试试，或写出全称。"]
    browser.search("birth_place", "530102")
    asked = browser.driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [a for a in asked if "q=530102" in a] and not [a for a in asked if "199001" in a]


def test_a_choice_that_hangs_on_another_one(browser: Browser, everything: Session, teacher: Teacher) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/{teacher.id}/education_history/add")
    browser.choose("degree_level", "3")
    browser.search("degree", "学")
    assert all("硕士" in text for text in browser.rows())
    browser.picker("degree").send_keys(Keys.ENTER)
    assert browser.sent("degree").startswith("3")
    browser.search("degree", "理学学士")
    browser.picker("degree").send_keys(Keys.TAB)
    assert browser.sent("degree") == "理学学士", "a name of another level is no choice, and is not lost"
    browser.choose("degree", "307")
    browser.choose("degree_level", "4")
    browser.wait(lambda: browser.sent("degree") == "", "the degree of the other level is gone")
    assert browser.picker("degree").get_attribute("value") == ""
    browser.search("degree", "407")
    browser.picker("degree").send_keys(Keys.ENTER)
    browser.choose("degree_level", "0")
    browser.wait(lambda: not browser.picker("degree").is_enabled(), "no degree, no name of it")
    browser.choose("degree_level", "4")
    browser.choose("degree", "407")
    browser.choose("education", "21")
    browser.type("start_month", "2010-09")
    browser.save()
    everything.rollback()
    newest = everything.scalars(sa.select(EducationHistory).order_by(EducationHistory.id.desc())).first()
    assert newest is not None and (newest.degree_level, newest.degree, newest.education) == ("4", "407", "21")


def test_items_that_do_not_apply_are_locked_and_come_back(browser: Browser, teacher: Teacher) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/edit/{teacher.id}")
    shown, sent = browser.picker("native_place").get_attribute("value"), browser.sent("native_place")
    browser.choose("nationality", "840")
    browser.wait(lambda: not browser.picker("native_place").is_enabled(), "no native place for a foreigner")
    assert browser.picker("native_place").get_attribute("value") == ""
    browser.sees("由「国籍/地区」决定，现在不用填")
    browser.look("picker-locked")
    browser.choose("nationality", "156")
    assert browser.picker("native_place").get_attribute("value") == shown
    assert browser.sent("native_place") == sent != ""
    stars = browser.driver.find_elements(By.CSS_SELECTOR, "[data-item=native_place] .req:not([hidden])")
    assert len(stars) == 1 and browser.picker("native_place").get_attribute("aria-required") == "true"


def test_a_draft_brings_back_what_was_chosen_and_what_was_typed(browser: Browser, teacher: Teacher) -> None:
    browser.login(str(teacher.id_number))
    browser.open("/my/basic_info")
    browser.choose("native_place", "430111")
    browser.sees("已自动保存")
    browser.search("birth_place", "不知道哪里")
    browser.picker("birth_place").send_keys(Keys.ESCAPE, Keys.TAB)
    browser.sees("代码表里没有「不知道哪里」")
    browser.open("/my/")
    browser.sees("没有保存")
    browser.driver.back()
    browser.wait(lambda: browser.sent("native_place") == "430111", "the choice of the draft")
    assert browser.picker("native_place").get_attribute("value") == "湖南省长沙市雨花区"
    assert browser.picker("birth_place").get_attribute("value") == "不知道哪里"
    assert browser.sent("birth_place") == "不知道哪里"


def test_several_courses_are_chips(browser: Browser, everything: Session, teacher: Teacher) -> None:
    browser.login("liyutong")
    browser.open(f"/teachers/{teacher.id}/teaching/add")
    browser.type("year", "2020")
    browser.choose("term", "1")
    browser.choose("teaching_status", "20")
    for word in ("yuwen", "数学", "英语"):
        browser.search("course", word)
        browser.picker("course").send_keys(Keys.ENTER)
    assert len(browser.sent("course").split(",")) == 3
    browser.look("picker-chips")
    browser.find("[data-item=course] .chip:nth-child(2) button").click()
    browser.picker("course").send_keys(Keys.BACKSPACE)
    assert [chip.text for chip in browser.driver.find_elements(By.CSS_SELECTOR, ".picks .chip")] == ["语文"]
    browser.picker("course").send_keys("美术", Keys.TAB)
    browser.save()
    everything.rollback()
    newest = everything.scalars(sa.select(Teaching).order_by(Teaching.id.desc())).first()
    assert newest is not None and newest.course is not None
    browser.open(f"/teachers/show/{teacher.id}")
    browser.sees("语文、美术")


def test_chips_on_the_phone(browser: Browser, teacher: Teacher) -> None:
    browser.size(*PHONE)
    browser.login("liyutong")
    browser.open(f"/teachers/{teacher.id}/teaching/add")
    browser.choose("teaching_status", "20")
    field = browser.picker("course")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", field)
    field.click()
    row(browser, "语文").click()
    field.click()
    browser.look("picker-chips-phone")
    assert row(browser, "语文").get_attribute("aria-selected") == "true"
    row(browser, "语文").click()
    assert browser.sent("course") == ""
