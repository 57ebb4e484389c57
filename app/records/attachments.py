"""Attachments: the scanned documents of a section row. They go with their row, whoever deletes it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ForeignKey, Index, Integer, String, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, UtcDateTime
from app.core.errors import NotFound
from app.core.files import REFERS_TO_FILE
from app.core.scope import SCOPE_COLUMNS, Scoped, ScopeIds
from app.core.sections.fields import Field
from app.records.base import SectionRow
from app.records.many import parts
from app.records.teacher import Teacher

MAX_FILES = 10  # of one row
MAX_MB = 10  # of one file
ITEM = "attachment"  # what the history calls a file that came or went
HISTORY_FIELD = Field(label="附件", kind="text")

Place: TypeAlias = tuple[str, int]  # section and row


class Attachment(Base, Scoped):
    """One document of one row. The content lies in the file store under `digest`, a small picture of it apart."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_place", "teacher_id", "section", "row_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("teacher.id"))
    section: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(100))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64), index=True, info=REFERS_TO_FILE)
    thumb_digest: Mapped[str | None] = mapped_column(String(64), index=True, info=REFERS_TO_FILE)
    uploaded_by: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    @property
    def place(self) -> Place:
        """The row it belongs to."""
        return (self.section, self.row_id)

    def scope_ids(self, session: Session) -> ScopeIds:
        owner = session.get_one(Teacher, self.teacher_id)
        province, city, county, school = (getattr(owner, column) for column in SCOPE_COLUMNS)
        return (province, city, county, school)


def attachment_for(session: Session, attachment_id: int) -> Attachment:
    """An attachment within the scope. Raises NotFound, for foreign ones as for missing ones."""
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound("没有这个附件。")
    return found


def attachments_of_row(session: Session, row: SectionRow) -> list[Attachment]:
    """The attachments of one row in the order in which they came."""
    here = (Attachment.teacher_id == row.teacher_id, Attachment.section == row.section_name)
    return list(session.scalars(select(Attachment).where(*here, Attachment.row_id == row.id).order_by(Attachment.id)))


def attachments_of(session: Session, teacher_id: int, section: str = "") -> dict[Place, list[Attachment]]:
    """The attachments of a record, or of one of its sections, by row; one query."""
    query = select(Attachment).where(Attachment.teacher_id == teacher_id)
    if section:
        query = query.where(Attachment.section == section)
    found: dict[Place, list[Attachment]] = {}
    for attachment in session.scalars(query.order_by(Attachment.id)):
        found.setdefault(attachment.place, []).append(attachment)
    return found


def rows_with_attachments(session: Session, rows: Mapping[str, Sequence[int]]) -> frozenset[Place]:
    """Which of these rows, given as ids by section, have attachments."""
    found: set[Place] = set()
    for section, ids in rows.items():
        for part in parts(sorted(ids)):
            query = select(Attachment.row_id).where(Attachment.section == section, Attachment.row_id.in_(part))
            found |= {(section, row_id) for row_id in session.scalars(query.distinct())}
    return frozenset(found)


@event.listens_for(Session, "before_flush")
def _go_with_the_row(session: Session, _context: Any, _instances: Any) -> None:
    """Forms, imports and undoing delete rows; none of them has to think of the attachments."""
    leaving: dict[str, list[int]] = {}
    for row in session.deleted:
        if isinstance(row, SectionRow):
            leaving.setdefault(row.section_name, []).append(row.id)
    with session.no_autoflush:
        for section, ids in leaving.items():
            for part in parts(sorted(ids)):
                query = select(Attachment).where(Attachment.section == section, Attachment.row_id.in_(part))
                for attachment in session.scalars(query):
                    session.delete(attachment)
