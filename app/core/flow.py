"""A workflow is a table: states, steps, who may take them and under which guards.

`move` is the only way to change a state. Buttons, to-do lists, the permission matrix and the manual's table come from
the same rows.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.db import Base, UtcDateTime
from app.core.errors import AppError, Conflict
from app.core.scope import SCOPE_COLUMNS, Scoped, ScopeIds
from app.permissions import Permission

T = TypeVar("T")
NAME_LENGTH = 64
Guard: TypeAlias = Callable[[Session, Any, Actor], None]
TagKind: TypeAlias = Literal["draft", "wait", "no", "ok", "info"]


@dataclass(frozen=True)
class State:
    """A state and how it is shown."""

    label: str
    kind: TagKind


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: from which states, to which, who, and what must hold. `target` may be decided by the operation."""

    name: str
    label: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    permission: Permission
    needs_comment: bool = False
    guards: tuple[Guard, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Flow:
    """A workflow."""

    name: str
    title: str
    states: Mapping[str, State]
    steps: tuple[Step, ...]
    start: str
    by_name: Mapping[str, Step] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})

    def defects(self) -> Iterator[str]:
        """What is wrong with the table itself: unknown and unreachable states, steps named twice."""
        reached = {self.start}
        for step in self.steps:
            reached |= set(step.target)
            for state in (*step.source, *step.target):
                if state not in self.states:
                    yield f"{self.name}.{step.name}: unknown state {state}"
        yield from (f"{self.name}: state {state} is never reached" for state in self.states if state not in reached)
        if len(self.by_name) != len(self.steps):
            yield f"{self.name}: two steps with one name"

    def open_to(self, session: Session, row: Any, actor: Actor) -> list[Step]:
        """The steps that the actor could take now: what a page offers as buttons."""
        return [step for step in self.steps if self._refusal(session, step, row, actor) is None]

    def _refusal(self, session: Session, step: Step, row: Any, actor: Actor) -> AppError | None:
        try:
            self.check(session, step, row, actor)
        except AppError as error:
            return error
        return None

    def check(self, session: Session, step: Step, row: Any, actor: Actor) -> None:
        """Raise AppError when the actor may not take the step now."""
        actor.must(step.permission)
        if row.status not in step.source:
            raise Conflict(f"现在是「{self.states[row.status].label}」，不能{step.label}。请刷新后再看。")
        for guard in step.guards:
            guard(session, row, actor)


class FlowLog(Base, Scoped):
    """One step that was taken."""

    __tablename__ = "flow_log"
    # The latest steps of one place are read from the end: without these, through everybody's.
    __table_args__ = (
        Index("ix_flow_log_school_id", "school_id", "id"),
        Index("ix_flow_log_county_id", "county_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    flow: Mapped[str] = mapped_column(String(30))
    row_id: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(String(30))
    from_state: Mapped[str] = mapped_column(String(30))
    to_state: Mapped[str] = mapped_column(String(30))
    actor_id: Mapped[int] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    unit_id: Mapped[int] = mapped_column(Integer)
    unit_name: Mapped[str] = mapped_column(String(100))
    comment: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    def scope_ids(self, session: Session) -> ScopeIds:
        return (self.province_id, self.city_id, self.county_id, self.school_id)


def lock(session: Session, model: type[T], row_id: int, version: int | None = None) -> T:
    """Read a row again under a lock, before it is judged. Raises Conflict when it is not the version that was shown."""
    row = session.get(model, row_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise Conflict("这条记录已经不在了，请刷新列表。")
    if version is not None and row.version != version:  # type: ignore[attr-defined]
        raise Conflict("这份资料刚被别人改过或处理过，您看到的不是最新内容。请刷新后再办。")
    return row


def move(
    session: Session,
    flow: Flow,
    row: Any,
    step_name: str,
    *,
    actor: Actor,
    now: dt.datetime,
    target: str = "",
    comment: str = "",
) -> FlowLog:
    """Take a step on a locked row: check, change the state, log. The caller adds side effects in the same transaction.

    `target` chooses among several targets of the step. Raises AppError; then nothing has changed.
    """
    step = flow.by_name[step_name]
    flow.check(session, step, row, actor)
    if step.needs_comment and not comment.strip():
        raise AppError("请写明原因，让对方知道要改什么。", field="comment")
    goal = target or step.target[0]
    if goal not in step.target:
        raise ValueError(f"{flow.name}.{step_name} does not lead to {goal}")
    entry = FlowLog(
        flow=flow.name,
        row_id=row.id,
        teacher_id=row.teacher_id,
        step=step_name,
        from_state=row.status,
        to_state=goal,
        actor_id=actor.user_id,
        actor_name=actor.signature(step.permission)[:NAME_LENGTH],
        unit_id=actor.unit_id,
        unit_name=actor.unit_name,
        comment=comment.strip()[:500],
        at=now,
        **{column: getattr(row, column) for column in SCOPE_COLUMNS},
    )
    session.add(entry)
    row.status = goal
    return entry
