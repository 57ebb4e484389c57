"""How long the list of teachers takes at full size, beside the same list with few people.

    python -m tests.benchmarks.bench_lists FEW MANY [rounds]

FEW and MANY: databases that `flask demo generate` has filled, in the environment of both (INSTANCE_PATH, APP_ENV); the
list's three users are added to them. Every page is asked for in turns, so that a busy machine slows both: by somebody
of a county, which is the same in both, of its province and of the nation. Called in process, without a network.
"""

import gc
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.accounts.models import Account
from app.accounts.operations import PasswordRules, new_account
from app.accounts.views import password_rules
from app.core.codes import codes
from app.demo import PASSWORD
from app.demo_world.generating import Part, people_of_county
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import Client

ROUNDS = 30
PROVINCE = "5300000000"
TYPED = ("建国", "国", "王", "王建国", "wjg", "wangjianguo", "wang", "单", "没有")


# ── who looks ──


def first_county(session: Session) -> Unit:
    """The county that is measured; it is whole from the beginning."""
    code = Part(PROVINCE, 0, people_of_county()).code
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one()


def make_accounts(session: Session, rules: PasswordRules) -> None:
    """Somebody who may look, in the first county, in its province and in the nation, unless they are there."""
    if session.scalar(sa.select(Account.id).where(Account.username == "bench_county")) is not None:
        return
    county = first_county(session)
    nation = session.scalars(sa.select(Unit).where(Unit.level == "nation")).one()
    for level, unit_id in (("county", county.id), ("province", county.province_id), ("nation", nation.id)):
        new_account(
            session, username=f"bench_{level}", name="林晓峰", role="信息管理员", unit_id=unit_id or 0,
            password=PASSWORD, rules=rules, initial_from=None,
        )  # fmt: skip
    session.commit()


# ── the pages ──


def pages(client: Client, app: Flask, level: str) -> Iterator[tuple[str, str]]:
    """What is measured, and its address."""
    yield "first page", ""
    middle = _middle(app, level)
    yield "deep page", f"after_TeacherView={middle}&page_TeacherView=2000"
    yield "deep page, by its number", "page_TeacherView=99"
    yield "last page", "end_TeacherView=1"
    for order in ("name", "birth_date", "updated_at"):
        by = f"_oc_TeacherView={order}"
        yield f"by {order}", by
        yield f"by {order}, deep page", f"{by}&after_TeacherView={middle}&page_TeacherView=2000"
    text = client.get("/teachers/list/").text
    for name in re.findall(r'<select class="form-control" (?:id="[^"]*"|aria-label="[^"]*") name="(_flt_0_\w+)"', text):
        value = re.search(rf'name="{name}".*?<option value="([^"]+)"', text, re.S)
        if value:
            yield f"filter {name[7:]}", f"{name}={value[1]}"
    for typed in TYPED:
        address = client.post("/teachers/search/", {"q": typed}).headers["Location"].split("?")[1]
        yield f"search {typed}", address
        yield f"search {typed}, filter, by name", f"{address}&_flt_0_gender=1&_oc_TeacherView=name"


def _middle(app: Flask, level: str) -> int:
    """A row in the middle of what somebody sees."""
    with looking(app) as session:
        unit = first_county(session)
        mine = {"county": Teacher.county_id == unit.id, "province": Teacher.province_id == unit.province_id}
        query = sa.select(sa.func.avg(Teacher.id)).where(mine.get(level, sa.true()))
        middle = int(session.scalar(query) or 0)
        query = sa.select(sa.func.min(Teacher.id)).where(mine.get(level, sa.true()), Teacher.id >= middle)
        return session.scalar(query) or 0


def measure(clients: Sequence[Client], paths: Sequence[str], rounds: int) -> list[tuple[float, float]]:
    """p50 and p95 of each in milliseconds; one client and path for each database."""
    times: list[list[float]] = [[] for _ in clients]
    for turn in range(rounds + 3):
        for client, path, own in zip(clients, paths, times, strict=True):
            start = time.perf_counter()
            answer = client.get(path)
            if turn >= 3:
                own.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200, path
    return [(statistics.median(own), statistics.quantiles(own, n=20)[-1]) for own in times]


def opened(url: str) -> tuple[Flask, int]:
    """The application over a database, and how many people there are."""
    os.environ["DATABASE_URL"] = url
    app = create_app()
    with app.app_context(), looking(app) as session:
        codes.refresh(session)
        make_accounts(session, password_rules())
        return app, session.scalar(sa.select(sa.func.count(Teacher.id))) or 0


def main() -> None:
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    found = [opened(url) for url in sys.argv[1:3]]
    apps = [app for app, _ in found]
    gc.freeze()  # as the server does
    print(f"Python {platform.python_version()}, {rounds} rounds, milliseconds")
    print(f"{'':50} {found[0][1]:>9,} people   {found[1][1]:>9,} people   ratio")
    print(f"{'':50} {'p50':>7} {'p95':>8}   {'p50':>7} {'p95':>8}     p95")
    for level in ("county", "province", "nation"):
        clients = [Client(app.test_client()) for app in apps]
        for client in clients:
            client.login(f"bench_{level}")
        asked = [dict(pages(client, app, level)) for client, app in zip(clients, apps, strict=True)]
        for page in asked[1]:
            paths = [f"/teachers/list/?{queries[page]}" for queries in asked]
            (few50, few95), (p50, p95) = measure(clients, paths, rounds)
            figures = f"{few50:8.1f} {few95:8.1f}   {p50:7.1f} {p95:8.1f} {p95 / few95:7.2f}"
            print(f"{level:10} {page:38} {figures}", flush=True)


if __name__ == "__main__":
    main()
