"""A list of units by file: choose the file, look at what would change, confirm."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.sections.section import diff
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.downloads import send_workbook
from app.core.ui.uploads import sent_sheets
from app.organisations.declarations import UNIT
from app.organisations.lists import apply_list, list_of_units, plan_list
from app.organisations.models import UnitPlan
from app.organisations.operations import may_add_units
from app.organisations.unit_file import MAX_ROWS, NATION

MAX_MB = 10
KINDS = {"new": "新增", "changed": "修改"}
MOST_SHOWN = 500  # changes, and mistakes, on the page


class UnitListView(PlainView):
    """The way of a list into the tree."""

    route_base = "/units/file"
    class_permission_name = "unit"

    @expose("/")
    @has_access
    @permission_name("edit")
    def start(self) -> Any:
        """Choose a file."""
        _must_have_units()
        return self.render_template("organisations/list_start.html", trail=_trail(), max_mb=MAX_MB, max_rows=MAX_ROWS)

    @expose("/download", methods=["POST"])
    @has_access
    @permission_name("edit")
    def download(self) -> Response:
        """The template, with the units that are there."""
        _must_have_units()
        actor = current_actor()
        return send_workbook(list_of_units(db.session, actor), f"{actor.unit_name}下属单位名单.xlsx")

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("edit")
    def upload(self) -> Response:
        """Read a file into a plan. The file itself is not kept."""
        _must_have_units()
        name, sheets = sent_sheets("file", MAX_MB)
        with transaction(db.session):
            plan_id = plan_list(db.session, current_actor(), sheets, name, utc_now()).id
        return redirect(url_for("UnitListView.show", pk=plan_id))

    @expose("/<pk>")
    @has_access
    @permission_name("edit")
    def show(self, pk: str) -> Any:
        """What the file would change, and later that it was written."""
        plan = _own_plan(pk)
        content = plan.content
        sums = [(label, sum(step["kind"] == kind for step in content["steps"])) for kind, label in KINDS.items()]
        wrong = [{"label": "有错", "n": len(content["errors"]), "bad": True}] if content["errors"] else []
        return self.render_template(
            "organisations/list_plan.html",
            trail=_trail(),
            plan=plan,
            notes=content["notes"],
            sums=[{"label": label, "n": n} for label, n in (*sums, ("无变化", content["same"]))] + wrong,
            errors=content["errors"][:MOST_SHOWN],
            wrong=len(content["errors"]),
            steps=[_shown(step) for step in content["steps"][:MOST_SHOWN]],
            hidden=max(0, len(content["steps"]) - MOST_SHOWN),
            back=url_for("UnitView.list"),
        )

    @expose("/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("edit")
    def confirm(self, pk: str) -> Response:
        """Write the plan."""
        plan_id = _own_plan(pk).id
        with transaction(db.session):
            count = len(apply_list(db.session, current_actor(), plan_id, utc_now()).content["steps"])
        flash(f"已写入 {count} 个单位。", "success")
        return redirect(url_for("UnitView.list"))


def _must_have_units() -> None:
    if not may_add_units(current_actor()):
        abort(403)


def _own_plan(pk: str) -> UnitPlan:
    plan = db.session.scalar(
        select(UnitPlan).where(UnitPlan.id == row_key(pk), UnitPlan.user_id == current_actor().user_id)
    )
    if plan is None:
        abort(404)
    return plan


def _trail() -> list[dict[str, str]]:
    return [{"label": "单位", "url": url_for("UnitView.list")}, {"label": "按名单更新", "url": ""}]


def _shown(step: Mapping[str, Any]) -> dict[str, Any]:
    """One unit: what happens to it, and each item old and new."""
    new = {name: text or None for name, text in step["texts"].items()}
    old: dict[str, Any] = {} if step["kind"] == "new" else {**new, **step["old"]}
    return {
        "code": step["code"],
        "name": step["texts"]["name"],
        "kind": KINDS[step["kind"]],
        "is_new": step["kind"] == "new",
        "changes": [change for change in diff(UNIT, old, new, NATION) if change.item not in ("code", "name") or old],
    }
