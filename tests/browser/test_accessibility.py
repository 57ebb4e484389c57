"""Every main screen of every role is checked by axe: nothing serious; a teacher's on a phone."""

from importlib.resources import files

import pytest
from selenium.webdriver.common.by import By

from app.records.teacher import Teacher
from tests.browser.conftest import PHONE, Browser

pytestmark = pytest.mark.browser

AXE = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(
  found => done(found.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(
    v => v.id + ' ' + v.help + ': ' + v.nodes.slice(0, 5).map(n => n.target + ' ' + n.html.slice(0, 99)).join(' | '))),
  error => done([String(error)]));
"""
ALIKE = "/records/"  # lists of sections: one stands for all
OF_A_CLERK = (
    "/teachers/show/{teacher}", "/teachers/edit/{teacher}", "/teachers/{teacher}/education_history/add",
    "/teachers/add", "/me/notices/list/", "/jobs/list/", "/me/",
)  # fmt: skip
# Who walks the own menu, and what else they open.
WALKS = {
    "liyutong": OF_A_CLERK,
    "wangjianguo": (),
    "zhoumin": (),
    "yunchuan": (),
    "yizhong_sys": ("/accounts/add",),
    "moe_sys": (),
}


def serious(browser: Browser, path: str) -> list[str]:
    """What axe finds on a page."""
    browser.open(path)
    browser.find("main, form")
    browser.driver.execute_script(AXE)
    return [f"{path}: {found}" for found in browser.driver.execute_async_script(RUN)]


def menu(browser: Browser) -> list[str]:
    """The addresses of the own menu, lists that are alike once."""
    links = browser.driver.find_elements(By.CSS_SELECTOR, "nav.side a[href]")
    found = [str(link.get_attribute("href")).removeprefix(browser.base) for link in links]
    alike = [path for path in found if path.startswith(ALIKE)]
    return [path for path in found if path not in alike[1:]]


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """What somebody before has looked at: the same view draws it for all roles. The home page is each one's own."""
    return set()


@pytest.mark.parametrize("username", WALKS)
def test_screens_of_a_role(browser: Browser, username: str, teachers: list[Teacher], seen: set[str]) -> None:
    browser.login(username)
    browser.open("/")
    every = [*menu(browser), *(path.format(teacher=teachers[0].id) for path in WALKS[username])]
    assert "/" in every and len(every) > 5
    walk = [path for path in every if path == "/" or path not in seen]
    seen.update(every)
    assert [found for path in walk for found in serious(browser, path)] == []


def test_screens_of_a_teacher(browser: Browser, teachers: list[Teacher]) -> None:
    browser.size(*PHONE)
    found = serious(browser, "/login/")
    browser.login(str(teachers[0].id_number))
    browser.open("/")
    links = browser.driver.find_elements(By.CSS_SELECTOR, "main a[href^='/my/']")
    walk = dict.fromkeys(["/", *(str(link.get_dom_attribute("href")).split("#")[0] for link in links)])
    assert len(walk) > 10
    assert [*found, *(wrong for path in walk for wrong in serious(browser, path))] == []
