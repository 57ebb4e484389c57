"""The declarations as they stood when something was approved: a legal record is never shown with today's labels."""

import datetime as dt
import hashlib
import json
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.code_list import CodeList
from app.core.codes import codes
from app.core.db import Base, UtcDateTime
from app.core.province_items import Snapshot, province_items
from app.core.sections.explain import describe
from app.core.sections.fields import Field
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
    sections = tuple(sections)
    used = {table for section in sections for field in section.fields.values() for table in _tables(field)}
    content = _content(sections, tuple(codes[table] for table in sorted(used)), province_items.snapshot)
    key = hashlib.sha256(content).hexdigest()[:32]
    if session.get(Declaration, key) is None:
        session.add(Declaration(id=key, first_used_at=now, content=content))
        session.flush()
    return key


@lru_cache(maxsize=1)  # thousands of code names are packed once, not at every approval of a batch
def _content(sections: tuple[Section, ...], tables: tuple[CodeList, ...], _added: Snapshot) -> bytes:
    described = [describe(section) for section in sections]
    for section in described:
        section.pop("file")
    names = {table.name: {code: entry.shown for code, entry in table.entries.items()} for table in tables}
    return pack_json({"sections": described, "codes": names})


def _tables(field: Field) -> Iterable[str]:
    if field.of_school:
        return ()  # units: they stay, and a renamed one is the same
    return filter(None, [field.code_table]) if isinstance(field.code_table, str) else field.code_table.values()
