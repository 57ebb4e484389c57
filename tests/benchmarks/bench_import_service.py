"""A large import through a running service, and what other users notice meanwhile.

    python -m tests.benchmarks.bench_import_service [teachers] [embedded|external]

As in bench_import: ten rows for each teacher, and openpyxl's read_only mode on the same file as the measure. The clerk
uploads, waits for the preview, confirms and waits again, as in the browser. Somebody else opens pages and saves a form
all the time, before and during the import. Memory: the most that all processes of the service held together (PSS), the
database server apart. TEST_DATABASE_URL as in the tests.
"""

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

import sqlalchemy as sa

from app.core.codes import codes
from app.core.db import db
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.benchmarks.bench_import import read_plainly, write_file
from tests.benchmarks.bench_section_pages import application
from tests.conftest import SCHOOL

PORT, PASSWORD, QUIET_ROUNDS = 5093, "Demo@2026", 40
LIST = "/teachers/"
PAGES = (LIST + "list/", "/", LIST + "show/{teacher}")
FORM = "application/x-www-form-urlencoded"
SERVER = "from waitress import serve; from app import create_app; serve(create_app(), port={port}, threads=8)"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Browser:
    """One person's session."""

    def __init__(self, username: str) -> None:
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.post("/login/", {"username": username, "password": PASSWORD})

    def get(self, path: str) -> str:
        return self._open(urllib.request.Request(_url(path)))[1]

    def post(self, path: str, form: dict[str, str], file: Path | None = None, page: str = "") -> str:
        """Send a form with the token of `page`; the address it leads to."""
        found = TOKEN.search(self.get(page or path))
        assert found, path
        return self.send(path, {**form, "csrf_token": found[1]}, file)

    def send(self, path: str, fields: dict[str, str], file: Path | None = None) -> str:
        body, kind = _multipart(fields, file) if file else (urllib.parse.urlencode(fields).encode(), FORM)
        headers = {"Content-Type": kind, "Referer": _url(path)}
        return self._open(urllib.request.Request(_url(path), body, headers))[0]

    def _open(self, request: urllib.request.Request) -> tuple[str, str]:
        with self.opener.open(request, timeout=120) as answer:
            return answer.geturl(), answer.read().decode()


def _url(path: str) -> str:
    return path if path.startswith("http") else f"http://127.0.0.1:{PORT}{path}"


def _multipart(fields: dict[str, str], file: Path) -> tuple[bytes, str]:
    edge = "edge-of-the-parts"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'.encode()
    return b"".join(
        (*parts, head, file.read_bytes(), f"\r\n--{edge}--\r\n".encode())
    ), f"multipart/form-data; boundary={edge}"


