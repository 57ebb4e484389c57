"""Before what does the most harm in wrong hands, the password is asked again (security.md: sudo).

`@password_again("导出名单")` stands under the permission of an address. What was posted waits in the page that asks:
with the right password it is sent again to the same address. A login, and every right answer, counts for ten minutes
in that session; where a reason has to be given, it is asked each time.
"""

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import g, jsonify, make_response, render_template, request, session
from flask_login import current_user
from werkzeug.security import check_password_hash

from app.accounts import guesses
from app.accounts.sessions import KNOWN_AT
from app.accounts.views import password_rules
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.text import clean
from app.core.ui.addresses import BACK, came_from
from app.core.ui.headers import wants_json

LASTS = dt.timedelta(minutes=10)
PASSWORD, REASON = "again_password", "again_reason"
OURS = (PASSWORD, REASON, BACK, "csrf_token")
SHORTEST_REASON, LONGEST_REASON = 2, 60


@dataclass(frozen=True)
class Again:
    """What an address declares: the deed in words, whether it needs a reason, whether a file comes of it, and which
    posts are meant."""

    deed: str
    reason: bool = False
    file: bool = False
    when: Callable[[], bool] = lambda: True


def password_again(
    deed: str, *, reason: bool = False, file: bool = False, when: Callable[[], bool] = lambda: True
) -> Callable[..., Any]:
    """Ask for the password (and a reason) before posts to an address; `when` tells which of them."""
    asks = Again(deed, reason, file, when)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def asked(*arguments: Any, **named: Any) -> Any:
            page = _page_before(asks) if request.method == "POST" and asks.when() else None
            return view(*arguments, **named) if page is None else page

        asked.asks_password = asks  # type: ignore[attr-defined]
        return asked

    return decorate


def given_reason() -> str:
    """The reason that was given with the password of this request."""
    return str(g.get("reason", ""))


def _page_before(asks: Again) -> Any:
    """The page that asks; None when the deed may be done."""
    if not asks.reason and _is_fresh():
        return None
    errors: dict[str, str] = {}
    if PASSWORD in request.form:
        errors = _check(asks)
        if not errors:
            return None
    if wants_json():
        return make_response(jsonify(message="请先再次输入密码。"), 403)
    kept = [(name, text) for name, text in request.form.items(multi=True) if name not in OURS]
    page = {
        "deed": asks.deed,
        "with_reason": asks.reason,
        "gives_file": asks.file,
        "reason": request.form.get(REASON, ""),
        "errors": errors,
        "kept": kept,
        "url": request.full_path.rstrip("?"),
        "back": came_from() or "/",
    }
    db.session.rollback()
    return make_response(render_template("accounts/password_again.html", **page), 403 if errors else 200)


def _is_fresh() -> bool:
    known_at = session.get(KNOWN_AT)
    return known_at is not None and utc_now() - dt.datetime.fromisoformat(known_at) < LASTS


def _check(asks: Again) -> dict[str, str]:
    """What is wrong, by field; the guess is counted before it is looked at."""
    errors: dict[str, str] = {}
    reason = clean(request.form.get(REASON, ""))
    if asks.reason and not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        errors["reason"] = f"请写明原因，{SHORTEST_REASON}–{LONGEST_REASON} 个字。例：发给今年新入职的教师。"
    try:
        _compare(request.form.get(PASSWORD, ""))
    except AppError as error:
        errors["password"] = error.message
    if not errors:
        session[KNOWN_AT] = utc_now().isoformat()
        g.reason = reason
    return errors


def _compare(password: str) -> None:
    """Raises AppError unless this is the own password. The guesses have a counter of their own: the login's is no
    concern of who is inside, and nobody outside can lock this one."""
    if not password:
        raise AppError("请输入您的登录密码。")
    rules, name, now = password_rules(), current_user.username, utc_now()
    with transaction(db.session):
        until = guesses.count_attempt(db.session, name, rules, now, kind=guesses.AGAIN)
    if until is not None:
        minutes = max(1, -int((now - until).total_seconds() // 60))
        raise AppError(f"输错次数太多，请 {minutes} 分钟后再试。已填的内容还在这一页。")
    if not check_password_hash(current_user.password or "", password):
        left = guesses.failures_left(db.session, name, rules, guesses.AGAIN)
        raise AppError(f"密码不对，密码区分大小写。还可以再试 {left} 次。")
    with transaction(db.session):
        guesses.forget_failures(db.session, name, guesses.AGAIN)
