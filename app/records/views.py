"""The screens of the record for administrators: list, one teacher, the forms of every section."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.accounts.queries import accounts_of
from app.accounts.views import OWN_NUMBER
from app.core.db import db, transaction, utc_now
from app.core.drafts import drop_draft
from app.core.indicator_set import IndicatorSet
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.sections.views import make_view
from app.core.ui.addresses import row_key
from app.core.ui.background import add_kind
from app.core.ui.base_view import current_actor, print_line
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_form import settings_page
from app.organisations.views import own_school
from app.permissions import Permission as P
from app.records import BY_NAME, CHILD_SECTIONS
from app.records.attachment_views import AttachmentView
from app.records.attachments import attachments_of
from app.records.completeness import check_rows
from app.records.editing import edit_rights
from app.records.export import export_list
from app.records.export_views import ExportView
from app.records.file_pages import form_files, photo_block, record_files
from app.records.form_views import keep_draft_of, on_to_files, say_none_posted, shown_page, store_posted
from app.records.looks import REASON, note_look
from app.records.operations import delete_row, delete_teacher
from app.records.pages import record_blocks, timeline, whole_numbers
from app.records.photo_views import photo_url
from app.records.place_filters import UNIT, WAITS_AT, InUnit, WaitsAt, unit_choice, waiting_choice
from app.records.queries import history_of, row_for, teacher_for
from app.records.row_form import RowForm
from app.records.rows import rows_of
from app.records.search import PERSON_HINT, PersonOfRowSearch, PersonSearch
from app.records.states import STATES, state_label, state_tag
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.records.teacher_photo import photo_lock

FILES_VIEW = AttachmentView.__name__


class SectionRowsView(ExportView):
    """All rows of one section within the scope."""

    class_permission_name = "record"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "export"}
    search_filter = PersonOfRowSearch
    search_hint = PERSON_HINT

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = ["teacher", *self.list_columns]
        self.label_columns["teacher"] = "姓名"
        self.datamodel.eager = ("teacher.unit",)

    def indicator_set_of(self, row: Any) -> IndicatorSet:
        return row.teacher.unit.indicator_set

    def row_urls(self, rows: list[Any]) -> list[str]:
        return [url_for("TeacherView.show", pk=row.teacher_id, _anchor=self.section.name) for row in rows]


class TeacherRecordView(ExportView):
    """Teachers: list, record, forms. Reporting is added by the feature that knows it."""

    section = BASIC_INFO
    class_permission_name = "record"
    include_route_methods: ClassVar[set[str]] = {
        "list", "show", "search", "add", "edit", "delete", "draft", "drop",
        "row_add", "row_edit", "row_delete", "none", "reveal", "export",
    }  # fmt: skip
    sorted_by: ClassVar[dict[str, str]] = {"name": "name_order"}
    search_filter = PersonSearch
    search_hint = PERSON_HINT
    empty: ClassVar[dict[str, str]] = {"title": "还没有教师", "text": "可以用 Excel 一次导入，也可以逐个新增。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = [*self.list_columns[:5], "unit", *self.list_columns[5:], "status", "updated_at"]
        self.label_columns |= {"unit": "任教学校", "status": "审核状态", "updated_at": "更新"}
        self.search_columns = ["status", *self.search_columns]
        self.order_columns = ["name", *self.order_columns, "updated_at"]
        self.datamodel.eager = ("unit", "waiting_unit")

    def indicator_set_of(self, row: Teacher) -> IndicatorSet:
        return row.unit.indicator_set

    def filter_names(self) -> list[str]:
        return [*super().filter_names(), UNIT, WAITS_AT]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        found, name = super().list_filters(asked), self.list_columns[0]
        kinds = {UNIT: InUnit, WAITS_AT: WaitsAt}
        return [*found, *([name, kinds[key], value] for key, value in asked.filters.items() if key in kinds)]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        options = [{"value": "", "label": "审核状态：全部"}]
        options += [{"value": name, "label": state.label} for name, state in STATES.items()]
        status = {"name": "_flt_0_status", "column": "status", "label": "审核状态", "options": options}
        unit = asked.filters.get(UNIT)
        return [
            status | {"value": asked.filters.get("status", "")},
            *super().filter_choices(asked),
            waiting_choice(asked.filters.get(WAITS_AT, "")),
            *([unit_choice(unit)] if unit else []),
        ]

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
        found = super().buttons()
        if current_actor().may(P.IMPORT_USE):
            found.append({"label": "Excel 导入", "url": url_for("ImportView.start"), "icon": "file-arrow-up"})
        return found

    def plain_cell(self, row: Teacher, name: str) -> str:
        return state_label(row) if name == "status" else super().plain_cell(row, name)

    # ── one record ──

    def record_page(self, row: Teacher) -> dict[str, Any]:
        teacher = teacher_for(db.session, row.id)
        actor = current_actor()
        rows = rows_of(db.session, teacher)
        state = check_rows(teacher, rows)
        rights = edit_rights(db.session, actor, teacher)
        files = attachments_of(db.session, teacher.id)
        return {
            "title": teacher.name,
            "tag": state_tag(teacher),
            "meta": [teacher.unit.name, f"完整度 {state.percent}%"],
            "breadcrumb": [
                {"label": "教师列表", "url": url_for(f"{self.endpoint}.list")}, {"label": teacher.name},
            ],
            "actions": [*self._reveal_action(teacher), *self.record_actions(teacher, rights)],
            "alerts": [*self._revealed(), *self.record_alerts(teacher, rights, state)],
            "photo": photo_block(teacher, photo_lock(rights), partial(photo_url, teacher)),
            "blocks": record_blocks(teacher, rows, rights, self.section_urls(teacher), files),
            "files": record_files(files, rows, teacher.indicator_set, FILES_VIEW) if actor.may(P.RECORD_REVEAL) else [],
            "timeline": timeline(history_of(db.session, teacher.id), teacher.unit.indicator_set, rows),
            "print_line": print_line(),
        }  # fmt: skip

    def _reveal_action(self, teacher: Teacher) -> list[dict[str, Any]]:
        if not current_actor().may(P.RECORD_REVEAL) or g.get("revealed"):
            return []
        url = url_for(f"{self.endpoint}.reveal", pk=teacher.id)
        return [{"label": REASON.title, "url": url}]

    def _revealed(self) -> list[dict[str, Any]]:
        numbers = g.get("revealed", [])
        return [{"kind": "info", "title": "这次查看已经留痕。", "text": "", "items": numbers}] if numbers else []

    def section_urls(self, teacher: Teacher) -> dict[str, Any]:
        """Where the forms of the record are."""
        return {
            "edit": url_for(f"{self.endpoint}.edit", pk=teacher.id),
            "add": lambda s: url_for(f"{self.endpoint}.row_add", pk=teacher.id, name=s.name),
            "none": lambda s, say: url_for(f"{self.endpoint}.none", pk=teacher.id, name=s.name, say=int(say)),
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

    @expose("/reveal/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("reveal")
    def reveal(self, pk: str) -> Any:
        """Ask for the reason; then show ID and phone numbers whole, once, and note who looked."""
        teacher, actor = self.row_or_404(pk), current_actor()
        if request.method != "POST":
            return self._reason_form(teacher, {}, [], "")
        texts = texts_from(REASON, actor.indicator_set, request.form)
        with transaction(db.session):
            problems, refused = note_look(db.session, actor, teacher.id, texts, utc_now())
        if problems or refused:
            return self._reason_form(teacher, texts, problems, refused), 429 if refused else 400
        g.revealed = whole_numbers(rows_of(db.session, teacher), teacher.indicator_set)
        return self.render_template(self.show_template, record=self.record_page(teacher))

    def _reason_form(
        self, teacher: Teacher, texts: Mapping[str, str], problems: Sequence[Problem], refused: str
    ) -> str:
        actor, back = current_actor(), url_for(f"{self.endpoint}.show", pk=teacher.id)
        state = FormState(REASON, actor.indicator_set, {}, texts, lambda _: "", problems)
        trail = [
            {"label": "教师列表", "url": url_for(f"{self.endpoint}.list")},
            {"label": str(teacher.name), "url": back},
        ]
        page = settings_page(state, REASON.title, trail, meta=f"{teacher.name} · {teacher.unit.name}")
        return self.render_template("core/form.html", form_page=page | {"note": refused, "save_label": "显示号码"})

    # ── forms ──

    def _form(self, pk: str, name: str = "", row_id: str = "") -> RowForm:
        """The form named by an address. 404 for anything that is not there or not ours."""
        actor = current_actor()
        if not pk:
            return RowForm(db.session, actor, BASIC_INFO, own_school(), None, None)
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
            usual = back or url_for(f"{self.endpoint}.show", pk=target.id)
            return redirect(on_to_files(usual, self.section_urls(target)["row"](form.section, posted.row)))
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
            "files": form_files(form, FILES_VIEW, pk=teacher.id) if teacher else None,
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

    @expose("/<pk>/<name>/none/<int:say>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def none(self, pk: str, name: str, say: int) -> Response:
        """Say 「无」 of a section (1), or take it back (0)."""
        say_none_posted(self._form(pk, name), none=bool(say))
        return redirect(url_for(f"{self.endpoint}.show", pk=pk, _anchor=name))

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
    """Plug in the export and the lists of the sections; the teacher's own view comes with collection, which reports."""
    app.extensions[OWN_NUMBER] = lambda teacher_id: teacher_for(db.session, teacher_id).id_number or ""
    add_kind(app, export_list)
    for section in CHILD_SECTIONS:
        builder.add_view_no_menu(make_view(section, SectionRowsView))
