"""采集轮次: when records are to be reported. The nation's two of each year are a rule; others are rows of a unit above
the schools. A province may say that reporting is possible within its own rounds only.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from app.core.db import Base
from app.core.sections.fields import ALL_SCHOOL_TYPES
from app.organisations.models import Unit

TODAY = dt.date.today
REMIND_DAYS = 7
# Source: domain reference 3.8. Name, first and last day; the year before is reported in the first.
YEARLY = (("{last} 年度信息全面更新", (1, 1), (3, 31)), ("{year} 年上半年信息更新", (7, 1), (9, 30)))
NATION = "教育部"


class CollectionRound(Base):
    """A round of a province, a city or a county, for the schools below it."""

    __tablename__ = "collection_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(50))
    starts_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)
    school_kinds: Mapped[str] = mapped_column(String(6))  # see SCHOOL_KINDS
    text: Mapped[str] = mapped_column(String(200), default="")
    remind_days: Mapped[int] = mapped_column(Integer, default=REMIND_DAYS)  # 0: nobody is reminded by itself

    unit: Mapped[Unit] = relationship(Unit)


class ReportingChoice(Base):
    """What a province has settled about the time of reporting. No row: always."""

    __tablename__ = "reporting_choice"

    province_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True, autoincrement=False)
    only_in_rounds: Mapped[bool] = mapped_column(Boolean, default=False)


@dataclass(frozen=True)
class Round:
    """A round of the nation or of a unit. `key` names it for good; `unit_id` is 0 for the nation."""

    key: str
    name: str
    starts_on: dt.date
    ends_on: dt.date
    by: str
    unit_id: int = 0
    school_kinds: str = ALL_SCHOOL_TYPES
    text: str = ""
    remind_days: int = REMIND_DAYS

    def runs_on(self, day: dt.date) -> bool:
        """Whether a day lies in it."""
        return self.starts_on <= day <= self.ends_on


def day_in_words(day: dt.date, today: dt.date) -> str:
    """9 月 30 日; with the year where it is another one."""
    year = "" if day.year == today.year else f"{day.year} 年 "
    return f"{year}{day.month} 月 {day.day} 日"


def national_rounds(today: dt.date) -> list[Round]:
    """The nation's rounds of this year and the next that have not ended."""
    found = [
        Round(f"{year}-{number}", name.format(year=year, last=year - 1), dt.date(year, *first), dt.date(year, *last),
              NATION)
        for year in (today.year, today.year + 1)
        for number, (name, first, last) in enumerate(YEARLY, start=1)
    ]  # fmt: skip
    return [one for one in found if one.ends_on >= today]


def as_round(row: CollectionRound) -> Round:
    """A stored round."""
    return Round(
        str(row.id), row.name, row.starts_on, row.ends_on, row.unit.name, row.unit_id, row.school_kinds, row.text,
        row.remind_days,
    )  # fmt: skip


def rounds_of(session: Session, unit_ids: Sequence[int], today: dt.date) -> list[Round]:
    """The rounds of these units that have not ended; one query."""
    query = select(CollectionRound).where(CollectionRound.unit_id.in_(unit_ids), CollectionRound.ends_on >= today)
    return [as_round(row) for row in session.scalars(query.options(joinedload(CollectionRound.unit)))]


def rounds_for(session: Session, unit: Unit, today: dt.date) -> list[Round]:
    """The rounds that hold for a unit and have not ended: its own, those of units above, the nation's; soonest first.

    For a school only those for its kind. One query.
    """
    above = {unit.id, *filter(None, unit.scope_ids)}
    found = [*national_rounds(today), *rounds_of(session, sorted(above), today)]
    held = [one for one in found if not unit.school_kind or unit.school_kind in one.school_kinds]
    return sorted(held, key=lambda one: (one.ends_on, one.starts_on))


def reporting_closed(session: Session, school: Unit, today: dt.date) -> str:
    """Why a school cannot report today, and from when it can; "" when nothing is in the way."""
    choice = session.get(ReportingChoice, school.province_id) if school.province_id else None
    if choice is None or not choice.only_in_rounds:
        return ""
    own = [one for one in rounds_of(session, [choice.province_id], today) if school.school_kind in one.school_kinds]
    if any(one.runs_on(today) for one in own):
        return ""
    why = "省里规定只在采集轮次内报送，现在不在轮次内。"
    if not own:
        return f"{why}下一轮的时间还没有公布，请等省里的通知。"
    following = min(own, key=lambda one: one.starts_on)
    return f"{why}下一轮「{following.name}」从 {day_in_words(following.starts_on, today)}起可以报送。"
