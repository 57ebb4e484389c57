"""How long the list of teachers takes at full size, beside the same list with few people.

    python -m tests.benchmarks.bench_lists [teachers] [rounds]

The people are those of `flask demo generate`: 6,500 to a county, 65 to a school; TEST_DATABASE_URL as in the tests.
First the small country is measured, then it grows around the same county, and the same pages are measured again: for
somebody of that county, of its province, of the nation. Called in process, without a network.
"""

import platform
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.operations import PasswordRules, new_account
from app.accounts.views import password_rules
from app.core.codes import codes
from app.core.db import db
from app.demo import PASSWORD
from app.demo_world.generating import Part, generate, people_of_county
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.benchmarks.bench_section_pages import application
from tests.conftest import Client

TEACHERS, SMALL, ROUNDS = 1_000_000, 10_000, 30
PROVINCES = ("5300000000", "4300000000", "5100000000", "5200000000", "4500000000")
TYPED = ("建国", "国", "王", "王建国", "wjg", "wangjianguo", "wang", "单", "没有")


# ── the country ──


def grow(app: Flask, people: int, provinces: Sequence[str]) -> float:
    """Make people until each of these provinces has its share of so many; the seconds it took."""
    start = time.perf_counter()
    with looking(app) as session:
        codes.refresh(session)
        for code in provinces:
            generate(session, code, people // len(provinces), "none", lambda _part, _seconds, _rows: None)
    return time.perf_counter() - start


def first_county(session: Session) -> Unit:
    """The county that is measured; it is whole from the beginning."""
    code = Part(PROVINCES[0], 0, people_of_county()).code
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one()


def make_accounts(session: Session, rules: PasswordRules) -> None:
    """Somebody who may look, in the first county, in its province and in the nation."""
    county = first_county(session)
    nation = session.scalars(sa.select(Unit).where(Unit.level == "nation")).one()
    for level, unit_id in (("county", county.id), ("province", county.province_id), ("nation", nation.id)):
        new_account(
            session, username=f"bench_{level}", name="林晓峰", role="信息管理员", unit_id=unit_id or 0,
            password=PASSWORD, rules=rules, initial_from=None,
        )  # fmt: skip


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


def measure(client: Client, path: str, rounds: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    times = []
    for turn in range(rounds + 3):
        start = time.perf_counter()
        answer = client.get(path)
        if turn >= 3:
            times.append((time.perf_counter() - start) * 1000)
        assert answer.status_code == 200, path
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def measure_all(app: Flask, rounds: int) -> dict[tuple[str, str], tuple[float, float]]:
    """Every page for everybody."""
    found = {}
    for level in ("county", "province", "nation"):
        client = Client(app.test_client())
        client.login(f"bench_{level}")
        for name, query in pages(client, app, level):
            found[level, name] = measure(client, f"/teachers/list/?{query}", rounds)
    return found


def main() -> None:
    teachers = int(sys.argv[1]) if len(sys.argv) > 1 else TEACHERS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with application() as app:
        with app.app_context():
            name, rules = db.engine.dialect.name, password_rules()
        print(f"Python {platform.python_version()}, {name}, {rounds} rounds, milliseconds")
        grow(app, SMALL, PROVINCES[:1])
        with looking(app) as session:
            make_accounts(session, rules)
            session.commit()
        few = measure_all(app, rounds)
        took = grow(app, teachers, PROVINCES)
        print(f"{teachers - SMALL} people were written in {took:.0f} s")
        many = measure_all(app, rounds)
    print(f"{'':50} {SMALL:>9,} people   {teachers:>9,} people   ratio")
    print(f"{'':50} {'p50':>7} {'p95':>8}   {'p50':>7} {'p95':>8}     p95")
    for (level, page), (p50, p95) in many.items():
        small50, small95 = few.get((level, page), (0.0, 0.0))
        ratio = f"{p95 / small95:7.2f}" if small95 else ""
        print(f"{level:10} {page:38} {small50:8.1f} {small95:8.1f}   {p50:7.1f} {p95:8.1f} {ratio}")


if __name__ == "__main__":
    main()
