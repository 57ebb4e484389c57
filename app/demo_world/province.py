"""The demo province around the named people: three cities, nine counties, sixty schools, three thousand teachers."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.accounts.password_rules import PasswordRules
from app.core.db import transaction, utc_now
from app.demo_world.facts import ends, rows
from app.demo_world.lives import Place, life
from app.demo_world.sections import ALL
from app.demo_world.staff import Staff
from app.demo_world.writing import Person, Store, person
from app.organisations.loading import load_units
from app.organisations.models import Unit

SEED = "云川"
AREA = "9900"  # after the two digits of the province: no place, so that nobody real has such a number
TOWN = re.compile(".{2,6}?[市县区]")
CAPITAL = "南屏市"
Tell = Callable[[int, int], None]


def is_loaded(session: Session) -> bool:
    """Whether the province is there."""
    return session.scalar(select(Unit.id).where(Unit.code == rows("units")[0]["code"])) is not None


def load_province(
    session: Session, password: str, rules: PasswordRules, tell: Tell = lambda _done, _all: None, at_most: int = 10_000
) -> bool:
    """Load it beside the named people, all or nothing; False when it is there. The same people every time.

    tell: told how many of how many teachers are stored; at_most: so many people of each school.
    """
    if is_loaded(session):
        return False
    with transaction(session):
        load_units(session, rows("units"))
        units = {unit.code: unit for unit in session.scalars(select(Unit).order_by(Unit.id))}
        made = [units[row["code"]] for row in rows("units")]
        staff = Staff(session, generate_password_hash(password, rules.method), utc_now())
        staff.know([unit for unit in units.values() if unit not in made])
        staff.named(rows("accounts"), units)
        staff.of_units(made)
        store = Store(session, utc_now())
        total, done = sum(min(int(row["teachers"] or 0), at_most) for row in rows("units")), 0
        for people in _groups(_people(staff, units, at_most)):
            store.records(people, staff.of_teachers)
            done += len(people)
            tell(done, total)
    return True


def place_of(school: Unit, departments: Sequence[Unit] = ()) -> Place:
    """What records tell of a school."""
    above = school.parent.name if school.parent is not None and school.parent.level != "province" else CAPITAL
    town = TOWN.match(above)
    return Place(
        school.id, school.name, school.school_kind, school.school_category, school.urban_rural or "",
        town[0] if town else CAPITAL, school.indicator_set, [(unit.code, unit.name) for unit in departments],
    )  # fmt: skip


def _people(staff: Staff, units: dict[str, Unit], at_most: int) -> Iterator[Person]:
    departments = defaultdict(list)
    for unit in units.values():
        if unit.level == "department":
            departments[unit.parent_id].append(unit)
    number = 0
    for row in rows("units"):
        if row["level"] != "school":
            continue
        school = units[row["code"]]
        place, desk = place_of(school, departments[school.id]), staff.desk(school)
        chance = random.Random(school.code)  # noqa: S311 - repeatable
        for rank in range(min(int(row["teachers"]), at_most)):
            found = life(number, place, rank, school.code[2:4] + AREA, SEED)
            yield person(found, school, desk, ends(row["profile"]).draw(chance), ALL)
            number += 1


def _groups(people: Iterator[Person], size: int = 500) -> Iterator[list[Person]]:
    group: list[Person] = []
    for found in people:
        group.append(found)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
