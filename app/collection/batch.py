"""What a school does with many teachers at once: the verbs, and the job for many of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.queries import accounts_of
from app.collection import operations
from app.core.actor import Actor
from app.core.batches import ENDED, Verb, act, outcome_of, own_batch
from app.core.db import utc_now
from app.core.errors import AppError
from app.core.excel import export_rows
from app.core.job_worker import Context
from app.core.jobs import Result, job_kind
from app.permissions import Permission as P
from app.records.operations import delete_teacher
from app.records.queries import teacher_for

AT_ONCE = 100  # a request should not take longer than some seconds, nor hold up those who write
MOST = 10_000
CHUNK = 50
WORDS = {"done": "做好", "skipped": "跳过", "failed": "没有做成"}


def remove(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
    """Delete a record that was never reported. Raises AppError when it may not go."""
    actor.must(P.RECORD_DELETE)
    teacher = teacher_for(session, teacher_id)
    delete_teacher(session, teacher, bool(accounts_of(session, [teacher_id])))


@dataclass(frozen=True)
class Action:
    """A verb over many teachers, and what is said before."""

    label: str
    verb: Verb
    permission: P
    text: str
    danger: bool = False


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
}  # fmt: skip


@job_kind("teacher_batch", permission=P.RECORD_LIST, resumable=True)
def teacher_batch(context: Context) -> Result:
    """A batch too long for a request. What is done and how far one is are stored together."""
    session, actor = context.session, context.actor
    batch = own_batch(session, actor, context.parameters["batch"])
    if batch is None or batch.rows is None:
        raise AppError("这次批量操作已经过期，没有做。请回到教师列表重新选。")
    action, rows = ACTIONS[batch.action], [tuple(row) for row in batch.rows]
    actor.must(action.permission)
    lines = list(context.position or [])
    while len(lines) < len(rows):
        lines += act(session, rows[len(lines) : len(lines) + CHUNK], action.verb, actor, utc_now())
        context.save(len(lines), len(rows), lines)
    outcome = outcome_of(lines)
    told = [(name, WORDS[what], why) for _, name, what, why in (*outcome.failed, *outcome.skipped, *outcome.done)]
    digest = context.store.put(export_rows(["姓名", "结果", "说明"], told, action.label))
    own_batch(session, actor, context.parameters["batch"]).status = ENDED  # type: ignore[union-attr]
    return Result(f"{action.label}：{outcome.text}名单见结果文件。", digest, f"{action.label}结果.xlsx")
