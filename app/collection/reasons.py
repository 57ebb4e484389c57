"""Why items are sent back: the reasons offered to a reviewer. The nation's stand in code, each authority adds its own.

What a unit adds is offered to it and to the units below. A mark keeps the words of its day.
"""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Boolean, ColumnElement, ForeignKey, Integer, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.core.actor import Actor
from app.core.db import Base
from app.core.errors import Conflict, NotAllowed
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records.marks import OTHER, REASONS, WORDS_LENGTH

MOST = 30  # of one unit
LOG = "review_reason"
REASON = Settings(
    name="review_reason",
    title="退回原因",
    items=(
        Field(name="words", label="原因", kind="text", length=WORDS_LENGTH, required=True,
              help="一句短话，如 缺单位公章。审核时从列表里选，教师能看到。"),
    ),
)  # fmt: skip
# The list of changes also tells since when a reason is retired; in the form there is a button for it.
TOLD = Settings(
    name="review_reason",
    title="退回原因",
    items=(*REASON.items, Field(name="active", label="在用", kind="bool", code_table="YES_NO")),
)


class ReviewReason(Base):
    """A reason that a unit has added. Never deleted, only retired."""

    __tablename__ = "review_reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(Integer, ForeignKey("unit.id"), index=True)
    unit: Mapped[Unit] = relationship(Unit)
    words: Mapped[str] = mapped_column(String(WORDS_LENGTH))
    active: Mapped[bool] = mapped_column(Boolean, default=True)

    @property
    def code(self) -> str:
        """How a mark names it, beside the nation's."""
        return f"r{self.id}"


def offered_to(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The reasons of the actor's unit and of those above."""
    above = [unit_id for unit_id in session.get_one(Unit, actor.unit_id).scope_ids if unit_id is not None]
    nation = select(Unit.id).where(Unit.level == "nation")
    return or_(ReviewReason.unit_id.in_([actor.unit_id, *above]), ReviewReason.unit_id.in_(nation))


def reasons_for(session: Session, actor: Actor) -> dict[str, str]:
    """The reasons offered to a reviewer by their codes; that which needs a sentence comes last."""
    wanted = ReviewReason.active.is_(True), offered_to(session, actor)
    added = session.scalars(select(ReviewReason).where(*wanted).order_by(ReviewReason.id))
    found = {code: words for code, words in REASONS.items() if code != OTHER}
    return found | {reason.code: reason.words for reason in added} | {OTHER: REASONS[OTHER]}


def save_reason(
    session: Session, actor: Actor, row: ReviewReason | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Add a reason to the actor's unit, or word one anew; the problems that kept it from being stored."""
    _own_unit(session, actor, row)
    base: dict[str, Value] = {} if row is None else {"words": row.words}
    values, found = read_settings(REASON, texts, actor.indicator_set, base)
    wanted = or_(ReviewReason.active.is_(True), ReviewReason.unit_id == actor.unit_id)
    rows = session.scalars(select(ReviewReason).where(offered_to(session, actor), wanted)).all()
    if values.get("words") in [*REASONS.values(), *(other.words for other in rows if other is not row)]:
        found.append(Problem("words", f"已经有「{values['words']}」。本单位停用的请「恢复」，不要新增。"))
    if row is None and sum(other.unit_id == actor.unit_id for other in rows) >= MOST:
        found.append(Problem("words", f"一个单位最多 {MOST} 个原因。"))
    if found:
        return found
    row = row or ReviewReason(unit_id=actor.unit_id, active=True)
    row.words = str(values["words"])
    session.add(row)
    session.flush()
    note_change(session, actor, now, LOG, row.code, base, values)
    return []


def set_reason_in_use(session: Session, actor: Actor, row: ReviewReason, now: dt.datetime, *, in_use: bool) -> None:
    """Stop offering a reason, or offer it again. Marks that name it stay as they are."""
    _own_unit(session, actor, row)
    if in_use == row.active:
        raise Conflict("刚刚有人办过了，请看列表中的最新情况。")
    note_change(session, actor, now, LOG, row.code, {"active": "01"[row.active]}, {"active": "01"[in_use]})
    row.active = in_use
    session.flush()


def _own_unit(session: Session, actor: Actor, row: ReviewReason | None) -> None:
    """Lock the actor's unit. Raises NotAllowed for another unit's reason."""
    actor.must(P.REASON_EDIT)
    if row is not None and row.unit_id != actor.unit_id:
        raise NotAllowed("只能维护本单位增加的退回原因。")
    session.get_one(Unit, actor.unit_id, with_for_update=True)
