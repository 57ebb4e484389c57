"""The steps of an import as work in the background, for files that take longer than a request should."""

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import Conflict
from app.core.flow import lock
from app.core.job_worker import Context
from app.core.jobs import OPEN, Job, Kind, Result, enqueue, job_kind
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.operations import NOT_OPEN, apply_plan, remove_rows, undo_plan
from app.spreadsheets.plan_rows import count_rows, store_rows
from app.spreadsheets.planning import finish_plan, work_out
from app.spreadsheets.queries import written_count
from app.spreadsheets.upload import Upload, book_for

AT_ONCE_BYTES = 512 << 10  # about 5,000 rows: two seconds
AT_ONCE_ROWS = 2_000
WRITES = "正在写入 {count:,} 行。要么全部写好，要么一行都不写。"
UNDOES = "正在撤销 {count:,} 行。要么全部撤销，要么都不动。"
AT_WORK = "这次导入正在后台处理。请等它做完。"


def job_of(session: Session, plan: ImportPlan) -> Job | None:
    """What works on a plan, or did last; it may be a colleague's. None when nothing ever did, or long ago."""
    return session.get(Job, plan.job_id) if plan.job_id is not None else None


def hand_over(session: Session, actor: Actor, plan_id: int, kind: Kind, title: str, **parameters: bool) -> int:
    """Queue a step of a plan; the id of the job. Raises Conflict while another one is under way."""
    plan = lock(session, ImportPlan, plan_id)
    job = job_of(session, plan)
    if job is not None and job.status in OPEN:
        raise Conflict(AT_WORK)
    made = enqueue(session, actor, kind, title[:100], {"plan": plan_id, **parameters}, utc_now())
    plan.job_id = made.id
    session.flush()
    return made.id


@job_kind("read_import", permission=P.IMPORT_USE, resumable=False)
def read_import(context: Context) -> Result:
    """Work a file out. Nobody waits: looking holds no lock, and each part is stored by itself."""
    session, plan_id, done = context.session, context.parameters["plan"], 0
    remove_rows(session, plan_id)  # of a worker that died
    context.save(0, 0)
    with context.reading():
        plan = session.get_one(ImportPlan, plan_id)
        unit = session.get_one(Unit, plan.unit_id)
        unit_id, place, digest, replace = unit.id, unit.scope_ids, plan.stored_digest or "", plan.mode == "replace"
        book = book_for(unit.indicator_set)
    with context.store.opened(digest) as path:
        upload = Upload(path, book)
        work = work_out(session, context.actor, unit_id, upload, replace=replace)
        while True:
            with context.reading():
                rows = next(work, None)
            if rows is None:
                break
            store_rows(session, plan_id, place, rows)
            done += len(rows)
            context.save(done, max(done, upload.expected))
    plan = lock(session, ImportPlan, plan_id)
    if plan.status != "reading":
        raise Conflict(NOT_OPEN[plan.status])
    finish_plan(plan, upload)
    context.save(done, done)
    return Result("核对完了，请到「Excel 导入」看结果，确认后写入。")


@job_kind("write_import", permission=P.IMPORT_USE, resumable=False)
def write_import(context: Context) -> Result:
    """Write a plan: in one transaction, which is also that of the job's end."""
    session, plan_id = context.session, context.parameters["plan"]
    _begin_one_step(context, WRITES)
    apply_plan(session, context.actor, plan_id, utc_now(), only_right=context.parameters["only_right"])
    return Result("已写入。7 天内可以整批撤销。")


@job_kind("undo_import", permission=P.IMPORT_USE, resumable=False)
def undo_import(context: Context) -> Result:
    """Take a plan back, in one transaction."""
    session, plan_id = context.session, context.parameters["plan"]
    _begin_one_step(context, UNDOES)
    result = undo_plan(session, context.actor, plan_id, utc_now())
    kept = f"，{len(result.conflicts)} 处保持现状，列在导入的页面上" if result.conflicts else ""
    return Result(f"已撤销 {result.undone:,} 行{kept}。")


def _begin_one_step(context: Context, doing: str) -> None:
    """In one transaction nobody can see how far it is, so the page says what is done."""
    plan_id = context.parameters["plan"]
    context.save(0, 0, message=doing.format(count=written_count(count_rows(context.session, [plan_id])[plan_id])))
