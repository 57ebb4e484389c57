"""Where an invented record stands: the steps it has taken, who took them and when, what was refused."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.demo_world.facts import states
from app.demo_world.sections import Rows
from app.records.marks import REASONS
from app.records.states import FIRST_REPORT, REPORTED_AGAIN

FIRST_HOUR, HOURS = 0, 9  # of the day in UTC: office hours in China
INCOMPLETE = "half"
OWN_STEPS = ("submitted", "returned")  # of these the teacher has handed in the record


@dataclass(frozen=True)
class Doer:
    """Who takes a step."""

    id: int
    name: str
    unit_id: int
    unit_name: str


@dataclass(frozen=True)
class Desk:
    """Who reports at a school, and who reviews, from the first unit of the chain to the last."""

    reporter: Doer
    reviewers: Sequence[Sequence[Doer]]


@dataclass
class Course:
    """What became of a record so far."""

    name: str
    status: str = "draft"
    stage: int = 0
    waiting_unit_id: int | None = None
    reported: tuple[Doer, dt.datetime] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)  # of flow_log
    marks: list[dict[str, Any]] = field(default_factory=list)  # of review_mark; `at` is the place of the row
    mended: dict[str, Any] | None = None  # the refusal whose item was wrong before
    mended_at: dt.datetime | None = None

    @property
    def arrival(self) -> str | None:
        """How the report came to the unit where it waits."""
        again = any(step["step"] == "reject" for step in self.steps)
        return (REPORTED_AGAIN if again else FIRST_REPORT) if self.waiting_unit_id else None

    @property
    def version(self) -> int:
        """Of the person's row: each step changes it, and so does mending another row."""
        return 1 + len(self.steps) + (self.mended is not None)


def begins_at(chance: random.Random) -> dt.datetime:
    """When a record was filled in."""
    day = states()["opened"] + dt.timedelta(days=chance.randrange(states()["begin_within_days"]))
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(minutes=_minutes(chance))


def _minutes(chance: random.Random) -> int:
    return (FIRST_HOUR * 60) + chance.randrange(HOURS * 60)


@dataclass
class _Walk:
    course: Course
    desk: Desk
    teacher: Doer | None
    rows: Rows
    chance: random.Random
    now: dt.datetime

    def later(self, days: int) -> None:
        start = dt.datetime.combine(self.now.date(), dt.time(), dt.UTC)
        self.now = start + dt.timedelta(days=1 + self.chance.randrange(days), minutes=_minutes(self.chance))

    def step(self, name: str, doer: Doer, target: str, comment: str = "") -> None:
        self.course.steps.append(
            {"step": name, "from_state": self.course.status, "to_state": target, "actor_id": doer.id,
             "actor_name": doer.name, "unit_id": doer.unit_id, "unit_name": doer.unit_name, "comment": comment,
             "at": self.now}
        )  # fmt: skip
        self.course.status = target

    def submit(self) -> None:
        if self.teacher is not None:
            self.later(4)
            self.step("submit", self.teacher, "submitted_to_school")

    def report(self) -> None:
        self.later(4)
        self.step("report", self.desk.reporter, "in_review")
        self.course.reported = (self.desk.reporter, self.now)
        self._wait_at(0)
        for mark in self.course.marks:
            mark["closed_at"] = self.now

    def _wait_at(self, place: int) -> None:
        self.course.waiting_unit_id, self.course.stage = self.desk.reviewers[place][0].unit_id, place + 1

    def pass_on(self, until: int) -> None:
        """Approvals up to a place in the chain; at its end the record is approved."""
        for place in range(self.course.stage - 1, until):
            self.later(5)
            last = place + 1 == len(self.desk.reviewers)
            doer = self.chance.choice(self.desk.reviewers[place])
            self.step("approve", doer, "approved" if last else "in_review")
            if last:
                self.course.waiting_unit_id, self.course.stage = None, 0
            else:
                self._wait_at(place + 1)

    def refuse(self, refusal: Mapping[str, Any]) -> None:
        self.later(5)
        place = self.course.stage - 1
        by_school = self.course.status == "submitted_to_school"
        doer = self.desk.reporter if by_school else self.chance.choice(self.desk.reviewers[place])
        self.step("return_to_teacher" if by_school else "reject", doer, "rejected", "退回 1 项")
        self.course.waiting_unit_id, self.course.stage = None, 0
        self.course.marks.append(
            {"section": refusal["section"], "item": refusal["item"], "reason": refusal["reason"],
             "words": REASONS[refusal["reason"]], "note": refusal["note"], "by_name": doer.name,
             "by_unit": doer.unit_name, "opened_at": self.now, "closed_at": None}
        )  # fmt: skip

    def mend(self, refusal: dict[str, Any]) -> None:
        self.later(3)
        self.course.mended, self.course.mended_at = refusal, self.now


def course(name: str, desk: Desk, teacher: Doer | None, rows: Rows, now: dt.datetime, chance: random.Random) -> Course:
    """The steps of a record that ends in this way; `rows` are its sections, `now` is when it was filled in."""
    walk = _Walk(Course(name), desk, teacher, rows, chance, now)
    if name in (INCOMPLETE, "ready"):
        return walk.course
    walk.submit()
    if name == "submitted":
        return walk.course
    if name == "returned":
        walk.refuse(_refusal(walk, mendable=False))
        return walk.course
    walk.report()
    if name in ("refused", "again", "approved_again"):
        walk.pass_on(chance.randrange(len(desk.reviewers)))
        refusal = _refusal(walk, mendable=name != "refused")
        walk.refuse(refusal)
        if name == "refused":
            return walk.course
        walk.mend(refusal)
        walk.report()
    if name == "passed":
        walk.pass_on(len(desk.reviewers) - 1)
    elif name in ("approved", "approved_again"):
        walk.pass_on(len(desk.reviewers))
    return walk.course


def _refusal(walk: _Walk, *, mendable: bool) -> dict[str, Any]:
    known = [
        refusal for refusal in states()["refusals"]
        if (refusal["section"] == "basic_info" or refusal["section"] in walk.rows)
        and ("mend" in refusal or not mendable)
    ]  # fmt: skip
    return walk.chance.choice(known)


def wrong_value(refusal: Mapping[str, Any], right: str) -> str:
    """What stood in an item before it was mended."""
    if refusal["mend"] == "month":
        return f"{right[:5]}{int(right[5:]) % 12 + 1:02d}"
    return right[:-2]
