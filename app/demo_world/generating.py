"""People for load tests, by the hundred thousand: whole counties, each in one transaction, so that it can be stopped.

A county has about a hundred schools of all kinds with 60–70 people each; a county that is there is not made again. Who
somebody is follows from the province and the number, so that two processes may share the work and get the same people.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import DDL, func, select
from sqlalchemy.orm import Session

from app.collection.queries import review_chain
from app.core.db import transaction, utc_now
from app.core.errors import AppError
from app.core.many_rows import copy_many
from app.demo_world.facts import ends, faculties, generated
from app.demo_world.lives import life
from app.demo_world.province import AREA, SEED, place_of
from app.demo_world.sections import MAIN
from app.demo_world.staff import Staff
from app.demo_world.writing import Person, Store, person
from app.organisations.declarations import NORMAL
from app.organisations.models import Unit
from app.organisations.moving import scope_below
from app.records.teacher import Teacher

FIRST_NUMBER = 100_000  # below are the people of the demo province
COUNTIES_OF_CITY = 10
FIRST_CITY = 40  # the codes below are those of the demo province
MOST_COUNTIES = (100 - FIRST_CITY) * COUNTIES_OF_CITY  # of a province: a city has two digits
HIGHER = "41"  # universities and colleges
AT_ONCE = 1000  # people in memory
NOTHING: Mapping[str, str] = {}
Done = Callable[["Part", float, int], None]


@dataclass(frozen=True)
class Part:
    """One county: its number in the province, and how many people it gets."""

    province_code: str
    number: int
    people: int

    @property
    def city_code(self) -> str:
        return f"{self.province_code[:2]}{FIRST_CITY + self.number // COUNTIES_OF_CITY:02d}000000"

    @property
    def code(self) -> str:
        return f"{self.city_code[:4]}{21 + self.number % COUNTIES_OF_CITY:02d}0000"

    def school_code(self, at: int, category: str) -> str:
        """None that the demo province has: those of load tests begin with 9, at universities behind the 0.

        at: which one it is in the county, among the universities or among the others.
        """
        higher = category.startswith(HIGHER)
        number = self.number * schools_of_county(higher=higher) + at
        serial = f"09{number:04d}" if higher else f"9{number:05d}"
        return f"{category[:2]}{self.province_code[:2]}{serial}"


def schools_of_county(*, higher: bool) -> int:
    """How many universities a county has, or how many other schools."""
    return sum(row["count"] for row in generated()["schools"] if row["category"].startswith(HIGHER) == higher)


def people_of_county() -> int:
    """How many people a whole county has."""
    schools = schools_of_county(higher=False) + schools_of_county(higher=True)
    return schools * int(generated()["people_of_school"])


def missing_parts(session: Session, province_code: str, teachers: int) -> list[Part]:
    """The counties that are not there yet, so that the province has so many generated people in all.

    Raises AppError for more than its counties can hold.
    """
    if teachers > (most := MOST_COUNTIES * people_of_county()):
        raise AppError(f"一个省最多生成 {most} 人。")
    prefix = province_code[:2]
    found = session.scalars(select(Unit.code).where(Unit.level == "county", Unit.code.like(f"{prefix}%")))
    there = {code for code in found if int(code[2:4]) >= FIRST_CITY}
    of_tests = Unit.code.like(f"__{prefix}9%") | Unit.code.like(f"__{prefix}09%")
    known = select(func.count(Teacher.id)).join(Unit, Unit.id == Teacher.unit_id)
    left = teachers - (session.scalar(known.where(of_tests, Unit.level == "school")) or 0)
    parts, number = [], 0
    while left > 0:
        part = Part(province_code, number, min(left, people_of_county()))
        if part.code not in there:
            parts.append(part)
            left -= part.people
        number += 1
    return parts


def prepare_units(session: Session, parts: Sequence[Part], password_hash: str) -> None:
    """The province and its cities with their reviewers, so that counties can be made side by side."""
    with transaction(session):
        if not parts:
            return
        nation = session.scalars(select(Unit).where(Unit.level == "nation")).one()
        code = parts[0].province_code
        wanted = {code: ("province", f"模拟{code[:2]}省教育厅")}
        wanted |= {part.city_code: ("city", f"模拟{part.city_code[2:4]}市教育局") for part in parts}
        units = {unit.code: unit for unit in session.scalars(select(Unit).where(Unit.code.in_(wanted)))}
        new = []
        for code, (level, name) in wanted.items():
            if code not in units:
                parent = nation if level == "province" else units[parts[0].province_code]
                units[code] = _unit(session, code, name, level, parent)
                session.flush()
                new.append(units[code])
        Staff(session, password_hash, utc_now()).of_units(new)


def make_part(session: Session, part: Part, password_hash: str) -> int:
    """Make one county with its people; how many rows were written. One transaction."""
    with transaction(session):
        city = session.scalars(select(Unit).where(Unit.code == part.city_code)).one()
        county = _unit(session, part.code, f"模拟{part.number + 1:04d}县教育体育局", "county", city)
        session.flush()
        province = session.get_one(Unit, city.province_id)
        staff = Staff(session, password_hash, utc_now())
        staff.know([province, city])
        schools = list(_schools(session, part, county, province))
        staff.of_units([county, *(school for school, _ in schools)], managers_alone=True)
        store = Store(session, utc_now(), copy_many)
        group: list[Person] = []
        for found in _people(session, part, staff, schools):
            group.append(found)
            if len(group) == AT_ONCE:
                store.records(group, staff.of_teachers)
                group = []
        store.records(group, staff.of_teachers)
    return store.rows


def _schools(session: Session, part: Part, county: Unit, province: Unit) -> Iterator[tuple[Unit, list[Unit]]]:
    """The schools of a county and their departments; universities hang on the province."""
    made = {True: 0, False: 0}
    for row in generated()["schools"]:
        for number in range(row["count"]):
            parent = province if row["kind"] in "UH" else county
            higher = row["category"].startswith(HIGHER)
            code = part.school_code(made[higher], row["category"])
            made[higher] += 1
            name = f"模拟{part.number + 1:04d}县{row['name'].format(number + 1)}"
            school = _unit(session, code, name, "school", parent, row)
            departments = [
                _unit(session, f"{code}{place:02d}", faculty, "department", school)
                for place, faculty in enumerate(list(faculties())[:2] if row["kind"] in "UH" else (), start=1)
            ]
            yield school, departments
    session.flush()


def _unit(session: Session, code: str, name: str, level: str, parent: Unit, row: Mapping[str, str] = NOTHING) -> Unit:
    unit = Unit(code=code, name=name, level=level, parent=parent, status=NORMAL)
    place = scope_below(parent)
    unit.province_id, unit.city_id, unit.county_id = place.values()
    unit.school_kind = parent.school_kind if level == "department" else row.get("kind", "")
    unit.school_category, unit.urban_rural = row.get("category", ""), row.get("urban_rural")
    session.add(unit)
    return unit


def _people(session: Session, part: Part, staff: Staff, schools: Sequence[tuple[Unit, list[Unit]]]) -> Iterator[Person]:
    # Nobody at these schools reviews but who reports, so that all below one authority have the same chain.
    one_each = {school.parent_id: school for school, _ in schools}
    chains = {parent_id: review_chain(session, school) for parent_id, school in one_each.items()}
    chance = random.Random(part.code)  # noqa: S311 - repeatable
    first = FIRST_NUMBER + part.number * people_of_county()
    usual, more = divmod(part.people, len(schools))
    number = 0
    for at, (school, departments) in enumerate(schools):
        place, desk = place_of(school, departments), staff.desk(school, chains[school.parent_id])
        profile = chance.choice(generated()["profiles"])
        for rank in range(usual + (at < more)):
            found = life(first + number, place, rank, part.province_code[:2] + AREA, SEED)
            yield person(found, school, desk, ends(profile).draw(chance), MAIN, with_account=rank == 0)
            number += 1


def update_statistics(session: Session) -> None:
    """PostgreSQL plans by what it knows of the tables."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(DDL("ANALYZE"))
        session.commit()


def generate(session: Session, province_code: str, teachers: int, password_hash: str, done: Done) -> int:
    """Make what is missing in this process; how many rows were written. done: told after each county."""
    parts = missing_parts(session, province_code, teachers)
    prepare_units(session, parts, password_hash)
    rows = 0
    for part in parts:
        start = time.perf_counter()
        written = make_part(session, part, password_hash)
        session.expunge_all()
        done(part, time.perf_counter() - start, written)
        rows += written
    update_statistics(session)
    return rows
