"""A person's jobs: how far they are, their results, cancelling and trying again."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, abort, flash, jsonify, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.jobs import OPEN, Job, cancel, own_job, own_jobs, retry
from app.core.ui.addresses import row_key
from app.core.ui.background import notice, seen
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import macro, register_templates
from app.core.ui.downloads import XLSX, send_to_save
from app.core.ui.uploads import store
from app.jobs import running
from app.jobs.pages import job_line
from app.records.access import log_look

ROWS = "jobs/rows.html"
OTHER_FILE = "application/octet-stream"


class JobView(PlainView):
    """The jobs of the person."""

    route_base = "/jobs"
    class_permission_name = "job"

    @expose("/")
    @has_access
    def list(self) -> Any:
        """All jobs that have not run out."""
        jobs, now = own_jobs(db.session, current_actor(), utc_now()), utc_now()
        seen({job.id: job.status for job in jobs})
        return self.render_template("jobs/list.html", lines=[job_line(job, now) for job in jobs])

    @expose("/state")
    @has_access
    @permission_name("list")
    def state(self) -> Response:
        """The same rows for the script of the page, and whether it should ask again."""
        jobs, now = own_jobs(db.session, current_actor(), utc_now()), utc_now()
        rows = "".join(str(macro("job_row", ROWS)(job_line(job, now))) for job in jobs)
        return jsonify(rows=rows, busy=any(job.status in OPEN for job in jobs))

    @expose("/<pk>/result")
    @has_access
    @permission_name("list")
    def result(self, pk: str) -> Response:
        """The file of a finished job."""
        job = self._own(pk)
        if not job.result_digest:
            abort(404)
        log_look(current_actor(), "export", utc_now(), detail=f"job {job.id} {job.kind}, result")
        name = job.result_name
        return send_to_save(store().read(job.result_digest), XLSX if name.endswith(".xlsx") else OTHER_FILE, name)

    @expose("/<pk>/cancel", methods=["POST"])
    @has_access
    @permission_name("list")
    def cancel(self, pk: str) -> Response:
        return self._change(pk, partial(cancel, now=utc_now()), "已取消「{}」。")

    @expose("/<pk>/retry", methods=["POST"])
    @has_access
    @permission_name("list")
    def retry(self, pk: str) -> Response:
        answer = self._change(pk, retry, "「{}」已重新排队。")
        notice(row_key(pk))
        return answer

    def _own(self, pk: str) -> Job:
        job = own_job(db.session, current_actor(), row_key(pk), utc_now())
        if job is None:
            abort(404)
        return job

    def _change(self, pk: str, change: Callable[[Session, Job], bool], told: str) -> Response:
        job = self._own(pk)
        title = job.title
        with transaction(db.session):
            changed = change(db.session, job)
        flash(
            told.format(title) if changed else f"「{title}」的状态刚刚变了，请看下面。",
            "success" if changed else "info",
        )
        return redirect(url_for(f"{self.endpoint}.list"))


def register(app: Flask, builder: Any) -> None:
    """Plug the page in, and the loop where the server runs it itself."""
    register_templates("jobs", __name__)
    builder.add_view_no_menu(JobView)
    running.install(app)
