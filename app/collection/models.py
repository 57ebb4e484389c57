"""Tables of collection: which levels review, and what was approved."""

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, UtcDateTime
from app.core.scope import SCOPE_COLUMNS, Scoped, ScopeIds
from app.records.teacher import Teacher


class ReviewLevel(Base):
    """A province's choice for one level; without a row the default of the flow holds."""

    __tablename__ = "review_level"
    __table_args__ = (UniqueConstraint("province_id", "level"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    province_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    level: Mapped[str] = mapped_column(String(10))
    enabled: Mapped[bool] = mapped_column(Boolean)


class Snapshot(Base, Scoped):
    """A record as it was approved: codes only, compressed; labels and names stand in its declaration version."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("teacher.id"), index=True)
    declaration_id: Mapped[str] = mapped_column(String(32), ForeignKey("declaration.id"))
    taken_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    taken_by: Mapped[str] = mapped_column(String(64))
    unit_name: Mapped[str] = mapped_column(String(100))
    teacher_version: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    def scope_ids(self, session: Session) -> ScopeIds:
        owner = session.get_one(Teacher, self.teacher_id)
        province, city, county, school = (getattr(owner, column) for column in SCOPE_COLUMNS)
        return (province, city, county, school)
