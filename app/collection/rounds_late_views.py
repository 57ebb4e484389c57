"""The list of schools that have not reported all in a round, and the reminder to all or some of them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Flask, flash, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import and_, false
from werkzeug.wrappers import Response

from app.collection.rounds_late import MOST, is_late, last_reminded, missing_in, remind, running_rounds
from app.collection.rounds_tables import TODAY, Round
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.ui.addresses import row_key
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.listing import ListRequest
from app.organisations.models import SCHOOL_KINDS, Unit
from app.organisations.queries import found_by, within
from app.permissions import Permission as P

CONFIRM = "学校能报送的人会收到通知。同一轮次一天只催一次，今天催过的跳过。"


class LateInRound(BaseFilter):  # type: ignore[misc]
    """The schools below the actor's unit that are late in a round; without a running round there is none."""

    def apply(self, query: Any, value: Round | None) -> Any:
        return query.filter(and_(within(current_actor()), is_late(value)) if value else false())


class NameOrCode(BaseFilter):  # type: ignore[misc]
    """A part of the name, of its pinyin, or the beginning of the code."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(found_by(value))


class LateSchoolView(ScopedModelView):
    """Schools with records that are still to be reported."""

    datamodel = CappedInterface(Unit)
    route_base = "/rounds/late"
    class_permission_name = "late"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "batch"}
    list_title = "没报完的学校"
    label_columns: ClassVar[dict[str, str]] = {
        "name": "学校", "parent": "主管部门", "school_kind": "学校类型", "missing": "没有报送", "reminded": "上次催报",
    }  # fmt: skip
    list_columns = ["name", "parent", "school_kind", "missing", "reminded"]
    search_columns = ["school_kind"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    search_filter = NameOrCode
    search_hint = "名称、曾用名、代码或拼音"
    empty: ClassVar[dict[str, str]] = {"title": "没有要催的学校", "text": "现在没有进行中的轮次，或者都已报送。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("parent",)

    def filter_names(self) -> list[Any]:
        return [*self.search_columns, "round"]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        g.late_round = _round(asked)
        return [["name", LateInRound, g.late_round]]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        shown = _round(asked)
        rounds = [{"value": one.key, "label": one.name} for one in _running()]
        kinds = [{"value": "", "label": "学校类型：全部"}]
        kinds += [{"value": kind, "label": label} for kind, label in SCHOOL_KINDS.items()]
        choices: list[dict[str, Any]] = [
            {"name": "_flt_0_round", "column": "round", "label": "轮次", "options": rounds,
             "value": shown.key if shown else ""},
            {"name": "_flt_0_school_kind", "column": "school_kind", "label": "学校类型", "options": kinds,
             "value": asked.filters.get("school_kind", "")},
        ]  # fmt: skip
        return choices if rounds else choices[1:]

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        keys, shown = [row.id for row in rows], g.late_round
        g.missing = missing_in(db.session, keys)
        g.reminded = last_reminded(db.session, shown, keys) if shown else {}
        return [url_for("UnitView.show", pk=key) if current_actor().may(P.UNIT_LIST) else "" for key in keys]

    def cell(self, row: Unit, name: str) -> Any:
        if name == "school_kind":
            return SCHOOL_KINDS.get(row.school_kind, "")
        if name == "missing":
            return f"{g.missing.get(row.id, 0)} 位"
        if name == "reminded":
            at = g.reminded.get(row.id)
            return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else ""
        return super().cell(row, name)

    def batch_actions(self) -> list[dict[str, Any]]:
        return [{"name": "remind", "label": "催报", "confirm": CONFIRM}] if current_actor().may(P.LATE_REMIND) else []

    def batch_url(self) -> str:
        return self.with_conditions("batch")

    def _list_page(self, *arguments: Any) -> dict[str, Any]:
        return super()._list_page(*arguments) | {"batch_all": True}

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("remind")
    def batch(self) -> Response:
        """Remind the ticked schools, or all that match."""
        asked, search = self._asked()
        shown = _round(asked)
        if shown is None:
            raise AppError("现在没有进行中的轮次，不用催报。")
        chosen: list[int] | None = [row_key(pk) for pk in dict.fromkeys(request.form.getlist("rowid"))]
        if request.form.get("all_matching") == "1":
            some = search or "school_kind" in asked.filters
            chosen = [row.id for row in self._matching(asked, search, MOST)] if some else None
        elif not chosen:
            raise AppError("没有选中学校。请先在列表里勾选。")
        with transaction(db.session):
            sent, before = remind(db.session, current_actor(), shown.key, chosen, utc_now())
        skipped = f"，{before} 所今天已经催过" if before else ""
        flash(f"催报了 {sent} 所学校{skipped}。", "success" if sent else "info")
        return redirect(url_for(f"{self.endpoint}.list", _flt_0_round=shown.key))


def _running() -> list[Round]:
    """The rounds that run for the own unit, read once for a page."""
    if "running_rounds" not in g:
        g.running_rounds = running_rounds(db.session, current_actor(), TODAY())
    found: list[Round] = g.running_rounds
    return found


def _round(asked: ListRequest) -> Round | None:
    """The round that is asked for, or the one that ends first."""
    key = asked.filters.get("round")
    return next((one for one in _running() if key in (None, one.key)), None)


def register(app: Flask, builder: Any) -> None:
    """Plug the list in."""
    builder.add_view_no_menu(LateSchoolView)
