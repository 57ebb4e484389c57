"""Verbs of the import: apply a plan, discard it, undo it. They flush, the caller commits."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, Conflict
from app.core.flow import lock
from app.permissions import Permission as P
from app.records import BY_NAME
from app.records.queries import units_holding
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.spreadsheets.entry import enter_new_people, planned_people
from app.spreadsheets.left_out import LeftOut, left_out_of
from app.spreadsheets.locks import refusals
from app.spreadsheets.models import ImportBlock, ImportPlan
from app.spreadsheets.packing import unpack_values
from app.spreadsheets.plan_rows import Block, PlanRow, blocks_of_plan, count_rows, rows_of_plan, store_again
from app.spreadsheets.queries import WRITTEN
from app.spreadsheets.stock import Stock, child_ids, follow, load_stock, set_items, targets, written_by
from app.spreadsheets.undo import UndoResult, undo_plan

UNDECIDED = ("reading", "planned")
KEEP_UNDECIDED = dt.timedelta(days=30)
NOT_OPEN = {
    "reading": "这个文件还没有核对完。请等核对完再写入。",
    "applied": "这次导入已经写入过，没有再写一遍。",
    "undone": "这次导入写入后已经撤销。要再写入，请重新上传文件。",
    "discarded": "这次导入已经放弃。要写入，请重新上传文件。",
}
ALL_OR_NOTHING = "「替换」会删除现有记录，有错时不能只写一部分。请全部改好后重新上传。"
NOTHING_RIGHT = "没有可以写入的行。请改好后重新上传。"
HAS_ERRORS = "还有 {count} 行有错，什么都没有写入。请改好后重新上传。"
STALE = "预览之后{names}的资料又有变动，什么都没有写入。请重新上传这个文件，对照最新内容再写入。"
TAKEN = "{names}的证件号刚刚已被录入，什么都没有写入。请重新上传这个文件再看。"
RACE = "写入时有人录入了同一个证件号，什么都没有写入。请重新上传这个文件再看。"


def discard_plan(session: Session, actor: Actor, plan_id: int, now: dt.datetime) -> ImportPlan:
    """Give a plan up. Its rows go: they hold personal data that nobody needs any more. Raises Conflict."""
    actor.must(P.IMPORT_USE)
    plan = lock(session, ImportPlan, plan_id)
    if plan.status not in UNDECIDED:
        raise Conflict(NOT_OPEN[plan.status])
    _give_up(session, plan)
    session.flush()
    return plan


def discard_old(session: Session, now: dt.datetime) -> int:
    """Give up plans that nobody has decided on for a month; how many."""
    old = select(ImportPlan).where(ImportPlan.status.in_(UNDECIDED), ImportPlan.created_at < now - KEEP_UNDECIDED)
    plans = session.scalars(old).all()
    for plan in plans:
        _give_up(session, plan)
    session.flush()
    return len(plans)


def _give_up(session: Session, plan: ImportPlan) -> None:
    remove_rows(session, plan.id)
    plan.status, plan.stored_digest = "discarded", None


def remove_rows(session: Session, plan_id: int) -> None:
    """Forget what was worked out."""
    gone = delete(ImportBlock).where(ImportBlock.plan_id == plan_id)
    session.execute(gone.execution_options(synchronize_session=False))


# ── apply ──


@dataclass
class _Writing:
    """What is at hand while a plan is written; `touched` are those whose child rows changed."""

    stock: Stock
    left_out: LeftOut
    touched: dict[int, Teacher] = field(default_factory=dict)


def apply_plan(
    session: Session, actor: Actor, plan_id: int, now: dt.datetime, *, only_right: bool = False
) -> ImportPlan:
    """Write just what the plan says, all or nothing; with `only_right` without the rows that are wrong.

    Raises AppError when rows have errors, Conflict when the plan is no longer open, when a row has moved since it was
    planned or when a number was taken meanwhile.
    """
    actor.must(P.IMPORT_USE)
    plan = lock(session, ImportPlan, plan_id)
    left_out = what_stays_out(session, plan, only_right=only_right)
    known = [row for row in rows_of_plan(session, plan.id, WRITTEN, known=True) if left_out.writes(row)]
    owners = {row.owner_id for row in known if row.owner_id is not None}
    writing = _Writing(load_stock(session, actor, owners, child_ids(known, "target_id")), left_out)
    _refuse_moved(writing.stock, known)
    _refuse_taken_numbers(session, plan, left_out)
    plan.status, plan.applied_at, plan.left_out, plan.stored_digest = "applied", now, left_out.count, None
    with written_by(session, f"Excel 导入：{plan.file_name}", plan.id):
        try:
            enter_new_people(session, plan, left_out, now)
            for block in blocks_of_plan(session, plan.id, WRITTEN, known=True):
                _write_block(session, writing, block)
        except IntegrityError as error:
            raise Conflict(RACE) from error
        follow(session, list(writing.touched.values()), now)
    _note_versions(session, plan, writing.stock)
    session.flush()
    return plan


def what_stays_out(session: Session, plan: ImportPlan, *, only_right: bool) -> LeftOut:
    """The rows that would not be written. Raises AppError or Conflict when the plan cannot be written at all."""
    if plan.status != "planned":
        raise Conflict(NOT_OPEN[plan.status])
    counts = count_rows(session, [plan.id])[plan.id]
    wrong = counts.get("error", 0)
    if not wrong:
        return LeftOut()
    if not only_right:
        raise AppError(HAS_ERRORS.format(count=wrong))
    if plan.mode == "replace":
        raise AppError(ALL_OR_NOTHING)
    found = left_out_of(session, plan)
    if found.count >= sum(counts.get(action, 0) for action in (*WRITTEN, "error")):
        raise AppError(NOTHING_RIGHT)
    return found


def _refuse_moved(stock: Stock, rows: Sequence[PlanRow]) -> None:
    """Every row must stand as it was planned, and its record must still be open."""
    moved = [row for row in rows if not _stands(stock, row)]
    if moved:
        raise Conflict(STALE.format(names=_names(moved)))


def _stands(stock: Stock, row: PlanRow) -> bool:
    teacher = stock.teachers.get(row.owner_id or 0)
    # A row that is added hangs on the version of the record, others on their own.
    if teacher is None:
        return False
    version = teacher.version if row.target_id is None else stock.version(row.section, row.target_id)
    if version != row.base_version:
        return False
    if row.action == "delete" and (row.section, row.target_id) in stock.attached:
        return False
    items = row.values if row.action == "update" else ()
    return not any(refusals(stock.rights[teacher.id], *row.lock_place(row.target_id), items))


def _names(rows: Iterable[PlanRow]) -> str:
    names = list(dict.fromkeys(row.name for row in rows))
    return f"「{'、'.join(names[:5])}」{f'等 {len(names)} 人' if len(names) > 5 else ''}"


def _refuse_taken_numbers(session: Session, plan: ImportPlan, left_out: LeftOut) -> None:
    for part in planned_people(session, plan, BASIC_INFO.name, left_out):
        new = {row.key: row for row in part}
        if taken := units_holding(session, list(new)):
            raise Conflict(TAKEN.format(names=_names(new[number] for number in taken)))


def _write_block(session: Session, writing: _Writing, block: Block) -> None:
    """Make changes of people who are stored already, and note in the plan what was written."""
    rows = [row for row in block.rows if writing.left_out.writes(row)]
    if not rows:
        return
    if rows[0].section == BASIC_INFO.name:
        for row in rows:
            set_items(writing.stock.teachers[row.owner_id or 0], unpack_values(row.section, row.values))
            row.written_id, row.written_version = row.owner_id, 0  # the version is known at the end
    else:
        _write_children(session, writing, rows)
    session.flush()
    store_again(session, block)


def _write_children(session: Session, writing: _Writing, rows: Sequence[PlanRow]) -> None:
    section = BY_NAME[rows[0].section]
    there = targets(session, section.name, [row.target_id for row in rows])
    written: list[tuple[PlanRow, Any]] = []
    for row in rows:
        owner = writing.touched[row.owner_id or 0] = writing.stock.teachers[row.owner_id or 0]
        target = there.get(row.target_id or 0)
        if row.action == "delete":
            session.delete(target)
            row.written_version = row.base_version
            continue
        if row.action == "create":
            target = section.model(teacher_id=owner.id, teacher=owner)
            session.add(target)
        set_items(target, unpack_values(row.section, row.values))
        written.append((row, target))
    session.flush()
    for row, stored in written:
        row.written_id, row.written_version = stored.id, stored.version


def _note_versions(session: Session, plan: ImportPlan, stock: Stock) -> None:
    """The versions of the records, which moved with each row of theirs."""
    for block in blocks_of_plan(session, plan.id, WRITTEN, BASIC_INFO.name, known=True):
        for row in block.rows:
            if row.written_id is not None:
                row.written_version = stock.teachers[row.written_id].version
        store_again(session, block)


__all__ = ["UndoResult", "apply_plan", "discard_plan", "undo_plan"]
