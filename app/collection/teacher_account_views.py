"""Screens of the teachers' accounts of a school: who has one, in which state, and what may be done about it."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from flask import Flask, abort, flash, g, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.account_states import KINDS, STATES, states_of
from app.accounts.account_views import shown_moment
from app.accounts.again_views import given_reason, password_again
from app.accounts.models import Account, InitialPassword
from app.accounts.operations import initial_expired
from app.accounts.views import password_rules
from app.collection.teacher_accounts import VERBS, initial_passwords, with_account_in
from app.core.actor import Actor
from app.core.batches import Outcome, act, outcome_of
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.excel import export_rows
from app.core.sections.section import show
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.downloads import send_workbook
from app.core.ui.listing import ListRequest
from app.records.search import PERSON_HINT, PersonSearch
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

TEACHER_STATES = {"none": "没有账号", **STATES, "initial": "未改初始密码"}
TEACHER_KINDS = {"none": "draft", **KINDS, "initial": "warn"}
MOST = 500
MOST_HASHED = 100  # each new password is hashed on purpose slowly
MOST_EXPORTED = 2_000
ACTIONS = {
    "make": ("生成账号", ""),
    "reset": ("重置密码", "重置后原密码作废，已登录的会退出。新的初始密码可以导出后发给本人。"),
    "unlock": ("解锁", ""),
    "enable": ("启用", ""),
    "disable": ("停用", "停用后，所选教师不能登录，已登录的会退出。以后可以再启用。"),
    "delete": ("删除账号", "只删除自助账号，教师档案不受影响。以后可以用「生成账号」从档案再生成。"),
}
NAMED = 5


class OfOwnSchool(BaseFilter):  # type: ignore[misc]
    """The teachers of the actor's school."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(Teacher.unit_id == current_actor().unit_id)


