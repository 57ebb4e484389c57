"""Excel import: upload, preview, confirm, undo."""

from pathlib import Path
from typing import Any

from flask import Flask, current_app, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.jobs import ENDED_BADLY, OPEN, Kind, cancel
from app.core.text import clean_file_name
from app.core.ui.addresses import row_key, whole_number
from app.core.ui.background import add_kind, notice
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import register_templates
from app.core.ui.downloads import send_workbook
from app.core.ui.listing import ListRequest, pager
from app.core.ui.uploads import read_upload, sent_file, store
from app.organisations.views import own_school
from app.records.access import log_access
from app.spreadsheets.background import (
    AT_ONCE_BYTES,
    AT_ONCE_ROWS,
    hand_over,
    job_of,
    read_import,
    undo_import,
    write_import,
)
from app.spreadsheets.commands import template_for
from app.spreadsheets.errors_file import errors_file
from app.spreadsheets.models import ACTIONS, ImportPlan
from app.spreadsheets.operations import apply_plan, discard_plan, undo_plan, what_stays_out
from app.spreadsheets.pages import EMPTY, FIRST_SHOWN, TABS, preview, summary, tables, work
from app.spreadsheets.plan_rows import count_rows, page_of_rows
from app.spreadsheets.planning import begin_plan, plan_import
from app.spreadsheets.queries import count_deletions, plan_for, recent_plans, written_count

PAGE_SIZE = 50
MAX_PAGE = 10_000


