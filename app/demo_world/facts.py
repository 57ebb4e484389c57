"""The facts of the invented world, read from seed/demo/province: names, careers, subjects, states."""

import csv
import datetime as dt
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any, Generic, TypeVar

from config import ROOT

FOLDER = ROOT / "seed" / "demo" / "province"
T = TypeVar("T")


class Weighted(Generic[T]):
    """Something to choose from, some of it more often."""

    def __init__(self, pairs: Sequence[tuple[T, float]]) -> None:
        self.values = [value for value, _ in pairs]
        self._sums = list(accumulate(weight for _, weight in pairs))

    def draw(self, chance: random.Random) -> T:
        """One of the values."""
        return chance.choices(self.values, cum_weights=self._sums)[0]


@dataclass(frozen=True)
class Given:
    """The characters of given names of one time, by sex."""

    until: int
    characters: Mapping[str, str]  # by GENDER


@dataclass(frozen=True)
class Names:
    """What names are made of."""

    surnames: Weighted[str]
    of_ethnic: Mapping[str, str]
    ethnic: Weighted[str]
    given: Sequence[Given]
    single_share: float


@dataclass(frozen=True)
class Kind:
    """What is usual at one kind of school."""

    titles: Sequence[str]
    grades: Sequence[Sequence[str]]
    org_nature: str
    leaders: Sequence[str]
    category: Weighted[str]
    male: float
    sources: Sequence[str]
    transferred: Sequence[str]
    issuer: str


@dataclass(frozen=True)
class Careers:
    """What lives are made of: `lists` holds the plain lists of the file."""

    lists: Mapping[str, Any]
    kinds: Mapping[str, Kind]
    political: Weighted[str]
    health: Weighted[str]
    marital: Weighted[str]
    ladder: Sequence[tuple[int, float]]  # years of service, share
    born_from: dt.date
    born_days: int
    year: int


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def rows(name: str) -> Sequence[Mapping[str, str]]:
    """The rows of one of the tables."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def names() -> Names:
    """The names and ethnic groups."""
    found = _toml("names")
    common = [(surname, 100 / (1 + place // 3)) for place, surname in enumerate(found["surnames"])]
    total = sum(weight for _, weight in common)
    rare = [(surname, total * found["double_share"] / 4) for surname in found["double_surnames"]]
    return Names(
        Weighted([*common, *rare]),
        {group["code"]: group["surnames"] for group in found["ethnic"] if "surnames" in group},
        Weighted([(group["code"], group["share"]) for group in found["ethnic"]]),
        [Given(era["until"], {"1": era["male"], "2": era["female"]}) for era in found["given"]],
        found["single_share"],
    )


@cache
def careers() -> Careers:
    """What is usual in a teacher's life."""
    found = _toml("careers")
    kinds = {key: Kind(**{**kind, "category": _weighted(kind["category"])}) for key, kind in found["kinds"].items()}
    return Careers(
        lists=found,
        kinds=kinds,
        political=_weighted(found["political"]),
        health=_weighted(found["health"]),
        marital=_weighted(found["marital"]),
        ladder=[(rung["after"], rung["share"]) for rung in found["ladder"]],
        born_from=found["born_from"],
        born_days=found["born_days"],
        year=found["reference_year"],
    )


def _weighted(pairs: Sequence[Sequence[Any]]) -> Weighted[str]:
    return Weighted([(code, weight) for code, weight in pairs])


@cache
def subjects(stage: str) -> Weighted[Mapping[str, str]]:
    """What is taught at a stage (P J H), with the items that follow from it."""
    return Weighted([(row, float(row["weight"])) for row in rows("subjects") if stage in row["stages"]])


@cache
def vocational() -> Weighted[Mapping[str, str]]:
    """What is taught at vocational schools."""
    return Weighted([(row, float(row["weight"])) for row in rows("vocational")])


@cache
def faculties() -> Mapping[str, Mapping[str, str]]:
    """The departments of universities by name: discipline, degrees."""
    return {row["name"]: row for row in rows("faculties")}


@cache
def states() -> dict[str, Any]:
    """How far schools are with their reports, and what reviewers refuse."""
    return _toml("states")


@cache
def ends(profile: str) -> Weighted[str]:
    """How far the people of a school are, by the school's profile."""
    return Weighted(list(states()["profiles"][profile].items()))


@cache
def generated() -> dict[str, Any]:
    """What the counties of load tests are like."""
    return _toml("generated")
