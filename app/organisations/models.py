"""Table of units."""

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.core.scope import ScopeIds

LEVELS = {"nation": "国家", "province": "省", "city": "市", "county": "县", "school": "学校"}


class Unit(Base):
    """One unit. Scope means administration, not geography: a school run by the city has no county.

    `province_id`, `city_id`, `county_id` name the units above; the unit itself stands in none of them.
    """

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    level: Mapped[str] = mapped_column(String(10))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    province_id: Mapped[int | None] = mapped_column(Integer)
    city_id: Mapped[int | None] = mapped_column(Integer, index=True)
    county_id: Mapped[int | None] = mapped_column(Integer, index=True)
    indicator_set: Mapped[str] = mapped_column(String(1), default="")
    school_category: Mapped[str] = mapped_column(String(10), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)

    parent: Mapped["Unit | None"] = relationship(remote_side=[id])

    @property
    def scope_ids(self) -> ScopeIds:
        """The scope columns of a row that belongs to this unit."""
        own = {f"{self.level}_id": self.id}
        return (
            own.get("province_id", self.province_id),
            own.get("city_id", self.city_id),
            own.get("county_id", self.county_id),
            own.get("school_id"),
        )

    def __str__(self) -> str:
        return self.name
