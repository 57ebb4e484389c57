"""A real Chromium against a real server over the test database."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from waitress.server import create_server

from app.demo import PASSWORD

DESK, PHONE = (1366, 900), (390, 844)
LOOK_AGAIN_AFTER = 0.03  # seconds; half a second, which is usual, is most of the time of a form with many pickers
WAIT_SECONDS = 20  # two browsers and two databases may share a small machine
OPEN_ROWS = ".picker-list:not([hidden]) > li[role=option], .picker-list:not([hidden]) > .note:not(.wait)"
# One question for all elements: the library asks for each of them, with a script of many pages every time.
FIRST_SHOWN = """
return Array.from(document.querySelectorAll(arguments[0])).find(e =>
  e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && e.getClientRects().length) || null"""
TEXTS = "return Array.from(document.querySelectorAll(arguments[0]), e => e.innerText.trim())"
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


class Browser:
    """What a person does: open, read, click, type. Every page is checked for errors and sideways scrolling."""

    def __init__(self, driver: webdriver.Chrome, base: str, folder: Path) -> None:
        self.driver, self.base, self.folder = driver, base, folder
        self.downloads = folder / "downloads"
        self.downloads.mkdir(exist_ok=True)

    def size(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(self.downloads)}
        )

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.base)

    def text(self) -> str:
        """What can be read on the page. The browser tells it ten times as fast as the library."""
        told = str(self.driver.execute_script("return document.body.innerText"))
        return told.replace("\t", " ").replace("\xa0", " ")

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        try:
            patience = WebDriverWait(self.driver, WAIT_SECONDS, LOOK_AGAIN_AFTER, ignored_exceptions=[Exception])
            return patience.until(lambda _: condition())
        except Exception as error:
            raise AssertionError(f"waited for {what}; the page {self.path} says:\n{self.text()[:3000]}") from error

    def sees(self, words: str) -> None:
        self.wait(lambda: words in self.text(), f"「{words}」")

    def sees_not(self, words: str) -> None:
        assert words not in self.text(), f"「{words}」 should not be on {self.path}"

    def find(self, css: str) -> WebElement:
        found: WebElement = self.wait(lambda: self.driver.execute_script(FIRST_SHOWN, css), css)
        return found

    def click(self, label: str, within: str = "") -> None:
        """Click the visible button or link with this text."""
        path = f"//*[self::a or self::button or self::summary or self::label][contains(normalize-space(.), '{label}')]"

        def found() -> WebElement:
            places = self.driver.find_elements(By.CSS_SELECTOR, within or "html")
            scope = next(place for place in places if place.is_displayed())
            return next(e for e in reversed(scope.find_elements(By.XPATH, "." + path)) if e.is_displayed())

        self.press(found, f"button 「{label}」")

    def press(self, find: Callable[[], WebElement], what: str) -> None:
        def pressed() -> bool:
            element = find()
            self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()  # what is replaced or covered just now is tried again
            return True

        self.wait(pressed, what)

    def send(self, label: str = "保存", within: str = ".bar-b") -> None:
        """Press a button and wait for the page after it: the page before may hold the same words and fields."""
        self.driver.execute_script("document.documentElement.dataset.before = '1'")
        self.click(label, within)
        self.wait(lambda: not self.driver.find_elements(By.CSS_SELECTOR, "html[data-before]"), "the next page")

    def save(self) -> None:
        self.send()
        self.sees("已保存。")

    def type(self, name: str, text: str) -> None:
        def typed() -> bool:
            field = self.find(f"[name='{name}']")
            field.clear()
            field.send_keys(text)  # into a page that is just leaving it is typed again
            return True

        self.wait(typed, f"field {name}")

    def choose(self, name: str, code: str) -> None:
        """Choose a code by whatever the item has: a picker, buttons or boxes, a drop-down."""
        if self.driver.find_elements(By.CSS_SELECTOR, f"[data-item='{name}'] [data-picker]"):
            self.search(name, code)
            self.picker(name).send_keys(Keys.ENTER)
            self.wait(lambda: code in self.sent(name).split(","), f"{code} in the picker of {name}")
        elif self.driver.find_elements(By.CSS_SELECTOR, f"input[name='{name}'][value='{code}']"):
            self.press(lambda: self.find(f"input[name='{name}'][value='{code}']"), f"{code} of {name}")
        else:
            Select(self.find(f"select[name='{name}']")).select_by_value(code)

    def picker(self, name: str) -> WebElement:
        """The text field of a picker."""
        return self.find(f"[data-item='{name}'] .picker .form-control")

    def search(self, name: str, typed: str) -> list[str]:
        """Type into a picker in place of what stands there; the rows that it offers."""
        if self.rows():
            self.picker(name).send_keys(Keys.ESCAPE)  # the rows of an earlier question
        self.picker(name).send_keys(Keys.CONTROL, "a", Keys.NULL, typed)
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, OPEN_ROWS), f"rows for 「{typed}」")
        return self.rows()

    def rows(self) -> list[str]:
        """The rows of the open list."""
        return list(self.driver.execute_script(TEXTS, OPEN_ROWS))

    def sent(self, name: str) -> str:
        """What a picker would send."""
        field = self.driver.find_element(By.CSS_SELECTOR, f"[data-item='{name}'] input[type=hidden]")
        return str(field.get_attribute("value"))

    def login(self, username: str, password: str = PASSWORD) -> None:
        self.open(f"/login/?entry={'teacher' if username[:6].isdigit() else 'admin'}")
        self.type("username", username)
        self.type("password", password)
        self.find("form button.btn-primary").click()
        self.wait(lambda: not self.path.startswith("/login"), "the page after login")

    def logout(self) -> None:
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def look(self, name: str) -> None:
        """Check the page for what no screenshot test would forgive, and keep a picture of it."""
        wide = self.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 1, f"{self.path} scrolls sideways by {wide} px"
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        # A refusal is an answer; a fault of the server, of a script or of the content policy is not.
        assert [error for error in errors if not re.search(r"status of 4\d\d", error)] == []
        self.driver.save_screenshot(str(self.folder / f"{name}.png"))


@pytest.fixture(scope="session")
def _driver() -> Iterator[webdriver.Chrome]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in QUIET:
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    yield driver
    driver.quit()


class Traffic:
    """The application, which knows how many of its requests are under way."""

    def __init__(self, app: Flask) -> None:
        self.app, self.under_way, self.changed = app, 0, threading.Condition()

    def __call__(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        with self.changed:
            self.under_way += 1
        try:
            answer = self.app(environ, start_response)
            try:
                yield from answer
            finally:
                if hasattr(answer, "close"):
                    answer.close()
        finally:
            with self.changed:
                self.under_way -= 1
                self.changed.notify_all()

    def settle(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: not self.under_way, WAIT_SECONDS), "a request that does not end"


@pytest.fixture(scope="session")
def _server(_app: Flask) -> Iterator[tuple[str, Traffic]]:
    """One server for the whole run: it takes seconds to end while the browser keeps connections open."""
    traffic = Traffic(_app)
    server = create_server(traffic, host="127.0.0.1", port=0, threads=8, ident=None)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}", traffic
    server.close()


@pytest.fixture
def browser(app: Flask, _server: tuple[str, Traffic], _driver: webdriver.Chrome, tmp_path: Path) -> Iterator[Browser]:
    """A desk-size browser, logged out. Screenshots go to SCREENSHOTS when that is set."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    address, traffic = _server
    browser = Browser(_driver, address, folder)
    browser.logout()
    browser.size(*DESK)
    yield browser
    # Nothing is asked for while the database is put back, and what this page was refused is not the next test's.
    _driver.get("about:blank")
    traffic.settle()
    _driver.get_log("browser")
