"""Login, logout, password change, and the answers the open page asks for."""

from typing import Any

from flask import Flask, current_app, g, jsonify, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_login import login_user
from flask_wtf.csrf import generate_csrf
from werkzeug.security import generate_password_hash
from werkzeug.wrappers import Response

from app.accounts import guesses, operations
from app.accounts.captcha_views import ASKED, address, answered, new_captcha
from app.accounts.forms import LoginForm, PasswordForm
from app.accounts.guesses import CaptchaNeeded
from app.accounts.look_up_choices import offered
from app.accounts.models import Account, InitialPassword
from app.accounts.password_rules import PasswordRules
from app.accounts.sessions import KNOWN_AT
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.ui.addresses import safe_next
from app.core.ui.base_view import PlainView
from app.core.ui.blueprint import register_templates
from app.core.ui.headers import wants_json

OWN_NUMBER = "own_id_number"
WRONG = "没有登录成功：{who}或密码不对。"
WHO = {"admin": "用户名", "teacher": "证件号"}
EXPIRED = {
    "admin": "初始密码已过期（发放后 30 天内有效）。请联系管理您账号的本单位或上级单位系统管理员，重新发放。",
    "teacher": "初始密码已过期（发放后 30 天内有效）。请联系学校的系统管理员，重新发放。",
}


