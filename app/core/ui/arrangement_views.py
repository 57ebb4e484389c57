"""The addresses by which a person arranges any of the lists: its columns, and its saved views."""

from typing import Any

from flask import abort, current_app, flash, redirect, request, session
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.ui.addresses import row_key
from app.core.ui.arrangement import (
    NO_VIEW,
    OF,
    OWN,
    OWN_COLUMNS,
    REFUSED,
    address_after,
    asked_of,
    content_of,
)
from app.core.ui.base_view import PlainView, ScopedModelView, current_actor
from app.core.ui.column_choice import keep_columns, posted_columns
from app.core.ui.listing import ListRequest
from app.core.ui.saved_views import (
    SavedView,
    delete_view,
    keep_view,
    open_with,
    rename_view,
    update_view,
    view_for,
)
from app.permissions import Permission

PLACE = "place_"
TYPED_LENGTH = 100


class ListArrangementView(PlainView):
    """Columns and saved views. The query is that of the list as it is shown: one goes back there."""

    route_base = "/lists"
    class_permission_name = "list"

    @expose("/<name>/columns", methods=["POST"])
    @has_access
    @permission_name("arrange")
    def columns(self, name: str) -> Response:
        """Choose the columns of a list and their order, or go back to the usual ones."""
        listed, asked = _shown(name)
        chosen = None if "reset" in request.form else _posted(listed, asked)
        with transaction(db.session):
            keep_columns(db.session, current_actor(), name, chosen)
        flash("已恢复默认的列。" if chosen is None else f"现在显示 {len(chosen) + 1} 列，导出的也是这些。", "success")
        in_view = asked.extra.get(OF, NO_VIEW) != NO_VIEW
        return redirect(address_after(listed, asked, **{OWN_COLUMNS: OWN if in_view else None}))

    @expose("/<name>/views", methods=["POST"])
    @has_access
    @permission_name("arrange")
    def add(self, name: str) -> Response:
        """Save what is shown now as a view."""
        listed, asked = _shown(name)
        typed, shared = request.form.get("name", ""), "shared" in request.form
        try:
            content = content_of(listed, asked)
            with transaction(db.session):
                actor, now = current_actor(), utc_now()
                made = keep_view(db.session, actor, name, typed, content, now, shared=shared)
                key, said = made.id, made.name
        except AppError as error:
            if error.field is None:
                raise
            return _refused(listed, asked, error, typed, None, shared=shared)
        flash(f"「{said}」已存为{'本单位的' if shared else ''}视图。", "success")
        return redirect(address_after(listed, asked, **{OF: str(key), OWN_COLUMNS: None}))

    @expose("/<name>/views/<pk>/<verb>", methods=["POST"])
    @has_access
    @permission_name("arrange")
    def change(self, name: str, pk: str, verb: str) -> Response:
        """Rename, update or delete a view, or let the list open with it."""
        if verb not in ("rename", "update", "delete", "opening"):
            abort(404)
        key = row_key(pk)
        listed, asked = _shown(name)
        act = {"rename": _rename, "update": _update, "delete": _delete, "opening": _opening}[verb]
        try:
            with transaction(db.session):
                said, changes = act(listed, asked, view_for(db.session, current_actor(), name, key))
        except AppError as error:
            if error.field is None:
                raise
            return _refused(listed, asked, error, request.form.get("name", ""), key)
        flash(said, "success")
        return redirect(address_after(listed, asked, **changes))


Told = tuple[str, dict[str, str | None]]  # what is said, and what changes in the address


def _rename(listed: ScopedModelView, asked: ListRequest, view: SavedView) -> Told:
    rename_view(db.session, current_actor(), view, request.form.get("name", ""), utc_now())
    return f"已改名为「{view.name}」。", {}


def _update(listed: ScopedModelView, asked: ListRequest, view: SavedView) -> Told:
    update_view(db.session, current_actor(), view, content_of(listed, asked), utc_now())
    return f"「{view.name}」已改为现在的条件、次序和列。", {OF: str(view.id), OWN_COLUMNS: None}


def _delete(listed: ScopedModelView, asked: ListRequest, view: SavedView) -> Told:
    key, said = str(view.id), f"视图「{view.name}」已删除。"
    delete_view(db.session, current_actor(), view)
    return said, {OF: NO_VIEW, OWN_COLUMNS: None} if asked.extra.get(OF) == key else {}


def _opening(listed: ScopedModelView, asked: ListRequest, view: SavedView) -> Told:
    wanted = request.form.get("on") == "1"
    open_with(db.session, current_actor(), asked.view, view if wanted else None)
    if wanted:
        return f"以后打开这个列表，先用「{view.name}」。", {}
    return "以后打开这个列表，先显示全部。", {}


def _shown(name: str) -> tuple[ScopedModelView, ListRequest]:
    """A list that the actor may open, as it is shown: 404 for any other name, 400 for parameters it does not know."""
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    named = (view for view in views if isinstance(view, ScopedModelView) and type(view).__name__ == name)
    listed: ScopedModelView | None = next(named, None)
    if listed is None:
        abort(404)
    if not current_actor().may(Permission(f"{listed.class_permission_name}:list")):
        abort(403)
    asked, _ = asked_of(listed, current_actor(), request.args)
    return listed, asked


def _posted(listed: ScopedModelView, asked: ListRequest) -> list[str]:
    """The columns of the form: 400 for one that is not offered and for a place that is no number."""
    names = request.form.getlist("column")
    places = {field[len(PLACE) :]: text for field, text in request.form.items() if field.startswith(PLACE)}
    chosen = posted_columns(names, places, asked.columns[1:])
    if chosen is None or not set(names) <= set(listed.offered_columns()) - {asked.columns[0]}:
        abort(400)
    return chosen


def _refused(
    listed: ScopedModelView, asked: ListRequest, error: AppError, typed: str, key: int | None, **more: Any
) -> Response:
    """Back to the list, whose menu opens with what was typed and the reason beside it."""
    refused = {"list": asked.view, "pk": key, "text": typed[:TYPED_LENGTH], "message": error.message}
    session[REFUSED] = refused | more
    return redirect(address_after(listed, asked))
