"""A new version of a code table by file: choose the file, look at what would change, confirm."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core.codes import Code, CodeTable
from app.core.db import db, transaction, utc_now
from app.core.sections.section import diff
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.uploads import sent_sheets
from app.dictionary.declarations import CODE_IN_FILE, values_of, values_of_texts
from app.dictionary.models import CodePlan
from app.dictionary.operations import may_add_to, table_named
from app.dictionary.table_views import codes_url, tables_link
from app.dictionary.version_file import NATION
from app.dictionary.versions import apply_version, plan_version

MAX_MB = 10
KINDS = {"new": "新增", "changed": "修改", "retired": "停用"}
MOST_SHOWN = 500  # changes, and mistakes, on the page


class CodeVersionView(PlainView):
    """The way of a file into a code table."""

    route_base = "/dictionary/versions"
    class_permission_name = "code"

    @expose("/<table>")
    @has_access
    @permission_name("edit")
    def start(self, table: str) -> Any:
        """Choose a file."""
        found = _own_table(table)
        return self.render_template("dictionary/version_start.html", table=found, trail=_trail(found), max_mb=MAX_MB)

    @expose("/<table>/upload", methods=["POST"])
    @has_access
    @permission_name("edit")
    def upload(self, table: str) -> Response:
        """Read a file into a plan. The file itself is not kept."""
        _own_table(table)
        name, sheets = sent_sheets("file", MAX_MB)
        with transaction(db.session):
            found = _own_table(table)
            retire = request.form.get("missing") == "retire"
            plan = plan_version(db.session, current_actor(), found, sheets, name, utc_now(), retire_missing=retire)
            plan_id = plan.id
        return redirect(url_for("CodeVersionView.show", pk=plan_id))

    @expose("/plans/<pk>")
    @has_access
    @permission_name("edit")
    def show(self, pk: str) -> Any:
        """What the file would change, and later that it was written."""
        plan = _own_plan(pk)
        found = _own_table(plan.table_name)
        content = plan.content
        stored = {row.code: row for row in db.session.scalars(select(Code).where(Code.table_name == found.name))}
        counted = [(label, sum(step["kind"] == kind for step in content["steps"])) for kind, label in KINDS.items()]
        sums = [*counted, ("没有变化", content["same"])]
        return self.render_template(
            "dictionary/version_plan.html",
            table=found,
            trail=_trail(found),
            plan=plan,
            notes=content["notes"],
            sums=[{"label": label, "n": n} for label, n in sums]
            + ([{"label": "有错", "n": len(content["errors"]), "bad": True}] if content["errors"] else []),
            errors=content["errors"][:MOST_SHOWN],
            steps=[_shown(step, stored) for step in content["steps"][:MOST_SHOWN]],
            hidden=max(0, len(content["steps"]) - MOST_SHOWN),
            back=codes_url(found.name),
        )

    @expose("/plans/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("edit")
    def confirm(self, pk: str) -> Response:
        """Write the plan."""
        plan_id = _own_plan(pk).id
        with transaction(db.session):
            plan = apply_version(db.session, current_actor(), plan_id, utc_now())
            table, count = plan.table_name, len(plan.content["steps"])
        flash(f"已写入 {count} 处变动。", "success")
        return redirect(codes_url(table))


def _own_table(name: str) -> CodeTable:
    found = table_named(db.session, current_actor(), name)
    if not may_add_to(current_actor(), found):
        abort(403)
    return found


def _own_plan(pk: str) -> CodePlan:
    plan = db.session.get(CodePlan, row_key(pk))
    if plan is None or plan.user_id != current_actor().user_id:
        abort(404)
    return plan


def _trail(table: CodeTable) -> list[dict[str, str]]:
    return [tables_link(), {"label": table.title, "url": codes_url(table.name)}, {"label": "按文件更新", "url": ""}]


def _shown(step: Mapping[str, Any], stored: Mapping[str, Code]) -> dict[str, Any]:
    """One change: what it is, of which code, and each item old and new."""
    row = stored.get(step["code"])
    old = {} if row is None or step["kind"] == "new" else values_of(row)
    new = {**old, **values_of_texts(step["texts"])}
    changes = [] if step["kind"] == "retired" else diff(CODE_IN_FILE, old, new, NATION)
    return {
        "row": step["row"],
        "code": step["code"],
        "name": new.get("name") or "",
        "kind": KINDS[step["kind"]],
        "changes": [change for change in changes if change.item != "code"],
    }
