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
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from waitress.server import create_server

from app.demo import PASSWORD

DESK, PHONE = (1366, 900), (390, 844)
WAIT_SECONDS = 10
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
        return self.driver.find_element(By.TAG_NAME, "body").text

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        try:
            return WebDriverWait(self.driver, WAIT_SECONDS, ignored_exceptions=[Exception]).until(lambda _: condition())
        except Exception as error:
            raise AssertionError(f"waited for {what}; the page {self.path} says:\n{self.text()[:3000]}") from error

    def sees(self, words: str) -> None:
        self.wait(lambda: words in self.text(), f"「{words}」")

    def sees_not(self, words: str) -> None:
        assert words not in self.text(), f"「{words}」 should not be on {self.path}"

    def find(self, css: str) -> WebElement:
        found: WebElement = self.wait(
            lambda: next((e for e in self.driver.find_elements(By.CSS_SELECTOR, css) if e.is_displayed()), None), css
        )
        return found

    def click(self, label: str, within: str = "") -> None:
        """Click the visible button or link with this text."""
        path = f"//*[self::a or self::button or self::summary or self::label][contains(normalize-space(.), '{label}')]"
        scope = self.find(within) if within else self.driver

        def target() -> WebElement | None:
            found = scope.find_elements(By.XPATH, "." + path if within else path)
            return next((e for e in reversed(found) if e.is_displayed()), None)

        element = self.wait(target, f"button 「{label}」")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type(self, name: str, text: str) -> None:
        field = self.find(f"[name='{name}']")
        field.clear()
        field.send_keys(text)

    def choose(self, name: str, code: str) -> None:
        Select(self.find(f"select[name='{name}']")).select_by_value(code)

    def login(self, username: str, password: str = PASSWORD) -> None:
        self.open(f"/login/?entry={'teacher' if username[:6].isdigit() else 'admin'}")
        self.type("username", username)
        self.type("password", password)
        self.find("form button.btn-primary").click()
        self.wait(lambda: not self.path.startswith("/login"), "the page after login")

    def logout(self) -> None:
        self.driver.delete_all_cookies()

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


@pytest.fixture
def browser(app: Flask, _driver: webdriver.Chrome, tmp_path: Path) -> Iterator[Browser]:
    """A desk-size browser, logged out. Screenshots go to SCREENSHOTS when that is set."""
    server = create_server(app, host="127.0.0.1", port=0, threads=8, ident=None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    browser = Browser(_driver, f"http://127.0.0.1:{server.effective_port}", folder)
    browser.logout()
    browser.size(*DESK)
    yield browser
    browser.open("/healthz")
    server.close()
    thread.join(timeout=5)
