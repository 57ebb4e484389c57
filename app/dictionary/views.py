"""Screens of the codes of one table: list, export, the form of one code."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import Flask, Response, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import or_, select

from app.core.codes import TABLES, Code, CodeTable, codes
from app.core.db import db, transaction, utc_now
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.settings_log import timeline
from app.core.ui import file_plan_views
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.downloads import send_workbook
from app.core.ui.listing import ListRequest, Window
from app.core.ui.settings_form import settings_page
from app.dictionary.declarations import CODE, CODE_IN_FILE, values_of
from app.dictionary.operations import (
    may_add_to,
    may_maintain,
    may_rename,
    must_maintain,
    next_code,
    save_code,
    set_in_use,
    table_named,
    visible,
)
from app.dictionary.table_views import CodeTableView, codes_url, owner_name, tables_link
from app.dictionary.version_file import write_table
from app.dictionary.version_views import CodeVersionView
from app.organisations.models import SCHOOL_KINDS

FOR_GOOD = "存进档案的就是它，定了就不能改。"


class SeenByActor(BaseFilter):  # type: ignore[misc]
    """The nation's codes and those of the own province."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(visible(current_actor(), Code.province_id))


def _shown_table() -> CodeTable | None:
    """The table whose codes the list shows, if it shows one."""
    name = request.args.get("_flt_0_table_name", "")
    seen = visible(current_actor(), CodeTable.province_id)
    found: CodeTable | None = db.session.scalar(select(CodeTable).where(CodeTable.name == name, seen)) if name else None
    return found


