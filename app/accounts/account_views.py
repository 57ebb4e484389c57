"""Screens of the administrators' accounts: the list, the form, the verbs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.accounts import administration as verbs
from app.accounts.account_states import KINDS, STATES, state_criterion, states_of
from app.accounts.administration import Issued, form_of, may_administer, new_form, role_names, stored_values
from app.accounts.again_views import password_again
from app.accounts.declarations import LOG, TOLD
from app.accounts.models import Account
from app.accounts.operations import initial_expired
from app.accounts.queries import locked_until, seen_by, without_sys_admin
from app.accounts.roles import ROLES, TEACHER
from app.accounts.views import password_rules
from app.core.db import db, transaction, utc_now
from app.core.errors import NotAllowed
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.settings_log import timeline
from app.core.ui.addresses import row_key
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_form import settings_page
from app.organisations.conditions import NO_ADMIN, add_condition

ROLE_NAMES = {role.key: role.name for role in ROLES if role.name != TEACHER}
VERBS = {"enable": (verbs.enable, "启用了"), "disable": (verbs.disable, "停用了"), "unlock": (verbs.unlock, "解锁了")}


class SeenByActor(BaseFilter):  # type: ignore[misc]
    """The accounts on the actor's list."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(seen_by(current_actor()))


class OfRole(BaseFilter):  # type: ignore[misc]
    """The accounts with a role, by its key."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(Account.roles.any(Role.name == ROLE_NAMES.get(value)))


class InState(BaseFilter):  # type: ignore[misc]
    """The accounts in a state."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(state_criterion(db.session, value, seen_by(current_actor()), utc_now()))


class NameOrLogin(BaseFilter):  # type: ignore[misc]
    """A part of the name, or of the login name."""

    def apply(self, query: Any, value: str) -> Any:
        name = Account.first_name.contains(value, autoescape=True)
        return query.filter(name | Account.username.contains(value.casefold(), autoescape=True))


