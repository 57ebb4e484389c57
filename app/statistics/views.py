"""队伍结构: how the people of a unit are made up, as tables with bars, down to the school."""

from typing import Any

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.ui.base_view import PlainView, current_actor, print_line
from app.core.ui.blueprint import register_templates
from app.organisations.models import Unit
from app.organisations.queries import path_to
from app.records.place_filters import unit_within
from app.statistics.operations import count_schools
from app.statistics.queries import Figures, structure, structure_day

TITLE = "队伍结构"


class StructureView(PlainView):
    """The page, and counting one school anew."""

    route_base = "/structure"
    class_permission_name = "progress"

    @expose("/")
    @has_access
    def show(self) -> Any:
        """The figures of one unit, and the units directly below."""
        actor = current_actor()
        if not set(request.args) <= {"unit"}:
            abort(400)
        unit = self._unit(request.args.get("unit", str(actor.unit_id)))
        found = structure(db.session, actor, unit)
        day = structure_day(db.session, actor, unit) if found else None
        path = [{"label": one.name, "url": self._url(one.id)} for one in path_to(db.session, actor, unit)]
        page = {
            "title": TITLE,
            "unit": unit.name,
            "breadcrumb": [{"label": TITLE, "url": self._url(actor.unit_id)}, *path],
            "day": f"{day:%Y-%m-%d}" if day else "",
            "people": sum(number for _, number in found[0].counts) if found else 0,
            "tables": [table_of(figures) for figures in found],
            "below": [{"label": name, "url": self._url(key)} for key, name in self._below(unit)],
            "count_url": url_for(f"{self.endpoint}.count", pk=unit.id) if unit.level == "school" else "",
            "print_line": print_line(),
        }
        return self.render_template("statistics/structure.html", page=page)

    @expose("/<pk>/count", methods=["POST"])
    @has_access
    @permission_name("show")
    def count(self, pk: str) -> Response:
        """Count one school anew."""
        unit = self._unit(pk)
        if unit.level != "school":
            abort(404)
        key, name = unit.id, unit.name
        with transaction(db.session):
            count_schools(db.session, [key], utc_now().astimezone().date())
        flash(f"「{name}」已重新统计。", "success")
        return redirect(self._url(key))

    def _unit(self, key: str) -> Unit:
        unit = unit_within(db.session, current_actor(), key)
        if unit is None:
            abort(404)
        return unit

    def _url(self, unit_id: int) -> str:
        return url_for(f"{self.endpoint}.show", unit=unit_id)

    def _below(self, unit: Unit) -> list[tuple[int, str]]:
        query = select(Unit.id, Unit.name).where(Unit.parent_id == unit.id, Unit.active.is_(True))
        return [(row.id, row.name) for row in db.session.execute(query.order_by(Unit.code))]


def table_of(figures: Figures) -> dict[str, Any]:
    """A dimension as the page draws it: the longest bar fills its cell."""
    total = sum(number for _, number in figures.counts)
    most = max(number for _, number in figures.counts)
    rows = [
        {"name": name, "n": number, "share": f"{number * 100 / total:.1f}%", "width": f"{number * 100 / most:.1f}"}
        for name, number in figures.counts
    ]
    return {"label": figures.label, "rows": rows}


def register(app: Flask, builder: Any) -> None:
    """Plug the page in."""
    register_templates("statistics", __name__)
    builder.add_view_no_menu(StructureView)