def password_rules() -> PasswordRules:
    """The installation's rules, from its settings."""
    config = current_app.config
    return PasswordRules(
        config["FAB_PASSWORD_HASH_METHOD"],
        int(config["LOGIN_MAX_FAILURES"]),
        int(config["LOGIN_LOCK_MINUTES"]),
        int(config["LOGIN_CAPTCHA_AFTER"]),
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
        if request.method != "POST":
            return redirect("/") if g.actor is not None else self._page(form, _entry(request.args.get("entry")))
        if kind := request.form.get("captcha_new"):  # without the script
            return self._page(form, _entry(form.entry.data), in_words=kind == "question")
        try:
            if not form.validate():
                raise AppError(next(iter(form.errors.values()))[0])
            return self._enter(form)
        except AppError as error:
            return self._refuse(form, error)

    @expose("/login/captcha", methods=["POST"])
    def captcha(self) -> Any:
        """Another captcha for the open page: a picture, or a question in words."""
        shown, refused = new_captcha(in_words=request.form.get("captcha_new") == "question")
        return jsonify(shown.as_json() | {"message": refused})

    def _refuse(self, form: LoginForm, error: AppError) -> Any:
        """The same page with what is wrong; the next captcha with it, if there has to be one."""
        if not wants_json():
            return self._page(form, _entry(form.entry.data), error), error.status
        shown = new_captcha()[0].as_json() if session.get(ASKED) else None
        return jsonify(message=error.message, captcha=shown), error.status

    def _page(self, form: LoginForm, entry: str, error: AppError | None = None, *, in_words: bool = False) -> str:
        shown, refused = None, ""
        always = password_rules().captcha_after == 0
        if in_words or always or session.get(ASKED) or guesses.is_suspicious(db.session, address(), utc_now()):
            shown, refused = new_captcha(in_words=in_words)
        at_captcha = error is not None and error.field == "captcha"
        page = {
            "form": form,
            "entry": entry,
            "message": error.message if error and not at_captcha else "",
            "captcha": shown,
            "captcha_error": error.message if error and at_captcha else refused,
            "next": form.next.data or request.args.get("next", ""),
            "links": _look_ups(),
        }
        return self.render_template("accounts/login.html", **page)

    def _enter(self, form: LoginForm) -> Any:
        account = _authenticate(form)
        stored: Any = session
        parked = stored.get("parked")
        stored.renew()
        if parked and parked["user_id"] == str(account.id):
            session["parked"] = parked
        login_user(account)
        session[KNOWN_AT] = utc_now().isoformat()
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


def _look_ups() -> list[dict[str, str]]:
    """What can be looked up before logging in, where some school has switched it on."""
    named = (("LookUpView.contact", "查询管理员联系方式"), ("LookUpView.password", "获取初始密码"))
    shown = zip(named, offered(db.session), strict=True)
    return [{"url": url_for(endpoint), "label": label} for (endpoint, label), is_on in shown if is_on]


def _entry(said: str | None) -> str:
    return said if said in WHO else "admin"


def _count(name: str, *, human: bool = True) -> None:
    """Count a guess, before it is looked at. Raises AppError while the name is locked, CaptchaNeeded without one."""
    now = utc_now()
    with transaction(db.session):
        locked_until = guesses.count_attempt(db.session, name, password_rules(), now, human=human)
    if locked_until is not None:
        minutes = max(1, -int((now - locked_until).total_seconds() // 60))
        raise AppError(f"输错次数太多，这个账号已锁定，请 {minutes} 分钟后再试，或请本单位管理员解锁。", status=403)


def _authenticate(form: LoginForm) -> Account:
    """The account of somebody who has the right to it. Whether a name exists never changes the answer, nor its time."""
    entry = _entry(form.entry.data)
    name = operations.login_name(entry, form.username.data)
    try:
        human = answered(form.captcha_key.data or "", form.captcha.data or "")
        if not human and guesses.is_suspicious(db.session, address(), utc_now()):
            raise CaptchaNeeded
        _count(name, human=human)
    except CaptchaNeeded:
        session[ASKED] = True
        raise
    account = operations.account_for(db.session, name, form.password.data, _fake_hash())
    if account is None:
        raise _refusal(entry, name)
    now = utc_now()
    with transaction(db.session):
        guesses.forget_failures(db.session, name)
        if not operations.initial_expired(account, now):
            operations.record_login(db.session, account, now)
    if operations.initial_expired(account, now):
        raise AppError(EXPIRED[entry], status=403)
    return account


def _refusal(entry: str, name: str) -> AppError:
    """What somebody is told who does not know the name or the password."""
    rules = password_rules()
    with transaction(db.session):
        guesses.count_of_address(db.session, address(), utc_now())
        left = guesses.failures_left(db.session, name, rules)
        if guesses.asks_captcha(db.session, name, rules):
            session[ASKED] = True
    rest = f"还可以再试 {left} 次，之后锁定 {rules.lock_minutes} 分钟。" if left > 0 else (
        f"账号已锁定 {rules.lock_minutes} 分钟。"
    )  # fmt: skip
    return AppError(WRONG.format(who=WHO[entry]) + "密码区分大小写。" + rest, status=403)


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
        page = {"form": form, "errors": errors, "must_change": _why_change(account)}
        return self.render_template("accounts/change_password.html", **page), 400 if errors else 200

    def _change(self, form: PasswordForm, account: Account) -> dict[str, str]:
        if not form.validate():
            return {name: messages[0] for name, messages in form.errors.items()}
        if form.new.data != form.repeat.data:
            return {"repeat": "两次输入的新密码不一样。"}
        try:
            _count(account.username)
            with transaction(db.session):
                guesses.forget_failures(db.session, account.username)
                operations.change_password(
                    db.session, account, form.old.data, form.new.data, password_rules(), _own_number(account)
                )
        except AppError as error:
            if error.field == "new":  # the old one was right: this was no guess
                with transaction(db.session):
                    guesses.forget_failures(db.session, account.username)
            return {error.field or "old": error.message}
        return {}


def _why_change(account: Account) -> str | bool:
    """Why the password has to be changed; who looked it up before the login is told, too."""
    stored = db.session.get(InitialPassword, account.id) if account.must_change else None
    if stored is None or stored.shown_at is None:
        return bool(account.must_change)
    return (
        f"您用的是初始密码，{stored.shown_at.astimezone():%Y-%m-%d %H:%M} 在登录页查询过。如果不是您本人查的，"
        "请告诉学校的系统管理员。先换成自己的密码，再开始使用。"
    )


def _own_number(account: Account) -> str:
    """The person's ID number, which a password must not contain. The record, a layer above, says how to find it."""
    find = current_app.extensions.get(OWN_NUMBER)
    return find(account.teacher_id) if find and account.teacher_id else ""


def register(app: Flask, builder: Any) -> None:
    """Templates of this feature; its views are plugged in by the security manager."""
    register_templates("accounts", __name__)
