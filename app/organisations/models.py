"""Tables of units: the tree, and the changes of its names, codes and places."""

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.codes import codes
from app.core.db import Base, UtcDateTime
from app.core.indicator_set import IndicatorSet
from app.core.pinyin import syllables
from app.core.scope import ScopeIds

LEVELS = {"nation": "国家", "province": "省", "city": "市", "county": "县", "school": "学校", "department": "二级单位"}
LEVEL_TABLE = "UNIT_LEVEL"
# Which levels a unit may hang on. A county of a municipality has no city above it; the ministry runs some universities.
SUPERIORS = {
    "nation": (),
    "province": ("nation",),
    "city": ("province",),
    "county": ("city", "province"),
    "school": ("county", "city", "province", "nation"),
    "department": ("school",),
}
SCHOOL_KINDS = {"K": "幼儿园", "S": "中小学", "E": "特殊教育", "V": "中职", "H": "高职", "U": "高校"}
SCHOOL_KIND_TABLE = "SCHOOL_KIND"
DEPARTMENT_TABLE = "DEPARTMENT"  # each school's own
codes.declare(SCHOOL_KIND_TABLE, "学校类型", SCHOOL_KINDS)
codes.declare(LEVEL_TABLE, "单位级别", LEVELS)


class Unit(Base):
    """One unit. Scope means administration, not geography: a school run by the city has no county.

    `province_id`, `city_id`, `county_id` name the units above; the unit itself stands in none of them. A department
    hangs on its school; its code is the school's and two signs, and never changes: people's records hold it.
    """

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    level: Mapped[str] = mapped_column(String(10), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    province_id: Mapped[int | None] = mapped_column(Integer)
    city_id: Mapped[int | None] = mapped_column(Integer, index=True)
    county_id: Mapped[int | None] = mapped_column(Integer, index=True)
    school_kind: Mapped[str] = mapped_column("indicator_set", String(1), default="")  # see SCHOOL_KINDS
    school_category: Mapped[str] = mapped_column(String(10), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)  # a department: still offered; others: not 撤销
    pinyin: Mapped[str] = mapped_column(String(800), default="")  # of the name, set with it: whole, then its initials

    # Source: domain reference 1.18. What each of them is stands in declarations.py.
    status: Mapped[str | None] = mapped_column(String(10))
    founder_type: Mapped[str | None] = mapped_column(String(10))
    urban_rural: Mapped[str | None] = mapped_column(String(10))
    admin_div: Mapped[str | None] = mapped_column(String(10))
    seat_code: Mapped[str | None] = mapped_column(String(12))
    aliases: Mapped[str | None] = mapped_column(String(200))
    former_names: Mapped[str | None] = mapped_column(String(200))
    principal: Mapped[str | None] = mapped_column(String(50))
    contact_name: Mapped[str | None] = mapped_column(String(50))
    contact_phone: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(200))
    postcode: Mapped[str | None] = mapped_column(String(6))

    parent: Mapped["Unit | None"] = relationship(remote_side=[id])

    @property
    def scope_ids(self) -> ScopeIds:
        """The scope columns of a row that belongs to this unit."""
        own = {f"{self.level}_id": self.id}
        return (
            own.get("province_id", self.province_id),
            own.get("city_id", self.city_id),
            own.get("county_id", self.county_id),
            self.parent_id if self.level == "department" else own.get("school_id"),
        )

    @property
    def indicator_set(self) -> IndicatorSet:
        """Whose items and codes hold for the records of this unit."""
        province_id, _, _, school_id = self.scope_ids
        return IndicatorSet(self.school_kind, province_id or 0, school_id or 0)

    def __str__(self) -> str:
        return self.name


def spelling(name: str) -> str:
    """How a name is found by its sound: qinghexianyizhong qhxyz."""
    parts = syllables(name).split()
    return f"{''.join(parts)} {''.join(part[0] for part in parts)}"


@event.listens_for(Unit.name, "set")
def _spell(unit: Unit, value: str, _old: Any, _initiator: Any) -> None:
    unit.pinyin = spelling(value)


class UnitChange(Base):
    """A new name, code or superior of a unit from a day on. Until it is applied, what is wanted; then what was before.

    Empty: that stays as it is. `refused` says why it could not take effect on its day.
    """

    __tablename__ = "unit_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    effective_on: Mapped[dt.date] = mapped_column(Date)
    name: Mapped[str | None] = mapped_column(String(100))
    code: Mapped[str | None] = mapped_column(String(12), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    old_name: Mapped[str | None] = mapped_column(String(100))
    old_code: Mapped[str | None] = mapped_column(String(12), index=True)
    old_parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    made_by_id: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[str] = mapped_column(String(64))
    made_unit: Mapped[str] = mapped_column(String(100))
    applied_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    refused: Mapped[str] = mapped_column(String(300), default="")
