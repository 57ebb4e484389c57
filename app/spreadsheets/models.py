"""Tables of the import: a plan and its rows. A plan changes nothing until it is confirmed."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.core.crypto import EncryptedJson
from app.core.db import Base, UtcDateTime
from app.core.scope import Scoped, ScopeIds
from app.core.sections.section import Section
from app.organisations.models import Unit
from app.records import BY_NAME, NOTHING

STATUSES = {"planned": "还没有写入", "applied": "已写入", "undone": "已撤销", "discarded": "已放弃"}
ACTIONS = {"create": "新增", "update": "有变化", "same": "无变化", "delete": "删除", "error": "有错"}


class ImportPlan(Base, Scoped):
    """What one uploaded file would change at one school. Its id is the batch number of the rows it writes."""

    __tablename__ = "import_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    unit: Mapped[Unit] = relationship(Unit, foreign_keys=[unit_id])
    user_id: Mapped[int] = mapped_column(Integer)
    user_name: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(String(200))
    file_digest: Mapped[str] = mapped_column(String(64))
    mode: Mapped[str] = mapped_column(String(10))  # append or replace
    status: Mapped[str] = mapped_column(String(10), default="planned")
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    notes: Mapped[list[str]] = mapped_column(EncryptedJson("import_plan.notes"))  # what was understood of the sheets

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, self.unit_id).scope_ids


class ImportRow(Base, Scoped):
    """One row of the file, or one stored row that `replace` would delete."""

    __tablename__ = "import_row"
    __table_args__ = (Index("ix_import_row_plan", "plan_id", "action", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("import_plan.id"))
    plan: Mapped[ImportPlan] = relationship(ImportPlan)
    sheet: Mapped[str] = mapped_column(String(60))
    row_no: Mapped[int] = mapped_column(Integer)  # 1-based as Excel counts; 0 for a stored row that would be deleted
    section: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(10))
    target_id: Mapped[int | None] = mapped_column(Integer)  # the stored row that is changed or deleted
    owner_id: Mapped[int | None] = mapped_column(Integer)  # the stored teacher it hangs on
    base_version: Mapped[int | None] = mapped_column(Integer)
    written_id: Mapped[int | None] = mapped_column(Integer)
    written_version: Mapped[int | None] = mapped_column(Integer)
    # {"key": ID number, "name": …, "action": what it would do, "texts": {section.item: as typed},
    #  "values": {item: stored form}, "old": {item: stored form}, "errors": [{"identifier", "column", "message"}],
    #  "warnings": the same}
    content: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("import_row.content"))

    def lock_place(self, row_id: int | None) -> tuple[Section, int | None]:
        """Section and row whose locks count. Saying 「无」 of a section is like adding or deleting its first row."""
        if self.section != NOTHING.name:
            return BY_NAME[self.section], row_id
        return BY_NAME[(self.content["values"] or self.content["old"])["section"]], None

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, session.get_one(ImportPlan, self.plan_id).unit_id).scope_ids
