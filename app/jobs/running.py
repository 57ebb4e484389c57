"""The loop around the application: in a thread of the server, or as `flask jobs run`."""

import threading
from functools import partial

from flask import Flask

from app.accounts.guard import acting
from app.core.db import db
from app.core.job_worker import Worker
from app.core.ui.background import WORKER, kinds_of
from app.core.ui.uploads import STORE

EMBEDDED = "embedded"
_starting = threading.Lock()


def make_worker(app: Flask) -> Worker:
    """A worker for all kinds of jobs of the application."""
    with app.app_context():
        engine = db.engine
    return Worker(engine, kinds_of(app), partial(acting, app), app.extensions[STORE])


def start(app: Flask) -> None:
    """Run a worker in a thread of this process, once."""
    with _starting:
        if WORKER not in app.extensions:
            app.extensions[WORKER] = worker = make_worker(app)
            threading.Thread(target=worker.run, name="jobs", daemon=True).start()


def install(app: Flask) -> None:
    """Start the thread with the first request: commands have none, and a server may fork after the application is
    made."""
    if app.config["JOBS"] == EMBEDDED:
        app.before_request(partial(start, app))
