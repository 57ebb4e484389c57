"""Verbs of the import: apply a plan, discard it, undo it. They flush, the caller commits."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, Conflict
from app.core.flow import lock
from app.core.sections.section import Section
from app.permissions import Permission as P
from app.records import BY_NAME
from app.records.queries import units_holding
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.entry import enter_new_people, new_rows
from app.spreadsheets.locks import refusals
from app.spreadsheets.models import ImportPlan, ImportRow
from app.spreadsheets.planning import unpack_values
from app.spreadsheets.queries import count_rows, rows_of_plan
from app.spreadsheets.stock import WRITTEN, Stock, child_ids, follow, load_stock, set_items, written_by
from app.spreadsheets.undo import UndoResult, undo_plan

NOT_OPEN = {
    "applied": "这次导入已经写入过，没有再写一遍。",
    "undone": "这次导入写入后已经撤销。要再写入，请重新上传文件。",
    "discarded": "这次导入已经放弃。要写入，请重新上传文件。",
}
HAS_ERRORS = "还有 {count} 行有错，什么都没有写入。请改好后重新上传。"
STALE = "预览之后{names}的资料又有变动，什么都没有写入。请重新上传这个文件，对照最新内容再写入。"
TAKEN = "{names}的证件号刚刚已被录入，什么都没有写入。请重新上传这个文件再看。"
RACE = "写入时有人录入了同一个证件号，什么都没有写入。请重新上传这个文件再看。"


def discard_plan(session: Session, actor: Actor, plan_id: int, now: dt.datetime) -> ImportPlan:
    """Give a plan up. Its rows go: they hold personal data that nobody needs any more. Raises Conflict."""
    actor.must(P.IMPORT_USE)
    plan = lock(session, ImportPlan, plan_id)
    if plan.status != "planned":
        raise Conflict(NOT_OPEN[plan.status])
    session.execute(delete(ImportRow).where(ImportRow.plan_id == plan.id).execution_options(synchronize_session=False))
    plan.status = "discarded"
    session.flush()
    return plan


# ── apply ──


def apply_plan(session: Session, actor: Actor, plan_id: int, now: dt.datetime) -> ImportPlan:
    """Write just what the plan says, all or nothing.

    Raises AppError when rows have errors, Conflict when the plan is no longer open, when a row has moved since it was
    planned or when a number was taken meanwhile.
    """
    actor.must(P.IMPORT_USE)
    plan = lock(session, ImportPlan, plan_id)
    if plan.status != "planned":
        raise Conflict(NOT_OPEN[plan.status])
    if wrong := count_rows(session, [plan.id])[plan.id].get("error"):
        raise AppError(HAS_ERRORS.format(count=wrong))
    rows = rows_of_plan(session, plan.id, WRITTEN, known_people=True)
    owners = {row.owner_id for row in rows if row.owner_id is not None}
    stock = load_stock(session, actor, owners, child_ids(rows, "target_id"))
    _refuse_moved(stock, rows)
    _refuse_taken_numbers(session, plan)
    plan.status, plan.applied_at = "applied", now
    with written_by(session, f"Excel 导入：{plan.file_name}", plan.id):
        try:
            enter_new_people(session, plan, now)
            written, touched = _write(session, stock, rows)
            session.flush()
        except IntegrityError as error:
            raise Conflict(RACE) from error
        follow(session, touched, now)
    for row, stored in written:
        row.written_id, row.written_version = stored.id, stored.version
    session.flush()
    return plan


def _refuse_moved(stock: Stock, rows: Sequence[ImportRow]) -> None:
    """Every row must stand as it was planned, and its record must still be open."""
    moved = [row for row in rows if row.owner_id is not None and not _stands(stock, row)]
    if moved:
        raise Conflict(STALE.format(names=_names(moved)))


def _stands(stock: Stock, row: ImportRow) -> bool:
    teacher = stock.teachers.get(row.owner_id or 0)
    # A row that is added hangs on the version of the record, others on their own.
    target = teacher if row.target_id is None else stock.target(row.section, row.target_id)
    if teacher is None or target is None or target.version != row.base_version:
        return False
    if row.action == "delete" and (row.section, row.target_id) in stock.attached:
        return False
    items = row.content["values"] if row.action == "update" else ()
    return not any(refusals(stock.rights[teacher.id], *row.lock_place(row.target_id), items))


def _names(rows: Iterable[ImportRow]) -> str:
    names = list(dict.fromkeys(row.content["name"] for row in rows))
    return f"「{'、'.join(names[:5])}」{f'等 {len(names)} 人' if len(names) > 5 else ''}"


def _refuse_taken_numbers(session: Session, plan: ImportPlan) -> None:
    for part in new_rows(session, plan, BASIC_INFO.name):
        new = {row.content["key"]: row for row in part}
        if taken := units_holding(session, list(new)):
            raise Conflict(TAKEN.format(names=_names(new[number] for number in taken)))


def _write(
    session: Session, stock: Stock, rows: Sequence[ImportRow]
) -> tuple[list[tuple[ImportRow, Any]], list[Teacher]]:
    """Make the changes of people who are stored already; what was written for each row, and the teachers whose child
    rows changed.
    """
    written: list[tuple[ImportRow, Any]] = []
    touched: dict[int, Teacher] = {}
    for row in rows:
        owner = stock.teachers[row.owner_id or 0]
        if row.section == BASIC_INFO.name:
            set_items(owner, unpack_values(row.section, row.content["values"]))
            written.append((row, owner))
            continue
        touched[owner.id] = owner
        stored = _write_child(session, BY_NAME[row.section], owner, stock.target(row.section, row.target_id), row)
        if stored is not None:
            written.append((row, stored))
    return written, list(touched.values())


def _write_child(session: Session, section: Section, owner: Teacher, target: Any, row: ImportRow) -> Any:
    values = unpack_values(row.section, row.content["values"])
    if row.action == "delete":
        session.delete(target)
        return None
    if row.action == "create":
        target = section.model(teacher_id=owner.id, teacher=owner)
        session.add(target)
    set_items(target, values)
    return target


__all__ = ["UndoResult", "apply_plan", "discard_plan", "undo_plan"]
