"""个人空间: what the system knows of the person who is logged in, and where else the account is in use."""

from typing import Any

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.accounts.account_views import shown_moment
from app.accounts.models import Account, ServerSession
from app.accounts.sessions import end_session, end_sessions_of, sessions_of, stored_id
from app.accounts.stand_ins import lines_of
from app.core.db import db, transaction, utc_now
from app.core.ui.base_view import PlainView, current_actor
from app.permissions import Permission as P


class MeView(PlainView):
    """The own account."""

    route_base = "/me"
    class_permission_name = "me"

    @expose("/")
    @has_access
    @permission_name("show")
    def show(self) -> Any:
        """Name, unit, roles, last login, and all sessions."""
        actor, interface = current_actor(), current_app.session_interface
        account = db.session.get_one(Account, actor.user_id)
        since = utc_now() - interface.idle  # type: ignore[attr-defined]
        found = sessions_of(db.session, actor.user_id, since)
        rows = [
            {"label": "姓名", "value": actor.name},
            {"label": "登录名", "value": "本人身份证件号" if actor.teacher_id else account.username},
            {"label": "单位", "value": actor.unit_name},
            {"label": "角色", "value": actor.role_label},
            {"label": "最近登录", "value": shown_moment(account.last_login)},
        ]
        if lines := lines_of(db.session, actor.user_id, utc_now()):
            rows.append({"label": "代理审核", "value": "；".join(lines)})
        contact_url = ""
        if actor.teacher_id is None:
            contact_url = url_for("MyContactView.edit")
            rows += [
                {"label": "联系电话", "value": account.contact_phone},
                {"label": "电子信箱", "value": account.contact_email},
            ]
        devices = [_device(row) for row in found]
        stand_in_url = url_for("StandInView.list") if actor.may(P.STAND_IN_LIST) else ""
        return self.render_template(
            "accounts/me.html", rows=rows, devices=devices, contact_url=contact_url, stand_in_url=stand_in_url
        )

    @expose("/end", methods=["POST"])
    @has_access
    @permission_name("show")
    def end(self) -> Response:
        """End one of the other sessions."""
        key = request.form.get("key", "")
        with transaction(db.session):
            ended = key != _present() and end_session(db.session, current_actor().user_id, key)
        if not ended:
            abort(404)
        flash("那台设备已退出登录。", "success")
        return redirect(url_for(f"{self.endpoint}.show"))

    @expose("/end-others", methods=["POST"])
    @has_access
    @permission_name("show")
    def end_others(self) -> Response:
        """End all sessions but this one."""
        with transaction(db.session):
            end_sessions_of(db.session, current_actor().user_id, but=_present())
        flash("其他设备都已退出登录。", "success")
        return redirect(url_for(f"{self.endpoint}.show"))


def _present() -> str:
    """The stored id of this request's session."""
    stored: Any = session
    return stored_id(stored.sid)


def _device(row: ServerSession) -> dict[str, Any]:
    return {
        "key": row.id,
        "name": row.device or "未知设备",
        "since": f"{row.created_at.astimezone():%Y-%m-%d %H:%M}",
        "seen": f"{row.seen_at.astimezone():%Y-%m-%d %H:%M}",
        "present": row.id == _present(),
    }


def register(app: Flask, builder: Any) -> None:
    """Plug the page in."""
    builder.add_view_no_menu(MeView)
