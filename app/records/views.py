"""The screens of the record for administrators: list, one teacher, the forms of every section."""

from typing import Any, ClassVar

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from app.accounts.queries import accounts_of
from app.accounts.views import OWN_NUMBER
from app.core.crypto import blind_index
from app.core.db import db, transaction, utc_now
from app.core.drafts import drop_draft
from app.core.errors import AppError
from app.core.excel import export_rows
from app.core.sections.section import show
from app.core.sections.views import SectionView, make_view
from app.core.ui.addresses import row_key
from app.core.ui.base_view import current_actor
from app.core.ui.blueprint import macro
from app.core.ui.downloads import send_workbook
from app.core.ui.listing import ListRequest
from app.core.validators import normalise_id
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records import BY_NAME, CHILD_SECTIONS
from app.records.access import log_access
from app.records.completeness import check_rows, rows_of
from app.records.editing import edit_rights
from app.records.form_views import keep_draft_of, shown_page, store_posted
from app.records.operations import delete_row, delete_teacher
from app.records.pages import record_blocks, timeline
from app.records.queries import history_of, row_for, teacher_for
from app.records.row_form import RowForm
from app.records.states import STATES, state_label, state_tag
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

TAIL = 4
FULL_NUMBER = 15
MAX_EXPORT = 10_000


class PersonSearch(BaseFilter):  # type: ignore[misc]
    """A part of the name, the last four digits, or the whole ID number."""

    def apply(self, query: Any, value: str) -> Any:
        found = [Teacher.name.contains(value, autoescape=True)]
        number = normalise_id(value)
        if len(number) == TAIL and number[:3].isdigit():
            found.append(Teacher.id_number_tail == number)
        if len(number) >= FULL_NUMBER:
            found.append(Teacher.id_number_hash == blind_index(number, "id_number"))
        return query.filter(or_(*found))


class PersonOfRowSearch(BaseFilter):  # type: ignore[misc]
    """The same search over the rows of a section, through their teacher."""

    def apply(self, query: Any, value: str) -> Any:
        people = select(Teacher.id).where(Teacher.name.contains(value, autoescape=True))
        return query.filter(self.model.teacher_id.in_(people))


class SectionRowsView(SectionView):
    """All rows of one section within the scope."""

    class_permission_name = "record"
    include_route_methods: ClassVar[set[str]] = {"list", "search"}
    search_filter = PersonOfRowSearch
    search_hint = "姓名"

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = ["teacher", *self.list_columns]
        self.label_columns["teacher"] = "姓名"
        self.datamodel.eager = ("teacher",)

    def indicator_set_of(self, row: Any) -> str:
        return _unit_of(row.teacher).indicator_set

    def filter_set(self) -> str:
        return current_actor().indicator_set or "S"

    def row_urls(self, rows: list[Any]) -> list[str]:
        return [url_for("TeacherView.show", pk=row.teacher_id, _anchor=self.section.name) for row in rows]


def _unit_of(teacher: Teacher) -> Unit:
    return db.session.get_one(Unit, teacher.unit_id)


