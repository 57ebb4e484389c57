"""Work that takes longer than a request: the table `job` is the queue, on both databases.

A worker holds a job by the number it wrote into `claim`. Whatever it stores goes with a change of the job's row that
asks for this number, in one transaction: whoever has lost the job (taken back, cancelled) stores nothing any more.
"""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, Engine, Index, Integer, String, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.crypto import EncryptedJson
from app.core.db import Base, UtcDateTime, short_read, short_write
from app.core.errors import AppError
from app.core.files import REFERS_TO_FILE
from app.permissions import Permission

if TYPE_CHECKING:
    from app.core.job_worker import Context

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
OPEN, ENDED_BADLY = (QUEUED, RUNNING), (FAILED, CANCELLED)
STALE = dt.timedelta(seconds=60)  # a worker that lives says so every quarter of it
MAX_ATTEMPTS = 3
MAX_OPEN = 5
KEEP = dt.timedelta(days=7)
GIVEN_UP = f"处理程序中断了 {MAX_ATTEMPTS} 次，没有做完。请重试；还不行请告诉系统管理员。"


class Job(Base):
    """One long piece of work. Only the owner sees it, and only in the unit where it was asked for."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_status_id", "status", "id"), Index("ix_job_owner_id_id", "owner_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(100))
    parameters: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("job.parameters"))
    owner_id: Mapped[int] = mapped_column(Integer)
    unit_id: Mapped[int] = mapped_column(Integer)

    status: Mapped[str] = mapped_column(String(10), default=QUEUED)
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    position: Mapped[Any] = mapped_column(EncryptedJson("job.position"), nullable=True)  # where a resumed one goes on
    message: Mapped[str] = mapped_column(String(200), default="")

    claim: Mapped[str | None] = mapped_column(String(16))
    heartbeat_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)

    result_digest: Mapped[str | None] = mapped_column(String(64), index=True, info=REFERS_TO_FILE)
    result_name: Mapped[str] = mapped_column(String(100), default="")

    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Result:
    """What came of a job: the digest of a file in the store with the name it is saved under, and a sentence."""

    message: str = ""
    digest: str | None = None
    name: str = ""


Work: TypeAlias = Callable[["Context"], Result]


@dataclass(frozen=True)
class Kind:
    """A kind of work. `resumable`: each chunk's effect is stored together with its position, so another worker goes on
    from there; otherwise it starts anew."""

    name: str
    permission: Permission
    resumable: bool
    work: Work


Kinds: TypeAlias = Mapping[str, Kind]


def job_kind(name: str, *, permission: Permission, resumable: bool) -> Callable[[Work], Kind]:
    """Make a function a kind of job. Features list theirs when they are plugged in; nothing registers itself."""
    return lambda work: Kind(name, permission, resumable, work)


# ── what people do ──


def enqueue(
    session: Session, actor: Actor, kind: Kind, title: str, parameters: Mapping[str, Any], now: dt.datetime
) -> Job:
    """Put a job into the queue. Raises AppError when too many of the actor's wait already."""
    actor.must(kind.permission)
    waiting = select(func.count(Job.id)).where(Job.owner_id == actor.user_id, Job.status.in_(OPEN))
    if (session.scalar(waiting) or 0) >= MAX_OPEN:
        raise AppError(f"您已有 {MAX_OPEN} 个任务没有做完，请等一等，或先取消一个。")
    job = Job(
        kind=kind.name, title=title, parameters=dict(parameters), owner_id=actor.user_id, unit_id=actor.unit_id,
        created_at=now,
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job


def own_jobs(session: Session, actor: Actor, now: dt.datetime) -> Sequence[Job]:
    """The actor's jobs that have not run out, the newest first."""
    return session.scalars(select(Job).where(*_own(actor, now)).order_by(Job.id.desc())).all()


def own_job(session: Session, actor: Actor, job_id: int, now: dt.datetime) -> Job | None:
    """One of the actor's jobs."""
    return session.scalar(select(Job).where(Job.id == job_id, *_own(actor, now)))


def states_of(session: Session, actor: Actor, job_ids: Sequence[int]) -> dict[int, str]:
    """The states of some of the actor's jobs by id."""
    query = select(Job.id, Job.status).where(Job.id.in_(job_ids), Job.owner_id == actor.user_id)
    return {job_id: status for job_id, status in session.execute(query)}


def _own(actor: Actor, now: dt.datetime) -> tuple[Any, ...]:
    return (
        Job.owner_id == actor.user_id,
        Job.unit_id == actor.unit_id,
        or_(Job.expires_at.is_(None), Job.expires_at > now),
    )


def cancel(session: Session, job: Job, now: dt.datetime) -> bool:
    """End a job that waits or runs; its worker notices at the next chunk. False when it has ended already."""
    ended = {"status": CANCELLED, "claim": None, "finished_at": now, "expires_at": now + KEEP}
    return _changed(session, job, OPEN, ended)


def retry(session: Session, job: Job) -> bool:
    """Queue a job again that failed or was cancelled. False when it is in another state."""
    again = {"status": QUEUED, "claim": None, "attempts": 0, "message": "", "finished_at": None, "expires_at": None}
    return _changed(session, job, ENDED_BADLY, again)


def _changed(session: Session, job: Job, status: Sequence[str], values: Mapping[str, Any]) -> bool:
    statement = update(Job).where(Job.id == job.id, Job.status.in_(status)).values(values)
    done = session.execute(statement.execution_options(synchronize_session=False))
    session.expire(job)
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


# ── what workers do ──


@dataclass(frozen=True)
class Held:
    """A job in the hands of a worker."""

    id: int
    claim: str
    kind: Kind
    owner_id: int
    unit_id: int
    parameters: Mapping[str, Any]
    position: Any
    done: int
    total: int


def claim(engine: Engine, kinds: Kinds, now: dt.datetime) -> Held | None:
    """Take the oldest waiting job, after those were taken back whose worker died; None when there is nothing to do."""
    with short_read(engine) as connection:  # an idle worker never takes SQLite's write lock
        if connection.scalar(select(Job.id).where(or_(_waiting(kinds), _abandoned(now))).limit(1)) is None:
            return None
    with short_write(engine) as connection:
        _sweep(connection, now)
        return _take(connection, kinds, now)


def _waiting(kinds: Kinds) -> Any:
    return (Job.status == QUEUED) & Job.kind.in_(list(kinds))


def _abandoned(now: dt.datetime) -> Any:
    return (Job.status == RUNNING) & (Job.heartbeat_at < now - STALE)


def _sweep(connection: Connection, now: dt.datetime) -> None:
    ended = {"status": FAILED, "message": GIVEN_UP, "finished_at": now, "expires_at": now + KEEP}
    again = {"status": QUEUED}
    for condition, values in ((Job.attempts >= MAX_ATTEMPTS, ended), (Job.attempts < MAX_ATTEMPTS, again)):
        connection.execute(update(Job).where(_abandoned(now), condition).values(claim=None, **values))


def _take(connection: Connection, kinds: Kinds, now: dt.datetime) -> Held | None:
    columns = (Job.id, Job.kind, Job.owner_id, Job.unit_id, Job.parameters, Job.position, Job.done, Job.total)
    query = select(*columns).where(_waiting(kinds)).order_by(Job.id).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    kind, number = kinds[row.kind], secrets.token_hex(8)
    place = (row.position, row.done, row.total) if kind.resumable else (None, 0, 0)
    values = {"status": RUNNING, "claim": number, "heartbeat_at": now, "started_at": now, "message": ""}
    values |= dict(zip(("position", "done", "total"), place, strict=True))
    mine = update(Job).where(Job.id == row.id, Job.status == QUEUED)
    if connection.execute(mine.values(attempts=Job.attempts + 1, **values)).rowcount != 1:
        return None
    return Held(row.id, number, kind, row.owner_id, row.unit_id, row.parameters, *place)


def change_held(held: Held, values: Mapping[str, Any]) -> Any:
    """The statement that changes a held job; it changes no row once the job was taken away."""
    mine = (Job.id == held.id, Job.claim == held.claim, Job.status == RUNNING)
    return update(Job).where(*mine).values(values).execution_options(synchronize_session=False)
