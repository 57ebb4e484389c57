"""A file becomes a plan, and the plan is confirmed.

What a file would change is kept until somebody has looked at it and says yes. Then its lines are compared anew, and
when that comes out the same they are written, all of them or none, once. A kind of file says who may, what its lines
mean and how that is written; the rest is the same for all.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import JSON, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.db import Base, UtcDateTime
from app.core.errors import AppError, Conflict
from app.core.file_lines import Line, read_lines
from app.core.flow import lock
from app.core.sections.fields import Value
from app.core.sections.section import Problem
from app.core.sections.sheets import Book
from app.core.workbook_reader import Sheet

KEPT = dt.timedelta(days=1)
DONE = "这个文件已经写入过，没有再写一遍。"
EXPIRED = "这个文件上传已超过一天，什么都没有写入。请重新上传，对照最新内容再确认。"
HAS_ERRORS = "还有 {count} 处有错，什么都没有写入。请改好后重新上传。"
STALE = "上传之后有关内容又有变动，什么都没有写入。请重新上传这个文件，对照最新内容再确认。"

Steps: TypeAlias = Sequence[Mapping[str, Any]]


class FilePlan(Base):
    """What one uploaded file would change. It changes nothing until it is confirmed."""

    __tablename__ = "file_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(40), default="")  # which of several: the name of a code table
    choice: Mapped[str] = mapped_column(String(20), default="")  # what was chosen with the file
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    applied_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # [[row of the file, {item: cell}]]; none when there are errors, because it will never be written
    lines: Mapped[list[Any]] = mapped_column(JSON, deferred=True)
    # {"steps": [{"kind", "code", "row", "texts": {item: text}, "old": {item: text} where it differs}],
    #  "errors": [{"row", "code", "label", "message"}], "same": n, "notes": [sentence]}
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True)
class Asked:
    """Who wants a file written, when, and about what."""

    actor: Actor
    now: dt.datetime
    about: str = ""
    choice: str = ""


@dataclass
class Findings:
    """What is understood of a file. `rows`: where each code stands; `wanted`: the values of those that can be read."""

    labels: Mapping[str, str]
    steps: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    same: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    wanted: dict[str, dict[str, Value]] = field(default_factory=dict)
    bad_rows: set[int] = field(default_factory=set)

    def wrong(self, row: int, code: str, problem: Problem) -> None:
        """Note what is wrong in one cell."""
        self.bad_rows.add(row)
        label = self.labels[problem.item]
        self.errors.append({"row": row, "code": code, "label": label, "message": problem.message})


@dataclass(frozen=True)
class PlanKind:
    """One kind of file. `may` raises NotAllowed; `hold` locks what two files would both write."""

    name: str
    book: Book
    most: int  # lines
    may: Callable[[Session, Asked], Any]
    hold: Callable[[Session, Asked], Any]
    compare: Callable[[Session, Asked, Sequence[Line]], Findings]
    write: Callable[[Session, Asked, Steps], Any]


def plan_file(session: Session, kind: PlanKind, asked: Asked, sheets: Sequence[Sheet], file_name: str) -> FilePlan:
    """Compare a file with what is stored. Raises AppError when nothing of this kind can be found in it."""
    kind.may(session, asked)
    lines, notes = read_lines(kind.book, sheets, kind.most)
    found = _compared(session, kind, asked, lines)
    plan = FilePlan(
        kind=kind.name, about=asked.about, choice=asked.choice, user_id=asked.actor.user_id, file_name=file_name,
        at=asked.now, lines=[] if found.errors else [[line.number, line.cells] for line in lines],
        content={"steps": found.steps, "errors": found.errors, "same": found.same, "notes": notes},
    )  # fmt: skip
    session.add(plan)
    session.flush()
    return plan


def own_plan(session: Session, kind: PlanKind, actor: Actor, plan_id: int, about: str = "") -> FilePlan | None:
    """One of the actor's plans."""
    own = (FilePlan.kind == kind.name, FilePlan.about == about, FilePlan.user_id == actor.user_id)
    plan: FilePlan | None = session.scalar(select(FilePlan).where(FilePlan.id == plan_id, *own))
    return plan


def confirm_plan(session: Session, kind: PlanKind, actor: Actor, plan_id: int, now: dt.datetime) -> tuple[int, Any]:
    """Write what the plan says; how many steps, and what the kind gives back. Raises Conflict when it does not hold
    any more: somebody was faster, or what is stored has moved."""
    plan = lock(session, FilePlan, plan_id)
    if plan.applied_at is not None:
        raise Conflict(DONE)
    if plan.at < now - KEPT:
        raise Conflict(EXPIRED)
    if count := len(plan.content["errors"]):
        raise AppError(HAS_ERRORS.format(count=count))
    asked = Asked(actor, now, plan.about, plan.choice)
    kind.may(session, asked)
    kind.hold(session, asked)
    again = _compared(session, kind, asked, [Line(number, cells) for number, cells in plan.lines])
    steps = plan.content["steps"]
    if again.errors:
        raise Conflict("{}第 {row} 行「{label}」：{message}".format(STALE, **again.errors[0]))
    if again.steps != steps:
        raise Conflict(STALE)
    given = kind.write(session, asked, steps)
    plan.applied_at = now
    session.flush()
    return len(steps), given


def _compared(session: Session, kind: PlanKind, asked: Asked, lines: Sequence[Line]) -> Findings:
    found = kind.compare(session, asked, lines)
    found.errors.sort(key=lambda error: int(error["row"]))
    return found
