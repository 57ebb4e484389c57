"""Take an import back. What was changed since is listed and left as it is."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.queries import accounts_of
from app.core.actor import Actor
from app.core.errors import Conflict
from app.core.flow import lock
from app.permissions import Permission as P
from app.records import BY_NAME, CHILD_STORED, NOTHING
from app.records.attachments import rows_with_attachments
from app.records.bulk import FIRST_VERSION
from app.records.many import locked, parts
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.left_out import left_out_of
from app.spreadsheets.locks import refusals
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.packing import unpack_values
from app.spreadsheets.plan_rows import PlanRow, rows_of_plan
from app.spreadsheets.queries import UNDO_DAYS, WRITTEN, may_undo
from app.spreadsheets.roster import child_rows
from app.spreadsheets.stock import Stock, child_ids, follow, load_stock, set_items, targets, written_by

TOLD = 200
NOT_WRITTEN = "这次导入没有写入过，或已经撤销，没有可以撤销的内容。"
TOO_LATE = f"写入已超过 {UNDO_DAYS} 天，不能再整批撤销。请在教师列表里逐个修改。"
CHANGED = "写入后又改过，保持现状"
GONE = "已经删除"
REPORTED = "已经报送或提交，保持现状"
HAS_FILES = "写入后传过附件，保持现状"
HAS_ACCOUNT = "已经生成自助账号，保持现状"


@dataclass
class UndoResult:
    """How many rows were taken back, and a sentence for each one that was not."""

    undone: int = 0
    conflicts: list[str] = field(default_factory=list)

    def keep(self, row: PlanRow, reason: str) -> None:
        where = f"「{row.sheet}」第 {row.row_no} 行" if row.row_no else f"「{row.sheet}」删除的一条"
        self.conflicts.append(f"{where} {row.name}：{reason}。")


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
    result = UndoResult()
    plan.status, plan.undone_at = "undone", now
    with written_by(session, f"撤销 Excel 导入：{plan.file_name}"):
        _take_back_people(session, plan, result)
        _take_back_changes(session, actor, plan, result, now)
    plan.notes = _told(result.conflicts)
    return result


def _told(conflicts: Sequence[str]) -> list[str]:
    """What the page of the import lists afterwards."""
    more = len(conflicts) - TOLD
    return [*conflicts[:TOLD], *([f"另有 {more} 处。"] if more > 0 else [])]


# ── people the plan made ──


@dataclass
class _Made:
    """A person the plan made, as the plan has it: the row of the first sheet, and how many rows there were."""

    row: PlanRow
    rows: int


def _take_back_people(session: Session, plan: ImportPlan, result: UndoResult) -> None:
    made = _people_of(session, plan)
    ids = list(session.scalars(select(Teacher.id).where(Teacher.batch_id == plan.id).order_by(Teacher.id)))
    by_name = {person.row.name: key for key, person in made.items()}
    found: set[str] = set()
    for part in parts(ids):
        for teacher, children, reason in _look_at(session, plan, part, made):
            # Whose number was corrected since is known by the name only.
            person = made.get(teacher.id_number or "") or made.get(by_name.get(teacher.name or "", ""))
            if person is None:
                continue
            found.add(person.row.key)
            if reason:
                result.keep(person.row, reason)
                continue
            result.undone += person.rows
            for child in children:
                session.delete(child)
            session.flush()
            session.delete(teacher)
        session.flush()
    for key, person in made.items():
        if key not in found:
            result.keep(person.row, GONE)


def _people_of(session: Session, plan: ImportPlan) -> dict[str, _Made]:
    """By ID number."""
    left_out = left_out_of(session, plan) if plan.left_out else None
    made: dict[str, _Made] = {}
    for row in rows_of_plan(session, plan.id, ("create",), BASIC_INFO.name, known=False):
        if left_out is None or left_out.writes(row):
            made[row.key] = _Made(row, 0)
    rows = Counter(row.key for row in rows_of_plan(session, plan.id, ("create",), known=False))
    for key, person in made.items():
        person.rows = rows[key]
    return made


def _look_at(
    session: Session, plan: ImportPlan, ids: Sequence[int], made: Mapping[str, _Made]
) -> list[tuple[Teacher, list[Any], str]]:
    """Some of the people, their rows, and why they stay."""
    teachers = locked(session, Teacher, ids)
    children = {section.name: child_rows(session, section, ids) for section in CHILD_STORED}
    files = rows_with_attachments(
        session, {name: [row.id for rows in own.values() for row in rows] for name, own in children.items()}
    )
    with_account = accounts_of(session, list(ids))
    found = []
    for teacher in teachers.values():
        there = [row for own in children.values() for row in own.get(teacher.id, [])]
        person = made.get(teacher.id_number or "")
        reason = _why_person_stays(plan, teacher, there, person.rows if person else 0)
        if not reason and any((row.section_name, row.id) in files for row in there):
            reason = HAS_FILES
        if not reason and teacher.id in with_account:
            reason = HAS_ACCOUNT
        found.append((teacher, there, reason))
    return found


def _why_person_stays(plan: ImportPlan, teacher: Teacher, there: Sequence[Any], rows: int) -> str:
    if teacher.status != "draft" or teacher.reported_at is not None:
        return REPORTED
    as_written = all(row.version == FIRST_VERSION and row.batch_id == plan.id for row in (teacher, *there))
    # Every row the plan wrote must still be there: a deleted one is a change too.
    return "" if as_written and len(there) + 1 == rows else CHANGED


# ── changes of people who were there ──


def _take_back_changes(session: Session, actor: Actor, plan: ImportPlan, result: UndoResult, now: dt.datetime) -> None:
    rows = [row for row in rows_of_plan(session, plan.id, WRITTEN, known=True) if row.written_version is not None]
    owners = {row.owner_id for row in rows if row.owner_id is not None}
    stock = load_stock(session, actor, owners, child_ids(rows, "written_id"))
    back: dict[tuple[str, str], list[PlanRow]] = {}
    for row in rows:
        if reason := _why_kept(stock, row):
            result.keep(row, reason)
        else:
            back.setdefault((row.section, row.action), []).append(row)
            result.undone += 1
    touched: dict[int, Teacher] = {}
    for (section, action), own in back.items():
        if action != "delete" or section != NOTHING.name:
            _reverse(session, stock, own, touched)
            session.flush()
    for row in back.get((NOTHING.name, "delete"), ()):
        _claim_again(session, row, stock.teachers[row.owner_id or 0])
    follow(session, list(touched.values()), now)


def _why_kept(stock: Stock, row: PlanRow) -> str:
    """Why a row of somebody who was there before the plan stays as it is, or ""."""
    teacher = stock.teachers.get(row.owner_id or 0)
    version = stock.version(row.section, row.written_id)
    if teacher is None or (row.action != "delete" and version is None):
        return GONE
    if row.action != "delete" and version != row.written_version:
        return CHANGED
    if row.action == "create" and (row.section, row.written_id) in stock.attached:
        return HAS_FILES
    items = row.old if row.action == "update" else ()
    row_id = None if row.action == "delete" else row.written_id
    locked_by = next(refusals(stock.rights[teacher.id], *row.lock_place(row_id), items), None)
    return locked_by[1].rstrip("。") if locked_by else ""


def _reverse(session: Session, stock: Stock, rows: Sequence[PlanRow], touched: dict[int, Teacher]) -> None:
    """Take back rows of one section and action."""
    section = BY_NAME[rows[0].section]
    there = targets(session, section.name, [row.written_id for row in rows]) if section.many else stock.teachers
    for row in rows:
        teacher = stock.teachers[row.owner_id or 0]
        old = unpack_values(row.section, row.old)
        if section.many:
            touched[teacher.id] = teacher
        if row.action == "update":
            set_items(there[row.written_id or 0], old)
        elif row.action == "delete":
            session.add(_again(section.model, teacher, old))
        else:
            session.delete(there[row.written_id or 0])


def _claim_again(session: Session, row: PlanRow, teacher: Teacher) -> None:
    """Say 「无」 again, as before the import; not where a row was kept."""
    section = row.lock_place(None)[0]
    if not child_rows(session, section, [teacher.id]):
        session.add(_again(NOTHING.model, teacher, {"section": section.name}))


def _again(model: Any, teacher: Teacher, values: Mapping[str, Any]) -> Any:
    row = model(teacher_id=teacher.id, teacher=teacher)
    set_items(row, dict(values))
    return row
