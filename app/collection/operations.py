"""Verbs of collection: submit, report, approve, reject, withdraw. They flush, the caller commits."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.collection.flow import REPORT
from app.collection.models import Snapshot
from app.collection.queries import next_reviewer, review_chain
from app.core.actor import Actor
from app.core.declarations import current_declaration, pack_json
from app.core.errors import AppError
from app.core.flow import lock, move
from app.core.history import pack
from app.core.sections.fields import Value
from app.core.sections.section import Section
from app.organisations.models import Unit
from app.records import SECTIONS, STORED
from app.records.marks import REASONS, ReviewMark, open_marks
from app.records.rows import rows_of
from app.records.teacher import Teacher


@dataclass(frozen=True)
class Refusal:
    """One refused item, row (`item` empty) or section (`row_id` empty too); `section` empty: the record as a whole."""

    section: str
    row_id: int | None
    item: str
    reason: str
    note: str


def submit(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """The teacher hands the record to the school."""
    teacher = lock(session, Teacher, teacher_id)
    move(session, REPORT, teacher, "submit", actor=actor, now=now)
    session.flush()


def recall(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """The teacher takes the record back before the school has reported it."""
    teacher = lock(session, Teacher, teacher_id)
    target = "rejected" if open_marks(session, teacher_id) else "draft"
    move(session, REPORT, teacher, "recall", actor=actor, now=now, target=target)
    session.flush()


def report(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """The school reports the record to the first unit of the chain. Marks of an earlier refusal are closed."""
    teacher = lock(session, Teacher, teacher_id)
    move(session, REPORT, teacher, "report", actor=actor, now=now)
    first = next_reviewer(review_chain(session, session.get_one(Unit, teacher.unit_id)), None)
    if first is None:
        raise AppError("本校没有设置主管部门，不能报送。请上级系统管理员先设置。")
    teacher.waiting_unit_id, teacher.stage = first.id, 1
    teacher.reported_by_id, teacher.reported_by, teacher.reported_at = actor.user_id, actor.name, now
    for mark in open_marks(session, teacher_id):
        mark.closed_at = now
    session.flush()


def withdraw(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """The school takes a report back that nobody has reviewed yet."""
    teacher = lock(session, Teacher, teacher_id)
    move(session, REPORT, teacher, "withdraw", actor=actor, now=now)
    teacher.waiting_unit_id, teacher.stage = None, 0
    session.flush()


def approve(session: Session, teacher_id: int, version: int, actor: Actor, now: dt.datetime) -> None:
    """Pass the record on to the next unit of the chain, or approve it for good and keep a snapshot.

    `version` is that of the record on the reviewer's page. Raises Conflict when it has changed or was decided.
    """
    teacher = lock(session, Teacher, teacher_id, version)
    following = next_reviewer(review_chain(session, session.get_one(Unit, teacher.unit_id)), teacher.waiting_unit_id)
    target = "in_review" if following else "approved"
    move(session, REPORT, teacher, "approve", actor=actor, now=now, target=target)
    teacher.waiting_unit_id = following.id if following else None
    teacher.stage = teacher.stage + 1 if following else 0
    session.flush()
    if following is None:
        take_snapshot(session, teacher, actor, now)


def reject(
    session: Session,
    teacher_id: int,
    version: int,
    refusals: Sequence[Refusal],
    comment: str,
    actor: Actor,
    now: dt.datetime,
    step: str = "reject",
) -> None:
    """Send the record back; exactly what is named is unlocked. Raises AppError when nothing is named."""
    teacher = lock(session, Teacher, teacher_id, version)
    if not refusals:
        raise AppError("请至少点名一项，或对整份资料写明原因。")
    for refusal in refusals:
        if refusal.reason not in REASONS:
            raise AppError("请从列表里选退回原因。")
        if refusal.reason == "other" and not refusal.note:
            raise AppError("选了「其他原因」，请写一句说明。")
    summary = comment.strip() or f"退回 {len(refusals)} 项"
    move(session, REPORT, teacher, step, actor=actor, now=now, comment=summary)
    teacher.waiting_unit_id, teacher.stage = None, 0
    for refusal in refusals:
        session.add(
            ReviewMark(
                teacher_id=teacher.id,
                section=refusal.section,
                row_id=refusal.row_id,
                item=refusal.item,
                reason=refusal.reason,
                note=refusal.note.strip()[:300],
                by_name=actor.name,
                by_unit=actor.unit_name,
                opened_at=now,
            )
        )
    session.flush()


def _packed(section: Section, row: Any) -> dict[str, Value]:
    """The items of a row as a snapshot keeps them; those of provinces only where they are filled."""
    values = {name: value for name, value in section.values(row).items() if name in section.declared or value}
    return {name: pack(section.fields[name], value) for name, value in values.items()}


def take_snapshot(session: Session, teacher: Teacher, actor: Actor, now: dt.datetime) -> Snapshot:
    """Keep the record as it is approved: stored values by section and row, secret ones encrypted."""
    rows = rows_of(session, teacher)
    content = {
        section.name: [{"id": row.id, **_packed(section, row)} for row in rows[section.name]] for section in STORED
    }
    snapshot = Snapshot(
        teacher_id=teacher.id,
        declaration_id=current_declaration(session, SECTIONS, now),
        taken_at=now,
        taken_by=actor.name,
        unit_name=actor.unit_name,
        teacher_version=teacher.version,
        content=pack_json(content),
    )
    session.add(snapshot)
    session.flush()
    return snapshot
