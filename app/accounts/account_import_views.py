"""Administrators' accounts by file: the words of its pages, the template, and the initial passwords."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.account_import import (
    BOOK,
    IN_FILE,
    MAX_ROWS,
    compare_accounts,
    make_planned,
    must_edit,
    passwords_file,
    template,
)
from app.accounts.administration import Issued
from app.accounts.again_views import password_again
from app.accounts.views import password_rules
from app.core.file_plans import Asked, PlanKind, Steps
from app.core.sections.section import Change
from app.core.ui import file_plan_views
from app.core.ui.base_view import current_actor
from app.core.ui.downloads import send_workbook
from app.core.ui.file_plan_views import FilePlanView, Words


def _hold(_session: Session, _asked: Asked) -> None:
    """What makes an account locks its unit."""


def _make(session: Session, asked: Asked, steps: Steps) -> list[Issued]:
    return make_planned(session, asked, steps, password_rules())


class AccountImportView(FilePlanView):
    """The way of a file to accounts."""

    route_base = "/accounts/add/file"
    class_permission_name = "account"
    kind = PlanKind("accounts", BOOK, MAX_ROWS, must_edit, _hold, compare_accounts, _make)
    max_mb = 2
    gives_file = True
    words = Words(
        title="Excel 导入账号",
        subject="账号",
        file_help=".xlsx 格式，最大 {size}，最多 {rows}。角色可以填几个，用顿号隔开。",
        download="下载模板",
        back="回到账号列表",
        kinds=("new",),
        confirm="确认生成",
        before="确认后一次生成，同时下载初始密码的文件。这个文件只给一次，请保存好。",
        written="账号已经生成。初始密码的文件只给一次，遗失的可以逐个重置。",
    )

    @expose("/template", methods=["POST"])
    @has_access
    @permission_name("edit")
    def template(self) -> Response:
        """The empty file."""
        return send_workbook(template(), "账号模板.xlsx")

    @expose("/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("edit")
    @password_again("建立文件里的账号", file=True)
    def confirm(self, pk: str) -> Response:
        """Make the accounts. The answer is the file with their initial passwords, once."""
        return self._confirmed(pk)

    def answer(self, count: int, given: Sequence[Issued], about: str) -> Response:
        return send_workbook(passwords_file(given), "账号初始密码.xlsx")

    def trail(self, about: str) -> list[dict[str, str]]:
        return [{"label": "账号", "url": url_for("AccountView.list")}]

    def download_url(self, about: str) -> str:
        return url_for(f"{self.endpoint}.template")

    def changes(self, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> list[Change]:
        """As they were typed."""
        shown = (field for name, field in IN_FILE.fields.items() if name != "username")  # that is what it is called
        return [Change(field.name, field.label, "", new.get(field.name) or "—") for field in shown]

    def help(self) -> Sequence[str]:
        if current_actor().level == "school":
            return ("「单位」填二级单位的名称；不填就是学校本身的账号。",)
        return (
            "「单位」不填，就是本单位的账号，要填角色。",
            "「单位」填了下级单位的代码或全称，就是那个单位的系统管理员，角色填兼任的，没有就不填。",
        )


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    file_plan_views.register(app, builder, AccountImportView)
