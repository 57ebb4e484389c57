"""The review desk by keyboard only: look, pass, refuse with a reason, send back, leave for later, approve."""

import pytest
import sqlalchemy as sa
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from sqlalchemy.orm import Session

from app.core.flow import FlowLog
from app.records.marks import open_marks
from app.records.teacher import Teacher
from tests.browser.conftest import Browser

pytestmark = pytest.mark.browser

ACTIVE = "return document.activeElement.matches(arguments[0])"
CURRENT = "return document.querySelector('tr.cur').dataset.itemKey"


class Keyboard:
    """Keys alone, sent to whatever has the focus."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.driver = browser, browser.driver

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def ready(self, name: str) -> None:
        """The desk of this person is there and takes decisions."""
        self.browser.wait(lambda: name in self.browser.find("h1").text, name)
        self.browser.wait(lambda: self.driver.find_elements("css selector", "html[data-keys=on]"), "the keys")

    def focus_is_on(self, css: str) -> bool:
        return bool(self.driver.execute_script(ACTIVE, css))

    def current(self) -> str:
        return str(self.driver.execute_script(CURRENT))


@pytest.fixture
def waiting(everything: Session) -> list[Teacher]:
    """What waits for the county, in the order of the queue."""
    query = sa.select(Teacher).where(Teacher.status == "in_review", Teacher.stage == 2, Teacher.county_id.is_not(None))
    found = list(everything.scalars(query.order_by(Teacher.reported_at, Teacher.id)))
    everything.rollback()
    return found


def test_the_whole_desk_by_keyboard(browser: Browser, waiting: list[Teacher], everything: Session) -> None:
    names, ids = [teacher.name or "" for teacher in waiting], [teacher.id for teacher in waiting]
    keys = Keyboard(browser)
    browser.login("zhoumin")
    browser.open("/review/list/?_flt_0_arrival=first")
    browser.look("queue")
    browser.open(f"/review/desk/{ids[0]}?_flt_0_arrival=first")
    keys.ready(names[0])
    helps_and_moves(browser, keys)
    refuses_one_item(browser, keys)
    keys.press("r")
    keys.ready(names[1])
    sends_back(browser, keys)
    keys.ready(names[2])
    keys.press("s")
    keys.ready(names[3])
    keys.press("[")
    keys.ready(names[2])
    keys.press("]")
    keys.ready(names[3])
    keys.press("a")
    keys.ready(names[4])
    assert "arrival=first" in browser.path, "the way through stays within the conditions"
    keys.press("l")
    browser.wait(lambda: browser.path.startswith("/review/list/?_flt_0_arrival=first"), "the list it came from")

    everything.rollback()
    steps = [
        everything.scalars(sa.select(FlowLog.step).where(FlowLog.row_id == key).order_by(FlowLog.id.desc())).first()
        for key in ids[:5]
    ]
    assert steps == ["reject", "send_back", "approve", "approve", "approve"]
    assert everything.get_one(Teacher, ids[3]).status == "approved"
    marks = [(mark.item, mark.reason, mark.note) for mark in open_marks(everything, ids[0])]
    assert len(marks) == 1 and marks[0][1:] == ("missing", "arsb 缺复印件")


def helps_and_moves(browser: Browser, keys: Keyboard) -> None:
    keys.press("?")
    browser.sees("下一处没有看过的改动或提示")
    browser.look("desk-keys")
    keys.press("a", Keys.ESCAPE)
    assert not browser.driver.find_elements("css selector", "dialog[open]")
    first = keys.current()
    keys.press("j")
    second = keys.current()
    assert first != second and keys.focus_is_on("tr.cur"), "the focus goes along"
    keys.press("k")
    assert keys.current() == first
    keys.press("y")
    assert keys.current() == second
    assert browser.driver.execute_script("return document.querySelector(arguments[0]).checked", f"[id='p:{first}']")
    keys.press("c")
    assert keys.current() not in (first, second)


def refuses_one_item(browser: Browser, keys: Keyboard) -> None:
    item = keys.current()
    keys.press("w")
    assert keys.focus_is_on(".why-box select") and keys.current() != item, "the whole row or section"
    keys.press(Keys.ESCAPE, "u", "j")
    keys.press("n")
    assert keys.focus_is_on(".why-box select")
    keys.press("2")
    assert keys.focus_is_on(".why-box input")
    keys.press("arsb 缺复印件")
    browser.driver.execute_script(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    assert keys.focus_is_on(".why-box input"), "Enter of an input method ends its word, not the sentence"
    keys.press(Keys.ENTER)
    assert keys.focus_is_on("tr.cur")
    keys.press("a")
    held = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'r', repeat: true, bubbles: true}))"
    browser.driver.execute_script(held)
    browser.look("desk-by-keys")
    assert browser.path.startswith("/review/desk/"), "neither both verdicts nor a key held down decide"


def sends_back(browser: Browser, keys: Keyboard) -> None:
    keys.press("b")
    assert keys.focus_is_on("#comment"), "a reason is asked for first"
    browser.look("desk-sending-back")
    keys.press("请再核对学历", Keys.ENTER, "b")
    browser.sees("重新审核")
