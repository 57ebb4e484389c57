"""The declarations as they stood when something was approved: a legal record is never shown with today's labels."""

import datetime as dt
import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.codes import codes
from app.core.db import Base, UtcDateTime
from app.core.sections.explain import describe
from app.core.sections.section import Section


class Declaration(Base):
    """One version of all labels and code names; `id` is the hash of its content."""

    __tablename__ = "declaration"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_used_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    content: Mapped[bytes] = mapped_column(LargeBinary)


def pack_json(value: Any) -> bytes:
    """JSON, compressed; equal values give equal bytes."""
    return zlib.compress(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode(), 9)


def unpack_json(stored: bytes) -> Any:
    """The reverse of `pack_json`."""
    return json.loads(zlib.decompress(stored))


def current_declaration(session: Session, sections: Iterable[Section], now: dt.datetime) -> str:
    """The id of today's declarations, stored at their first use."""
    described = [describe(section) for section in sections]
    for section in described:
        section.pop("file")
    used = sorted({table for section in described for item in section["items"] for table in _tables(item)})
    names = {table: {code: entry.name for code, entry in codes[table].entries.items()} for table in used}
    content = pack_json({"sections": described, "codes": names})
    key = hashlib.sha256(content).hexdigest()[:32]
    if session.get(Declaration, key) is None:
        session.add(Declaration(id=key, first_used_at=now, content=content))
        session.flush()
    return key


def _tables(item: dict[str, Any]) -> Iterable[str]:
    table = item.get("code_table", "")
    return table.values() if isinstance(table, dict) else filter(None, [table])
