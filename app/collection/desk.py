"""The review desk: what it reads, where it stands in the queue, and how it reads what a reviewer has put in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.collection.comparison import (
    Comparison,
    Place,
    Sources,
    before,
    changed_since,
    compare,
    from_snapshot,
    key_of,
    place_of,
)
from app.collection.flow import REPORT
from app.collection.operations import Refusal
from app.collection.queries import latest_snapshot, next_reviewer, steps_of
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.declarations import unpack_json
from app.core.errors import AppError
from app.core.flow import FlowLog
from app.core.history import History
from app.core.sections.section import show
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records import BY_NAME
from app.records.attachment_views import AttachmentView
from app.records.attachments import Attachment, attachments_of
from app.records.completeness import Completeness, check_rows
from app.records.file_pages import record_files
from app.records.marks import OTHER, ReviewMark
from app.records.pages import timeline
from app.records.photo_views import photo_url
from app.records.queries import history_of
from app.records.rows import Rows, rows_of
from app.records.states import SENT_BACK, state_label
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

NOTE_LENGTH = 300
PASSED, REFUSED = "passed", "refused"
KINDS = ("verdict", "reason", "note")
COMMENT = "comment"
STEP_KINDS = {"approve": "ok", "reject": "no", "send_back": "no", "return_to_teacher": "no", "report": "wait"}
LOOKS = ("approve", "reject", "send_back")  # the steps in which a unit has looked at the whole


# ── reading ──


@dataclass(frozen=True)
class Desk:
    """What one opening of the desk has read."""

    teacher: Teacher
    rows: Rows
    state: Completeness
    comparison: Comparison
    steps: Sequence[FlowLog]
    entries: Sequence[History]
    files: Mapping[tuple[str, int], Sequence[Attachment]]


def open_desk(session: Session, actor: Actor, teacher: Teacher) -> Desk:
    """Read a record with all that the comparison needs."""
    rows = rows_of(session, teacher)
    state = check_rows(teacher, rows)
    steps = steps_of(session, teacher.id)
    look = next((step for step in steps if step.step in LOOKS and step.unit_id == actor.unit_id), None)
    refusal = _refusal_since(steps, look)
    since = min((step.at for step in (look, refusal) if step), default=None)
    entries = _history_since(session, teacher, since) if since else []
    snapshot = latest_snapshot(session, teacher.id)
    earlier = from_snapshot(unpack_json(snapshot.content)) if snapshot else None
    if earlier is None and look is not None:
        earlier = before(rows, entries, look.at)
    refused = _refused(session, teacher, refusal.at) if refusal else {}
    changed = frozenset(changed_since(entries))
    partly = bool(snapshot and look and look.at > snapshot.taken_at)
    sources = Sources(teacher, rows, earlier, state.findings, refused, since, changed, partly)
    files = attachments_of(session, teacher.id)
    return Desk(teacher, rows, state, compare(sources), steps, history_of(session, teacher.id), files)


def _refusal_since(steps: Sequence[FlowLog], look: FlowLog | None) -> FlowLog | None:
    """What was refused at this unit's last look, or by whatever unit since: to see whether it was mended.

    steps: newest first. What was approved for good settles all that was refused before.
    """
    for step in steps:
        if step.step == "reject":
            return step
        if step is look or step.to_state == "approved":
            return None
    return None


def _history_since(session: Session, teacher: Teacher, moment: datetime) -> list[History]:
    query = select(History).where(History.teacher_id == teacher.id, History.at > moment)
    return list(session.scalars(query.order_by(History.id.desc())))


def _refused(session: Session, teacher: Teacher, moment: datetime) -> dict[Place, str]:
    """What was named in the refusal of that moment."""
    query = select(ReviewMark).where(ReviewMark.teacher_id == teacher.id, ReviewMark.opened_at == moment)
    found: dict[Place, str] = {}
    for mark in session.scalars(query.order_by(ReviewMark.id)):
        section = BY_NAME.get(mark.section)
        row_id = mark.row_id if section is None or section.many else teacher.id
        found[(mark.section, row_id, mark.item)] = mark.text
    return found


def closed_reason(session: Session, teacher: Teacher, actor: Actor) -> str:
    """Why the actor cannot decide on this record now, or ""."""
    if teacher.status != "in_review":
        return f"这份资料现在是「{state_label(teacher)}」，不在审核中，只能查看。"
    try:
        REPORT.check(session, REPORT.by_name["approve"], teacher, actor)  # type: ignore[arg-type]
    except AppError as error:
        where = teacher.waiting_unit
        elsewhere = where is not None and where.id != actor.unit_id
        return f"这份资料现在由{where.name}审核，这里只能查看。" if elsewhere and where else error.message
    return ""


def may_take_back(session: Session, teacher: Teacher, actor: Actor) -> bool:
    """Whether the actor may take back what the own unit has approved."""
    try:
        REPORT.check(session, REPORT.by_name["take_back"], teacher, actor)
    except AppError:
        return False
    return True


# ── what was typed ──


def typed_texts(form: Mapping[str, str]) -> dict[str, str]:
    """What the reviewer has put in: judgements, reasons, sentences, the comment. Empty ones are left out."""
    wanted = {name: str(value) for name, value in form.items() if name.partition(":")[0] in KINDS or name == COMMENT}
    return {name: value for name, value in wanted.items() if value.strip()}


def read_refusals(
    texts: Mapping[str, str], places: Mapping[str, str], reasons: Mapping[str, str]
) -> list[tuple[str, Refusal]]:
    """The refused places by their keys with their reasons. Unknown places and judgements are a bad request.

    Raises AppError where a reason is missing, or is offered no more.
    """
    refused = []
    for name, value in texts.items():
        kind, _, key = name.partition(":")
        if kind not in KINDS:
            continue
        if key not in places or (kind == "verdict" and value not in (PASSED, REFUSED)):
            abort(400)
        if kind == "verdict" and value == REFUSED:
            refused.append(key)
    return [(key, _refusal(key, texts, places[key], reasons)) for key in refused]


def _refusal(key: str, texts: Mapping[str, str], label: str, reasons: Mapping[str, str]) -> Refusal:
    reason, note = texts.get(f"reason:{key}", ""), texts.get(f"note:{key}", "").strip()
    if not reason and not note:
        raise AppError(f"「{label}」退回了，还没有写原因。请选退回原因，或写一句说明。", field=f"reason:{key}")
    if reason and reason not in reasons:
        raise AppError(f"「{label}」选的退回原因现在不用了，请另选一个。", field=f"reason:{key}")
    if reason == OTHER and not note:
        raise AppError(f"「{label}」选了「{reasons[OTHER]}」，请写一句说明。", field=f"note:{key}")
    if len(note) > NOTE_LENGTH:
        raise AppError(f"「{label}」的说明最多 {NOTE_LENGTH} 个字，现在 {len(note)} 个。", field=f"note:{key}")
    return Refusal(*place_of(key), reason or OTHER, note)


def lost_notes(texts: Mapping[str, str], places: Mapping[str, str]) -> list[str]:
    """Sentences whose item is no longer in the record: shown once more, so that nothing typed is lost."""
    return [text for name, text in texts.items() if name.startswith("note:") and name[5:] not in places]


# ── in words ──


def waited(teacher: Teacher, now: datetime) -> str:
    """How long a report has been waiting since the school handed it in."""
    if teacher.reported_at is None:
        return ""
    days = days_since(teacher.reported_at, now)
    return f"{days} 天" if days else "今天报送"


def days_since(reported_at: datetime, now: datetime) -> int:
    """Days of the calendar since a report was handed in."""
    return (now.astimezone().date() - reported_at.astimezone().date()).days


def facts(teacher: Teacher) -> str:
    """Who it is, in one line."""
    words = [show(BASIC_INFO.fields["gender"], teacher.gender, teacher.indicator_set)]
    if teacher.birth_date:
        today, born = utc_now().astimezone().date(), teacher.birth_date
        words.append(f"{today.year - born.year - ((today.month, today.day) < (born.month, born.day))} 岁")
    words += [
        teacher.unit.name,
        show(BASIC_INFO.fields["staff_category"], teacher.staff_category, teacher.indicator_set),
    ]
    return " · ".join(filter(None, words))


def report_line(teacher: Teacher) -> str:
    """Who reported it, and how long it has waited."""
    at = teacher.reported_at
    if at is None or teacher.status != "in_review":
        return ""
    local = at.astimezone()
    when = waited(teacher, utc_now())
    return f"{local.month} 月 {local.day} 日由{teacher.reported_by}报送" + (
        f"，等了 {when}" if when[0].isdigit() else ""
    )


def after(chain: Sequence[Unit], teacher: Teacher) -> str:
    """What approving leads to."""
    following = next_reviewer(chain, teacher.waiting_unit)
    return f"通过后转{following.name}审核" if following else "通过后即生效"


def came_back(desk: Desk) -> dict[str, str] | None:
    """Who sent the report back to be reviewed once more, and why; None when that is not how it came."""
    last = next(iter(desk.steps), None)
    if last is None or last.step != "send_back" or desk.teacher.arrival != SENT_BACK:
        return None
    who = f"{last.unit_name} {last.actor_name} {last.at.astimezone():%m-%d %H:%M} 退回，请重新审核。"
    return {"title": who, "text": last.comment}


def side(desk: Desk) -> dict[str, Any]:
    """What stands beside the data: findings, steps, history."""
    steps = [
        {
            "at": f"{step.at.astimezone():%Y-%m-%d %H:%M}",
            "who": f"{step.actor_name} {step.unit_name}".strip(),
            "what": REPORT.by_name[step.step].label if step.step in REPORT.by_name else step.step,
            "note": step.comment,
            "kind": STEP_KINDS.get(step.step, ""),
        }
        for step in desk.steps
    ]
    return {
        "percent": desk.state.percent,
        "errors": desk.state.errors,
        "warnings": desk.state.warnings,
        "steps": steps,
        "timeline": timeline(desk.entries, desk.teacher.indicator_set, desk.rows),
    }


def papers(desk: Desk, actor: Actor) -> dict[str, Any]:
    """What proves the report: the attachments by the key of their row and in one list, and the photo."""
    if not actor.may(P.RECORD_REVEAL):
        return {"papers": {}, "all_papers": [], "photo_url": ""}
    groups = record_files(desk.files, desk.rows, desk.teacher.indicator_set, AttachmentView.__name__)
    lines = {line["id"]: line for group in groups for line in group["files"]}
    by_row = {key_of(*place, ""): [lines[file.id] for file in files] for place, files in desk.files.items()}
    photo = photo_url(desk.teacher) if desk.teacher.photo_digest else ""
    return {"papers": by_row, "all_papers": groups, "photo_url": photo}
