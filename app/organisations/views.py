"""The list of units, and the page and the form of one."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.exceptions import BadRequest

from app.core.codes import codes
from app.core.db import db, transaction, utc_now
from app.core.sections.fields import Value
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.ui import file_plan_views
from app.core.ui.addresses import whole_number
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_form import settings_page
from app.organisations.change_views import UnitChangeView
from app.organisations.conditions import CONDITIONS
from app.organisations.declarations import NORMAL, UNIT
from app.organisations.department_views import DepartmentView
from app.organisations.list_views import UnitListView
from app.organisations.models import LEVELS, SCHOOL_KINDS, Unit
from app.organisations.operations import (
    NOT_ABOVE,
    add_unit,
    levels_below,
    may_add_units,
    may_manage,
    may_mend,
    save_items,
    set_unit_in_use,
    values_of_unit,
)
from app.organisations.queries import found_by, within
from app.organisations.unit_page import unit_page

RETIRED = "retired"  # among the states of the list: no status, but what its superior has decided
BY_CHANGE = "由上级在「变更」里改"
MAX_ID = 2**31 - 1


def own_school() -> Unit:
    """The actor's own school; 403 for everybody else: nobody enters data for another unit, not even one below."""
    unit = db.session.get(Unit, current_actor().unit_id)
    if unit is None or unit.level != "school":
        abort(403)
    return unit


class WithinActor(BaseFilter):  # type: ignore[misc]
    """Own unit and those below."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(within(current_actor()))


class InState(BaseFilter):  # type: ignore[misc]
    """Units in use with a status, or those closed."""

    def apply(self, query: Any, value: str) -> Any:
        if value == RETIRED:
            return query.filter(Unit.active.is_(False))
        return query.filter(Unit.active.is_(True), Unit.status == value)


class ToBeDone(BaseFilter):  # type: ignore[misc]
    """The units about which something is to be done."""

    def apply(self, query: Any, value: str) -> Any:
        if value not in CONDITIONS:
            raise BadRequest
        return query.filter(CONDITIONS[value].criterion())


class DirectlyBelow(BaseFilter):  # type: ignore[misc]
    """The units that hang on one."""

    def apply(self, query: Any, value: str) -> Any:
        key = whole_number(value)
        if key is None or key > MAX_ID:
            raise BadRequest
        return query.filter(Unit.parent_id == key)


class NameOrCode(BaseFilter):  # type: ignore[misc]
    """A part of a name of today or before, or of its pinyin; the beginning of a code."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(found_by(value))


def _options(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in named.items()]


