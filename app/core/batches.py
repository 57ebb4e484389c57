"""One action over many rows: asked for, confirmed with the number, done once, and told row by row.

The question is kept as a row, so that what was confirmed is what is done: a second click finds it answered.
"""

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.crypto import EncryptedJson
from app.core.db import Base, UtcDateTime
from app.core.errors import AppError, Conflict

ASKED, ENDED, HANDED_OVER = "asked", "ended", "handed_over"
DONE, SKIPPED, FAILED = "done", "skipped", "failed"
KEEP = dt.timedelta(days=7)

Row: TypeAlias = tuple[int, str]  # its key, and the name by which people know it
Line: TypeAlias = tuple[int, str, str, str]  # key, name, what came of it, why
Each: TypeAlias = Callable[[], AbstractContextManager[Any]]
Verb: TypeAlias = Callable[[Session, int, Actor, dt.datetime], None]


class BatchAction(Base):
    """One action over many rows. Only who asked sees it, in the unit of that moment."""

    __tablename__ = "batch_action"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    unit_id: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(12), default=ASKED)
    count: Mapped[int] = mapped_column(Integer)
    chosen: Mapped[dict[str, Any]] = mapped_column(
        EncryptedJson("batch_action.chosen")
    )  # keys, or the conditions of a list
    rows: Mapped[list[Any] | None] = mapped_column(
        EncryptedJson("batch_action.rows")
    )  # what was found when it was confirmed
    lines: Mapped[list[Any] | None] = mapped_column(EncryptedJson("batch_action.lines"))  # what came of them
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Outcome:
    """What came of a batch: the rows by what happened to them."""

    done: Sequence[Line]
    skipped: Sequence[Line]
    failed: Sequence[Line]

    @property
    def text(self) -> str:
        """In one sentence."""
        parts = [f"做好 {len(self.done)} 人"]
        parts += [f"跳过 {len(self.skipped)} 人"] if self.skipped else []
        parts += [f"没有做成 {len(self.failed)} 人"] if self.failed else []
        return "，".join(parts) + "。"


def ask(session: Session, actor: Actor, action: str, chosen: dict[str, Any], count: int, now: dt.datetime) -> str:
    """Keep a question; its id."""
    batch = BatchAction(
        id=secrets.token_urlsafe(8), user_id=actor.user_id, unit_id=actor.unit_id, action=action, count=count,
        chosen=chosen, at=now,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return batch.id


def own_batch(session: Session, actor: Actor, batch_id: str, *, lock: bool = False) -> BatchAction | None:
    """One of the actor's questions. lock: as it is now, and nobody else answers it meanwhile."""
    own = (BatchAction.id == batch_id, BatchAction.user_id == actor.user_id, BatchAction.unit_id == actor.unit_id)
    query = select(BatchAction).where(*own)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: BatchAction | None = session.scalar(query)
    return found


def act(
    session: Session, rows: Iterable[Row], verb: Verb, actor: Actor, now: dt.datetime, *, each: Each | None = None
) -> list[Line]:
    """Do it for each row as for one alone; what is refused leaves nothing behind and holds nobody up.

    Somebody was faster, or it is so already: skipped. Anything else that the person can mend: failed.
    each: what each row is done in; a savepoint unless told.
    """
    each = each or session.begin_nested
    lines: list[Line] = []
    for key, name in rows:
        outcome, reason = DONE, ""
        try:
            with each():
                verb(session, key, actor, now)
        except Conflict as refusal:
            outcome, reason = SKIPPED, refusal.message
        except AppError as refusal:
            outcome, reason = FAILED, refusal.message
        lines.append((key, name, outcome, reason))
    return lines


def outcome_of(lines: Iterable[Sequence[Any]]) -> Outcome:
    """Lines by what happened."""
    found: dict[str, list[Line]] = {DONE: [], SKIPPED: [], FAILED: []}
    for key, name, outcome, reason in lines:
        found[outcome].append((key, name, outcome, reason))
    return Outcome(found[DONE], found[SKIPPED], found[FAILED])
