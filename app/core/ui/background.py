"""What views do with work in the background: hand it over, and say on every page how far it is.

A session remembers what it has handed over, so that the pages of everybody else cost no query.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from flask import Flask, current_app, flash, redirect, session, url_for
from werkzeug.wrappers import Response

from app.core.actor import Actor
from app.core.db import db, transaction, utc_now
from app.core.jobs import OPEN, Kind, Kinds, enqueue, states_of
from app.core.ui.base_view import current_actor

KINDS, WORKER, HANDED_OVER = "job_kinds", "job_worker", "jobs"


class Wakeable(Protocol):
    """The worker that belongs to this process."""

    def wake(self) -> None: ...


def add_kind(app: Flask, kind: Kind) -> None:
    """Make a kind of work known to the workers of this application."""
    app.extensions.setdefault(KINDS, {})[kind.name] = kind


def kinds_of(app: Flask) -> Kinds:
    """The kinds of work of this application."""
    found: Kinds = app.extensions.setdefault(KINDS, {})
    return found


def hand_over(kind: Kind, title: str, parameters: Mapping[str, Any]) -> Response:
    """Queue a job of the actor and show where it can be watched."""
    with transaction(db.session):
        job_id = enqueue(db.session, current_actor(), kind, title[:100], parameters, utc_now()).id
    notice(job_id)
    flash("已在后台开始，做完后在这里下载。您可以离开这一页，先做别的。", "success")
    return redirect(url_for("JobView.list"))


def notice(job_id: int) -> None:
    """Let this session's pages tell about a job, and the worker of this process begin at once."""
    session[HANDED_OVER] = [*session.get(HANDED_OVER, []), job_id]
    worker: Wakeable | None = current_app.extensions.get(WORKER)
    if worker is not None:
        worker.wake()


def news(actor: Actor) -> dict[str, Any] | None:
    """How many jobs of this session run and have ended since its jobs were last looked at; None without any."""
    noticed = session.get(HANDED_OVER)
    if not noticed:
        return None
    states = states_of(db.session, actor, noticed)
    running = sum(status in OPEN for status in states.values())
    if not states:
        return None
    return {"url": url_for("JobView.list"), "running": running, "ended": len(states) - running}


def seen(states: Mapping[int, str]) -> None:
    """The person has looked: what has ended is no news any more."""
    noticed = session.get(HANDED_OVER)
    if noticed:
        left = [job_id for job_id in noticed if states.get(job_id) in OPEN]
        if left != noticed:
            session[HANDED_OVER] = left
