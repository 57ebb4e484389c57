"""Screens of collection rounds: the list with the deadlines, the form of one, and when the province lets report."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name

from app.collection.rounds import deadlines_for
from app.collection.rounds_settings import (
    CHOICE,
    CHOICE_LOG,
    LOG,
    ROUND,
    YES,
    choice_of,
    drop_round,
    may_keep,
    save_choice,
    save_round,
    values_of,
)
from app.collection.rounds_tables import TODAY, CollectionRound, rounds_of
from app.core.db import db, transaction, utc_now
from app.core.sections.fields import Value
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.settings_log import timeline
from app.core.ui.base_view import CappedInterface, PlainView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest, Window
from app.core.ui.settings_form import settings_page
from app.core.ui.settings_view import SettingsView
from app.organisations.models import SCHOOL_KINDS, Unit
from app.permissions import Permission as P

DROP = "删掉后学校不再看到这一轮。已经报送的不受影响。"
LAST = "本省只在轮次内可以报送，删掉这一轮，学校可能马上不能报送。"
NONE_RUNS = "现在没有进行中的本省轮次：选「是」保存后，学校马上不能报送，到下一轮开始为止。"


class HoldsHere(BaseFilter):  # type: ignore[misc]
    """The rounds of the own unit and of those above."""

    def apply(self, query: Any, value: Any) -> Any:
        unit = own_unit()
        return query.filter(CollectionRound.unit_id.in_({unit.id, *filter(None, unit.scope_ids)}))


def own_unit() -> Unit:
    """The unit of the person who is logged in."""
    return db.session.get_one(Unit, current_actor().unit_id)


class RoundView(SettingsView):
    """The rounds that hold for the own unit; those of its own can be changed."""

    settings, log = ROUND, LOG
    datamodel = CappedInterface(CollectionRound)
    route_base = "/rounds"
    class_permission_name = "round"
    include_route_methods: ClassVar[set[str]] = {"list", "add", "edit", "drop"}
    list_title = "采集轮次"
    list_template = "collection/rounds.html"
    label_columns: ClassVar[dict[str, str]] = {
        "name": "名称", "starts_on": "开始", "ends_on": "截止", "school_kinds": "学校类型", "unit": "由谁定",
        "state": "状态",
    }  # fmt: skip
    list_columns = ["name", "starts_on", "ends_on", "school_kinds", "unit", "state"]
    search_columns: Any = ()
    order_columns = ["name", "starts_on", "ends_on"]
    base_order = ("ends_on", "desc")
    empty: ClassVar[dict[str, str]] = {
        "title": "没有另设的轮次",
        "text": "国家每年两次（3 月 31 日、9 月 30 日截止）不用设。省、市、县另外安排的会列在这里。",
    }

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("unit",)

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["name", HoldsHere, ""]]

    def _list_page(self, asked: ListRequest, search: str, count: int, window: Window) -> dict[str, Any]:
        page = super()._list_page(asked, search, count, window)
        late = url_for("LateSchoolView.list") if current_actor().may(P.LATE_LIST) else ""
        return page | {"deadlines": deadlines_for(db.session, own_unit(), TODAY()), "late_url": late}

    def cell(self, row: CollectionRound, name: str) -> Any:
        if name == "school_kinds":
            return "全部" if len(row.school_kinds) == len(SCHOOL_KINDS) else _kinds(row.school_kinds)
        if name == "state":
            today = TODAY()
            if row.ends_on < today:
                return macro("tag")("已结束", "draft")
            return macro("tag")("进行中", "ok") if row.starts_on <= today else macro("tag")("未开始", "wait")
        return super().cell(row, name)

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        own = current_actor().unit_id if may_keep(current_actor()) else 0
        return [url_for(f"{self.endpoint}.edit", pk=row.id) if row.unit_id == own else "" for row in rows]

    def primary_button(self) -> dict[str, str] | None:
        return {"label": "新增轮次", "url": url_for(f"{self.endpoint}.add")} if may_keep(current_actor()) else None

    def buttons(self) -> list[dict[str, Any]]:
        actor = current_actor()
        if actor.level != "province" or not may_keep(actor):
            return []
        return [{"label": "报送时间", "url": url_for("ReportingChoiceView.edit")}]

    @expose("/drop/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def drop(self, pk: str) -> Any:
        """Give up a round."""
        row = self.row_or_404(pk)
        name = row.name
        with transaction(db.session):
            drop_round(db.session, current_actor(), row, utc_now())
        flash(f"「{name}」已删掉。", "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    def opens(self, row: Any) -> bool:
        """A round of the own unit."""
        return bool(row.unit_id == current_actor().unit_id)

    def _store(self, row: CollectionRound | None, texts: Mapping[str, str]) -> list[Problem]:
        return save_round(db.session, current_actor(), row, texts, utc_now())

    def _saved(self, texts: Mapping[str, str]) -> str:
        return f"「{texts['name']}」已保存。"

    def _values(self, row: CollectionRound | None) -> dict[str, Value]:
        return values_of(row) if row else {}

    def _form_title(self, row: CollectionRound | None) -> str:
        return f"修改「{row.name}」" if row else "新增轮次"

    def _actions(self, row: CollectionRound) -> list[dict[str, Any]]:
        only = choice_of(db.session, row.unit_id)["only_in_rounds"] == YES
        url = url_for(f"{self.endpoint}.drop", pk=row.id)
        confirm = LAST if only else DROP
        return [{"label": "删掉这一轮", "url": url, "post": True, "danger": True, "confirm": confirm}]


def _kinds(kinds: str) -> str:
    return "、".join(SCHOOL_KINDS[kind] for kind in kinds)


class ReportingChoiceView(PlainView):
    """Whether the own province lets report within its rounds only."""

    route_base = "/rounds/only"
    class_permission_name = "round"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self) -> Any:
        """The form, and storing it."""
        actor = current_actor()
        if actor.level != "province":
            abort(404)
        if request.method == "GET":
            return self._form({}, [])
        texts = texts_from(CHOICE, actor.indicator_set, request.form)
        with transaction(db.session):
            problems = save_choice(db.session, actor, texts, utc_now())
        if problems:
            return self._form(texts, problems), 400
        flash("报送时间已保存。", "success")
        return redirect(url_for("RoundView.list"))

    def _form(self, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        stored = choice_of(db.session, actor.unit_id)
        state = FormState(CHOICE, actor.indicator_set, stored, texts, lambda _: "", problems)
        told = FormState(CHOICE, actor.indicator_set, {}, {}, lambda _: "")
        trail = [{"label": RoundView.list_title, "url": url_for("RoundView.list")}]
        page = settings_page(
            state, CHOICE.title, trail, meta=actor.unit_name,
            timeline=timeline(db.session, told, CHOICE_LOG, actor.unit_code),
        )  # fmt: skip
        runs = any(one.runs_on(TODAY()) for one in rounds_of(db.session, [actor.unit_id], TODAY()))
        return self.render_template("core/settings_form.html", form_page=page | {"note": "" if runs else NONE_RUNS})


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    builder.add_view_no_menu(RoundView)
    builder.add_view_no_menu(ReportingChoiceView)