class AccountView(ScopedModelView):
    """The administrators' accounts of the own unit, and the 系统管理员 of the units below."""

    datamodel = CappedInterface(Account)
    route_base = "/accounts"
    class_permission_name = "account"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "add", "add_lower", "edit", "verb", "reset"}
    list_title = "账号"
    label_columns: ClassVar[dict[str, str]] = {
        "first_name": "姓名", "username": "登录名", "unit": "单位", "roles": "角色", "state": "状态",
        "last_login": "最后登录",
    }  # fmt: skip
    list_columns = ["first_name", "username", "unit", "roles", "state", "last_login"]
    search_columns: Any = ()
    order_columns = ["first_name", "username", "last_login"]
    base_order = ("id", "asc")
    search_filter = NameOrLogin
    search_hint = "姓名或登录名"
    empty: ClassVar[dict[str, str]] = {"title": "还没有账号", "text": "给本单位的同事每人建一个账号。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("roles", "unit")

    def filter_names(self) -> list[Any]:
        return ["role", "state"]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        filters: list[Any] = [["first_name", SeenByActor, ""]]
        for name, among, filter_class in (("role", ROLE_NAMES, OfRole), ("state", STATES, InState)):
            if name in asked.filters:
                if asked.filters[name] not in among:
                    abort(400)
                filters.append(["first_name", filter_class, asked.filters[name]])
        return filters

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        return [
            {
                "name": f"_flt_0_{name}", "column": name, "label": label, "value": asked.filters.get(name, ""),
                "options": [{"value": "", "label": f"{label}：全部"},
                            *({"value": key, "label": text} for key, text in choices.items())],
            }
            for name, label, choices in (("role", "角色", ROLE_NAMES), ("state", "状态", STATES))
        ]  # fmt: skip

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        g.account_states = states_of(db.session, [*rows], utc_now())
        actor = current_actor()
        return [url_for(f"{self.endpoint}.edit", pk=row.id) if may_administer(actor, row) else "" for row in rows]

    def cell(self, row: Account, name: str) -> Any:
        match name:
            case "state":
                state = g.account_states[row.id]
                return macro("tag")(STATES[state], KINDS[state])
            case "roles":
                return "、".join(role_names(row))
            case "last_login":
                return shown_moment(row.last_login)
            case _:
                return super().cell(row, name)

    def primary_button(self) -> dict[str, str] | None:
        return {"label": "新增账号", "url": url_for(f"{self.endpoint}.add")}

    def buttons(self) -> list[dict[str, Any]]:
        lower = {"label": "新增下级系统管理员", "url": url_for(f"{self.endpoint}.add_lower")}
        roles = {"label": "角色与权限", "url": url_for("RoleView.show")}
        by_file = {"label": "Excel 导入", "url": url_for("AccountImportView.start"), "icon": "file-arrow-up"}
        look_ups = {"label": "登录前查询", "url": url_for("LookUpChoiceView.edit")}
        return [roles, by_file, look_ups if current_actor().level == "school" else lower]

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    @password_again("新增账号")
    def add(self) -> Any:
        """A new account of the own unit."""
        return self._add(lower=False)

    @expose("/add/lower", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    @password_again("新增下级系统管理员")
    def add_lower(self) -> Any:
        """A new 系统管理员 of a unit below."""
        if current_actor().level == "school":
            abort(404)
        return self._add(lower=True)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    @password_again("修改账号和角色")
    def edit(self, pk: str) -> Any:
        row = self.row_or_404(pk)
        if request.method == "GET":
            if not may_administer(current_actor(), row):
                raise NotAllowed("这个账号不由您管理。系统管理员的账号由上级单位管理。")
            return self._form(row, {}, [])
        texts = texts_from(form_of(row), current_actor().indicator_set, request.form)
        with transaction(db.session):
            problems = verbs.change_account(db.session, current_actor(), row.id, texts, utc_now())
        if problems:
            return self._form(row, texts, problems), 400
        flash(f"「{row.real_name}」的账号已保存。", "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    @expose("/edit/<pk>/<name>", methods=["POST"])
    @has_access
    @permission_name("edit")
    @password_again("启用、停用或解锁账号")
    def verb(self, pk: str, name: str) -> Any:
        """Enable, disable, unlock."""
        if name not in VERBS:
            abort(404)
        act, done = VERBS[name]
        row = self.row_or_404(pk)
        with transaction(db.session):
            act(db.session, current_actor(), row.id, utc_now())
        flash(f"{done}「{row.real_name}」的账号。", "success")
        return redirect(url_for(f"{self.endpoint}.edit", pk=pk))

    @expose("/edit/<pk>/reset", methods=["POST"])
    @has_access
    @permission_name("edit")
    @password_again("重置密码")
    def reset(self, pk: str) -> Any:
        """Give a new initial password and show it once."""
        row = self.row_or_404(pk)
        with transaction(db.session):
            issued = verbs.reset_password(db.session, current_actor(), row.id, password_rules(), utc_now())
        return self._issued(issued, "已重置密码")

    def row_or_404(self, pk: str) -> Any:
        """An account on the actor's list."""
        found = select(Account).where(Account.id == row_key(pk), seen_by(current_actor()))
        row = db.session.scalar(found)
        if row is None:
            abort(404)
        return row

    def _add(self, *, lower: bool) -> Any:
        actor = current_actor()
        form = new_form(actor, lower=lower)
        if request.method == "GET":
            return self._new_form(form, {}, [])
        texts = texts_from(form, actor.indicator_set, request.form)
        with transaction(db.session):
            issued, problems = verbs.add_account(db.session, actor, texts, password_rules(), utc_now(), lower=lower)
        if issued is None:
            return self._new_form(form, texts, problems), 400
        return self._issued(issued, "账号已建好")

    def _issued(self, issued: Issued, title: str) -> str:
        account = issued.account
        page = {"title": title, "account": account, "password": issued.password, "back": self.list_title}
        return self.render_template("accounts/initial_password.html", **page)

    def _new_form(self, form: Any, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        state = FormState(form, actor.indicator_set, {}, texts, lambda _: "", problems, is_new=True)
        page = settings_page(state, f"新增{form.title}", [self._trail()], meta=actor.unit_name)
        return self.render_template("core/settings_form.html", form_page=page)

    def _form(self, row: Account, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        state = FormState(form_of(row), actor.indicator_set, stored_values(row), texts, lambda _: "", problems)
        told = FormState(TOLD, actor.indicator_set, {}, {}, lambda _: "")
        now = states_of(db.session, [row], utc_now())[row.id]
        meta = f"{row.unit} · {row.username} · {last_seen(row)}{_until(row)}{_initial(row)}"
        page = settings_page(
            state, row.real_name, [self._trail()], meta=meta,
            tag={"label": STATES[now], "kind": KINDS[now]}, actions=self._actions(row, now),
            timeline=timeline(db.session, told, LOG, str(row.id)),
        )  # fmt: skip
        return self.render_template("core/settings_form.html", form_page=page)

    def _actions(self, row: Account, state: str) -> list[dict[str, Any]]:
        def button(label: str, name: str, confirm: str, *, danger: bool = False) -> dict[str, Any]:
            url = url_for(f"{self.endpoint}.verb", pk=row.id, name=name)
            return {"label": label, "url": url, "post": True, "confirm": confirm, "danger": danger}

        reset = {
            "label": "重置密码", "url": url_for(f"{self.endpoint}.reset", pk=row.id), "post": True,
            "confirm": "重置后原密码作废，已登录的会退出。新的初始密码只显示一次，请当面或电话告诉本人。",
        }  # fmt: skip
        if not row.active:
            return [button("启用", "enable", "启用后，本人可以用原来的密码登录。")]
        found = [button("解锁", "unlock", "解锁后，本人可以马上再登录。")] if state == "locked" else []
        stop = button("停用", "disable", "停用后，本人不能登录，已登录的会退出。以后可以再启用。", danger=True)
        return [*found, reset, stop]

    def _trail(self) -> dict[str, str]:
        return {"label": self.list_title, "url": url_for(f"{self.endpoint}.list")}


def shown_moment(moment: Any) -> str:
    """A moment of Flask-AppBuilder's, which knows no time zone, as lists show it."""
    return f"{moment.replace(tzinfo=utc_now().tzinfo).astimezone():%Y-%m-%d %H:%M}" if moment else ""


def _until(account: Account) -> str:
    """When the lock opens by itself, if there is one."""
    until = locked_until(db.session, [account.username], utc_now()).get(account.username)
    return f" · 输错次数太多，锁定到 {until.astimezone():%H:%M}" if until else ""


def _initial(account: Account) -> str:
    """How long the initial password lets in, while it has not been changed."""
    if not account.must_change or account.initial_until is None:
        return ""
    if initial_expired(account, utc_now()):
        return " · 初始密码已过期，请重置"
    return f" · 初始密码还没有修改，{account.initial_until.astimezone():%Y-%m-%d} 过期"


def last_seen(account: Account) -> str:
    """When somebody logged in last, in words."""
    return f"最后登录 {shown_moment(account.last_login)}" if account.last_login else "还没有登录过"


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    builder.add_view_no_menu(AccountView)
    add_condition(NO_ADMIN, "没有系统管理员", without_sys_admin)