class NameOrCodeOfCode(BaseFilter):  # type: ignore[misc]
    """A part of the name or of an alias, the beginning of the code, or of the pinyin."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(
            or_(
                Code.name.contains(value, autoescape=True),
                Code.aliases.contains(value, autoescape=True),
                Code.code.startswith(value, autoescape=True),
                Code.pinyin.startswith(value.lower(), autoescape=True),
            )
        )


class CodeView(ScopedModelView):
    """The codes of one table."""

    datamodel = CappedInterface(Code)
    route_base = "/dictionary/codes"
    class_permission_name = "code"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "add", "edit", "state", "export"}
    label_columns: ClassVar[dict[str, str]] = {name: field.label for name, field in CODE.fields.items()} | {
        "owner": "范围",
        "state": "状态",
    }
    list_columns = ["name", "code", "parent", "school_types", "aliases", "source", "owner", "state"]
    list_title = "代码"
    search_columns = ["table_name"]
    order_columns = ["name", "code"]
    base_order = ("sort", "asc")
    search_filter = NameOrCodeOfCode
    search_hint = "名称、别名、代码或拼音"
    empty: ClassVar[dict[str, str]] = {"title": "这张表还没有代码", "text": ""}

    def _list_page(self, asked: ListRequest, search: str, count: int, window: Window) -> dict[str, Any]:
        name = asked.filters.get("table_name", "")
        title = {"title": codes[name].title} if name in codes else {}
        return super()._list_page(asked, search, count, window) | title

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["name", SeenByActor, ""]]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        tables = codes[TABLES].offered(current_actor().indicator_set)
        options = [{"value": "", "label": "代码表：全部"}, *({"value": t.code, "label": t.name} for t in tables)]
        found = {"name": "_flt_0_table_name", "column": "table_name", "label": "代码表", "options": options}
        return [found | {"value": asked.filters.get("table_name", "")}]

    def cell(self, row: Code, name: str) -> Any:
        if name == "state":
            if row.valid_to:
                return macro("tag")(f"{row.valid_to} 停用", "draft")
            return macro("tag")("在用", "ok") if row.selectable else macro("tag")("分类标题", "plain")
        if name == "school_types":
            return "、".join(SCHOOL_KINDS[kind] for kind in row.school_types)
        if name == "owner":
            return owner_name(row.province_id)
        if name == "aliases":
            return row.aliases.replace("|", "；")
        if name == "parent":
            above = codes[row.table_name].entries.get(row.parent) if row.table_name in codes else None
            return f"{above.label}" if above else row.parent
        return super().cell(row, name)

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        actor = current_actor()
        return [
            url_for(f"{self.endpoint}.edit", pk=row.id) if may_maintain(actor, row.province_id) else "" for row in rows
        ]

    def primary_button(self) -> dict[str, str] | None:
        table = _shown_table()
        if table is None or not may_add_to(current_actor(), table):
            return None
        return {"label": "新增代码", "url": url_for(f"{self.endpoint}.add", table=table.name)}

    def buttons(self) -> list[dict[str, Any]]:
        table, actor = _shown_table(), current_actor()
        buttons: list[dict[str, Any]] = [tables_link() | {"label": "全部代码表", "icon": "list"}]
        if table is None:
            return buttons
        if may_rename(actor, table):
            buttons.append({"label": "改名", "url": url_for("CodeTableView.edit", pk=table.id), "icon": "pen"})
        if may_add_to(actor, table):
            url = url_for("CodeVersionView.start", about=table.name)
            buttons.append({"label": "按文件更新", "url": url, "icon": "arrow-up-from-bracket"})
        url = url_for(f"{self.endpoint}.export", table=table.name)
        return [*buttons, {"label": "导出", "url": url, "icon": "file-arrow-down", "post": True, "download": True}]

    @expose("/export/<table>", methods=["POST"])
    @has_access
    @permission_name("list")
    def export(self, table: str) -> Response:
        """The codes of a table as a workbook; edited, it is a new version of the table."""
        actor = current_actor()
        found = table_named(db.session, actor, table)
        own = select(Code).where(Code.table_name == found.name, visible(actor, Code.province_id))
        rows = db.session.scalars(own.order_by(Code.sort, Code.id))
        return send_workbook(write_table(found, rows), f"{found.title}.xlsx")

    # ── one code ──

    @expose("/add/<table>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def add(self, table: str) -> Any:
        found = table_named(db.session, current_actor(), table)
        if not may_add_to(current_actor(), found):
            abort(403)
        if request.method == "GET":
            last = max((entry.sort for entry in codes[found.name].entries.values()), default=0)
            first = {"sort": str(last + 10), "code": next_code(db.session, current_actor(), found)}
            return self._form(found, None, first, [])
        return self._save(found, None)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        row = self.row_or_404(pk)
        table = table_named(db.session, current_actor(), row.table_name)
        return self._save(table, row) if request.method == "POST" else self._form(table, row, {}, [])

    @expose("/edit/<pk>/<state>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def state(self, pk: str, state: str) -> Any:
        """Retire a code, or take it up again."""
        if state not in ("retire", "restore"):
            abort(404)
        row = self.row_or_404(pk)
        table, name = row.table_name, row.name
        with transaction(db.session):
            set_in_use(db.session, current_actor(), row, utc_now(), in_use=state == "restore")
        flash(f"「{name}」已{'恢复' if state == 'restore' else '停用，旧记录照样显示'}。", "success")
        return redirect(codes_url(table))

    def row_or_404(self, pk: str) -> Any:
        """A code that the actor maintains; a code of another province is like a missing one."""
        row, actor = super().row_or_404(pk), current_actor()
        if row.province_id not in (0, actor.indicator_set.province_id) and actor.level != "nation":
            abort(404)
        must_maintain(actor, row.province_id)
        return row

    def _save(self, table: CodeTable, row: Code | None) -> Any:
        actor = current_actor()
        texts = texts_from(CODE, actor.indicator_set, request.form)
        with transaction(db.session):
            problems = save_code(db.session, actor, table, row, texts, utc_now())
        if problems:
            return self._form(table, row, texts, problems), 400
        flash(f"「{texts['name']}」已保存。", "success")
        return redirect(codes_url(table.name))

    def _form(self, table: CodeTable, row: Code | None, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        state = FormState(
            CODE, actor.indicator_set, values_of(row) if row else {}, texts,
            lambda field: FOR_GOOD if row and field.name == "code" else "", problems, is_new=row is None,
        )  # fmt: skip
        told = replace(state, section=CODE_IN_FILE)
        page = settings_page(
            state,
            f"修改「{row.name}」" if row else "新增代码",
            [tables_link(), {"label": table.title, "url": codes_url(table.name)}],
            meta=table.title,
            tag={"label": f"{row.valid_to} 停用", "kind": "draft"} if row and row.valid_to else None,
            actions=[self._state_action(row)] if row else [],
            timeline=timeline(db.session, told, row.table_name, row.code) if row else [],
        )
        return self.render_template("core/settings_form.html", form_page=page)

    def _state_action(self, row: Code) -> dict[str, Any]:
        if row.valid_to:
            return {"label": "恢复", "url": url_for(f"{self.endpoint}.state", pk=row.id, state="restore"), "post": True}
        confirm = f"停用后，表单不再提供「{row.name}」，旧记录照样显示。以后可以恢复。"
        url = url_for(f"{self.endpoint}.state", pk=row.id, state="retire")
        return {"label": "停用", "url": url, "post": True, "danger": True, "confirm": confirm}


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    builder.add_view_no_menu(CodeTableView)
    builder.add_view_no_menu(CodeView)
    file_plan_views.register(app, builder, CodeVersionView)
