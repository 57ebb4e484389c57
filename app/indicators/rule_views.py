"""Screens of what a province settles about the nation's items."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import flash, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.db import db, transaction, utc_now
from app.core.province_items import ProvinceRule
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.ui.base_view import CappedInterface, current_actor
from app.core.ui.listing import ListRequest
from app.core.ui.settings_view import SettingsView
from app.indicators.declarations import FILLERS, RULE
from app.indicators.rules import TABLE, drop_rule, rule_key, save_rule, values_of
from app.records import BY_NAME

ANOTHER = "要改别的项，请另加一条规定。"


class RulesOfOwnProvince(BaseFilter):  # type: ignore[misc]
    """What the actor's province has settled."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(ProvinceRule.province_id == current_actor().unit_id)


class ProvinceRuleView(SettingsView):
    """What the own province settles about the nation's items."""

    settings, log = RULE, TABLE
    datamodel = CappedInterface(ProvinceRule)
    route_base = "/indicators/rules"
    class_permission_name = "item"
    include_route_methods: ClassVar[set[str]] = {"list", "add", "edit", "drop"}
    list_title = "国家指标的本省规定"
    label_columns: ClassVar[dict[str, str]] = {name: field.label for name, field in RULE.fields.items()} | {
        "section": "板块"
    }
    list_columns = ["item", "section", "required", "filled_by"]
    search_columns: Any = ()
    order_columns: Any = ()
    base_order = ("id", "asc")
    empty: ClassVar[dict[str, str]] = {
        "title": "还没有本省规定",
        "text": "国家的选填项本省要求必填，或改由学校填写的，在这里规定。没有规定的都按国家的办。",
    }

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["item", RulesOfOwnProvince, ""]]

    def cell(self, row: ProvinceRule, name: str) -> Any:
        match name:
            case "item":
                return BY_NAME[row.section].declared[row.item].label
            case "section":
                return BY_NAME[row.section].title
            case "required":
                return "必填" if row.required else "按国家规定"
        return FILLERS.get(row.filled_by, "按国家规定")

    def buttons(self) -> list[dict[str, Any]]:
        return [{"label": "本省指标", "url": url_for("ProvinceItemView.list"), "icon": "list"}]

    def primary_button(self) -> dict[str, str] | None:
        return {"label": "新增规定", "url": url_for(f"{self.endpoint}.add")}

    @expose("/drop/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def drop(self, pk: str) -> Any:
        """Go back to what the nation says of an item."""
        row = self.row_or_404(pk)
        label = self.cell(row, "item")
        with transaction(db.session):
            drop_rule(db.session, current_actor(), row, utc_now())
        flash(f"「{label}」已改回按国家规定。", "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    def opens(self, row: Any) -> bool:
        """A rule of the own province."""
        return bool(row.province_id == current_actor().unit_id)

    def _store(self, row: ProvinceRule | None, texts: Mapping[str, str]) -> list[Problem]:
        return save_rule(db.session, current_actor(), row, texts, utc_now())

    def _values(self, row: ProvinceRule | None) -> dict[str, Value]:
        return values_of(row) if row else {}

    def _form_title(self, row: ProvinceRule | None) -> str:
        return "修改规定" if row else "新增规定"

    def _key(self, row: ProvinceRule) -> str:
        return rule_key(row)

    def _lock(self, row: ProvinceRule | None, field: Field) -> str:
        return ANOTHER if row and field.name == "item" else ""

    def _actions(self, row: ProvinceRule) -> list[dict[str, Any]]:
        confirm = "改回后，这一项在本省按国家规定办。"
        url = url_for(f"{self.endpoint}.drop", pk=row.id)
        return [{"label": "改回按国家规定", "url": url, "post": True, "danger": True, "confirm": confirm}]
