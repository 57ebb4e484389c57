"""What a reviewer refused: section, row, item. Open marks are what is unlocked after a rejection."""

import datetime as dt

from sqlalchemy import ForeignKey, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, UtcDateTime
from app.core.scope import SCOPE_COLUMNS, Scoped, ScopeIds
from app.records.teacher import Teacher

MISSING, OTHER = "missing", "other"
WORDS_LENGTH = 40
# What the whole nation has; authorities add their own, see collection/reasons.py.
REASONS = {
    "evidence": "与证明材料不一致",
    MISSING: "缺少证明材料",
    "incomplete": "填写不完整",
    "wrong": "填写有误",
    "duplicate": "与其他记录重复",
    OTHER: "其他原因",
}


def mark_text(reason: str, note: str) -> str:
    """A reason and the sentence beside it."""
    return f"{reason}：{note}" if note else reason


class ReviewMark(Base, Scoped):
    """One refused item, row or section. `item` empty: the whole row; `row_id` empty as well: the whole section.

    `section` empty: the record as a whole, everything is unlocked.
    """

    __tablename__ = "review_mark"

    id: Mapped[int] = mapped_column(primary_key=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("teacher.id"), index=True)
    section: Mapped[str] = mapped_column(String(40), default="")
    row_id: Mapped[int | None] = mapped_column(Integer)
    item: Mapped[str] = mapped_column(String(60), default="")
    reason: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(String(WORDS_LENGTH), default="")  # the reason as it was worded that day
    note: Mapped[str] = mapped_column(String(300), default="")
    by_name: Mapped[str] = mapped_column(String(64))
    by_unit: Mapped[str] = mapped_column(String(100))
    opened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    @property
    def text(self) -> str:
        return mark_text(self.words, self.note)

    def scope_ids(self, session: Session) -> ScopeIds:
        owner = session.get_one(Teacher, self.teacher_id)
        province, city, county, school = (getattr(owner, column) for column in SCOPE_COLUMNS)
        return (province, city, county, school)


def open_marks(session: Session, teacher_id: int) -> list[ReviewMark]:
    """What is still to be mended, oldest first."""
    query = select(ReviewMark).where(ReviewMark.teacher_id == teacher_id, ReviewMark.closed_at.is_(None))
    return list(session.scalars(query.order_by(ReviewMark.id)))
