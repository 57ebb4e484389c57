"""What is done with many teachers at once: the verbs of schools and of reviewers, and the job for many of them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from app.accounts.queries import accounts_of
from app.accounts.views import password_rules
from app.collection import operations
from app.collection.operations import Refusal
from app.collection.queries import being_judged
from app.collection.teacher_accounts import make
from app.core.actor import Actor
from app.core.batches import ENDED, BatchAction, Verb, act, outcome_of, own_batch
from app.core.db import utc_now
from app.core.errors import AppError, Conflict
from app.core.excel import export_rows
from app.core.flow import lock
from app.core.job_worker import Context
from app.core.jobs import Result, job_kind
from app.permissions import Permission as P
from app.records.operations import delete_teacher
from app.records.queries import teacher_for
from app.records.teacher import Teacher

AT_ONCE = 100  # a request should not take longer than some seconds, nor hold up those who write
MOST = 10_000
CHUNK = 50
ACCOUNTS = "accounts"
WORDS = {"done": "做好", "skipped": "跳过", "failed": "没有做成"}


def remove(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """Delete a record that was never reported. Raises AppError when it may not go."""
    actor.must(P.RECORD_DELETE)
    teacher = teacher_for(session, teacher_id)
    delete_teacher(session, teacher, bool(accounts_of(session, [teacher_id])))


def make_account(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """Make the teacher's own account from the record."""
    make(session, actor, teacher_id, password_rules(), now)


@dataclass(frozen=True)
class Action:
    """A verb over many teachers, and what is said before. `verb` may want to be told of the question."""

    label: str
    verb: Callable[..., None]
    permission: P
    text: str
    danger: bool = False
    of_question: bool = False
    needs_reason: bool = False


@dataclass(frozen=True)
class Told:
    """What a verb is told of the question: until when the reviewer has seen the list, and the reason for all."""

    seen_at: dt.datetime
    reason: str = ""
    note: str = ""


def verb_of(batch: BatchAction) -> Verb:
    """What is done to each row of a question."""
    action, chosen = ACTIONS[batch.action], batch.chosen
    if not action.of_question:
        return action.verb
    return partial(action.verb, told=Told(batch.at, chosen.get("reason", ""), chosen.get("note", "")))


def approve_listed(session: Session, teacher_id: int, actor: Actor, now: dt.datetime, told: Told) -> None:
    """Approve a report as it was listed. Raises Conflict where it has changed, or is judged item by item."""
    operations.approve(session, teacher_id, _as_listed(session, teacher_id, told), actor, now)


def reject_listed(session: Session, teacher_id: int, actor: Actor, now: dt.datetime, told: Told) -> None:
    """Send a whole report back with the reason for all. Raises Conflict like `approve_listed`."""
    version = _as_listed(session, teacher_id, told)
    operations.reject(session, teacher_id, version, [Refusal("", None, "", told.reason, told.note)], "", actor, now)


def _as_listed(session: Session, teacher_id: int, told: Told) -> int:
    teacher = lock(session, Teacher, teacher_id)
    if teacher.updated_at > told.seen_at:
        raise Conflict("您确认之前刚有变动，没有一起办。请打开看过再办。")
    if being_judged(session, teacher):
        raise Conflict("有人正在逐项审核，没有一起办。请打开办理。")
    return teacher.version


ACTIONS: Mapping[str, Action] = {
    "report": Action(
        "报送", operations.report, P.RECORD_REPORT,
        "报送后资料锁定，等上级审核。没有填完整的、已经报送的不会动，会逐个列出原因。",
    ),
    "withdraw": Action(
        "撤回报送", operations.withdraw, P.RECORD_REPORT,
        "撤回后回到「已交学校」，可以修改后再报。已有单位审核通过的不能撤回，会逐个列出。",
    ),
    "delete": Action(
        "删除档案", remove, P.RECORD_DELETE,
        "整份档案一起删除，不能恢复。报送过的、有自助账号的不会删除，会逐个列出原因。", danger=True,
    ),
    ACCOUNTS: Action(
        "生成自助账号", make_account, P.ACCOUNT_CREATE,
        "从档案建账号，登录名就是本人的身份证件号。做好后可以打印密码条，也可以在「教师账号」里导出初始密码。"
        "已有账号的、没有填证件号的不会动，会逐个列出。",
    ),
    "approve": Action(
        "审核通过", approve_listed, P.REVIEW_DECIDE,
        "不逐项查看，直接通过。您自己报送的、正在逐项审核的不会动，会逐个列出原因。", of_question=True,
    ),
    "reject": Action(
        "整份退回", reject_listed, P.REVIEW_DECIDE,
        "退回学校修改，所有项目都可以改，原因相同。您自己报送的、正在逐项审核的不会动，会逐个列出原因。",
        danger=True, of_question=True, needs_reason=True,
    ),
}  # fmt: skip


@job_kind("teacher_batch", permission=P.JOB_LIST, resumable=True)
def teacher_batch(context: Context) -> Result:
    """A batch too long for a request. What is done and how far one is are stored together."""
    session, actor = context.session, context.actor
    batch = own_batch(session, actor, context.parameters["batch"])
    if batch is None or batch.rows is None:
        raise AppError("这次批量操作已经过期，没有做。请回到列表重新选。")
    action, rows = ACTIONS[batch.action], [tuple(row) for row in batch.rows]
    actor.must(action.permission)
    lines, verb = list(context.position or []), verb_of(batch)
    while len(lines) < len(rows):
        lines += act(session, rows[len(lines) : len(lines) + CHUNK], verb, actor, utc_now())
        context.save(len(lines), len(rows), lines)
    outcome = outcome_of(lines)
    told = [(name, WORDS[what], why) for _, name, what, why in (*outcome.failed, *outcome.skipped, *outcome.done)]
    digest = context.store.put(export_rows(["姓名", "结果", "说明"], told, action.label))
    own_batch(session, actor, context.parameters["batch"]).status = ENDED  # type: ignore[union-attr]
    return Result(f"{action.label}：{outcome.text}名单见结果文件。", digest, f"{action.label}结果.xlsx")
