"""Screens of the code tables: the list of them, and the form of a table that somebody makes here."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy import or_

from app.core.codes import TABLES, CodeTable, codes
from app.core.db import db, transaction, utc_now
from app.core.sections.forms import texts_from
from app.core.ui.base_view import CappedInterface, current_actor
from app.core.ui.listing import ListRequest
from app.core.ui.settings_view import SettingsView
from app.dictionary.declarations import TABLE
from app.dictionary.operations import may_rename, save_table, visible
from app.organisations.models import Unit
from app.permissions import Permission as P

NATION = "国家"


def tables_link() -> dict[str, str]:
    """The way back to the list of all tables."""
    return {"label": "数据字典", "url": url_for("CodeTableView.list")}


def codes_url(table_name: str) -> str:
    """The list of one table's codes."""
    return url_for("CodeView.list", _flt_0_table_name=table_name)


def owner_name(province_id: int) -> str:
    """Whose a code or a table is. Read once for each province: the session keeps what it has read."""
    return db.session.get_one(Unit, province_id).name if province_id else NATION


class TitleOrName(BaseFilter):  # type: ignore[misc]
    """A part of the title or of the name."""

    def apply(self, query: Any, value: str) -> Any:
        named = CodeTable.name.contains(value.upper(), autoescape=True)
        return query.filter(or_(CodeTable.title.contains(value, autoescape=True), named))


class TablesSeenByActor(BaseFilter):  # type: ignore[misc]
    """The nation's tables and those of the own province."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(visible(current_actor(), CodeTable.province_id))


class CodeTableView(SettingsView):
    """The code tables."""

    settings, log = TABLE, TABLES
    datamodel = CappedInterface(CodeTable)
    route_base = "/dictionary"
    class_permission_name = "code"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "add", "edit"}
    list_title = "数据字典"
    label_columns: ClassVar[dict[str, str]] = {
        "title": "代码表", "name": "标识", "standard": "标准", "owner": "范围", "in_use": "在用", "retired": "停用",
    }  # fmt: skip
    list_columns = ["title", "name", "standard", "owner", "in_use", "retired"]
    search_columns: Any = ()
    order_columns = ["title", "name"]
    base_order = ("name", "asc")
    search_filter = TitleOrName
    search_hint = "代码表名称或标识"

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["title", TablesSeenByActor, ""]]

    def cell(self, row: CodeTable, name: str) -> Any:
        if name == "owner":
            return owner_name(row.province_id)
        if name not in ("in_use", "retired"):
            return super().cell(row, name)
        own = (0, current_actor().indicator_set.province_id)
        seen = [
            e for e in codes[row.name].entries.values() if e.province_id in own or current_actor().level == "nation"
        ]
        retired = sum(bool(entry.valid_to) for entry in seen)
        return str(retired if name == "retired" else len(seen) - retired)

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        return [codes_url(row.name) for row in rows]

    def primary_button(self) -> dict[str, str] | None:
        if not current_actor().may(P.CODE_EDIT):
            return None
        return {"label": "新增代码表", "url": url_for(f"{self.endpoint}.add")}

    def opens(self, row: Any) -> bool:
        """A table that the actor may rename."""
        return may_rename(current_actor(), row)

    def _save(self, row: CodeTable | None) -> Any:
        actor = current_actor()
        texts = texts_from(TABLE, actor.indicator_set, request.form)
        with transaction(db.session):
            stored, problems = save_table(db.session, actor, row, texts, utc_now())
        if stored is None:
            return self._form(row, texts, problems), 400
        flash(f"「{stored.title}」已保存。", "success")
        return redirect(codes_url(stored.name))

    def _form_title(self, row: CodeTable | None) -> str:
        return "改名" if row else "新增代码表"

    def _key(self, row: CodeTable) -> str:
        return row.name

    def _trail(self, row: CodeTable | None) -> Sequence[Mapping[str, str]]:
        return [tables_link(), *([{"label": row.title, "url": codes_url(row.name)}] if row else [])]