class TeacherRecordView(SectionView):
    """Teachers: list, record, forms. Reporting is added by the feature that knows it."""

    section = BASIC_INFO
    class_permission_name = "record"
    include_route_methods: ClassVar[set[str]] = {
        "list", "show", "search", "add", "edit", "delete", "draft", "drop",
        "row_add", "row_edit", "row_delete", "reveal", "export",
    }  # fmt: skip
    search_filter = PersonSearch
    search_hint = "姓名、证件号或后 4 位"
    empty: ClassVar[dict[str, str]] = {"title": "还没有教师", "text": "可以用 Excel 一次导入，也可以逐个新增。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = [*self.list_columns[:5], "unit", *self.list_columns[5:], "status", "updated_at"]
        self.label_columns |= {"unit": "任教学校", "status": "审核状态", "updated_at": "更新"}
        self.search_columns = ["status", *self.search_columns]
        self.order_columns = [*self.order_columns, "updated_at"]
        self.datamodel.eager = ("unit", "waiting_unit")

    def indicator_set_of(self, row: Teacher) -> str:
        return row.unit.indicator_set

    def filter_set(self) -> str:
        return current_actor().indicator_set or "S"

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        options = [{"value": "", "label": "审核状态：全部"}]
        options += [{"value": name, "label": state.label} for name, state in STATES.items()]
        status = {"name": "_flt_0_status", "column": "status", "label": "审核状态", "options": options}
        return [status | {"value": asked.filters.get("status", "")}, *super().filter_choices(asked)]

    def cell(self, row: Teacher, name: str) -> Any:
        if name == "status":
            return macro("tag")(**state_tag(row))
        if name == "updated_at":
            return f"{row.updated_at.astimezone():%Y-%m-%d}"
        return super().cell(row, name)

    def primary_button(self) -> dict[str, str] | None:
        if not current_actor().may(P.RECORD_ADD):
            return None
        return {"label": "新增教师", "url": url_for(f"{self.endpoint}.add")}

    def buttons(self) -> list[dict[str, Any]]:
        actor, found = current_actor(), []
        if actor.may(P.RECORD_EXPORT):
            url = f"{url_for(f'{self.endpoint}.export')}?{request.query_string.decode('ascii', 'replace')}"
            found.append({"label": "导出", "url": url, "icon": "file-arrow-down", "post": True, "download": True})
        if actor.may(P.IMPORT_USE):
            found.append({"label": "Excel 导入", "url": url_for("ImportView.start"), "icon": "file-arrow-up"})
        return found

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The rows of the list as it is filtered and sorted, as a workbook. ID numbers stay masked."""
        asked, search = self._asked()
        count, rows = self._matching(asked, search, 0, MAX_EXPORT)
        if count > MAX_EXPORT:
            raise AppError(f"一次最多导出 {MAX_EXPORT} 人，请先加条件。")
        headings = [str(self.label_columns[name]) for name in self.list_columns]
        lines = [[self.plain_cell(row, name) for name in self.list_columns] for row in rows]
        with transaction(db.session):
            log_access(db.session, current_actor(), "export", utc_now(), detail=f"{len(lines)} rows {asked.filters}")
        return send_workbook(export_rows(headings, lines), "教师列表.xlsx")

    def plain_cell(self, row: Teacher, name: str) -> str:
        """A cell without markup."""
        return state_label(row) if name == "status" else str(self.cell(row, name))

    # ── one record ──

    def record_page(self, row: Teacher) -> dict[str, Any]:
        teacher = teacher_for(db.session, row.id)
        actor = current_actor()
        rows = rows_of(db.session, teacher)
        state = check_rows(teacher, rows)
        rights = edit_rights(db.session, actor, teacher)
        return {
            "title": teacher.name,
            "tag": state_tag(teacher),
            "meta": [teacher.unit.name, f"完整度 {state.percent}%"],
            "breadcrumb": [
                {"label": "教师列表", "url": url_for(f"{self.endpoint}.list")}, {"label": teacher.name},
            ],
            "actions": [*self._reveal_action(teacher), *self.record_actions(teacher, rights)],
            "alerts": [*self._revealed(), *self.record_alerts(teacher, rights, state)],
            "blocks": record_blocks(teacher, rows, rights, self.section_urls(teacher)),
            "timeline": timeline(history_of(db.session, teacher.id), teacher.unit.indicator_set, rows),
        }  # fmt: skip

    def _reveal_action(self, teacher: Teacher) -> list[dict[str, Any]]:
        if not current_actor().may(P.RECORD_REVEAL) or g.get("revealed"):
            return []
        url = url_for(f"{self.endpoint}.reveal", pk=teacher.id)
        return [{"label": "显示完整证件号", "url": url, "post": True}]

    def _revealed(self) -> list[dict[str, Any]]:
        number = g.get("revealed", "")
        if not number:
            return []
        return [{"kind": "info", "title": f"身份证件号 {number}", "text": "这次查看已经留痕。", "items": []}]

    def section_urls(self, teacher: Teacher) -> dict[str, Any]:
        """Where the forms of the record are."""
        return {
            "edit": url_for(f"{self.endpoint}.edit", pk=teacher.id),
            "add": lambda s: url_for(f"{self.endpoint}.row_add", pk=teacher.id, name=s.name),
            "row": lambda s, row: url_for(f"{self.endpoint}.row_edit", pk=teacher.id, name=s.name, row_id=row.id),
        }

    def item_url(self, teacher: Teacher, section: str, row_id: int | None, item: str) -> str:
        """The form of an item, opened at it."""
        where: dict[str, Any] = {"_anchor": f"{section}-{item}" if item else None}
        if not BY_NAME[section].many:
            return url_for(f"{self.endpoint}.edit", pk=teacher.id, **where)
        if row_id is None:
            return url_for(f"{self.endpoint}.row_add", pk=teacher.id, name=section)
        return url_for(f"{self.endpoint}.row_edit", pk=teacher.id, name=section, row_id=row_id, **where)

    def record_actions(self, teacher: Teacher, rights: Any) -> list[dict[str, Any]]:
        return []

    def record_alerts(self, teacher: Teacher, rights: Any, state: Any) -> list[dict[str, Any]]:
        return []

    @expose("/reveal/<pk>", methods=["POST"])
    @has_access
    @permission_name("reveal")
    def reveal(self, pk: str) -> Any:
        """Show the whole ID number once, and note who looked."""
        teacher = self.row_or_404(pk)
        with transaction(db.session):
            log_access(db.session, current_actor(), "reveal", utc_now(), teacher_id=teacher.id)
        g.revealed = show(BASIC_INFO.fields["id_number"], teacher.id_number, "S", reveal=True)
        return self.render_template(self.show_template, record=self.record_page(teacher))

    # ── forms ──

    def _own_school(self) -> Unit:
        unit = db.session.get(Unit, current_actor().unit_id)
        if unit is None or unit.level != "school":
            abort(403)
        return unit

    def _form(self, pk: str, name: str = "", row_id: str = "") -> RowForm:
        """The form named by an address. 404 for anything that is not there or not ours."""
        actor = current_actor()
        if not pk:
            return RowForm(db.session, actor, BASIC_INFO, self._own_school(), None, None)
        teacher = teacher_for(db.session, self.row_or_404(pk).id)
        if not name:
            return RowForm(db.session, actor, BASIC_INFO, teacher.unit, teacher, teacher)
        section = BY_NAME.get(name)
        if section is None or not section.many:
            abort(404)
        row = row_for(db.session, section, teacher, row_key(row_id)) if row_id else None
        return RowForm(db.session, actor, section, teacher.unit, teacher, row)

    def _edit_form(self, form: RowForm, title: str, back: str) -> Any:
        """Show a form, or store what was posted."""
        posted = store_posted(form) if request.method == "POST" else None
        if posted is not None and posted.row is not None:
            target = posted.row if form.teacher is None else form.teacher
            return redirect(back or url_for(f"{self.endpoint}.show", pk=target.id))
        if posted is not None and posted.texts is None:
            return redirect(request.path)
        return self._render_form(form, title, shown_page(form, posted), back), 400 if posted else 200

    def _render_form(self, form: RowForm, title: str, page: dict[str, Any], back: str) -> Any:
        teacher = form.teacher
        listing = url_for(f"{self.endpoint}.list")
        own = url_for(f"{self.endpoint}.show", pk=teacher.id) if teacher else listing
        crumbs = [{"label": "教师列表", "url": listing}]
        crumbs += [{"label": teacher.name or "", "url": own}] if teacher else []
        name = form.section.name if form.section.many else ""
        target: dict[str, Any] = {"pk": teacher.id if teacher else "", "name": name, "row_id": form.row_id or ""}
        page |= {
            "title": title,
            "tag": state_tag(teacher) if teacher else None,
            "meta": teacher.unit.name if teacher else form.unit.name,
            "breadcrumb": [*crumbs, {"label": title}],
            "draft_url": url_for(f"{self.endpoint}.draft", **target),
            "cancel_url": back or own,
            "cancel_label": "返回",
            "note": form.locked() or form.section.intro,
            "secondary": [],
        }
        if page["has_draft"]:
            drop = url_for(f"{self.endpoint}.drop", **target)
            page["secondary"] = [{"label": "放弃未保存的内容", "url": drop, "post": True}]
        return self.render_template("core/form.html", form_page=page)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        return self._edit_form(self._form(""), "新增教师", "")

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        form = self._form(pk)
        return self._edit_form(form, "基本信息", url_for(f"{self.endpoint}.show", pk=form.teacher.id))  # type: ignore[union-attr]

    @expose("/<pk>/<name>/add", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def row_add(self, pk: str, name: str) -> Any:
        form = self._form(pk, name)
        return self._edit_form(form, f"添加{form.section.title}", url_for(f"{self.endpoint}.show", pk=pk))

    @expose("/<pk>/<name>/<row_id>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def row_edit(self, pk: str, name: str, row_id: str) -> Any:
        form = self._form(pk, name, row_id)
        return self._edit_form(form, f"修改{form.section.title}", url_for(f"{self.endpoint}.show", pk=pk))

    @expose("/<pk>/<name>/<row_id>/delete", methods=["POST"])
    @has_access
    @permission_name("edit")
    def row_delete(self, pk: str, name: str, row_id: str) -> Response:
        form = self._form(pk, name, row_id)
        assert form.teacher is not None and form.row_id is not None
        with transaction(db.session):
            delete_row(db.session, current_actor(), form.section, form.teacher, form.row_id, utc_now())
        flash("已删除一条，修改历史里可以查到。", "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=pk))

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        teacher = self.row_or_404(pk)
        with transaction(db.session):
            delete_teacher(db.session, teacher, bool(accounts_of(db.session, [teacher.id])))
        flash("已删除这位教师的档案。", "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    @expose("/draft", methods=["POST"])
    @has_access
    @permission_name("edit")
    def draft(self) -> Any:
        """Keep what is being typed; see core/drafts.py."""
        args = request.args
        return keep_draft_of(self._form(args.get("pk", ""), args.get("name", ""), args.get("row_id", "")))

    @expose("/draft/drop", methods=["POST"])
    @has_access
    @permission_name("edit")
    def drop(self) -> Response:
        args = request.args
        form = self._form(args.get("pk", ""), args.get("name", ""), args.get("row_id", ""))
        with transaction(db.session):
            drop_draft(db.session, form.actor.user_id, form.key)
        if form.teacher is None:
            return redirect(url_for(f"{self.endpoint}.add"))
        return redirect(url_for(f"{self.endpoint}.show", pk=form.teacher.id))


def register(app: Flask, builder: Any) -> None:
    """Plug in the lists of the sections; the teacher's own view is plugged in by collection, which adds reporting."""
    app.extensions[OWN_NUMBER] = lambda teacher_id: teacher_for(db.session, teacher_id).id_number or ""
    for section in CHILD_SECTIONS:
        builder.add_view_no_menu(make_view(section, SectionRowsView))
