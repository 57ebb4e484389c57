"""The loop around the application: in a process beside the server that it starts itself, or as `flask jobs run`."""

import logging
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.guard import acting
from app.core.db import db, short_read
from app.core.job_worker import PAUSE, Worker
from app.core.jobs import OPEN, STALE, Job
from app.core.ui.background import WORKER, kinds_of
from app.core.ui.uploads import STORE

log = logging.getLogger(__name__)

EMBEDDED = "embedded"
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "flask", "--app", "app", "jobs", "run", "--attended")
IDLE = STALE.total_seconds() + 30  # long enough to take over from a worker that died
LONGEST_PAUSE = 60.0
_starting = threading.Lock()


def make_worker(app: Flask) -> Worker:
    """A worker for all kinds of jobs of the application."""
    with app.app_context():
        engine = db.engine
    return Worker(engine, kinds_of(app), partial(acting, app), app.extensions[STORE])


def attend(worker: Worker) -> None:
    """Let whoever started this process wake the worker by a line, and end it by dying."""

    def listen() -> None:
        for _ in sys.stdin:
            worker.wake.set()
        worker.end()

    threading.Thread(target=listen, name="attendant", daemon=True).start()


class Beside:
    """The worker process of a web process: started when there is work, gone again after a while without any.

    A process and not a thread, so that pages do not wait while a job computes.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._ending = False
        self.process: subprocess.Popen[bytes] | None = None

    def wake(self) -> None:
        """Begin with what waits, at once."""
        with self._lock:
            if self.process is None or self.process.poll() is not None:
                self.process = self._start()
            elif self.process.stdin is not None:
                try:
                    self.process.stdin.write(b"\n")
                    self.process.stdin.flush()
                except OSError:
                    log.info("jobs: the worker has just ended")  # whoever watches it looks whether work is left

    def end(self) -> None:
        """Let it go; what is under way is handed back after its present chunk."""
        with self._lock:
            self._ending = True
            if self.process is not None and self.process.stdin is not None:
                self.process.stdin.close()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        threading.Thread(target=self._watch, args=(process, time.monotonic()), name="jobs", daemon=True).start()
        return process

    def _watch(self, process: subprocess.Popen[bytes], since: float) -> None:
        """Start another one when work is left behind; one that cannot even begin is not tried all the time."""
        code = process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if not self._ending and self.work_is_left():
            log.warning("jobs: the worker ended with %d, another one follows", code)
            time.sleep(PAUSE if time.monotonic() - since > LONGEST_PAUSE else LONGEST_PAUSE / 4)
            if not self._ending:
                self.wake()

    def work_is_left(self) -> bool:
        """Whether jobs wait, or run somewhere."""
        try:
            with short_read(self._engine) as connection:
                return connection.scalar(select(Job.id).where(Job.status.in_(OPEN)).limit(1)) is not None
        except SQLAlchemyError:
            log.exception("jobs: the database does not answer")
            return True


def start(app: Flask) -> None:
    """Have a worker beside this process, once; what was left waiting begins before anybody asks."""
    if WORKER in app.extensions:
        return
    with _starting:
        if WORKER not in app.extensions:
            with app.app_context():
                app.extensions[WORKER] = beside = Beside(db.engine)
            if beside.work_is_left():
                beside.wake()


def install(app: Flask) -> None:
    """Begin with the first request: commands need no worker, and a server may fork after the application is made."""
    if app.config["JOBS"] == EMBEDDED:
        app.before_request(partial(start, app))
