"""Verbs of collection: submit, report, approve, reject, withdraw and others. They flush, the caller commits."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.collection.flow import REPORT, before_us
from app.collection.models import Snapshot
from app.collection.notices import tell_returned
from app.collection.queries import decided_before, next_reviewer, review_chain
from app.collection.reasons import reasons_for
from app.core.actor import Actor
from app.core.declarations import current_declaration, pack_json
from app.core.errors import AppError
from app.core.flow import NAME_LENGTH, lock, move
from app.core.history import pack
from app.core.sections.fields import Value
from app.core.sections.section import Section
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records import SECTIONS, STORED
from app.records.marks import OTHER, ReviewMark, open_marks
from app.records.person_codes import TEMPORARY, give_code
from app.records.rows import Rows, rows_of
from app.records.states import FIRST_REPORT, REPORTED_AGAIN, SENT_BACK, TAKEN_BACK
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
    teacher.waiting_unit_id, teacher.stage, teacher.arrival = first.id, 1, _arrival(session, teacher)
    teacher.reported_by_id, teacher.reported_by, teacher.reported_at = actor.user_id, actor.name, now
    for mark in open_marks(session, teacher_id):
        mark.closed_at = now
    session.flush()


def withdraw(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """The school takes a report back that nobody has reviewed yet."""
    teacher = lock(session, Teacher, teacher_id)
    move(session, REPORT, teacher, "withdraw", actor=actor, now=now)
    teacher.waiting_unit_id, teacher.stage, teacher.arrival = None, 0, None
    session.flush()


def approve(
    session: Session, teacher_id: int, version: int | None, actor: Actor, now: dt.datetime, step: str = "approve"
) -> None:
    """Pass the record on to the next unit of the chain, or approve it for good and keep a snapshot.

    `version` is that of the record on the reviewer's page. Raises Conflict when it has changed or was decided.
    """
    teacher = lock(session, Teacher, teacher_id, version)
    following = next_reviewer(review_chain(session, session.get_one(Unit, teacher.unit_id)), teacher.waiting_unit)
    target = "in_review" if following else "approved"
    move(session, REPORT, teacher, step, actor=actor, now=now, target=target)
    teacher.waiting_unit_id = following.id if following else None
    teacher.stage = teacher.stage + 1 if following else 0
    teacher.arrival = _arrival(session, teacher) if following else None
    if following is None and not teacher.person_code:
        give_code(session, teacher, TEMPORARY, now)
    session.flush()
    if following is None:
        take_snapshot(session, teacher, actor, now)


def _arrival(session: Session, teacher: Teacher) -> str:
    """How a report comes to the next unit: for the first time, or again after it was decided on."""
    return REPORTED_AGAIN if decided_before(session, teacher.id) else FIRST_REPORT


def send_back(session: Session, teacher_id: int, version: int, comment: str, actor: Actor, now: dt.datetime) -> None:
    """Give the report back to the unit that reviewed it before, which looks again. Nothing is unlocked.

    Raises AppError without a reason, and where there is no unit before.
    """
    teacher = lock(session, Teacher, teacher_id, version)
    move(session, REPORT, teacher, "send_back", actor=actor, now=now, comment=comment)
    earlier = before_us(session, teacher)
    assert earlier is not None  # the guard has asked
    teacher.waiting_unit_id, teacher.stage, teacher.arrival = earlier.id, teacher.stage - 1, SENT_BACK
    session.flush()


def take_back(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """Take the own unit's approval back before the next unit has begun with the report."""
    teacher = lock(session, Teacher, teacher_id)
    move(session, REPORT, teacher, "take_back", actor=actor, now=now)
    teacher.waiting_unit_id, teacher.stage, teacher.arrival = actor.unit_id, teacher.stage - 1, TAKEN_BACK
    session.flush()


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
    reasons = reasons_for(session, actor)
    for refusal in refusals:
        if refusal.reason not in reasons:
            raise AppError("请从列表里选退回原因。")
        if refusal.reason == OTHER and not refusal.note:
            raise AppError("选了「其他原因」，请写一句说明。")
    summary = comment.strip() or f"退回 {len(refusals)} 项"
    move(session, REPORT, teacher, step, actor=actor, now=now, comment=summary)
    teacher.waiting_unit_id, teacher.stage, teacher.arrival = None, 0, None
    signed = actor.signature(REPORT.by_name[step].permission)[:NAME_LENGTH]
    for refusal in refusals:
        session.add(
            ReviewMark(
                teacher_id=teacher.id,
                section=refusal.section,
                row_id=refusal.row_id,
                item=refusal.item,
                reason=refusal.reason,
                words=reasons[refusal.reason],
                note=refusal.note.strip()[:300],
                by_name=signed,
                by_unit=actor.unit_name,
                opened_at=now,
            )
        )
    session.flush()
    tell_returned(session, teacher, step, actor, now)


def _packed(section: Section, row: Any) -> dict[str, Value]:
    """The items of a row as a snapshot keeps them; those of provinces only where they are filled."""
    fields, declared = section.fields, section.declared
    return {name: pack(fields[name], value) for name, value in section.values(row).items() if name in declared or value}


def packed_record(rows: Rows) -> bytes:
    """All rows of a record as a snapshot keeps them: stored values by section, secret ones encrypted."""
    return pack_json(
        {
            section.name: [{"id": row.id, **_packed(section, row)} for row in rows.get(section.name, ())]
            for section in STORED
        }
    )


def take_snapshot(session: Session, teacher: Teacher, actor: Actor, now: dt.datetime) -> Snapshot:
    """Keep the record as it is approved: stored values by section and row, secret ones encrypted."""
    snapshot = Snapshot(
        teacher_id=teacher.id,
        declaration_id=current_declaration(session, SECTIONS, now),
        taken_at=now,
        taken_by=actor.signature(P.REVIEW_DECIDE)[:NAME_LENGTH],
        unit_name=actor.unit_name,
        teacher_version=teacher.version,
        content=packed_record(rows_of(session, teacher)),
    )
    session.add(snapshot)
    session.flush()
    return snapshot
