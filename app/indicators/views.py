"""Screens of a province's own items: the list, the form of one item."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Flask, url_for
from flask_appbuilder.models.filters import BaseFilter

from app.core.db import db, utc_now
from app.core.province_items import ProvinceItem
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, Value
from app.core.sections.section import Problem
from app.core.ui.base_view import CappedInterface, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_view import RetirableView
from app.indicators.declarations import FILLERS, ITEM, ITEM_TOLD, KINDS
from app.indicators.operations import FOREVER, TABLE, save_item, set_item_in_use, values_of
from app.indicators.rule_views import ProvinceRuleView
from app.organisations.models import SCHOOL_KINDS
from app.permissions import Permission as P
from app.records import BY_NAME, SECTIONS

FOR_GOOD = "填过的内容是这样存的，定了就不能改。"


class PartOfLabel(BaseFilter):  # type: ignore[misc]
    """A part of the name."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(ProvinceItem.label.contains(value, autoescape=True))


class OfOwnProvince(BaseFilter):  # type: ignore[misc]
    """The items of the actor's province."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(ProvinceItem.province_id == current_actor().unit_id)


class ProvinceItemView(RetirableView):
    """What the own province asks for beside the items of the nation."""

    settings, told, log = ITEM, ITEM_TOLD, TABLE
    datamodel = CappedInterface(ProvinceItem)
    route_base = "/indicators"
    class_permission_name = "item"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "add", "edit", "state"}
    list_title = "本省指标"
    label_columns: ClassVar[dict[str, str]] = {name: field.label for name, field in ITEM.fields.items()} | {
        "state": "状态"
    }
    list_columns = ["label", "section", "kind", "school_types", "required", "filled_by", "state"]
    search_columns = ["section"]
    order_columns = ["label"]
    base_order = ("id", "asc")
    search_filter = PartOfLabel
    search_hint = "名称"
    empty: ClassVar[dict[str, str]] = {
        "title": "还没有本省指标",
        "text": "国家指标之外本省还要采集的，在这里新增。保存后表单、导入模板、筛选、完整性检测里就有了。",
    }

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["label", OfOwnProvince, ""]]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        options = [{"value": "", "label": "板块：全部"}, *({"value": s.name, "label": s.title} for s in SECTIONS)]
        found = {"name": "_flt_0_section", "column": "section", "label": "板块", "options": options}
        return [found | {"value": asked.filters.get("section", "")}]

    def cell(self, row: ProvinceItem, name: str) -> Any:
        match name:
            case "section":
                return BY_NAME[row.section].title if row.section in BY_NAME else row.section
            case "kind":
                return KINDS[row.kind]
            case "school_types":
                kinds = [SCHOOL_KINDS[kind] for kind in row.school_types]
                return "全部" if len(kinds) == len(ALL_SCHOOL_TYPES) else "、".join(kinds)
            case "required":
                return "必填" if row.required else "选填"
            case "filled_by":
                return FILLERS[row.filled_by]
            case "state":
                return _state_tag(row)
        return super().cell(row, name)

    def buttons(self) -> list[dict[str, Any]]:
        return [{"label": "国家指标的本省规定", "url": url_for("ProvinceRuleView.list"), "icon": "list"}]

    def primary_button(self) -> dict[str, str] | None:
        if not current_actor().may(P.ITEM_EDIT):
            return None
        return {"label": "新增指标", "url": url_for(f"{self.endpoint}.add")}

    # ── one item ──

    _retired_said = "停用，填过的内容仍然保存"

    def _set_in_use(self, row: Any, *, in_use: bool) -> None:
        set_item_in_use(db.session, current_actor(), row, utc_now(), in_use=in_use)

    def _named(self, row: Any) -> str:
        return str(row.label)

    def _is_retired(self, row: Any) -> bool:
        return bool(row.valid_to)

    def _before_retiring(self, row: Any) -> str:
        return f"停用后，表单、模板和列表里不再有「{row.label}」，填过的内容仍然保存。以后可以恢复。"

    def opens(self, row: Any) -> bool:
        """An item of the own province."""
        return bool(row.province_id == current_actor().unit_id)

    def _store(self, row: ProvinceItem | None, texts: Mapping[str, str]) -> list[Problem]:
        return save_item(db.session, current_actor(), row, texts, utc_now())

    def _saved(self, texts: Mapping[str, str]) -> str:
        return f"「{texts['label']}」已保存。"

    def _values(self, row: ProvinceItem | None) -> dict[str, Value]:
        return values_of(row) if row else {}

    def _form_title(self, row: ProvinceItem | None) -> str:
        return f"修改「{row.label}」" if row else "新增本省指标"

    def _key(self, row: ProvinceItem) -> str:
        return row.name

    def _lock(self, row: ProvinceItem | None, field: Field) -> str:
        return FOR_GOOD if row and field.name in FOREVER else ""

    def _tag(self, row: ProvinceItem) -> dict[str, str] | None:
        return {"label": f"{row.valid_to} 停用", "kind": "draft"} if row.valid_to else None


def _state_tag(row: ProvinceItem) -> Any:
    if row.valid_to:
        return macro("tag")(f"{row.valid_to} 停用", "draft")
    if row.valid_from > f"{utc_now().astimezone():%Y-%m-%d}":
        return macro("tag")(f"{row.valid_from} 启用", "plain")
    return macro("tag")("在用", "ok")


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    builder.add_view_no_menu(ProvinceItemView)
    builder.add_view_no_menu(ProvinceRuleView)