class ImportView(PlainView):
    """The import in its steps."""

    route_base = "/imports"
    class_permission_name = "import"

    # ── pages ──

    @expose("/")
    @has_access
    @permission_name("use")
    def start(self) -> Any:
        """Choose a file, see earlier imports."""
        unit, now = own_school(), utc_now()
        plans = recent_plans(db.session, unit.id)
        counts = count_rows(db.session, [plan.id for plan in plans])
        return self.render_template(
            "spreadsheets/start.html",
            unit=unit,
            max_mb=current_app.config["MAX_UPLOAD_MB"],
            plans=[summary(plan, counts[plan.id], now) for plan in plans],
        )

    @expose("/<pk>")
    @has_access
    @permission_name("use")
    def show(self, pk: str) -> Any:
        """The preview of a plan, and later what became of it."""
        plan, unit, now = _own_plan(pk), own_school(), utc_now()
        job = job_of(db.session, plan)
        if plan.status == "reading" or (job is not None and job.status in OPEN):
            return self.render_template(
                "spreadsheets/working.html", plan=summary(plan, {}, now), work=work(job, current_actor(), now)
            )
        counts = count_rows(db.session, [plan.id])[plan.id]
        action, page = _asked(counts)
        rows = page_of_rows(db.session, plan.id, action, page, PAGE_SIZE)
        return self.render_template(
            "spreadsheets/preview.html",
            plan=preview(plan, counts, count_deletions(db.session, plan.id), unit, now),
            failure=job.message if job is not None and job.status in ENDED_BADLY else "",
            tabs=[
                {
                    "label": ACTIONS[name],
                    "n": counts.get(name, 0),
                    "bad": name == "error",
                    "active": name == action,
                    "url": url_for("ImportView.show", pk=plan.id, tab=name),
                }
                for name in TABS
                if counts.get(name) or name in ("create", "update", "same")
            ],
            tab=action,
            tables=tables(rows, action, unit.indicator_set),
            empty=EMPTY[action],
            pager=_pager(action, page, counts.get(action, 0)),
        )

    @expose("/<pk>/state")
    @has_access
    @permission_name("use")
    def state(self, pk: str) -> Response:
        """How far the work in the background is, for the script of the page."""
        shown = work(job_of(db.session, _own_plan(pk)), current_actor(), utc_now())
        return jsonify({name: shown[name] for name in ("busy", "percent", "text") if name in shown})

    # ── downloads ──

    @expose("/template", methods=["POST"])
    @has_access
    @permission_name("use")
    def template(self) -> Response:
        """The school's template."""
        unit = own_school()
        return send_workbook(template_for(unit), f"{unit.name}_教师信息导入模板.xlsx")

    @expose("/<pk>/errors.xlsx", methods=["POST"])
    @has_access
    @permission_name("use")
    def errors(self, pk: str) -> Response:
        """The uploaded rows with what is wrong marked."""
        plan, unit = _own_plan(pk), own_school()
        content = errors_file(db.session, plan, unit, store())
        with transaction(db.session):
            log_access(db.session, current_actor(), "export", utc_now(), detail=f"import {plan.id} errors")
            name = Path(plan.file_name).stem
        return send_workbook(content, f"{name}_标出错误.xlsx")

    # ── steps ──

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("use")
    def upload(self) -> Response:
        """Read a file into a plan, a large one in the background. The file is kept until the plan is decided on."""
        unit, actor = own_school(), current_actor()
        file = sent_file("file")
        name = clean_file_name(file.filename or "", 200)
        content = read_upload(file, current_app.config["MAX_UPLOAD_MB"])
        db.session.rollback()  # nobody waits for the database while the file is being kept
        digest = store().put(content)
        mode, job_id = request.form.get("mode", ""), 0
        with transaction(db.session):
            if len(content) > AT_ONCE_BYTES:
                plan = begin_plan(db.session, actor, unit, name, digest, mode, utc_now())
                plan_id = plan.id
                job_id = hand_over(db.session, actor, plan_id, read_import, f"核对「{name}」")
            else:
                with store().opened(digest) as path:
                    plan = plan_import(db.session, actor, unit, path, name, mode, utc_now())
                plan_id = plan.id
            plan.stored_digest = digest
        if job_id:
            notice(job_id)
        return redirect(url_for("ImportView.show", pk=plan_id))

    @expose("/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("use")
    def confirm(self, pk: str) -> Response:
        """Write the plan; the rows without errors only when that was chosen."""
        plan, actor = _own_plan(pk), current_actor()
        only_right = request.form.get("only") == "right"
        if _many(plan):
            what_stays_out(db.session, plan, only_right=only_right)
            return self._in_background(plan, write_import, "写入", only_right=only_right)
        with transaction(db.session):
            apply_plan(db.session, actor, plan.id, utc_now(), only_right=only_right)
        flash("已写入。7 天内可以整批撤销。", "success")
        return redirect(url_for("ImportView.show", pk=pk))

    @expose("/<pk>/discard", methods=["POST"])
    @has_access
    @permission_name("use")
    def discard(self, pk: str) -> Response:
        """Give the plan up."""
        plan = _own_plan(pk)
        with transaction(db.session):
            discard_plan(db.session, current_actor(), plan.id, utc_now())
            if (job := job_of(db.session, plan)) is not None:
                cancel(db.session, job, utc_now())
        flash("已放弃这次导入，什么都没有写入。", "success")
        return redirect(url_for("ImportView.start"))

    @expose("/<pk>/undo", methods=["POST"])
    @has_access
    @permission_name("use")
    def undo(self, pk: str) -> Response:
        """Take the import back."""
        plan = _own_plan(pk)
        if plan.status == "applied" and _many(plan):
            return self._in_background(plan, undo_import, "撤销")
        with transaction(db.session):
            result = undo_plan(db.session, current_actor(), plan.id, utc_now())
        flash(f"已撤销 {result.undone} 行。", "success")
        if result.conflicts:
            flash(f"有 {len(result.conflicts)} 处没有撤销，见下面。", "warning")
        return redirect(url_for("ImportView.show", pk=pk))

    def _in_background(self, plan: ImportPlan, kind: Kind, verb: str, **parameters: bool) -> Response:
        plan_id, title = plan.id, f"{verb}「{plan.file_name}」"
        with transaction(db.session):
            job_id = hand_over(db.session, current_actor(), plan_id, kind, title, **parameters)
        notice(job_id)
        return redirect(url_for("ImportView.show", pk=plan_id))


def _many(plan: ImportPlan) -> bool:
    return written_count(count_rows(db.session, [plan.id])[plan.id]) > AT_ONCE_ROWS


def _own_plan(pk: str) -> ImportPlan:
    return plan_for(db.session, current_actor().unit_id, row_key(pk))


def _asked(counts: dict[str, int]) -> tuple[str, int]:
    """Which rows are asked for: the tab, and the page from 0. Unknown parameters are a bad request."""
    if set(request.args) - {"tab", "page"}:
        raise BadRequest
    first = next((action for action in FIRST_SHOWN if counts.get(action)), "create")
    action, page = request.args.get("tab", first), request.args.get("page", "0")
    number = whole_number(page, MAX_PAGE)
    if action not in TABS or number is None:
        raise BadRequest
    return action, number


def _pager(action: str, page: int, count: int) -> dict[str, Any] | None:
    if count <= PAGE_SIZE and not page:
        return None
    asked = ListRequest("", {}, "", "asc", page, PAGE_SIZE, "", {"tab": action})
    made = pager(asked, count)
    for link in made["pages"]:
        link["url"] = link["url"].replace("page_=", "page=")
    return made | {"sizes": []}


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    register_templates("spreadsheets", __name__)
    for kind in (read_import, write_import, undo_import):
        add_kind(app, kind)
    builder.add_view_no_menu(ImportView)
