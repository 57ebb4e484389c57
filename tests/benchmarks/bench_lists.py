"""How long the list of teachers takes at full size, beside the same list with few people.

    python -m tests.benchmarks.bench_lists [teachers] [rounds]

People are written by the bulk path, 5,000 to a county, 100 to a school; TEST_DATABASE_URL as in the tests. First the
small country is measured, then it grows around the same county, and the same pages are measured again: for somebody of
that county, of its province, of the nation. Called in process, without a network.
"""

import datetime as dt
import platform
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.operations import PasswordRules, new_account
from app.accounts.views import password_rules
from app.core.actor import KEY as ACTOR
from app.core.crypto import blind_index
from app.core.db import db, utc_now
from app.demo import PASSWORD
from app.organisations.models import Unit
from app.records.bulk import insert_rows
from app.records.teacher import SECTION, Teacher
from tests.accounts.database import looking
from tests.benchmarks.bench_section_pages import application
from tests.conftest import Client, _actor

TEACHERS, SMALL, ROUNDS = 1_000_000, 10_000, 30
PER_SCHOOL, SCHOOLS, PROVINCES = 100, 50, 5
PER_COUNTY = PER_SCHOOL * SCHOOLS
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈单解仇"
GIVEN = "建国华明秀英丽军杰娟艳涛超玲桂芳敏静强磊洋勇霞平刚辉鹏飞红玉兰文志海燕春梅雪宇轩涵子欣怡佳思雨晓峰伟娜俊婷浩然"
WEIGHTS = [100 // (1 + place // 3) for place in range(len(SURNAMES))]
TYPED = ("建国", "国", "王", "王建国", "wjg", "wangjianguo", "wang", "单", "没有")


# ── the country ──


@dataclass
class Country:
    """The units and people made so far."""

    app: Flask
    places: int = 0
    people: int = 0

    def grow(self, people: int) -> float:
        """Add counties until there are so many people; the seconds it took."""
        chance, start = random.Random(self.people), time.perf_counter()
        with looking(self.app) as session:
            session.info[ACTOR] = _actor(session, "yunchuan")
            while self.people < people:
                for school in self._county(session):
                    lines = [self._person(school, chance) for _ in range(PER_SCHOOL)]
                    insert_rows(session, SECTION, school, lines, utc_now())
                session.commit()
            if session.get_bind().dialect.name == "postgresql":
                session.execute(sa.text("ANALYZE"))
                session.commit()
        return time.perf_counter() - start

    def _county(self, session: Session) -> list[Unit]:
        """A county and its schools. The first two lie in one province, the others in all."""
        number = self.people // PER_COUNTY
        nation = session.scalars(sa.select(Unit).where(Unit.level == "nation")).one()
        province = self._unit(session, "province", f"省{number % PROVINCES if number > 1 else 0}", nation)
        city = self._unit(session, "city", f"{province.name}市{number // 50}", province)
        county = self._unit(session, "county", f"县{number}", city)
        return [self._unit(session, "school", f"{county.name}学校{n}", county) for n in range(SCHOOLS)]

    def _unit(self, session: Session, level: str, name: str, parent: Unit) -> Unit:
        known = session.scalars(sa.select(Unit).where(Unit.name == name, Unit.level == level)).one_or_none()
        if known is not None:
            return known
        self.places += 1
        above = {f"{parent.level}_id": parent.id} if parent.level != "nation" else {}
        place = {f"{of}_id": getattr(parent, f"{of}_id") for of in ("province", "city", "county")} | above
        unit = Unit(code=f"9{self.places:09d}", name=name, level=level, parent_id=parent.id, status="2", **place)
        unit.school_kind = "S" if level == "school" else ""
        session.add(unit)
        session.flush()
        return unit

    def _person(self, school: Unit, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
        self.people += 1
        name = chance.choices(SURNAMES, WEIGHTS)[0] + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
        born = dt.date(1964 + chance.randrange(38), 1 + chance.randrange(12), 1 + chance.randrange(28))
        number = f"530100{born:%Y%m%d}{self.people % 1000:03d}X"
        values = {
            "name": name, "gender": chance.choice("12"), "id_type": "1", "birth_date": born, "nationality": "156",
            "ethnicity": chance.choices(("01", "03", "08", "56"), (90, 5, 4, 1))[0], "highest_education": "21",
            "staff_category": chance.choice(("10", "20", "30")), "is_staffed": chance.choice("11110"),
            "personnel_status": "100", "current_title": None,
        }  # fmt: skip
        # The number itself is not shown in full; its hash must be nobody else's.
        columns = {"id_number_hash": blind_index(f"{self.people}", "bench"), "id_number_tail": number[-4:]}
        status = chance.choices(("draft", "submitted_to_school", "approved"), (2, 1, 7))[0]
        state = {"unit_id": school.id, "status": status, "stage": 0, "reported_by": ""}
        return values, {**columns, **state}


def make_accounts(session: Session, rules: PasswordRules) -> None:
    """Somebody who may look, in the first county, in its province and in the nation."""
    county = session.scalars(sa.select(Unit).where(Unit.name == "县0")).one()
    nation = session.scalars(sa.select(Unit).where(Unit.level == "nation")).one()
    for level, unit_id in (("county", county.id), ("province", county.province_id), ("nation", nation.id)):
        new_account(
            session, username=f"bench_{level}", name="林晓峰", role="信息管理员", unit_id=unit_id or 0,
            password=PASSWORD, rules=rules, must_change=False,
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
        unit = session.scalars(sa.select(Unit).where(Unit.name == "县0")).one()
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
        country = Country(app)
        with app.app_context():
            name, rules = db.engine.dialect.name, password_rules()
        print(f"Python {platform.python_version()}, {name}, {rounds} rounds, milliseconds")
        country.grow(SMALL)
        with looking(app) as session:
            make_accounts(session, rules)
            session.commit()
        few = measure_all(app, rounds)
        took = country.grow(teachers)
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
