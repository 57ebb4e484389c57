"""Deadlines: which rounds hold for a unit today, and how many records of a school are still to be reported."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.collection.flow import REPORT
from app.collection.rounds_tables import REMIND_DAYS, Round, day_in_words, rounds_for
from app.organisations.models import Unit
from app.records.teacher import Teacher

UNREPORTED = REPORT.by_name["report"].source  # what a school could report now and has not


@dataclass(frozen=True)
class Deadline:
    """A round as it stands today. `missing`: how many of a school's records are not reported; None above schools."""

    round: Round
    today: dt.date
    missing: int | None = None

    @property
    def name(self) -> str:
        return self.round.name

    @property
    def running(self) -> bool:
        """Whether it has begun."""
        return self.round.starts_on <= self.today

    @property
    def days_left(self) -> int:
        """Days until the last one; 0 on the last day."""
        return (self.round.ends_on - self.today).days

    @property
    def is_near(self) -> bool:
        """Whether it ends within the days in which people are reminded."""
        return self.running and self.days_left <= (self.round.remind_days or REMIND_DAYS)

    @property
    def line(self) -> str:
        """All of it in one quiet line."""
        ends = day_in_words(self.round.ends_on, self.today)
        if not self.running:
            return f"下一轮「{self.name}」{day_in_words(self.round.starts_on, self.today)}开始，{ends}截止"
        told = f"「{self.name}」{ends}截止，{self._left}"
        if self.missing is None:
            return told
        return told + (f"，还有 {self.missing} 位没有报送" if self.missing else "，都已报送")

    @property
    def for_teacher(self) -> str:
        """What a teacher is told, who has still to fill in; "" before it begins."""
        ends = day_in_words(self.round.ends_on, self.today)
        return f"学校要在 {ends}前报送「{self.name}」，{self._left}，请提前填好提交。" if self.running else ""

    @property
    def _left(self) -> str:
        return f"还有 {self.days_left} 天" if self.days_left else "今天是最后一天"


def unreported() -> ColumnElement[bool]:
    """The criterion for records that are still to be reported."""
    return Teacher.status.in_(UNREPORTED)


def deadlines_for(session: Session, unit: Unit, today: dt.date, *, counted: bool = True) -> list[Deadline]:
    """The rounds that run for a unit today, the soonest end first; when none runs, the next one to begin.

    One query; for a school in a running round a second one, that counts its records. Above schools, and
    where it is not wanted, nothing is counted.
    """
    known = rounds_for(session, unit, today)
    running = [one for one in known if one.runs_on(today)]
    if not running:
        following = sorted(known, key=lambda one: one.starts_on)
        return [Deadline(one, today) for one in following[:1]]
    missing = None
    if counted and unit.level == "school":
        missing = session.scalar(select(func.count(Teacher.id)).where(Teacher.unit_id == unit.id, unreported())) or 0
    return [Deadline(one, today, missing) for one in running]
