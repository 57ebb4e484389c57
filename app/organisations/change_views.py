"""Screens of the changes of a unit's name, code and superior."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.settings_form import settings_page
from app.organisations.changes import CHANGE, NOT_ABOVE, may_change, plan_change, withdraw_change
from app.organisations.models import Unit, UnitChange
from app.organisations.operations import values_of_unit
from app.organisations.queries import within

NOTE = "只改要变的项。换上级后，这个单位、它的下级和其中教师的全部记录一起转到新上级名下。"


class UnitChangeView(PlainView):
    """One change after the other."""

    route_base = "/units/changes"
    class_permission_name = "unit"

    @expose("/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def change(self, pk: str) -> Any:
        """The form, and what is posted from it."""
        unit = _unit_or_404(pk)
        if not may_change(current_actor(), unit):
            abort(403, NOT_ABOVE)
        if request.method == "GET":
            return self._form(unit, {}, [])
        texts = texts_from(CHANGE, current_actor().indicator_set, request.form)
        key = unit.id
        with transaction(db.session):
            change, problems = plan_change(db.session, current_actor(), key, texts, utc_now())
            if change is not None:
                flash(_said(change), "success")
        if problems:
            return self._form(_unit_or_404(pk), texts, problems), 400
        return redirect(url_for("UnitView.show", pk=key))

    @expose("/withdraw/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def withdraw(self, pk: str) -> Response:
        """Drop a change that has not taken effect."""
        change = db.session.get(UnitChange, row_key(pk))
        if change is None:
            abort(404)
        unit_id = _unit_or_404(str(change.unit_id)).id
        with transaction(db.session):
            withdraw_change(db.session, current_actor(), change.id)
        flash("变更已撤回。", "success")
        return redirect(url_for("UnitView.show", pk=unit_id))

    def _form(self, unit: Unit, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        today = utc_now().astimezone().date()
        stored = {**values_of_unit(db.session, unit), "effective_on": today}
        state = FormState(CHANGE, current_actor().indicator_set, stored, texts, lambda _: "", problems)
        trail = [
            {"label": "单位", "url": url_for("UnitView.list")},
            {"label": unit.name, "url": url_for("UnitView.show", pk=unit.id)},
        ]
        page = settings_page(state, "变更名称、代码、上级", trail, meta=unit.name)
        return self.render_template(
            "core/settings_form.html", form_page={**page, "note": NOTE, "save_label": "确认变更"}
        )


def _unit_or_404(pk: str) -> Unit:
    """The own unit or one below; others are like missing ones."""
    unit: Unit | None = db.session.scalar(select(Unit).where(Unit.id == row_key(pk), within(current_actor())))
    if unit is None or unit.level == "department":
        abort(404)
    return unit


def _said(change: UnitChange) -> str:
    return "变更已生效。" if change.applied_at else f"变更已登记，{change.effective_on} 起生效。"
