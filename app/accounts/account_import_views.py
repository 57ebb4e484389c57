"""Administrators' accounts by file: choose it, look at what would be made, confirm."""

from typing import Any

from flask import Flask, abort, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.accounts.account_import import LABELS, MAX_ROWS, make_planned, passwords_file, plan_accounts, template
from app.accounts.again_views import password_again
from app.accounts.models import AccountPlan
from app.accounts.views import password_rules
from app.core.db import db, transaction, utc_now
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.downloads import send_workbook
from app.core.ui.uploads import sent_sheets

MAX_MB = 2
SHOWN = ("name", "username", "unit", "roles")


class AccountImportView(PlainView):
    """The way of a file to accounts."""

    route_base = "/accounts/add/file"
    class_permission_name = "account"

    @expose("/")
    @has_access
    @permission_name("edit")
    def start(self) -> Any:
        """Choose a file."""
        limits = {"max_mb": MAX_MB, "max_rows": MAX_ROWS, "at_school": current_actor().level == "school"}
        return self.render_template("accounts/import_start.html", **limits)

    @expose("/template", methods=["POST"])
    @has_access
    @permission_name("edit")
    def template(self) -> Response:
        """The empty file."""
        return send_workbook(template(), "账号模板.xlsx")

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("edit")
    def upload(self) -> Any:
        """Read a file into a plan. The file itself is not kept."""
        name, sheets = sent_sheets("file", MAX_MB)
        with transaction(db.session):
            plan_id = plan_accounts(db.session, current_actor(), sheets, name, utc_now()).id
        return redirect(url_for(f"{self.endpoint}.show", pk=plan_id))

    @expose("/plans/<pk>")
    @has_access
    @permission_name("edit")
    def show(self, pk: str) -> Any:
        """What would be made, and what is wrong."""
        plan = _own_plan(pk)
        rows = [[row["row"], *(row["texts"].get(name, "") for name in SHOWN)] for row in plan.content["rows"]]
        heads = [LABELS[name] for name in SHOWN]
        return self.render_template(
            "accounts/import_plan.html", plan=plan, rows=rows, heads=heads, errors=plan.content["errors"]
        )

    @expose("/plans/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("edit")
    @password_again("建立文件里的账号", file=True)
    def confirm(self, pk: str) -> Response:
        """Make the accounts. The answer is the file with their initial passwords, once."""
        plan_id = _own_plan(pk).id
        with transaction(db.session):
            made = make_planned(db.session, current_actor(), plan_id, password_rules(), utc_now())
            content = passwords_file(made)
        return send_workbook(content, "账号初始密码.xlsx")


def _own_plan(pk: str) -> AccountPlan:
    plan = db.session.get(AccountPlan, row_key(pk))
    if plan is None or plan.user_id != current_actor().user_id:
        abort(404)
    return plan


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    builder.add_view_no_menu(AccountImportView)
