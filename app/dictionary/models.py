"""New versions of a code table that wait for their confirmation."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcDateTime


class CodePlan(Base):
    """What one uploaded file would change in one table. It changes nothing until it is confirmed."""

    __tablename__ = "code_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(40))
    base_version: Mapped[int] = mapped_column(Integer)  # of the table: another one means that somebody changed it
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # {"steps": [{"code", "kind": new|changed|retired, "row": of the file, "texts": {column: text}}],
    #  "errors": [{"row", "code", "label", "message"}], "same": n, "notes": [sentence]}
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
