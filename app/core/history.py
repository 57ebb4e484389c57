"""Who changed what, when and why: written by the flush itself, in the same transaction.

One history row for each changed or deleted row, `{item: [old, new]}`. An insert leaves no history row: the row itself
says when, by whom and in which import it was made, and the first later change keeps its first values. So every earlier
state can be computed backward from today's row. Bulk SQL does not pass here: what changes rows in bulk calls
`write_history` itself.
"""

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import JSON, Integer, String, event, inspect, select
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from app.core.actor import actor_of
from app.core.crypto import decrypt, encrypt
from app.core.db import Base, UtcDateTime, utc_now
from app.core.province_items import province_items
from app.core.scope import SCOPE_COLUMNS, Scoped, ScopeIds
from app.core.sections.fields import KEY as FIELD
from app.core.sections.fields import Field, Value, from_text

BATCH = "batch"
REASON = "reason"
SECRET_CONTEXT = "history"  # noqa: S105 - the name of an encryption context


class Audited:
    """Mixin: rows whose changes are kept, and whose concurrent changes are noticed by `version`."""

    section_name: ClassVar[str]

    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(64), default="")
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    batch_id: Mapped[int | None] = mapped_column(Integer, index=True)
    version: Mapped[int] = mapped_column(Integer, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class History(Base, Scoped):
    """One change of one row."""

    __tablename__ = "history"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(String(64))
    unit_name: Mapped[str] = mapped_column(String(100), default="")
    action: Mapped[str] = mapped_column(String(10))
    section: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[int] = mapped_column(Integer)
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(200), default="")
    batch_id: Mapped[int | None] = mapped_column(Integer, index=True)
    row_version: Mapped[int] = mapped_column(Integer, default=0)

    def scope_ids(self, session: Session) -> ScopeIds:
        return (self.province_id, self.city_id, self.county_id, self.school_id)


def declared_fields(model: Any) -> dict[str, Field]:
    """The items of a mapped class by column name."""
    own = {column.key: column.info[FIELD] for column in model.__table__.columns if FIELD in column.info}
    return {**own, **province_items.of(model.section_name)}


def pack(field: Field, value: Value) -> Value:
    """An item's value as history and snapshots keep it: dates as text, secret items encrypted."""
    if value is None:
        return None
    return encrypt(str(value), SECRET_CONTEXT) if field.secret else str(value)


def unpack(field: Field, value: Value) -> Value:
    """The reverse of `pack`."""
    if value is None:
        return None
    plain = decrypt(str(value), SECRET_CONTEXT) if field.secret else str(value)
    return from_text(field, plain)


def changed_items(row: Any) -> dict[str, list[Value]]:
    """`{item: [old, new]}` of the items that an unflushed row changes."""
    state = inspect(row)
    changes = {}
    for name, field in declared_fields(type(row)).items():
        if field.province_id:
            continue
        past = state.attrs[name].history
        if past.has_changes():
            old = past.deleted[0] if past.deleted else None
            new = past.added[0] if past.added else None
            if old != new:
                changes[name] = [pack(field, old), pack(field, new)]
    return changes | _changed_extra(state)


def _changed_extra(state: Any) -> dict[str, list[Value]]:
    """The same for the items of provinces, which stand together in one column."""
    past = state.attrs.extra.history if "extra" in state.attrs else None
    if past is None or not past.has_changes():
        return {}
    old, new = ((values[0] if values else None) or {} for values in (past.deleted, past.added))
    return {name: [old.get(name), new.get(name)] for name in {**old, **new} if old.get(name) != new.get(name)}


def earlier_values(session: Session, row: Any, version: int) -> dict[str, Value]:
    """The items that have changed since a row had `version`, with the values they had then."""
    query = (
        select(History)
        .where(History.section == row.section_name, History.row_id == row.id, History.row_version > version)
        .order_by(History.id.desc())
    )
    fields = declared_fields(type(row))
    found: dict[str, Value] = {}
    for entry in session.scalars(query):
        found |= {name: unpack(fields[name], pair[0]) for name, pair in entry.changes.items() if name in fields}
    return found


def write_history(session: Session, row: Any, action: str, changes: dict[str, Any], now: dt.datetime) -> None:
    """Keep one change. Called by the flush and by whoever changes rows in bulk."""
    actor = actor_of(session)
    session.add(
        History(
            at=now,
            actor_id=actor.user_id,
            actor_name=actor.name,
            unit_name=actor.unit_name,
            action=action,
            section=row.section_name,
            row_id=row.id,
            teacher_id=row.teacher_id,
            changes=changes,
            reason=session.info.get(REASON, ""),
            batch_id=session.info.get(BATCH),
            row_version=(row.version or 0) + (action == "update"),
            **{column: getattr(row, column) for column in SCOPE_COLUMNS},
        )
    )


@event.listens_for(Session, "before_flush")
def _keep_history(session: Session, _context: Any, _instances: Any) -> None:
    now = utc_now()
    actor = actor_of(session)
    with session.no_autoflush:
        for row in list(session.new):
            if isinstance(row, Audited):
                row.created_at = row.updated_at = now
                row.created_by = actor.name
                row.batch_id = session.info.get(BATCH)
        for row in list(session.dirty):
            if isinstance(row, Audited) and session.is_modified(row):
                changes = changed_items(row)
                row.updated_at = now
                if changes:
                    write_history(session, row, "update", changes, now)
        for row in list(session.deleted):
            if isinstance(row, Audited):
                fields = declared_fields(type(row))
                gone = {n: [pack(f, getattr(row, n)), None] for n, f in fields.items() if getattr(row, n) is not None}
                write_history(session, row, "delete", gone, now)
