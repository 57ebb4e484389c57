"""Screens of the reasons for sending items back."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask, url_for
from flask_appbuilder.models.filters import BaseFilter

from app.collection.reasons import (
    LOG,
    REASON,
    TOLD,
    ReviewReason,
    offered_to,
    save_reason,
    set_reason_in_use,
)
from app.core.db import db, utc_now
from app.core.sections.section import Problem
from app.core.ui.base_view import CappedInterface, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_view import RetirableView
from app.records.marks import REASONS


class OfferedHere(BaseFilter):  # type: ignore[misc]
    """The own unit's reasons, and those of the units above."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(offered_to(db.session, current_actor()))


class ReasonView(RetirableView):
    """The reasons offered in the own unit; one's own are changed here."""

    settings, told, log = REASON, TOLD, LOG
    datamodel = CappedInterface(ReviewReason)
    route_base = "/reasons"
    class_permission_name = "reason"
    include_route_methods: ClassVar[set[str]] = {"list", "add", "edit", "state"}
    list_title = "退回原因"
    label_columns: ClassVar[dict[str, str]] = {"words": "原因", "unit": "增加的单位", "state": "状态"}
    list_columns = ["words", "unit", "state"]
    search_columns: Any = ()
    order_columns: Any = ()
    base_order = ("id", "asc")
    empty: ClassVar[dict[str, str]] = {
        "title": "还没有增加退回原因",
        "text": "常用的已经有了。本单位还要用的在这里增加，审核时就能选，下级单位也能选。",
    }

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("unit",)

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["words", OfferedHere, ""]]

    def subtitle(self) -> str:
        return f"全国通用：{'、'.join(REASONS.values())}"

    def cell(self, row: ReviewReason, name: str) -> Any:
        if name == "state":
            return macro("tag")("在用", "ok") if row.active else macro("tag")("停用", "draft")
        return super().cell(row, name)

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        own = current_actor().unit_id
        return [url_for(f"{self.endpoint}.edit", pk=row.id) if row.unit_id == own else "" for row in rows]

    def primary_button(self) -> dict[str, str] | None:
        return {"label": "新增退回原因", "url": url_for(f"{self.endpoint}.add")}

    _retired_said = "停用，以前的审核意见不变"

    def _set_in_use(self, row: Any, *, in_use: bool) -> None:
        set_reason_in_use(db.session, current_actor(), row, utc_now(), in_use=in_use)

    def _named(self, row: Any) -> str:
        return str(row.words)

    def _before_retiring(self, row: Any) -> str:
        return "停用后，本单位和下级审核时不再提供这个原因；以前的审核意见不变。以后可以恢复。"

    def opens(self, row: Any) -> bool:
        """A reason of the own unit."""
        return bool(row.unit_id == current_actor().unit_id)

    def _store(self, row: ReviewReason | None, texts: Mapping[str, str]) -> list[Problem]:
        return save_reason(db.session, current_actor(), row, texts, utc_now())

    def _saved(self, texts: Mapping[str, str]) -> str:
        return f"「{texts['words']}」已保存。"

    def _form_title(self, row: ReviewReason | None) -> str:
        return "修改退回原因" if row else "新增退回原因"

    def _key(self, row: ReviewReason) -> str:
        return row.code


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    builder.add_view_no_menu(ReasonView)
