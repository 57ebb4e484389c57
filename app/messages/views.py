"""The page of one's notices, part of 个人空间."""

from typing import Any

from flask import Flask, abort, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from app.core.actor import Actor
from app.core.db import db, transaction, utc_now
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import register_templates
from app.messages.models import Notice
from app.messages.operations import open_all, open_notice
from app.messages.queries import SHOWN, latest, notice_for, unread


class NoticeView(PlainView):
    """What was told to the own unit and to oneself."""

    route_base = "/me/notices"
    class_permission_name = "me"

    @expose("/")
    @has_access
    @permission_name("show")
    def list(self) -> Any:
        """The latest, unread ones first."""
        rows = [_shown(notice) for notice in latest(db.session, current_actor())]
        page = {"rows": rows, "unread": sum(not row["read"] for row in rows), "shown": SHOWN}
        return self.render_template("messages/notices.html", page=page)

    @expose("/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def open(self, pk: str) -> Response:
        """Note that it was read, and go where it leads."""
        key, actor = row_key(pk), current_actor()
        with transaction(db.session):
            notice = notice_for(db.session, actor, key)
            if notice is None:
                abort(404)
            place = _place(notice)
            open_notice(db.session, notice, actor, utc_now())
        return redirect(place)

    @expose("/all", methods=["POST"])
    @has_access
    @permission_name("show")
    def open_all(self) -> Response:
        """Note all as read."""
        with transaction(db.session):
            open_all(db.session, current_actor(), utc_now())
        return redirect(url_for(f"{self.endpoint}.list"))


def bell(actor: Actor) -> dict[str, Any]:
    """What the top of every page shows: how many are not read, and where they are; one query."""
    return {"url": url_for("NoticeView.list"), "n": unread(db.session, actor)}


def _shown(notice: Notice) -> dict[str, Any]:
    read = f"{notice.read_by} {notice.read_at.astimezone():%Y-%m-%d %H:%M} 已读" if notice.read_at else ""
    return {
        "id": notice.id,
        "text": notice.text.replace("{n}", str(notice.count)),
        "by": " ".join(filter(None, (notice.from_unit, notice.from_name))),
        "at": f"{notice.at.astimezone():%Y-%m-%d %H:%M}",
        "read": read,
        "to_unit": notice.account_id is None,
    }


def _place(notice: Notice) -> str:
    """The address to which a notice leads; the page of notices where that is no more."""
    try:
        return url_for(notice.endpoint, **notice.arguments)
    except BuildError:
        return url_for("NoticeView.list")


def register(app: Flask, builder: Any) -> None:
    """Plug the page in."""
    register_templates("messages", __name__)
    builder.add_view_no_menu(NoticeView)
