"""What the processes of the tests run: workers on the database of the test, without the application around them.

Each chunk of `counting` leaves a row in the table `ledger`, which knows nothing of jobs: it may hold a chunk once.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import crypto
from app.core.actor import KEY, SYSTEM
from app.core.db import utc_now, writes
from app.core.files import FileStore
from app.core.job_worker import Acting, Context, Worker
from app.core.jobs import QUEUED, RUNNING, Job, Kinds, Result, claim, job_kind
from app.core.scope import EVERYTHING, set_scope
from app.permissions import Permission
from config import TEST_DATA_KEY

CHUNKS = 25
PERMISSION = Permission.RECORD_EXPORT
LEDGER = sa.table("ledger", sa.column("job_id"), sa.column("chunk"))
DEFINE_LEDGER = "CREATE TABLE ledger (job_id integer NOT NULL, chunk integer NOT NULL)"


def note(context: Context, chunk: int) -> None:
    context.session.execute(sa.insert(LEDGER).values(job_id=context.held.id, chunk=chunk))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job_kind("counting", permission=PERMISSION, resumable=True)
def counting(context: Context) -> Result:
    """The right way: the effect and the position in one transaction."""
    for chunk in range(context.position or 0, CHUNKS):
        note(context, chunk)
        time.sleep(random.random() / 500)
        context.save(chunk + 1, CHUNKS, chunk + 1)
    return Result("counted")


@job_kind("naive", permission=PERMISSION, resumable=True)
def naive(context: Context) -> Result:
    """The wrong way: the effect first, then the position. It dies between the two, once."""
    for chunk in range(context.position or 0, CHUNKS):
        note(context, chunk)
        context.session.commit()
        if chunk == CHUNKS // 2 and context.parameters["dies"] and alone(context.session, chunk):
            die()
        context.save(chunk + 1, CHUNKS, chunk + 1)
    return Result()


@job_kind("dying", permission=PERMISSION, resumable=True)
def dying(context: Context) -> Result:
    """Like `counting`; it dies before the commit of a chunk, after that of another, and before the end."""
    first = context.position is None
    for chunk in range(context.position or 0, CHUNKS):
        note(context, chunk)
        if first and chunk == 3:
            die()
        context.save(chunk + 1, CHUNKS, chunk + 1)
        if chunk == 10:
            die()
    return Result()


def alone(session: Session, chunk: int) -> bool:
    return session.scalar(sa.select(sa.func.count()).select_from(LEDGER).where(LEDGER.c.chunk == chunk)) == 1


@job_kind("anew", permission=PERMISSION, resumable=False)
def anew(context: Context) -> Result:
    """Cannot be resumed: its file has all lines once, though workers die over it."""
    lines = []
    for chunk in range(context.held.done, CHUNKS):
        lines.append(f"{chunk}\n")
        time.sleep(random.random() / 500)
        context.save(chunk + 1, CHUNKS)
    return Result(digest=context.store.put("".join(lines).encode()), name="a.txt")


KINDS: Kinds = {kind.name: kind for kind in (counting, naive, dying, anew)}


def engine_of(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    return sa.create_engine(parsed.set(drivername="postgresql+psycopg") if parsed.drivername != "sqlite" else parsed)


def acting_as_system(engine: sa.Engine) -> Acting:
    def acting(_owner_id: int) -> AbstractContextManager[Session]:
        return system_session(engine)

    return acting


@contextmanager
def system_session(engine: sa.Engine) -> Iterator[Session]:
    with Session(engine) as session:
        session.info[KEY] = SYSTEM
        set_scope(session, EVERYTHING)
        yield session


def make_worker(url: str, folder: str, kinds: Kinds = KINDS) -> Worker:
    crypto.configure(TEST_DATA_KEY)
    engine = engine_of(url)
    return Worker(engine, kinds, acting_as_system(engine), FileStore(Path(folder)))


# ── run in processes ──


def work(url: str, folder: str, seed: int) -> None:
    """Work until the queue is empty."""
    random.seed(seed)
    worker = make_worker(url, folder)
    while worker.turn():
        pass


def claim_all(url: str, _barrier: Any, taken: Any) -> None:
    """Claim until nothing is left; which jobs that were."""
    crypto.configure(TEST_DATA_KEY)
    engine, mine = engine_of(url), []
    while held := claim(engine, KINDS, utc_now()):
        mine.append(held.id)
    taken.put(mine)


def claim_naively(url: str, barrier: Any, taken: Any) -> None:
    """Look first, write later: several take the same one."""
    engine, mine = engine_of(url), []
    for _ in range(3):
        writes.set(False)
        with engine.connect() as connection:
            job_id = connection.scalar(sa.select(sa.func.min(Job.id)).where(Job.status == QUEUED))
        barrier.wait()
        writes.set(True)
        if job_id is not None:
            with engine.begin() as connection:
                connection.execute(sa.update(Job).where(Job.id == job_id).values(status=RUNNING))
            mine.append(job_id)
        barrier.wait()
    taken.put(mine)
