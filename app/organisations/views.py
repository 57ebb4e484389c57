"""The list of units."""

from typing import Any, ClassVar

from flask import Flask
from flask_appbuilder.models.filters import BaseFilter

from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.listing import ListRequest
from app.organisations.models import LEVELS, Unit
from app.organisations.queries import within


class WithinActor(BaseFilter):  # type: ignore[misc]
    """Own unit and those below."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(within(current_actor()))


class NameOrCode(BaseFilter):  # type: ignore[misc]
    """A part of the name, or the beginning of the code."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(Unit.name.contains(value, autoescape=True) | Unit.code.startswith(value, autoescape=True))


class UnitView(ScopedModelView):
    """Units of the own tree."""

    datamodel = CappedInterface(Unit)
    route_base = "/units"
    class_permission_name = "unit"
    include_route_methods: ClassVar[set[str]] = {"list", "search"}
    list_title = "单位"
    label_columns: ClassVar[dict[str, str]] = {
        "name": "单位名称", "code": "单位代码", "level": "级别", "parent": "上级单位", "indicator_set": "指标体系",
    }  # fmt: skip
    list_columns = ["name", "code", "level", "parent", "indicator_set"]
    search_columns = ["level"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    search_filter = NameOrCode
    search_hint = "单位名称或代码"
    empty: ClassVar[dict[str, str]] = {"title": "还没有下级单位", "text": "单位由上级维护。"}
    names: ClassVar[dict[str, str]] = {
        "K": "幼儿园", "S": "中小学", "E": "特殊教育", "V": "中职", "H": "高职", "U": "高校", "": "",
    }  # fmt: skip

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("parent",)

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["name", WithinActor, ""]]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        options = [{"value": "", "label": "级别：全部"}, *({"value": k, "label": v} for k, v in LEVELS.items())]
        level = {"name": "_flt_0_level", "column": "level", "label": "级别", "options": options}
        return [level | {"value": asked.filters.get("level", "")}]

    def cell(self, row: Unit, name: str) -> Any:
        if name == "level":
            return LEVELS[row.level]
        if name == "indicator_set":
            return self.names[row.indicator_set]
        return super().cell(row, name)


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    builder.add_view_no_menu(UnitView)