class UnitView(ScopedModelView):
    """Units of the own tree."""

    datamodel = CappedInterface(Unit)
    route_base = "/units"
    class_permission_name = "unit"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "show", "add", "edit", "state"}
    list_title = "单位"
    label_columns: ClassVar[dict[str, str]] = {
        "name": "单位名称", "code": "单位代码", "level": "级别", "parent": "上级单位", "school_kind": "学校类型",
        "school_category": "办学类型", "state": "状态",
    }  # fmt: skip
    list_columns = ["name", "code", "level", "parent", "school_kind", "school_category", "state"]
    search_columns = ["level", "school_kind"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    search_filter = NameOrCode
    search_hint = "名称、曾用名、代码或拼音"
    empty: ClassVar[dict[str, str]] = {"title": "还没有下级单位", "text": "单位由上级维护。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("parent",)

    # ── the list ──

    def filter_names(self) -> list[Any]:
        return [*self.search_columns, "state", "above", "todo"]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        kinds = {"state": InState, "above": DirectlyBelow, "todo": ToBeDone}
        own = [["name", kinds[name], value] for name, value in asked.filters.items() if name in kinds]
        return [["name", WithinActor, ""], *own]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        statuses = codes["UNIT_STATUS"].offered(current_actor().indicator_set)
        states = {entry.code: entry.name for entry in statuses} | {RETIRED: "撤销"}
        offered = (
            ("level", "级别", LEVELS),
            ("school_kind", "学校类型", SCHOOL_KINDS),
            ("state", "状态", states),
            ("above", "上级", self._superiors(asked)),
            ("todo", "要办的事", {name: condition.label for name, condition in CONDITIONS.items()}),
        )
        return [
            {
                "name": f"_flt_0_{name}",
                "column": name,
                "label": label,
                "value": asked.filters.get(name, ""),
                "options": [{"value": "", "label": f"{label}：全部"}, *_options(named)],
            }
            for name, label, named in offered
        ]

    def _superiors(self, asked: ListRequest) -> dict[str, str]:
        """The own unit, the authorities directly below it, and the one that is asked for."""
        actor, key = current_actor(), whole_number(asked.filters.get("above", ""))
        near = (Unit.id == actor.unit_id) | (
            (Unit.parent_id == actor.unit_id) & Unit.level.not_in(("school", "department"))
        )
        found = db.session.scalars(
            select(Unit).where(near | (Unit.id == (key or 0)), within(actor)).order_by(Unit.code)
        )
        return {str(unit.id): unit.name for unit in found}

    def cell(self, row: Unit, name: str) -> Any:
        if name == "level":
            return LEVELS[row.level]
        if name == "school_kind":
            return SCHOOL_KINDS.get(row.school_kind, "")
        if name == "school_category":
            return codes["SCHOOL_CATEGORY"].show(row.school_category)
        if name == "state":
            return self._state(row)
        return super().cell(row, name)

    def _state(self, row: Unit) -> Any:
        if not row.active:
            return macro("tag")("停用" if row.level == "department" else "撤销", "draft")
        if row.level == "department":
            return macro("tag")("在用", "ok")
        return macro("tag")(
            codes["UNIT_STATUS"].show(row.status) or "正常", "ok" if row.status in (None, NORMAL) else "wait"
        )

    def primary_button(self) -> dict[str, str] | None:
        if not may_add_units(current_actor()):
            return None
        return {"label": "新增下级单位", "url": url_for(f"{self.endpoint}.add")}

    def buttons(self) -> list[dict[str, Any]]:
        if not may_add_units(current_actor()):
            return []
        return [{"label": "按名单更新", "url": url_for("UnitListView.start"), "icon": "arrow-up-from-bracket"}]

    # ── one unit ──

    @expose("/show/<pk>")
    @has_access
    @permission_name("list")
    def show(self, pk: str) -> Any:
        record = unit_page(db.session, current_actor(), self.row_or_404(pk))
        return self.render_template(self.show_template, record=record)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def add(self) -> Any:
        if not may_add_units(current_actor()):
            abort(403)
        return self._save(None) if request.method == "POST" else self._form(None, {}, [])

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        row = self.row_or_404(pk)
        if not may_mend(current_actor(), row, "contact_name"):
            abort(403, NOT_ABOVE)
        return self._save(row) if request.method == "POST" else self._form(row, {}, [])

    @expose("/edit/<pk>/<state>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def state(self, pk: str, state: str) -> Any:
        """Close a unit, or take it up again."""
        if state not in ("retire", "restore"):
            abort(404)
        row = self.row_or_404(pk)
        name, key = row.name, row.id
        with transaction(db.session):
            set_unit_in_use(db.session, current_actor(), key, utc_now(), in_use=state == "restore")
        flash(f"「{name}」已{'恢复' if state == 'restore' else '撤销'}。", "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=key))

    def row_or_404(self, pk: str) -> Any:
        """The own unit or one below."""
        key = super().row_or_404(pk).id
        row = db.session.scalar(select(Unit).where(Unit.id == key, within(current_actor())))
        if row is None or row.level == "department":
            abort(404)
        return row

    def _save(self, row: Unit | None) -> Any:
        actor = current_actor()
        texts = texts_from(UNIT, row.indicator_set if row else actor.indicator_set, request.form)
        key, name = (row.id, row.name) if row else (0, texts.get("name", ""))
        with transaction(db.session):
            if row is None:
                made, problems = add_unit(db.session, actor, texts, utc_now())
                key = made.id if made else 0
            else:
                problems = save_items(db.session, actor, key, texts, utc_now())
        if problems:
            return self._form(row, texts, problems), 400
        flash(f"「{name}」已保存。", "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=key))

    def _form(self, row: Unit | None, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        trail = [{"label": self.list_title, "url": url_for(f"{self.endpoint}.list")}]
        if row is not None:
            trail.append({"label": row.name, "url": url_for(f"{self.endpoint}.show", pk=row.id)})
        state = FormState(
            UNIT, row.indicator_set if row else actor.indicator_set, self._stored(row), texts,
            lambda field: self._lock(row, field.name), problems, is_new=row is None,
        )  # fmt: skip
        page = settings_page(
            state, "修改单位" if row else "新增下级单位", trail, meta=row.name if row else actor.unit_name
        )
        for item in (item for group in page["fieldsets"] for item in group["items"] if item.name == "level"):
            item.options = [option for option in item.options if option.code in levels_below(actor.level)]
        return self.render_template("core/settings_form.html", form_page=page)

    def _stored(self, row: Unit | None) -> dict[str, Value]:
        if row is not None:
            return values_of_unit(db.session, row)
        actor = current_actor()
        below = levels_below(actor.level)
        return {"parent": actor.unit_code, "level": below[0] if len(below) == 1 else None, "status": NORMAL}

    def _lock(self, row: Unit | None, item: str) -> str:
        """Why an item is read only, "" when it is not."""
        if row is None:
            return "新单位挂在您的单位下面" if item == "parent" else ""
        if may_mend(current_actor(), row, item):
            return ""
        if not may_manage(current_actor(), row):
            return "由上级单位维护"
        return "定了就不能改" if item in ("level", "school_kind") else BY_CHANGE


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    builder.add_view_no_menu(UnitView)
    builder.add_view_no_menu(UnitChangeView)
    builder.add_view_no_menu(DepartmentView)
    file_plan_views.register(app, builder, UnitListView)
