"""How long the page of progress and the figures of the staff take for a province of 15,000 schools.

    python -m tests.benchmarks.bench_progress [schools] [rounds]

The kept sums are written directly, as a month without tidying would leave them (SPREAD rows of changes for each sum in
every tenth school): how many people there are makes no difference. TEST_DATABASE_URL as in the tests. Called in
process, without a network.
"""

import datetime as dt
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.queries import account_by_id, actor_for
from app.core.db import db
from app.core.many_rows import Lot, insert_many
from app.core.scope import EVERYTHING, set_scope
from app.organisations.models import Unit
from app.records.counts import TeacherCount, fold
from app.statistics.models import StaffFigure
from app.statistics.queries import structure
from tests.accounts.database import looking
from tests.benchmarks.bench_section_pages import application
from tests.conftest import Client

SCHOOLS, ROUNDS = 15_000, 20
PER_COUNTY, PER_CITY, PEOPLE, SPREAD = 100, 10, 67, 10
FIGURES = {
    "gender": "12", "age": ("25", "30", "35", "40", "45", "50", "55", "60", "65"),
    "highest_education": ("14", "21", "31"),
    "current_title": ("052", "053", "054", "413", "414"), "staff_category": ("A1", "A2", "A3", "A4"),
    "current_post_category": "123", "urban_rural": ("121",),
}  # fmt: skip
TODAY = dt.date(2026, 11, 22)


def grow(session: Session, schools: int) -> None:
    """The units below the demo province, and their sums."""
    province = session.scalars(sa.select(Unit).where(Unit.level == "province")).one()
    chance, connection = random.Random(1), session.connection()
    counties: list[Unit] = []
    for number in range(schools // PER_COUNTY):
        if number % PER_CITY == 0:
            city = Unit(code=f"8{number:09d}", name=f"市{number}", level="city", parent_id=province.id)
            city.province_id = province.id
            session.add(city)
            session.flush()
        county = Unit(code=f"9{number:09d}", name=f"县{number}", level="county", parent_id=city.id, city_id=city.id)
        county.province_id = province.id
        counties.append(county)
    session.add_all(counties)
    session.flush()
    for county in counties:
        own = [
            Unit(code=f"7{county.id:05d}{n:04d}", name=f"{county.name}学校{n}", level="school", parent_id=county.id,
                 province_id=province.id, city_id=county.city_id, county_id=county.id, school_kind="S")
            for n in range(PER_COUNTY)
        ]  # fmt: skip
        session.add_all(own)
        session.flush()
        fill(connection, own, chance)


def fill(connection: sa.Connection, schools: list[Unit], chance: random.Random) -> None:
    """The sums and figures of some schools."""
    sums, figures = [], []
    for school in schools:
        waits = [None, None, school.id, school.county_id, school.city_id, None, None]
        states = ["draft", "submitted_to_school", *["in_review"] * 3, "rejected", "approved"]
        for status, unit_id in zip(states, waits, strict=True):
            key = {"school_id": school.id, "department": "", "status": status, "waiting_unit_id": unit_id}
            sums.append(key | {"n": PEOPLE // len(states)})
            if school.id % 10 == 0:
                sums += [key | {"n": chance.choice((1, -1))} for _ in range(SPREAD)]
        for name, codes in FIGURES.items():
            key = {"school_id": school.id, "department": "", "dimension": name, "counted_on": TODAY}
            figures += [key | {"code": code, "n": PEOPLE // len(codes)} for code in codes]
    insert_many(connection, Lot(TeacherCount.__table__, sums))  # type: ignore[arg-type]
    insert_many(connection, Lot(StaffFigure.__table__, figures))  # type: ignore[arg-type]


def measured(name: str, rounds: int, act: Callable[[], object]) -> None:
    times = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        act()
        times.append((time.perf_counter() - start) * 1000)
    times = sorted(times[2:])
    print(f"{name:<40} median {statistics.median(times):7.1f} ms   worst {times[-1]:7.1f} ms")


def measure(app: Flask, rounds: int) -> None:
    for username in ("yunchuan", "moe", "zhoumin"):
        client = Client(app.test_client())
        client.login(username)
        assert client.get("/progress/").status_code == client.get("/structure/").status_code == 200
        measured(f"page of progress, {username}", rounds, partial(client.get, "/progress/"))
        measured(f"workbook of progress, {username}", rounds, partial(client.get, "/progress/export"))
        measured(f"page of the staff, {username}", rounds, partial(client.get, "/structure/"))
    with app.app_context(), looking(app) as session:
        account = account_by_id(
            session, session.scalars(sa.select(Account.id).where(Account.username == "yunchuan")).one()
        )
        assert account is not None
        measured("structure(), yunchuan", rounds, lambda: structure(session, actor_for(account)))


def main() -> None:
    schools = int(sys.argv[1]) if len(sys.argv) > 1 else SCHOOLS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with application() as app:
        with app.app_context(), Session(db.engine) as session:
            set_scope(session, EVERYTHING)
            grow(session, schools)
            session.commit()
            rows = session.scalar(sa.select(sa.func.count(TeacherCount.id)))
            figures = session.scalar(sa.select(sa.func.count(StaffFigure.id)))
            if session.get_bind().dialect.name == "postgresql":
                session.execute(sa.text("ANALYZE"))
                session.commit()
        print(
            f"{schools} schools, {rows} rows of sums, {figures} figures; {platform.processor()} {db.__class__.__name__}"
        )
        measure(app, rounds)
        with app.app_context(), Session(db.engine) as session:
            set_scope(session, EVERYTHING)
            start = time.perf_counter()
            gone = fold(session)
            session.commit()
            print(f"added up: {gone} rows less in {time.perf_counter() - start:.1f} s")
        measure(app, rounds)


if __name__ == "__main__":
    main()
