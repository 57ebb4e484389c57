"""By what the people of a unit are counted: how a code is stored for a school, and under which name it is shown.

Codes are stored as the record has them and put together at reading: a name may stand for several codes, and other
codes may mean the same in another kind of school.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import case, literal

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.organisations.models import Unit
from app.records.teacher import SECTION, Teacher

NOT_FILLED = "未填"
OTHER = "其他"
Named: TypeAlias = tuple[int, str]  # its place among the others, and the name
BASIC, HIGHER = frozenset("KSE"), frozenset("VHU")


@dataclass(frozen=True)
class Dimension:
    """One of them. `named`: a code in a kind of school, given all kinds that are counted together."""

    name: str
    label: str
    column: Callable[[dt.date], Any]
    named: Callable[[str, str, Collection[str]], Named]


# ── age: the bands of JY/T 1001, which differ by the kind of school. Stored are those that fit into both. ──

YOUNGEST = 25
LIMITS = range(YOUNGEST, 66, 5)  # the oldest of each band; above the last there is one more
OLDEST = 66


def _years_before(day: dt.date, years: int) -> dt.date:
    """Who was born on that day or earlier is so old on `day`."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def age_band(today: dt.date) -> Any:
    """The band of a person's age on a day."""
    born = Teacher.birth_date
    bands = [(born > _years_before(today, limit + 1), literal(str(limit))) for limit in LIMITS]
    return case((born.is_(None), literal("")), *bands, else_=str(OLDEST))


def age_named(code: str, _kind: str, kinds: Collection[str]) -> Named:
    """中小学 etc. end with ≥61, 中职 and 高校 begin with ≤30; where both are counted, both are told apart."""
    limit = int(code)
    if limit > LIMITS[-2] and not HIGHER & set(kinds):
        return (LIMITS[-1], "61 岁及以上")
    if limit <= YOUNGEST + 5 and not BASIC & set(kinds):
        return (YOUNGEST + 5, "30 岁及以下")
    if limit == OLDEST:
        return (limit, "66 岁及以上")
    return (limit, f"{limit} 岁及以下" if limit == YOUNGEST else f"{limit - 4}–{limit} 岁")


# ── codes put together ──

EDUCATION_LEVELS: Mapping[str, str] = {"2": "大学本科", "3": "大学专科", "4": "高中阶段", "6": "高中阶段",
                                       "7": "初中及以下", "8": "初中及以下"}  # fmt: skip
DOCTOR, MASTER = "博士研究生", "硕士研究生"
EDUCATION_ORDER = (DOCTOR, MASTER, *dict.fromkeys(EDUCATION_LEVELS.values()), OTHER)
DOCTORS = ("11", "12", "13")
TITLE_LEVELS = {"1": "正高级", "2": "副高级", "3": "中级", "4": "助理级", "5": "员级"}  # by the last digit
TITLE_LENGTH = 3
NO_TITLE = "无"
TITLE_ORDER = (*TITLE_LEVELS.values(), OTHER, NO_TITLE)
PLACES = {"11": "城区", "12": "镇区", "21": "乡村", "22": "乡村"}
PLACE_ORDER = (*dict.fromkeys(PLACES.values()), OTHER)


def education_named(code: str, _kind: str, _kinds: Collection[str]) -> Named:
    """The level of an education, finished or not."""
    name = (DOCTOR if code in DOCTORS else MASTER) if code[:1] == "1" else EDUCATION_LEVELS.get(code[:1], OTHER)
    return (EDUCATION_ORDER.index(name), name)


def title_named(code: str, _kind: str, _kinds: Collection[str]) -> Named:
    """The level of a title, which the last digit of the nation's codes tells."""
    told = len(code) == TITLE_LENGTH and code.isdigit()
    name = NO_TITLE if code == "0" else TITLE_LEVELS.get(code[-1], OTHER) if told else OTHER
    return (TITLE_ORDER.index(name), name)


def place_named(code: str, _kind: str, _kinds: Collection[str]) -> Named:
    """城区, 镇区 or 乡村."""
    name = PLACES.get(code[:2], OTHER)
    return (PLACE_ORDER.index(name), name)


def _coded(item: str, length: int = 20) -> Callable[[str, str, Collection[str]], Named]:
    """By the names of an item's codes, longer codes under the one they begin with."""

    def named(code: str, kind: str, _kinds: Collection[str]) -> Named:
        table = codes[SECTION.fields[item].table_for(IndicatorSet(kind))]
        entry = table.entries.get(code[:length]) or table.entries.get(code)
        return (entry.sort, entry.name) if entry else (10**6, OTHER)

    return named


def _item(name: str) -> Callable[[dt.date], Any]:
    return lambda _today: getattr(Teacher, name)


DIMENSIONS: Sequence[Dimension] = (
    Dimension("gender", "性别", _item("gender"), _coded("gender")),
    Dimension("age", "年龄", age_band, age_named),
    Dimension("highest_education", "学历", _item("highest_education"), education_named),
    Dimension("current_title", "职称", _item("current_title"), title_named),
    Dimension("staff_category", "教职工类别", _item("staff_category"), _coded("staff_category", 2)),
    Dimension("current_post_category", "岗位类别", _item("current_post_category"), _coded("current_post_category")),
    Dimension("urban_rural", "城乡", lambda _today: Unit.urban_rural, place_named),
)
BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}
