"""What happens before every view: who acts, what the session may see, who must log in first."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, abort, current_app, g, jsonify, redirect, request, session, url_for
from flask_login import current_user
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.queries import account_by_id, actor_for
from app.accounts.sessions import STATELESS
from app.core.actor import KEY
from app.core.codes import codes
from app.core.db import db, writes
from app.core.errors import AppError
from app.core.scope import set_scope
from app.core.ui.headers import wants_json

READING = ("GET", "HEAD", "OPTIONS")
LOOK_UPS = {"LookUpView.contact", "LookUpView.password"}
PUBLIC = STATELESS | LOOK_UPS | {"AuthView.login", "AuthView.captcha", "AuthView.alive"}
WITHOUT_CHANGE = (PUBLIC - LOOK_UPS) | {"AuthView.logout", "PasswordView.change"}
SECRET = ("csrf_token", "password", "again_password")
PARKED_FIELDS = 400
PARKED_LENGTH = 4_000


def install(app: Flask) -> None:
    """Register the guard. It must run before every other hook."""
    app.before_request(begin)
    app.before_request(require_login)
    app.teardown_request(end)


def begin() -> None:
    """Tell the database whether this request writes; an unknown address ends here."""
    g.writes_before = writes.set(request.method not in READING)
    g.actor = None


def end(_error: BaseException | None) -> None:
    """Leave the thread as it was."""
    token = g.pop("writes_before", None)
    if token is not None:
        writes.reset(token)


def require_login() -> Any:
    """Find the actor and give the session its scope; turn away who is not logged in."""
    if request.endpoint in STATELESS:
        return None
    account = current_user if current_user.is_authenticated else None
    if account is not None:
        _act_as(account)
    if request.endpoint is None:
        abort(404) if request.routing_exception is None else None
        return None
    if g.actor is None:
        return None if request.endpoint in PUBLIC else _to_login()
    if account is not None and account.must_change and request.endpoint not in WITHOUT_CHANGE:
        return redirect(url_for("PasswordView.change"))
    return None


def _act_as(account: Account) -> None:
    """Give this request, and its database session, the account's rights and scope."""
    g.actor = actor_for(account)
    db.session.info[KEY] = g.actor
    set_scope(db.session, g.actor.scope)
    codes.refresh(db.session)


@contextmanager
def acting(app: Flask, account_id: int) -> Iterator[Session]:
    """The same for work in the background: with the rights that the account has now. Raises AppError without any."""
    with app.app_context():
        token = writes.set(False)  # looking waits for no writer
        try:
            account = account_by_id(db.session, account_id)
            if account is None or not account.active:
                raise AppError("提交任务的账号已停用，这项任务没有做。")
            _act_as(account)
            db.session.rollback()
        finally:
            writes.reset(token)
        yield db.session  # the proxy: views that draw cells ask the same session


def _to_login() -> Any:
    """Send to the login page. What was typed into a form is kept for the person whose session ran out."""
    stored: Any = session
    if wants_json():
        return jsonify(message="登录已过期，请重新登录。"), 401
    back = request.full_path.rstrip("?") if request.method == "GET" else _page_of(request.path)
    if request.method == "POST" and stored.expired_user:
        park(stored.expired_user)
    entry = "teacher" if _was_teacher(stored.expired_user) or request.path.startswith("/my") else "admin"
    return redirect(url_for("AuthView.login", next=back, entry=entry))


def park(user_id: int) -> None:
    """Keep the posted texts in the (server-side) session until that person has logged in again."""
    form = request.form
    if not form or len(form) > PARKED_FIELDS:
        return
    texts = {name: ",".join(form.getlist(name))[:PARKED_LENGTH] for name in form if name not in SECRET}
    session["parked"] = {"path": request.path, "texts": texts, "user_id": str(user_id)}


def parked_texts() -> dict[str, str]:
    """What was typed into this form before the login ran out, once."""
    parked = session.get("parked")
    if parked and parked["path"] == request.path and g.actor and parked["user_id"] == str(g.actor.user_id):
        session.pop("parked")
        return dict(parked["texts"])
    return {}


def _page_of(path: str) -> str:
    """The page of a form's address; home for an address that only takes posts."""
    shows = current_app.url_map.bind("").test(path, "GET")
    return path if shows else "/"


def _was_teacher(user_id: int | None) -> bool:
    account = db.session.get(Account, user_id) if user_id else None
    return account is not None and account.teacher_id is not None
