"""`flask jobs`: the loop as a process of its own, and what is in the queue."""

import gc
import signal
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from app.core.db import db
from app.core.jobs import Job
from app.jobs.running import IDLE, attend, make_worker

jobs = AppGroup("jobs", help="Work in the background.")
LISTED = 50
NEW_OBJECTS = 50_000  # between two looks of the collector: a job makes hundreds of thousands, and keeps most of them


@jobs.command("run")
@click.option(
    "--attended", is_flag=True, help="Started by a web process: ends with it, or when there is nothing to do."
)
def jobs_run(attended: bool) -> None:
    """Work on jobs until SIGTERM or Ctrl-C; what is under way is handed back after its present chunk."""
    worker = make_worker(current_app._get_current_object())  # type: ignore[attr-defined]

    def end(_number: int, _frame: Any) -> None:
        worker.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(NEW_OBJECTS)
    click.echo("后台任务开始处理。")
    if attended:
        attend(worker)
    worker.run(IDLE if attended else None)
    click.echo("后台任务停止处理。")


@jobs.command("list")
def jobs_list() -> None:
    """The newest jobs of everybody: states and figures only."""
    columns = (Job.id, Job.kind, Job.status, Job.done, Job.total, Job.attempts, Job.owner_id, Job.created_at)
    for row in db.session.execute(select(*columns).order_by(Job.id.desc()).limit(LISTED)):
        click.echo("  ".join(f"{name}={value}" for name, value in row._asdict().items()))
