"""Login, logout, password change, and the answers the open page asks for."""

from typing import Any

from flask import Flask, current_app, g, jsonify, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_login import login_user
from flask_wtf.csrf import generate_csrf
from werkzeug.security import generate_password_hash
from werkzeug.wrappers import Response

from app.accounts import operations
from app.accounts.forms import LoginForm, PasswordForm
from app.accounts.models import Account
from app.accounts.operations import PasswordRules
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.ui.addresses import safe_next
from app.core.ui.base_view import PlainView
from app.core.ui.blueprint import register_templates
from app.core.ui.headers import wants_json

OWN_NUMBER = "own_id_number"
WRONG = "没有登录成功：{who}或密码不对。"
WHO = {"admin": "用户名", "teacher": "证件号"}


def password_rules() -> PasswordRules:
    """The installation's rules, from its settings."""
    config = current_app.config
    return PasswordRules(
        config["FAB_PASSWORD_HASH_METHOD"], int(config["LOGIN_MAX_FAILURES"]), int(config["LOGIN_LOCK_MINUTES"])
    )


def _fake_hash() -> str:
    # Made once for each process with today's method: an unknown name then takes as long as a known one.
    found: str | None = current_app.extensions.get("fake_password_hash")
    if found is None:
        found = generate_password_hash("nobody", current_app.config["FAB_PASSWORD_HASH_METHOD"])
        current_app.extensions["fake_password_hash"] = found
    return found


class AuthView(PlainView):
    """Login for both entries and logout."""

    route_base = ""
    class_permission_name = "auth"

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        form = LoginForm()
        if g.actor is not None and request.method == "GET":
            return redirect("/")
        message, status = "", 200
        if request.method == "POST":
            if not form.validate():
                message, status = next(iter(form.errors.values()))[0], 400
            else:
                try:
                    return self._enter(form)
                except AppError as error:
                    message, status = error.message, 403
        if wants_json():
            return jsonify(message=message), status or 403
        entry = form.entry.data if form.entry.data in WHO else "admin"
        if request.method == "GET":
            entry = "teacher" if request.args.get("entry") == "teacher" else "admin"
        page = {
            "form": form,
            "entry": entry,
            "message": message,
            "next": form.next.data or request.args.get("next", ""),
        }
        return self.render_template("accounts/login.html", **page), status

    def _enter(self, form: LoginForm) -> Any:
        entry = form.entry.data if form.entry.data in WHO else "admin"
        account = _authenticate(entry, form.username.data, form.password.data)
        stored: Any = session
        parked = stored.get("parked")
        stored.renew()
        if parked and parked["user_id"] == str(account.id):
            session["parked"] = parked
        login_user(account)
        if wants_json():
            g.pop("csrf_token", None)
            return jsonify(csrf_token=generate_csrf())
        return redirect(safe_next(form.next.data or "/"))

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Response:
        stored: Any = session
        stored.renew()
        response = redirect(url_for("AuthView.login"))
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    @expose("/session/alive")
    def alive(self) -> Any:
        """Whether the open page is still logged in: asked before a form is sent."""
        return jsonify(login=g.actor is not None, csrf_token=generate_csrf())


def _count(name: str) -> None:
    """Count a guess, before it is looked at. Raises AppError while the name is locked."""
    now = utc_now()
    with transaction(db.session):
        locked_until = operations.count_attempt(db.session, name, password_rules(), now)
    if locked_until is not None:
        minutes = max(1, -int((now - locked_until).total_seconds() // 60))
        raise AppError(f"输错次数太多，这个账号已锁定，请 {minutes} 分钟后再试，或请本单位管理员解锁。")


def _authenticate(entry: str, typed: str, password: str) -> Account:
    rules, now = password_rules(), utc_now()
    name = operations.login_name(entry, typed)
    _count(name)
    account = operations.account_for(db.session, name, password, _fake_hash())
    if account is None:
        left = operations.failures_left(db.session, name, rules)
        rest = f"还可以再试 {left} 次，之后锁定 {rules.lock_minutes} 分钟。" if left > 0 else (
            f"账号已锁定 {rules.lock_minutes} 分钟。"
        )  # fmt: skip
        raise AppError(WRONG.format(who=WHO[entry]) + "密码区分大小写。" + rest)
    with transaction(db.session):
        operations.forget_failures(db.session, name)
        operations.record_login(db.session, account, now)
    return account


class PasswordView(PlainView):
    """Change of one's own password."""

    route_base = "/password"
    class_permission_name = "password"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("change")
    def change(self) -> Any:
        form = PasswordForm()
        account = db.session.get_one(Account, g.actor.user_id)
        errors: dict[str, str] = {}
        if request.method == "POST":
            errors = self._change(form, account)
            if not errors:
                stored: Any = session
                stored.renew()
                return redirect(url_for("AuthView.login", done="password"))
        page = {"form": form, "errors": errors, "must_change": bool(account.must_change)}
        return self.render_template("accounts/change_password.html", **page), 400 if errors else 200

    def _change(self, form: PasswordForm, account: Account) -> dict[str, str]:
        if not form.validate():
            return {name: messages[0] for name, messages in form.errors.items()}
        if form.new.data != form.repeat.data:
            return {"repeat": "两次输入的新密码不一样。"}
        try:
            _count(account.username)
            with transaction(db.session):
                operations.forget_failures(db.session, account.username)
                operations.change_password(
                    db.session, account, form.old.data, form.new.data, password_rules(), _own_number(account)
                )
        except AppError as error:
            if error.field == "new":  # the old one was right: this was no guess
                with transaction(db.session):
                    operations.forget_failures(db.session, account.username)
            return {error.field or "old": error.message}
        return {}


def _own_number(account: Account) -> str:
    """The person's ID number, which a password must not contain. The record, a layer above, says how to find it."""
    find = current_app.extensions.get(OWN_NUMBER)
    return find(account.teacher_id) if find and account.teacher_id else ""


def register(app: Flask, builder: Any) -> None:
    """Templates of this feature; its views are plugged in by the security manager."""
    register_templates("accounts", __name__)
