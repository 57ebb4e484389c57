"""Who reviews a school's reports: computed from the tree and the province's choice of levels."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.collection.models import ReviewLevel
from app.collection.queries import next_reviewer, review_chain
from app.organisations.models import Unit
from tests.conftest import CITY_SCHOOL, PRIMARY, SCHOOL


@pytest.fixture
def chain_of(everything: Session) -> Callable[[str], list[str]]:
    def compute(code: str) -> list[str]:
        school = everything.scalars(sa.select(Unit).where(Unit.code == code)).one()
        return [unit.name for unit in review_chain(everything, school)]

    return compute


def switch(session: Session, **levels: bool) -> None:
    province = session.scalars(sa.select(Unit).where(Unit.level == "province")).one()
    session.add_all(ReviewLevel(province_id=province.id, level=name, enabled=on) for name, on in levels.items())
    session.flush()


def test_school_with_two_reviewers_takes_part(chain_of: Callable[[str], list[str]]) -> None:
    assert chain_of(SCHOOL) == ["青禾县第一中学", "青禾县教育体育局"]


def test_school_with_one_reviewer_is_left_out(chain_of: Callable[[str], list[str]]) -> None:
    assert chain_of(PRIMARY) == ["青禾县教育体育局"]


def test_an_account_that_was_closed_is_no_second_reviewer(
    chain_of: Callable[[str], list[str]], everything: Session
) -> None:
    everything.execute(sa.update(Account).where(Account.username == "wangjianguo").values(active=False))
    assert chain_of(SCHOOL) == ["青禾县教育体育局"]


def test_school_of_the_city_has_no_county(chain_of: Callable[[str], list[str]]) -> None:
    assert chain_of(CITY_SCHOOL) == ["南屏市教育局"]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"city": True}, ["青禾县第一中学", "青禾县教育体育局", "南屏市教育局"]),
        ({"province": True}, ["青禾县第一中学", "青禾县教育体育局", "云川省教育厅"]),
        ({"city": True, "province": True}, ["青禾县第一中学", "青禾县教育体育局", "南屏市教育局", "云川省教育厅"]),
        ({"school": False}, ["青禾县教育体育局"]),
    ],
)
def test_the_province_switches_levels(
    chain_of: Callable[[str], list[str]], everything: Session, levels: dict[str, bool], expected: list[str]
) -> None:
    switch(everything, **levels)
    assert chain_of(SCHOOL) == expected


def test_the_direct_authority_reviews_even_when_its_level_is_off(
    chain_of: Callable[[str], list[str]], everything: Session
) -> None:
    switch(everything, county=False, city=False)
    assert chain_of(PRIMARY) == ["青禾县教育体育局"]
    assert chain_of(CITY_SCHOOL) == ["南屏市教育局"]


def test_another_provinces_choice_does_not_count(chain_of: Callable[[str], list[str]], everything: Session) -> None:
    nation = everything.scalars(sa.select(Unit).where(Unit.level == "nation")).one()
    everything.add(ReviewLevel(province_id=nation.id, level="city", enabled=True))
    everything.flush()
    assert "南屏市教育局" not in chain_of(SCHOOL)


def test_next_reviewer() -> None:
    levels = ("nation", "province", "city", "county", "school")
    school, county, city, province, nation = (Unit(name=level, level=level) for level in reversed(levels))

    def following(chain: list[Unit], *passed: Unit | None) -> list[str]:
        found = [next_reviewer(chain, current) for current in passed]
        return [unit.name if unit else "" for unit in found]

    chain = [school, county, province]
    assert following(chain, None, school, county, province) == ["school", "county", "province", ""]
    assert following(chain, city) == ["province"], "a level that was switched off leads on to the next"
    assert following([county], school) == ["county"], "a school that has left the chain approves nothing for good"
    assert following([county], city) == [""]
    assert following([nation], None, province) == ["nation", "nation"]
    assert next_reviewer([], None) is None
