"""Files that no row refers to any more: replaced photos, removed attachments, results of jobs that ran out,
uploads whose transaction failed.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Column, select
from sqlalchemy.orm import Session

from app.core.db import Base
from app.core.files import REFERS_TO_FILE, FileStore
from app.records.many import PART

KEEP = dt.timedelta(hours=24)  # an upload has its row long before, or never


def remove_unused(session: Session, store: FileStore, now: dt.datetime) -> int:
    """Remove what nothing refers to and what was not put for a day; how many files went.

    The session must see everything, and only what is committed.
    """
    moment = now - KEEP
    store.remove_left_over(moment)
    gone = 0
    for digests in _in_parts(store.older_than(moment)):
        used: set[str | None] = set()
        for column in _references():
            used |= set(session.scalars(select(column).where(column.in_(digests))))
        gone += sum(store.remove(digest, moment) for digest in digests if digest not in used)
    return gone


def _references() -> list[Column[str]]:
    """The columns that say that they hold digests, of all tables."""
    columns = (column for table in Base.metadata.tables.values() for column in table.columns)
    return [column for column in columns if REFERS_TO_FILE.items() <= column.info.items()]


def _in_parts(digests: Iterator[str]) -> Iterator[Sequence[str]]:
    while part := list(islice(digests, PART)):
        yield part