@contextmanager
def service(url: str, instance: str, jobs: str) -> Iterator[list[int]]:
    """The web server, and the worker beside it when it is `external`."""
    environment = os.environ | {
        "APP_ENV": "test", "DATABASE_URL": url, "INSTANCE_PATH": instance, "JOBS": jobs, "LOG_LEVEL": "WARNING",
        "FLASK_APP": "app", "MAX_UPLOAD_MB": "50",
    }  # fmt: skip
    if url.startswith("sqlite"):
        web = [sys.executable, "-c", SERVER.format(port=PORT)]
    else:
        web = [
            sys.executable,
            "-m",
            "gunicorn",
            "-w",
            "2",
            "--threads",
            "4",
            "-b",
            f"127.0.0.1:{PORT}",
            "app:create_app()",
        ]
    commands = [web, *([[sys.executable, "-m", "flask", "jobs", "run"]] if jobs == "external" else [])]
    started = [subprocess.Popen(command, env=environment, start_new_session=True) for command in commands]
    try:
        _wait_until_it_answers()
        yield [process.pid for process in started]
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_it_answers() -> None:
    for _ in range(150):
        try:
            urllib.request.urlopen(_url("/healthz"), timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the service does not answer")


class Memory(threading.Thread):
    """The most that all processes of some groups held together, in MB."""

    def __init__(self, groups: list[int]) -> None:
        super().__init__(daemon=True)
        self.groups, self.most, self.over = groups, 0, threading.Event()
        self.each: list[int] = []  # at that moment, by group

    def run(self) -> None:
        while not self.over.wait(0.25):
            processes = list(Path("/proc").glob("[0-9]*"))
            each = [sum(self._held(process, group) for process in processes) for group in self.groups]
            if sum(each) > self.most:
                self.most, self.each = sum(each), each

    def _held(self, process: Path, group: int) -> int:
        try:
            if os.getpgid(int(process.name)) != group:
                return 0
            found = re.search(r"^Pss:\s+(\d+)", (process / "smaps_rollup").read_text(), re.M)
            return int(found[1]) // 1024 if found else 0
        except (OSError, ProcessLookupError):
            return 0


class Other(threading.Thread):
    """Somebody who opens pages and saves a form; the times of both in ms."""

    def __init__(self, browser: Browser, teacher: int) -> None:
        super().__init__(daemon=True)
        self.browser, self.teacher = browser, teacher
        self.pages: list[float] = []
        self.saves: list[float] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            self.round()

    def round(self) -> None:
        for path in PAGES:
            self.pages.append(self._timed(partial(self.browser.get, path.format(teacher=self.teacher))))
            time.sleep(0.05)
        self.saves.append(self._timed(partial(self.browser.send, LIST + "search/", self.token)))

    @property
    def token(self) -> dict[str, str]:
        found = TOKEN.search(self.browser.get(LIST + "list/"))
        assert found
        return {"csrf_token": found[1], "q": "安"}

    def _timed(self, what: Callable[[], object]) -> float:
        start = time.perf_counter()
        what()
        return (time.perf_counter() - start) * 1000


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def wait(clerk: Browser, address: str, end: str) -> None:
    """Ask for the state as the page does, and then for the page, which says `end`."""
    while '"busy":true' in clerk.get(f"{address}/state").replace(" ", ""):
        time.sleep(0.5)
    page = clerk.get(address)
    assert end in page, re.findall(r"<h1>.*?</h1>|alert-danger.*?</div>", page, re.S)


def imported(path: Path) -> tuple[float, float]:
    """The seconds from the upload to the preview, and from the confirmation to the end."""
    clerk = Browser("liyutong")
    start = time.perf_counter()
    address = clerk.post("/imports/upload", {"mode": "append"}, path, page="/imports/")
    wait(clerk, address, "可以写入")
    planned = time.perf_counter() - start
    start = time.perf_counter()
    clerk.post(f"{address}/confirm", {}, page=address)
    wait(clerk, address, "已写入")
    return planned, time.perf_counter() - start


def main() -> None:
    teachers = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    jobs = sys.argv[2] if len(sys.argv) > 2 else "external"
    with application() as app, tempfile.TemporaryDirectory() as folder:
        with looking(app) as session:
            codes.refresh(session)
            unit = session.scalars(sa.select(Unit).where(Unit.code == SCHOOL)).one()
            path = Path(folder) / "import.xlsx"
            rows = write_file(unit, path, teachers)
            teacher = session.scalars(sa.select(Teacher.id).where(Teacher.unit_id == unit.id)).first()
        with app.app_context():
            url, database = app.config["SQLALCHEMY_DATABASE_URI"], db.engine.dialect.name
            db.engine.dispose()
        start = time.perf_counter()
        read_plainly(path)
        plain = time.perf_counter() - start
        print(f"{database}, {jobs}: {rows} rows, {path.stat().st_size >> 10} KiB; openpyxl reads it in {plain:.1f} s")
        with service(url, app.instance_path, jobs) as groups:
            other = Other(Browser("wangjianguo"), teacher or 0)
            for _ in range(QUIET_ROUNDS):
                other.round()
            quiet, quiet_saves = other.pages[3:], other.saves[1:]
            other.pages, other.saves = [], []
            memory = Memory(groups)
            memory.start()
            other.start()
            planned, written = imported(path)
            other.over.set()
            memory.over.set()
            other.join()
            took = planned + written
            print(f"import: {planned:.1f} + {written:.1f} s = {took / plain:.2f} x")
            print(f"memory of all processes: {memory.most} MB; by command {memory.each}")
            for name, before, during in (("pages", quiet, other.pages), ("saves", quiet_saves, other.saves)):
                said = f"p95: {p95(before):.0f} ms, meanwhile {p95(during):.0f} ms = {p95(during) / p95(before):.1f} x"
                print(f"{name} of others, {said}; at most {max(during):.0f} ms")


if __name__ == "__main__":
    main()
