"""The list of teachers beside a plain Flask-AppBuilder ModelView and Django's admin on the same rows.

    pip install -r tests/benchmarks/requirements.txt
    python -m tests.benchmarks.bench_comparison [seconds]

In the environment (DATABASE_URL, INSTANCE_PATH, APP_ENV) in which `flask demo generate` has filled a PostgreSQL
database; three accounts are added to it. Every server is gunicorn with two processes of four threads; four clients ask
for the first page of fifty without a pause, in turns: each server for some seconds, for somebody of a county, of its
province and of the nation. What counts is the ratio.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from signal import SIGKILL

import sqlalchemy as sa

from app import create_app
from app.accounts.views import password_rules
from app.core.codes import codes
from app.demo import PASSWORD as DEMO_PASSWORD
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.benchmarks import plain
from tests.benchmarks.bench_lists import first_county, make_accounts

CLIENTS, SECONDS, WARM = 4, 10, 8
LEVELS = tuple(plain.PLACES)
TOKEN = re.compile(r'name="csrf\w*"[^>]*value="([^"]+)"')


@dataclass(frozen=True)
class Server:
    """One of those that are compared: how it is started, where one logs in and what is asked for, by level."""

    name: str
    port: int
    application: str
    login: str
    lists: dict[str, str]
    user: str
    password: str = plain.PASSWORD
    search: str = ""
    schema: str = ""  # for its own tables, in the database with the people; these it sees through views


OWN = Server(
    "ours", 5201, "app:create_app()", "/login/", dict.fromkeys(LEVELS, "/teachers/list/"), "bench_", DEMO_PASSWORD
)
FAB = "tests.benchmarks.plain_fab:create_app()"
LISTS = {level: f"/{level}/list/" for level in LEVELS}
DJANGO, DJANGO_LOGIN = "tests.benchmarks.plain_django:application", "/admin/login/?next=/admin/"
DJANGO_LISTS = dict.fromkeys(LEVELS, "/admin/plain/teacher/")
SERVERS = (
    OWN,
    Server("FAB", 5202, FAB, "/login/", LISTS, plain.username(""), search="all", schema="plain_fab"),
    Server("FAB, one search field", 5203, FAB, "/login/", LISTS, plain.username(""), search="few", schema="plain_fab"),
    Server(
        "Django admin",
        5204,
        DJANGO,
        DJANGO_LOGIN,
        DJANGO_LISTS,
        plain.username(""),
        search="all",
        schema="plain_django",
    ),
    Server(
        "Django admin, no filters",
        5205,
        DJANGO,
        DJANGO_LOGIN,
        DJANGO_LISTS,
        plain.username(""),
        search="few",
        schema="plain_django",
    ),
)


class Client:
    """One person's connection and session."""

    def __init__(self, server: Server) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        self.cookies = SimpleCookie()

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": "; ".join(f"{key}={morsel.value}" for key, morsel in self.cookies.items())}
        if form is not None:
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": f"http://127.0.0.1:{self.connection.port}{path}",
            }
        body = None if form is None else urllib.parse.urlencode(form)
        self.connection.request("GET" if form is None else "POST", path, body, headers)
        answer = self.connection.getresponse()
        for value in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(value)
        return answer.status, answer.read()

    def login(self, server: Server, level: str) -> None:
        found = TOKEN.search(self.ask(server.login)[1].decode())
        form = {"username": f"{server.user}{level}", "password": server.password}
        if found:
            form |= {"csrf_token": found[1], "csrfmiddlewaretoken": found[1]}
        status, _ = self.ask(server.login, form)
        assert status in (302, 303), (server.name, level, status)


@contextmanager
def running(server: Server, url: str, units: dict[str, int]) -> Iterator[None]:
    environment = os.environ | {
        "JOBS": "external", "PLAIN_ROWS": f"{url}?options=-csearch_path%3D{server.schema}",
        "PLAIN_UNITS": json.dumps(units), "PLAIN_SEARCH": server.search,
    }  # fmt: skip
    # The plain ones make their tables while they are loaded: once, before there are several processes.
    place = ("--preload", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{server.port}", "--log-level", "warning")
    command = [sys.executable, "-m", "gunicorn", *place, server.application]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        for _ in range(150):
            try:
                Client(server).ask(server.login)
                break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        os.killpg(process.pid, SIGKILL)
        process.wait()


def measure(server: Server, level: str, seconds: float) -> tuple[float, list[float]]:
    """Requests a second, and the time of each in milliseconds."""
    clients = [Client(server) for _ in range(CLIENTS)]
    times: list[float] = []
    path = server.lists[level]

    def work(client: Client, until: float) -> None:
        while (start := time.perf_counter()) < until:
            status, page = client.ask(path)
            times.append((time.perf_counter() - start) * 1000)
            assert status == 200 and page.count(b"<tr") > plain.PAGE, (server.name, level, status)

    for client in clients:
        client.login(server, level)
    for _ in range(WARM if server is OWN else 1):  # some of the others take many seconds
        clients[0].ask(path)
    start = time.perf_counter()
    threads = [threading.Thread(target=work, args=(client, start + seconds)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - start), times


def prepared() -> tuple[int, dict[str, int]]:
    """How many people there are, and the unit of each level; the accounts that look at them are made."""
    app = create_app()
    with app.app_context(), looking(app) as session:
        codes.refresh(session)
        make_accounts(session, password_rules())
        county = first_county(session)
        nation = session.scalars(sa.select(Unit.id).where(Unit.level == "nation")).one()
        for schema in {server.schema for server in SERVERS if server.schema}:
            session.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
            for table in ("teacher", "unit"):
                session.execute(sa.DDL(f"CREATE OR REPLACE VIEW {schema}.{table} AS SELECT * FROM public.{table}"))
        session.commit()
        people = session.scalar(sa.select(sa.func.count(Teacher.id))) or 0
        return people, {"county": county.id, "province": county.province_id or 0, "nation": nation}


def main() -> None:
    url, seconds = os.environ["DATABASE_URL"], float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with ExitStack() as stack:
        people, units = prepared()
        print(f"{people:,} people; {CLIENTS} clients, {seconds:.0f} s each")
        print(f"{'':10} {'':28} {'a second':>9} {'p50 ms':>8} {'p95 ms':>8}   ours is")
        for server in SERVERS:
            stack.enter_context(running(server, url, units))
        for level in LEVELS:
            own = 0.0
            for server in SERVERS:
                rate, times = measure(server, level, seconds)
                own = own or rate
                p50, p95 = statistics.median(times), sorted(times)[int(0.95 * len(times))]
                print(f"{level:10} {server.name:28} {rate:9.2f} {p50:8.0f} {p95:8.0f} {own / rate:8.1f} x", flush=True)


if __name__ == "__main__":
    main()
