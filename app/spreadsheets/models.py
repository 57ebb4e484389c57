"""Tables of the import: a plan and its rows in blocks. A plan changes nothing until it is confirmed."""

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.core.crypto import EncryptedJson, PackedJson
from app.core.db import Base, UtcDateTime
from app.core.files import REFERS_TO_FILE
from app.core.scope import Scoped, ScopeIds
from app.organisations.models import Unit

STATUSES = {
    "reading": "正在核对",
    "planned": "还没有写入",
    "applied": "已写入",
    "undone": "已撤销",
    "discarded": "已放弃",
}
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
    # The file in the store, while it may still be asked for: to be read, or to have its errors marked.
    stored_digest: Mapped[str | None] = mapped_column(String(64), index=True, info=REFERS_TO_FILE)
    job_id: Mapped[int | None] = mapped_column(Integer)  # what works on the plan in the background, or did last
    mode: Mapped[str] = mapped_column(String(10))  # append or replace
    status: Mapped[str] = mapped_column(String(10), default="reading")
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    left_out: Mapped[int] = mapped_column(Integer, default=0)  # rows that were not written, because something was wrong
    undone_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    notes: Mapped[list[str]] = mapped_column(EncryptedJson("import_plan.notes"))  # what was understood of the sheets

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, self.unit_id).scope_ids


class ImportBlock(Base, Scoped):
    """Some rows of a plan that have one sheet, one section and one action, in their order; see `plan_rows.py`."""

    __tablename__ = "import_block"
    __table_args__ = (Index("ix_import_block_plan_id", "plan_id", "action", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("import_plan.id"))
    plan: Mapped[ImportPlan] = relationship(ImportPlan)
    sheet: Mapped[str] = mapped_column(String(60))
    section: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(10))
    known: Mapped[bool] = mapped_column(Boolean)  # whether the rows hang on people who were stored before the plan
    count: Mapped[int] = mapped_column(Integer)
    content: Mapped[list[Any]] = mapped_column(PackedJson("import_block.content"))

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, session.get_one(ImportPlan, self.plan_id).unit_id).scope_ids
