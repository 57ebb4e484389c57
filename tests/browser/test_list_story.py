"""A clerk arranges the list of teachers: columns by keyboard, a view that is kept, on the desk and on a phone."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import DESK, PHONE, Browser

pytestmark = pytest.mark.browser


def columns(browser: Browser) -> list[str]:
    """The headings of the table, also where a phone hides them."""
    script = "return Array.from(document.querySelectorAll('thead th'), th => th.textContent.trim())"
    return list(browser.driver.execute_script(script))


def boxes(browser: Browser) -> list[str]:
    """The columns that are ticked in the menu, in order."""
    ticked = browser.driver.find_elements(By.CSS_SELECTOR, ".cols-list input:checked")
    return [str(box.get_attribute("value")) for box in ticked]


def focused(browser: Browser) -> str:
    return str(browser.driver.switch_to.active_element.get_attribute("aria-label"))


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_columns_and_views(browser: Browser, size: tuple[int, int]) -> None:
    browser.size(*size)
    browser.login("liyutong")
    browser.open("/teachers/list/")
    usual = columns(browser)
    browser.find(".menu-panel + .menu-panel > summary").send_keys(Keys.ENTER)
    assert not browser.driver.find_elements(By.CSS_SELECTOR, ".cols-list .place"), "buttons take the place of numbers"
    browser.find("[data-find-column]").send_keys("民族")
    browser.find("input[value='ethnicity']").send_keys(Keys.SPACE)
    assert boxes(browser)[-1] == "ethnicity"
    up = browser.find("button[aria-label='把「民族」往前移']")
    up.send_keys(Keys.ENTER)
    up.send_keys(Keys.SPACE)
    assert focused(browser) == "把「民族」往前移" and boxes(browser)[-3:] == ["ethnicity", "status", "updated_at"]
    assert "「民族」移到第 7 位" in str(browser.find("[data-moved]").get_attribute("textContent"))
    browser.look(f"columns-{size[0]}")
    browser.click("显示这些列")
    browser.sees("现在显示 10 列")
    assert columns(browser) == [*usual[:7], "民族", *usual[7:]]

    browser.click("常用视图", ".menu-panel")
    browser.type("name", "在编")
    browser.click("存为视图", ".save-view")
    browser.sees("「在编」已存为视图。")
    browser.click("常用视图", ".menu-panel")
    browser.type("name", "在编")
    browser.click("存为视图", ".save-view")
    browser.sees("已有叫「在编」的视图")
    assert browser.driver.switch_to.active_element.get_attribute("value") == "在编"
    browser.look(f"views-{size[0]}")

    browser.find(".manage > summary").click()
    browser.look(f"view-{size[0]}")
    rename = browser.find(".rename input")
    rename.clear()
    rename.send_keys("在编教师", Keys.ENTER)
    browser.sees("已改名为「在编教师」。")
    browser.click("常用视图", ".menu-panel")
    browser.find(".manage > summary").click()
    browser.click("打开列表时先用它")
    browser.sees("先用「在编教师」")
    browser.find(".menu-panel > summary").click()
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not browser.driver.find_elements(By.CSS_SELECTOR, ".menu-panel[open]")
    browser.find(".menu-panel + .menu-panel > summary").click()
    browser.click("恢复默认")
    browser.sees("已恢复默认的列")
    assert columns(browser) == usual and "已改动" in browser.text()


def test_a_condition_is_found_and_searched(browser: Browser) -> None:
    browser.login("liyutong")
    browser.open("/teachers/list/")
    browser.click("更多条件")
    browser.find("[data-find-condition]").send_keys("民族")
    shown = [e for e in browser.driver.find_elements(By.CSS_SELECTOR, ".conditions .form-group") if e.is_displayed()]
    assert [group.text.split("\n")[0] for group in shown] == ["民族"]
    field = browser.find("#filter-_flt_0_ethnicity")
    field.send_keys("hanzu")
    browser.wait(browser.rows, "rows of the picker")
    field.send_keys(Keys.ENTER)
    browser.look("condition")
    browser.click("查询", ".more-filters")
    browser.sees("民族：汉族")
    assert "_flt_0_ethnicity=01" in browser.path


def test_a_number_in_a_condition_stays_out_of_the_address(browser: Browser) -> None:
    browser.login("liyutong")
    browser.open("/teachers/list/")
    browser.click("更多条件")
    browser.find("#filter-_flt_0_ethnicity").send_keys("530000198101070033")
    browser.click("查询", ".more-filters")
    browser.wait(lambda: "?" in browser.path, "the answer")
    assert "5300001981" not in browser.path
