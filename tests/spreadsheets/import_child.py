"""The steps of an import in processes that are killed, without the application around them: a worker, and requests."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import crypto
from app.core.actor import SYSTEM
from app.core.codes import codes
from app.core.db import utc_now
from app.core.files import FileStore
from app.core.job_worker import Worker
from app.core.jobs import Kinds
from app.organisations.models import Unit
from app.spreadsheets import planning
from app.spreadsheets.background import read_import, undo_import, write_import
from app.spreadsheets.operations import apply_plan
from config import TEST_DATA_KEY
from tests.jobs.child import engine_of, system_session

KINDS: Kinds = {kind.name: kind for kind in (read_import, write_import, undo_import)}


def worker_for(url: str, folder: str) -> Worker:
    engine: sa.Engine = engine_of(url)

    def acting(_owner_id: int) -> AbstractContextManager[Session]:
        return system_session(engine)

    return Worker(engine, KINDS, acting, FileStore(Path(folder)))


def send(url: str, path: str, unit_id: int, ready: Any) -> None:
    """What a web process does with a small file: one request works it out, another one writes it."""
    crypto.configure(TEST_DATA_KEY)
    with system_session(engine_of(url)) as session:
        codes.refresh(session)
        session.rollback()
        ready.set()
        unit = session.get_one(Unit, unit_id)
        plan = planning.plan_import(session, SYSTEM, unit, Path(path), "a.xlsx", "append", utc_now())
        plan_id = plan.id
        session.commit()
        apply_plan(session, SYSTEM, plan_id, utc_now())
        session.commit()


def work(url: str, folder: str, ready: Any) -> None:
    """Work until the queue is empty, in small parts."""
    crypto.configure(TEST_DATA_KEY)
    planning.PART = 20
    worker = worker_for(url, folder)
    with system_session(worker.engine) as session:
        codes.refresh(session)
    ready.set()
    while worker.turn():
        pass
