"""Take an import back. What was changed since is listed and left as it is."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.queries import accounts_of
from app.core.actor import Actor
from app.core.errors import Conflict
from app.core.flow import lock
from app.permissions import Permission as P
from app.records import BY_NAME, CHILD_STORED, NOTHING
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.locks import refusals
from app.spreadsheets.models import ImportPlan, ImportRow
from app.spreadsheets.planning import unpack_values
from app.spreadsheets.queries import UNDO_DAYS, may_undo, rows_of_plan
from app.spreadsheets.roster import child_rows
from app.spreadsheets.stock import WRITTEN, Stock, child_ids, follow, load_stock, set_items, written_by

NOT_WRITTEN = "这次导入没有写入过，或已经撤销，没有可以撤销的内容。"
TOO_LATE = f"写入已超过 {UNDO_DAYS} 天，不能再整批撤销。请在教师列表里逐个修改。"
CHANGED = "写入后又改过，保持现状"
GONE = "已经删除"
REPORTED = "已经报送或提交，保持现状"
HAS_FILES = "写入后传过附件，保持现状"
HAS_ACCOUNT = "已经生成自助账号，保持现状"


@dataclass(frozen=True)
class UndoResult:
    """How many rows were taken back, and a sentence for each one that was not."""

    undone: int
    conflicts: list[str]


@dataclass
class _Undo:
    """What is at hand while a plan is taken back; `kept` says by row why it stays."""

    stock: Stock
    people: dict[int, list[ImportRow]]  # rows of persons the plan made, by teacher
    kept: dict[int, str] = field(default_factory=dict)


def undo_plan(session: Session, actor: Actor, plan_id: int, now: dt.datetime) -> UndoResult:
    """Take back what a plan has written, except rows that were changed since.

    A person the plan made goes as a whole or stays as a whole. Raises Conflict when the plan was not written, was
    undone already, or is too old.
    """
    actor.must(P.IMPORT_USE)
    plan = lock(session, ImportPlan, plan_id)
    if plan.status != "applied":
        raise Conflict(NOT_WRITTEN)
    if not may_undo(plan, now):
        raise Conflict(TOO_LATE)
    rows = rows_of_plan(session, plan.id, WRITTEN)
    owners = {row.owner_id for row in rows if row.owner_id is not None}
    made = {row.owner_id for row in rows if row.section == BASIC_INFO.name and row.action == "create"}
    people: dict[int, list[ImportRow]] = {owner: [] for owner in made if owner is not None}
    for row in rows:
        if row.owner_id in people:
            people[row.owner_id].append(row)
    undo = _Undo(load_stock(session, actor, owners, child_ids(rows, "written_id")), people)
    _keep_people(session, undo)
    for row in rows:
        if row.id not in undo.kept and row.owner_id not in people and (reason := _why_kept(undo.stock, row)):
            undo.kept[row.id] = reason
    back = [row for row in rows if row.id not in undo.kept]
    plan.status, plan.undone_at = "undone", now
    with written_by(session, f"撤销 Excel 导入：{plan.file_name}"):
        _take_back(session, undo, back, now)
    return UndoResult(len(back), [_sentence(row, undo.kept[row.id]) for row in rows if row.id in undo.kept])


def _keep_people(session: Session, undo: _Undo) -> None:
    """Decide for every person the plan made whether they can go."""
    ids = sorted(undo.people)
    with_account = accounts_of(session, ids) if ids else set()
    children = {section.name: child_rows(session, section, ids) for section in CHILD_STORED} if ids else {}
    for teacher_id, rows in undo.people.items():
        teacher = undo.stock.teachers.get(teacher_id)
        now_there = [row for by_teacher in children.values() for row in by_teacher.get(teacher_id, [])]
        reason = _why_person_stays(teacher, rows, now_there)
        if not reason and teacher_id in with_account:
            reason = HAS_ACCOUNT
        if reason:
            undo.kept |= dict.fromkeys((row.id for row in rows), reason)


def _why_person_stays(teacher: Teacher | None, rows: Sequence[ImportRow], now_there: Sequence[Any]) -> str:
    if teacher is None:
        return GONE
    if teacher.status != "draft" or teacher.reported_at is not None:
        return REPORTED
    versions = {(row.section, row.written_id): row.written_version for row in rows}
    for stored in (teacher, *now_there):
        if versions.get((stored.section_name, stored.id)) != stored.version:
            return CHANGED
    # Every row the plan wrote must still be there: a deleted one is a change too.
    return "" if len(now_there) + 1 == len(rows) else CHANGED


def _why_kept(stock: Stock, row: ImportRow) -> str:
    """Why a row of somebody who was there before the plan stays as it is, or ""."""
    teacher = stock.teachers.get(row.owner_id or 0)
    target = teacher if row.action == "delete" else stock.target(row.section, row.written_id)
    if teacher is None or target is None:
        return GONE
    if row.action != "delete" and target.version != row.written_version:
        return CHANGED
    if row.action == "create" and (row.section, row.written_id) in stock.attached:
        return HAS_FILES
    items = row.content["old"] if row.action == "update" else ()
    row_id = None if row.action == "delete" else row.written_id
    locked = next(refusals(stock.rights[teacher.id], *row.lock_place(row_id), items), None)
    return locked[1].rstrip("。") if locked else ""


def _sentence(row: ImportRow, reason: str) -> str:
    where = f"「{row.sheet}」第 {row.row_no} 行" if row.row_no else f"「{row.sheet}」删除的一条"
    return f"{where} {row.content['name']}：{reason}。"


def _take_back(session: Session, undo: _Undo, back: Sequence[ImportRow], now: dt.datetime) -> None:
    touched: dict[int, Teacher] = {}
    leaving: list[Teacher] = []
    claims = [row for row in back if row.section == NOTHING.name and row.action == "delete"]
    for row in back:
        section, teacher = BY_NAME[row.section], undo.stock.teachers[row.owner_id or 0]
        old = unpack_values(row.section, row.content["old"])
        if section.many and row.owner_id not in undo.people:
            touched[teacher.id] = teacher
        if row.action == "update":
            set_items(undo.stock.target(row.section, row.written_id), old)
        elif row in claims:
            continue
        elif row.action == "delete":
            session.add(_again(section.model, teacher, old))
        elif section.many:
            session.delete(undo.stock.target(row.section, row.written_id))
        else:
            leaving.append(teacher)
    session.flush()
    for row in claims:
        _claim_again(session, row, undo.stock.teachers[row.owner_id or 0])
    follow(session, touched.values(), now)
    for teacher in leaving:
        session.delete(teacher)
    session.flush()


def _claim_again(session: Session, row: ImportRow, teacher: Teacher) -> None:
    """Say 「无」 again, as before the import; not where a row was kept."""
    section = row.lock_place(None)[0]
    if not child_rows(session, section, [teacher.id]):
        session.add(_again(NOTHING.model, teacher, {"section": section.name}))


def _again(model: Any, teacher: Teacher, values: Mapping[str, Any]) -> Any:
    row = model(teacher_id=teacher.id, teacher=teacher)
    set_items(row, dict(values))
    return row
