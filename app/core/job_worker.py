"""The loop that works on jobs, in processes of their own, as many as one likes."""

import datetime as dt
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.actor import KEY, Actor
from app.core.db import short_write, utc_now, writes
from app.core.errors import AppError
from app.core.files import FileStore
from app.core.jobs import DONE, FAILED, KEEP, QUEUED, STALE, Held, Job, Kinds, Result, change_held, claim

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two looks at an empty queue
MOVED = "提交任务后您换了单位，这项任务没有做。请在现在的单位重新提交。"
# Opens a session with the scope that the owner of a job has now. Raises AppError for who may not work any more.
Acting: TypeAlias = Callable[[int], AbstractContextManager[Session]]


class Stopped(Exception):
    """The job was cancelled, or another worker has it: nothing more may be stored."""


class HandedBack(Exception):
    """This worker is to end: the job waits for another."""


@dataclass
class Context:
    """What a kind of work gets. The session has the owner's scope as it is now."""

    session: Session
    held: Held
    store: FileStore
    ending: threading.Event

    @property
    def actor(self) -> Actor:
        actor: Actor = self.session.info[KEY]
        return actor

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.held.parameters

    @property
    def position(self) -> Any:
        """What the last chunk saved, for a kind that can be resumed; None at the beginning."""
        return self.held.position

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Look without holding up those who write; what was loaded does not stay in memory."""
        token = writes.set(False)
        try:
            yield self.session
        finally:
            self.session.rollback()
            self.session.expunge_all()
            writes.reset(token)

    def save(self, done: int, total: int, position: Any = None, message: str = "") -> None:
        """End a chunk: what the session has written is committed together with the progress, or not at all."""
        progress = {"done": done, "total": total, "position": position, "message": message}
        self.commit({**progress, "heartbeat_at": utc_now()})
        if self.ending.is_set():
            raise HandedBack

    def commit(self, values: Mapping[str, Any]) -> None:
        """Change the job and commit. Raises Stopped, with everything undone, when the job is no longer ours."""
        if self.session.execute(change_held(self.held, values)).rowcount != 1:  # type: ignore[attr-defined]
            self.session.rollback()
            raise Stopped
        self.session.commit()


@dataclass
class Worker:
    """Takes one job after the other until `ending` is set."""

    engine: Engine
    kinds: Kinds
    acting: Acting
    store: FileStore
    ending: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)

    def run(self, idle: float | None = None) -> None:
        """Work until the end, or until there was nothing for `idle` seconds. A database that does not answer is asked
        again.
        """
        since = time.monotonic()
        while not self.ending.is_set() and (idle is None or time.monotonic() - since < idle):
            try:
                worked = self.turn()
            except SQLAlchemyError:
                log.exception("jobs: the database does not answer")
                worked = False
            if worked:
                since = time.monotonic()
            else:
                self.wake.wait(PAUSE)
                self.wake.clear()

    def end(self) -> None:
        """Ask the loop to end after the present chunk."""
        self.ending.set()
        self.wake.set()

    def turn(self) -> bool:
        """Take one job and work on it; False when there was none."""
        held = claim(self.engine, self.kinds, utc_now())
        if held is None:
            return False
        token = writes.set(True)
        try:
            with self._beating(held):
                self._work(held)
        finally:
            writes.reset(token)
        return True

    def _work(self, held: Held) -> None:
        try:
            with self.acting(held.owner_id) as session:
                context = Context(session, held, self.store, self.ending)
                if context.actor.unit_id != held.unit_id:
                    raise AppError(MOVED)
                context.actor.must(held.kind.permission)
                context.commit(_ended(held.kind.work(context)))
        except Stopped:
            log.info("job %d was taken away", held.id)
        except HandedBack:
            # Not an attempt that failed; what cannot be resumed begins anew at the next worker.
            self._store(held, {"status": QUEUED, "claim": None, "attempts": Job.attempts - 1})
        except AppError as error:
            self._fail(held, error.message)
        except SQLAlchemyError:
            raise  # nothing could be stored: the job is taken back when its heartbeat is old
        except Exception:
            number = secrets.token_hex(4)
            log.exception("job %d of kind %s failed: %s", held.id, held.kind.name, number)
            self._fail(held, f"系统出了问题，没有做完（编号 {number}）。请重试；还不行请把编号告诉系统管理员。")

    def _fail(self, held: Held, message: str) -> None:
        now = utc_now()
        ended = {"status": FAILED, "finished_at": now, "expires_at": now + KEEP}
        self._store(held, {**ended, "message": message[:200]})

    def _store(self, held: Held, values: Mapping[str, Any]) -> None:
        with short_write(self.engine) as connection:
            connection.execute(change_held(held, values))

    @contextmanager
    def _beating(self, held: Held) -> Iterator[None]:
        """Say that this process lives, also while a chunk takes long."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(STALE / dt.timedelta(seconds=4)):
                try:
                    self._store(held, {"heartbeat_at": utc_now()})
                except SQLAlchemyError:
                    log.warning("job %d: no heartbeat could be stored", held.id)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _ended(result: Result) -> dict[str, Any]:
    now = utc_now()
    ended = {"status": DONE, "finished_at": now, "expires_at": now + KEEP, "message": result.message}
    return {**ended, "result_digest": result.digest, "result_name": result.name}
