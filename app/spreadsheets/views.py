"""Excel import: upload, preview, confirm, undo."""

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, current_app, flash, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.text import clean_file_name
from app.core.ui.addresses import row_key, whole_number
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import register_templates
from app.core.ui.listing import ListRequest, pager
from app.organisations.views import own_school
from app.records.access import log_access
from app.spreadsheets.commands import template_for
from app.spreadsheets.models import ACTIONS, ImportPlan
from app.spreadsheets.operations import apply_plan, discard_plan, undo_plan
from app.spreadsheets.pages import EMPTY, FIRST_SHOWN, TABS, errors_file, preview, summary, tables
from app.spreadsheets.planning import plan_import
from app.spreadsheets.queries import count_deletions, count_rows, page_of_rows, plan_for, recent_plans, rows_of_plan

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE_SIZE = 50
MAX_PAGE = 10_000
SHOWN_CONFLICTS = 8
MIB = 1 << 20


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
        plan, unit = _own_plan(pk), own_school()
        counts = count_rows(db.session, [plan.id])[plan.id]
        action, page = _asked(counts)
        rows = page_of_rows(db.session, plan.id, action, page, PAGE_SIZE)
        return self.render_template(
            "spreadsheets/preview.html",
            plan=preview(plan, counts, count_deletions(db.session, plan.id), unit, utc_now()),
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

    # ── downloads ──

    @expose("/template", methods=["POST"])
    @has_access
    @permission_name("use")
    def template(self) -> Response:
        """The school's template."""
        unit = own_school()
        return _download(template_for(unit), f"{unit.name}_教师信息导入模板.xlsx")

    @expose("/<pk>/errors.xlsx", methods=["POST"])
    @has_access
    @permission_name("use")
    def errors(self, pk: str) -> Response:
        """The uploaded rows with what is wrong marked."""
        plan, unit = _own_plan(pk), own_school()
        rows = rows_of_plan(db.session, plan.id)
        if not rows:
            raise AppError("这次导入已经放弃，内容没有保留。请重新上传文件。")
        with transaction(db.session):
            content = errors_file(plan, rows, unit)
            log_access(db.session, current_actor(), "export", utc_now(), detail=f"import {plan.id} errors")
            name = Path(plan.file_name).stem
        return _download(content, f"{name}_标出错误.xlsx")

    # ── steps ──

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("use")
    def upload(self) -> Response:
        """Read a file into a plan. The file itself is not kept."""
        unit, actor = own_school(), current_actor()
        file = request.files.get("file")
        if file is None or not file.filename:
            raise AppError("请先选一个 Excel 文件（.xlsx）。", field="file")
        name = clean_file_name(file.filename, 200)
        folder = Path(current_app.instance_path) / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        db.session.rollback()  # nobody waits for the database while the file is being read
        with tempfile.TemporaryDirectory(dir=folder) as inside:
            path = Path(inside) / "upload.xlsx"
            file.save(path)
            limit = current_app.config["MAX_UPLOAD_MB"]
            if path.stat().st_size > limit * MIB:
                raise AppError(f"文件超过 {limit} MB。请拆成几个文件后分别上传。", field="file")
            with transaction(db.session):
                mode = request.form.get("mode", "")
                plan = plan_import(db.session, actor, unit, path, name, mode, utc_now())
                plan_id = plan.id
        return redirect(url_for("ImportView.show", pk=plan_id))

    @expose("/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("use")
    def confirm(self, pk: str) -> Response:
        """Write the plan."""
        plan_id = _own_plan(pk).id
        with transaction(db.session):
            apply_plan(db.session, current_actor(), plan_id, utc_now())
        flash("已写入。7 天内可以整批撤销。", "success")
        return redirect(url_for("ImportView.show", pk=plan_id))

    @expose("/<pk>/discard", methods=["POST"])
    @has_access
    @permission_name("use")
    def discard(self, pk: str) -> Response:
        """Give the plan up."""
        plan_id = _own_plan(pk).id
        with transaction(db.session):
            discard_plan(db.session, current_actor(), plan_id, utc_now())
        flash("已放弃这次导入，什么都没有写入。", "success")
        return redirect(url_for("ImportView.start"))

    @expose("/<pk>/undo", methods=["POST"])
    @has_access
    @permission_name("use")
    def undo(self, pk: str) -> Response:
        """Take the import back."""
        plan_id = _own_plan(pk).id
        with transaction(db.session):
            result = undo_plan(db.session, current_actor(), plan_id, utc_now())
        flash(f"已撤销 {result.undone} 行。", "success")
        if result.conflicts:
            more = len(result.conflicts) - SHOWN_CONFLICTS
            rest = f"……另有 {more} 行。" if more > 0 else ""
            shown = "".join(result.conflicts[:SHOWN_CONFLICTS])
            flash(f"有 {len(result.conflicts)} 行没有撤销：{shown}{rest}", "warning")
        return redirect(url_for("ImportView.show", pk=plan_id))


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


def _download(content: bytes, name: str) -> Response:
    return send_file(BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    register_templates("spreadsheets", __name__)
    builder.add_view_no_menu(ImportView)