class WithAccountInState(BaseFilter):  # type: ignore[misc]
    """The teachers whose account is in a state, or who have none."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(with_account_in(db.session, current_actor(), value, utc_now()))


class TeacherAccountView(ScopedModelView):
    """The teachers of the own school and their accounts."""

    datamodel = CappedInterface(Teacher)
    route_base = "/accounts/teachers"
    class_permission_name = "teacher_account"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "batch", "export"}
    list_title = "教师账号"
    label_columns: ClassVar[dict[str, str]] = {
        "name": "姓名", "id_number": "身份证件号", "state": "账号状态", "initial": "初始密码", "last_login": "最后登录",
    }  # fmt: skip
    list_columns = ["name", "id_number", "state", "initial", "last_login"]
    search_columns: Any = ()
    order_columns = ["name"]
    sorted_by: ClassVar[dict[str, str]] = {"name": "name_order"}
    base_order = ("id", "asc")
    search_filter = PersonSearch
    search_hint = PERSON_HINT
    empty: ClassVar[dict[str, str]] = {"title": "还没有教师", "text": "先新增或导入教师，再生成账号。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("unit",)

    def filter_names(self) -> list[Any]:
        return ["state"]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        state = asked.filters.get("state")
        if state is not None and state not in TEACHER_STATES:
            abort(400)
        chosen = [] if state is None else [["name", WithAccountInState, state]]
        return [["name", OfOwnSchool, ""], *chosen]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        options = [{"value": "", "label": "账号状态：全部"}]
        options += [{"value": key, "label": label} for key, label in TEACHER_STATES.items()]
        choice = {"name": "_flt_0_state", "column": "state", "label": "账号状态", "options": options}
        return [choice | {"value": asked.filters.get("state", "")}]

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        g.accounts, g.account_states = _accounts([row.id for row in rows])
        g.looked_up = _looked_up([account.id for account in g.accounts.values()])
        return ["" for _ in rows]

    def cell(self, row: Teacher, name: str) -> Any:
        if name == "state":
            state = _state(row)
            return macro("tag")(TEACHER_STATES[state], TEACHER_KINDS[state])
        if name == "id_number":
            return show(BASIC_INFO.fields[name], row.id_number, row.unit.indicator_set)
        account = g.accounts.get(row.id)
        if name == "initial":
            return "" if account is None else _initial(account)
        if name == "last_login":
            return shown_moment(account.last_login) if account else ""
        return super().cell(row, name)

    def batch_actions(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "label": label, "confirm": confirm, "danger": name in ("disable", "delete")}
            for name, (label, confirm) in ACTIONS.items()
        ]

    def batch_url(self) -> str:
        return self.with_conditions("batch")

    def buttons(self) -> list[dict[str, Any]]:
        url = self.with_conditions("export")
        confirm = "文件里有初始密码，请妥善保管，发完就删除。每次导出都会记录。"
        icon = "file-arrow-down"
        return [{"label": "导出初始密码", "url": url, "icon": icon, "post": True, "download": True, "confirm": confirm}]

    def _list_page(self, *arguments: Any) -> dict[str, Any]:
        return super()._list_page(*arguments) | {"batch_all": True}

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("edit")
    @password_again("批量管理教师账号")
    def batch(self) -> Response:
        """One verb for the chosen teachers, or for all on the list. Each is an action of its own."""
        name = request.form.get("action", "")
        if name not in VERBS:
            raise AppError("没有这个批量操作。")
        most = MOST_HASHED if name in ("make", "reset") else MOST
        chosen = self._chosen(most)
        if not chosen or len(chosen) > most:
            raise AppError(f"「{ACTIONS[name][0]}」一次可以选 1 到 {most} 位教师，请分几次做，或先加条件。")

        def verb(session: Session, teacher_id: int, actor: Actor, now: dt.datetime) -> None:
            VERBS[name](session, actor, teacher_id, password_rules(), now)

        # Passwords are hashed slowly: a transaction for each, so that nobody else waits for all of them.
        each = partial(transaction, db.session)
        _tell(ACTIONS[name][0], outcome_of(act(db.session, chosen, verb, current_actor(), utc_now(), each=each)))
        return redirect(self.with_conditions("list"))

    def _chosen(self, most: int) -> list[tuple[int, str]]:
        """Ids and names: of all that match the conditions, or of the ticked ones, which must all be there."""
        if request.form.get("all_matching") == "1":
            asked, search = self._asked()
            return [(row.id, row.name or "") for row in self._matching(asked, search, most + 1)]
        ids = dict.fromkeys(request.form.getlist("rowid"))
        rows = [self.row_or_404(pk) for pk in ids] if len(ids) <= most else []
        return [(row.id, row.name or "") for row in rows]

    @expose("/export", methods=["POST"])
    @has_access
    @permission_name("edit")
    @password_again("导出初始密码", reason=True, file=True)
    def export(self) -> Response:
        """The initial passwords of the teachers on the list, as a workbook to hand out from."""
        asked, search = self._asked()
        rows = self._matching(asked, search, MOST_EXPORTED + 1)
        if len(rows) > MOST_EXPORTED:
            raise AppError(f"一次最多导出 {MOST_EXPORTED} 人，请先加条件。")
        ids = [row.id for row in rows]
        with transaction(db.session):
            passwords = initial_passwords(db.session, current_actor(), ids, given_reason(), utc_now())
        g.accounts, g.account_states = _accounts(ids)
        shown = [
            (current_actor().unit_name, row.name, self.cell(row, "id_number"), passwords.get(row.id, ""),
             TEACHER_STATES[_state(row)])
            for row in rows
        ]  # fmt: skip
        title = f"{current_actor().name} 导出"  # whoever finds the file knows whose it was
        return send_workbook(
            export_rows(["学校", "姓名", "登录名提示", "初始密码", "状态"], shown, title), "初始密码.xlsx"
        )

    def opens(self, row: Any) -> bool:
        """A teacher of the own school."""
        return bool(row.unit_id == current_actor().unit_id)


def _accounts(teacher_ids: list[int]) -> tuple[dict[int, Account], dict[int, str]]:
    """The accounts of teachers by the teacher, and their states by the account."""
    found = list(db.session.scalars(select(Account).where(Account.teacher_id.in_(teacher_ids))))
    return {account.teacher_id or 0: account for account in found}, states_of(db.session, found, utc_now())


def _state(row: Teacher) -> str:
    account = g.accounts.get(row.id)
    return "none" if account is None else g.account_states[account.id]


def _initial(account: Account) -> str:
    """What became of the initial password."""
    if not account.must_change:
        return "已修改"
    if initial_expired(account, utc_now()):
        return "已过期"
    return "未修改，登录前查过" if account.id in g.looked_up else "未修改"


def _looked_up(account_ids: list[int]) -> set[int]:
    """Which of these accounts' initial passwords somebody has looked up before logging in."""
    shown = select(InitialPassword.user_id).where(InitialPassword.shown_at.is_not(None))
    return set(db.session.scalars(shown.where(InitialPassword.user_id.in_(account_ids))))


def _tell(label: str, outcome: Outcome) -> None:
    """How many were done, and why the others were not."""
    if done := len(outcome.done):
        more = "。现在可以「导出初始密码」发给本人" if label in (ACTIONS["make"][0], ACTIONS["reset"][0]) else ""
        flash(f"「{label}」做好了 {done} 人{more}。", "success")
    for word, lines in (("跳过", outcome.skipped), ("没有做成", outcome.failed)):
        reasons: dict[str, list[str]] = {}
        for _, name, _, reason in lines:
            reasons.setdefault(reason, []).append(name)
        for reason, names in reasons.items():
            some = "、".join(names[:NAMED]) + ("等" if len(names) > NAMED else "")
            flash(f"{word} {len(names)} 人：{reason.rstrip('。')}（{some}）。", "warning")


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    builder.add_view_no_menu(TeacherAccountView)
