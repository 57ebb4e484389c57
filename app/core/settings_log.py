"""The list of what administrators changed: one row for each change of one code, item, rule or department."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Index, Integer, String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.codes import CHANGED
from app.core.db import Base, UtcDateTime
from app.core.sections.fields import Value, from_text
from app.core.sections.forms import FormState
from app.core.sections.section import Row, plain_number, show

SHOWN = 50


class SettingChange(Base):
    """One change: `{item: [old, new]}` as texts. `table_name` and `code` name what was changed."""

    __tablename__ = "code_change"
    __table_args__ = (Index("ix_code_change_code", "table_name", "code", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(String(64))
    unit_name: Mapped[str] = mapped_column(String(100), default="")
    table_name: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(20))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)


def as_text(value: Value) -> str:
    """A value as the list keeps it."""
    if value is None:
        return ""
    return plain_number(value) if isinstance(value, Decimal) else str(value)


def note_change(
    session: Session,
    actor: Actor,
    now: dt.datetime,
    table: str,
    code: str,
    old: Row,
    new: Row,
) -> None:
    """Note what differs, if anything does, and have the codes in memory read again. Empty `new`: it was dropped."""
    note_changes(session, actor, now, table, [(code, old, new)])


def note_changes(
    session: Session, actor: Actor, now: dt.datetime, table: str, rows: Sequence[tuple[str, Row, Row]]
) -> None:
    """The same for many at once: the code, old and new values of each."""
    about = {"actor_id": actor.user_id, "actor_name": actor.name, "unit_name": actor.unit_name}
    told = [{"at": now, "table_name": table, "code": code, "changes": _differing(old, new)} for code, old, new in rows]
    changed = [{**row, **about} for row in told if row["changes"]]
    if changed:
        session.execute(insert(SettingChange), changed)
        session.info[CHANGED] = True
    session.flush()


def _differing(old: Row, new: Row) -> dict[str, list[str]]:
    told = {name: [as_text(old.get(name)), as_text(new.get(name))] for name in dict.fromkeys((*old, *new))}
    return {name: pair for name, pair in told.items() if pair[0] != pair[1]}


def timeline(session: Session, state: FormState, table: str, code: str) -> list[dict[str, Any]]:
    """The changes of one of them, the latest first, in the words of its form."""
    query = select(SettingChange).where(SettingChange.table_name == table, SettingChange.code == code)
    fields = state.section.fields
    first = next(iter(fields))  # what only a new one gets: its code, its place
    return [
        {
            "at": f"{change.at.astimezone():%Y-%m-%d %H:%M}",
            "who": f"{change.actor_name} {change.unit_name}".strip(),
            "what": "新增" if not change.changes.get(first, ["?"])[0] else "修改",
            "changes": [
                {"label": fields[name].label, "old": _shown(state, name, old), "new": _shown(state, name, new)}
                for name, (old, new) in change.changes.items()
                if name in fields
            ],
            "kind": "",
        }
        for change in session.scalars(query.order_by(SettingChange.id.desc()).limit(SHOWN))
    ]


def _shown(state: FormState, name: str, text: str) -> str:
    field = state.section.fields[name]
    return show(field, from_text(field, text), state.indicator_set) if text else ""
