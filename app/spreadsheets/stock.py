"""The stored rows that an import writes or takes back, read under locks, and what both do with them."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.history import BATCH, REASON
from app.records import BY_NAME
from app.records.attachments import Place, rows_with_attachments
from app.records.derived import refresh_derived
from app.records.editing import EditRights
from app.records.many import locked, parts, rights_of
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.plan_rows import PlanRow


@dataclass(frozen=True)
class Stock:
    """What is stored of the rows that a plan touches, locked: teachers by id with the rights on them, the versions of
    child rows by section and id.
    """

    teachers: dict[int, Teacher]
    rights: dict[int, EditRights]
    versions: dict[str, dict[int, int]]
    attached: frozenset[Place]  # the child rows that have attachments

    def version(self, section_name: str, row_id: int | None) -> int | None:
        """The version of a stored row; None when it is gone or out of sight."""
        if section_name == BASIC_INFO.name:
            teacher = self.teachers.get(row_id or 0)
            return teacher.version if teacher else None
        return self.versions.get(section_name, {}).get(row_id or 0)


def load_stock(session: Session, actor: Actor, teacher_ids: set[int], child_ids: dict[str, set[int]]) -> Stock:
    """Read and lock, in the order of the ids so that two imports cannot wait for each other."""
    teachers = locked(session, Teacher, teacher_ids)
    versions = {name: _lock_versions(session, BY_NAME[name].model, ids) for name, ids in child_ids.items()}
    rights = rights_of(session, actor, list(teachers.values()))
    return Stock(teachers, rights, versions, rows_with_attachments(session, {n: list(i) for n, i in child_ids.items()}))


def _lock_versions(session: Session, model: Any, ids: set[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in parts(sorted(ids)):
        query = select(model.id, model.version).where(model.id.in_(part)).order_by(model.id).with_for_update()
        found |= {row_id: version for row_id, version in session.execute(query)}
    return found


def targets(session: Session, section_name: str, ids: Iterable[int | None]) -> dict[int, Any]:
    """Stored child rows by id; they are locked already."""
    model = BY_NAME[section_name].model
    found: dict[int, Any] = {}
    for part in parts(sorted(row_id for row_id in ids if row_id is not None)):
        found |= {row.id: row for row in session.scalars(select(model).where(model.id.in_(part)))}
    return found


@contextmanager
def written_by(session: Session, reason: str, batch: int | None = None) -> Iterator[None]:
    """While inside, changes carry a reason, and new rows the number of the import."""
    session.info[REASON] = reason[:200]
    if batch is not None:
        session.info[BATCH] = batch
    try:
        yield
    finally:
        session.info.pop(REASON, None)
        session.info.pop(BATCH, None)


def child_ids(rows: Iterable[PlanRow], column: str) -> dict[str, set[int]]:
    """The ids in a column of the plan's rows, for rows of child sections, by section."""
    found: dict[str, set[int]] = {}
    for row in rows:
        row_id = getattr(row, column)
        if row.section != BASIC_INFO.name and row_id is not None:
            found.setdefault(row.section, set()).add(row_id)
    return found


def set_items(target: Any, values: dict[str, Any]) -> None:
    """Set items of a stored row."""
    for item, value in values.items():
        setattr(target, item, value)


def follow(session: Session, touched: Sequence[Teacher], now: dt.datetime) -> None:
    """Derived items follow, and the record's version moves, as after a form."""
    for people in parts(touched):
        refresh_derived(session, people)
        for teacher in people:
            teacher.content_at = now  # after the flush in there: one UPDATE for both
        session.flush()
