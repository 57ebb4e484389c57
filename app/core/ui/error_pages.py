"""The one place that turns errors into pages: Chinese, with what to do; our own faults get a number for the log."""

import logging
import secrets
from typing import Any

from flask import Flask, Response, flash, g, jsonify, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from app.core.db import db, utc_now
from app.core.errors import AppError, NoScope, OutOfScope
from app.core.ui.addresses import came_from
from app.core.ui.headers import wants_json

log = logging.getLogger(__name__)

PAGES: dict[int, tuple[str, str]] = {
    400: ("这个请求不完整或不正确", "网址或表单里有系统不认识的内容，什么都没有改动。请从页面上的按钮和链接重新操作。"),
    403: ("您没有打开这一页的权限", "这一页需要别的角色。请本单位系统管理员开通，或换一个账号登录。"),
    404: ("没有找到这个页面", "这条记录可能已删除、已调到别的单位，或者网址抄错了。"),
    405: ("这个网址不能直接打开", "请从页面上的按钮操作。"),
    409: ("刚刚有人改过这份资料", "您看到的不是最新内容，什么都没有改动。请刷新后再办。"),
    413: ("文件太大", "请压缩或拆分后再上传。"),
    429: ("操作太频繁", "请稍等一会儿再试。"),
    500: ("系统出错了，不是您的操作有问题", "填过的内容在页面或草稿里。请过几分钟再试；还不行就把编号告诉管理员。"),
}  # fmt: skip


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(AppError, _on_app_error)
    app.register_error_handler(StaleDataError, _on_stale)
    app.register_error_handler(Exception, _on_fault)


def page(code: int, title: str = "", text: str = "", number: str = "") -> Any:
    """An error page, or its JSON for a request that asked for JSON."""
    db.session.rollback()
    known = PAGES.get(code, PAGES[500 if code >= 500 else 400])
    title, text = title or known[0], text or known[1]
    if wants_json():
        return jsonify(message=f"{title}。{text}" if not number else f"{title}。编号 {number}"), code
    actions = [{"label": "回到首页", "url": "/"}]
    return render_template("core/error.html", code=code, title=title, text=text, actions=actions, number=number), code


def _on_http(error: HTTPException) -> Any:
    if isinstance(error, SecurityError):  # the host is not ours: no address can be made, so no page either
        return Response("网址不对，请从系统的正式网址进入。", 400, mimetype="text/plain")
    return error.get_response() if error.code and error.code < 400 else page(error.code or 500)


def _on_csrf(_error: CSRFError) -> Any:
    return page(400, "这一页打开太久了，没有保存", "请退回上一页刷新，填过的内容在草稿里；然后再保存一次。")


def _on_app_error(error: AppError) -> Any:
    if error.status == 404:
        return page(404)
    if wants_json():  # a script shows the sentence beside what it is about
        db.session.rollback()
        return jsonify(message=error.message), error.status
    if request.method == "POST":
        db.session.rollback()
        if g.get("actor") is not None and (back := came_from()):
            flash(error.message, "danger")
            return redirect(back)
    return page(error.status, text=error.message)


def _on_stale(_error: StaleDataError) -> Any:
    return page(409)


def _on_fault(error: Exception) -> Any:
    if isinstance(error, OutOfScope | NoScope):
        log.warning("refused by scope: %s %s", request.endpoint, error)
        return page(404)
    number = f"E-{utc_now():%Y%m%d-%H%M}-{secrets.token_hex(2).upper()}"
    log.exception("fault %s at %s", number, request.endpoint)
    return page(500, number=number)
