"""/my: the teacher's own record: where it stands, its forms, and handing it to the school."""

from typing import Any

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.collection import operations
from app.collection.queries import steps_of
from app.collection.rounds import UNREPORTED, deadlines_for
from app.collection.rounds_tables import TODAY
from app.core.db import db, transaction, utc_now
from app.core.drafts import drop_draft
from app.core.errors import AppError
from app.core.sections.section import Section
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import register_templates
from app.portal.my_files import my_files, own_record
from app.portal.my_page import Mine, form_url, overview, read_mine
from app.portal.my_section import form_page, section_page
from app.records import BY_NAME, sections_for
from app.records.attachments import attachments_of
from app.records.form_views import Posted, keep_draft_of, on_to_files, say_none_posted, shown_page, store_posted
from app.records.operations import delete_row
from app.records.queries import history_of, row_for
from app.records.row_form import RowForm
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

STEPS = ("submit", "recall", "print")
UNSAVED = "还有填了没有保存的内容：{labels}。请先保存或放弃，再提交给学校。"


class MyView(PlainView):
    """Self-service of one teacher. The session's scope holds the own rows only."""

    route_base = "/my"
    class_permission_name = "self"

    # ── the record as a whole ──

    @expose("/")
    @has_access
    @permission_name("show")
    def overview(self) -> Any:
        teacher = own_record()
        history = history_of(db.session, teacher.id)
        mine = read_mine(db.session, current_actor(), teacher, history)
        page = overview(mine, steps_of(db.session, mine.teacher.id), history) | _deadline(teacher)
        return self.render_template("portal/my.html", my=page)

    @expose("/submit", methods=["POST"])
    @has_access
    @permission_name("submit")
    def submit(self) -> Response:
        """Hand the record to the school; refused while something typed is not saved, or would stay behind."""
        mine = _mine()
        if mine.drafts and not mine.rights.record_lock():
            flash(UNSAVED.format(labels="、".join(draft["label"] for draft in mine.drafts)), "danger")
            return redirect(url_for("MyView.overview"))
        return self._step(operations.submit, "已提交给学校。学校报送之前可以撤回。")

    @expose("/recall", methods=["POST"])
    @has_access
    @permission_name("submit")
    def recall(self) -> Response:
        """Take the record back before the school has reported it."""
        return self._step(operations.recall, "已撤回，可以接着改。改好后请重新提交。")

    def _step(self, verb: Any, done: str) -> Response:
        actor = current_actor()
        try:
            with transaction(db.session):
                verb(db.session, actor.teacher_id, actor, utc_now())
        except AppError as error:
            flash(error.message, "danger")
        else:
            flash(done, "success")
        return redirect(url_for("MyView.overview"))

    # ── drafts ──

    @expose("/draft", methods=["POST"])
    @has_access
    @permission_name("edit")
    def draft(self) -> Any:
        """Keep what is being typed; see core/drafts.py."""
        return keep_draft_of(_form(own_record(), request.args.get("name", ""), request.args.get("row_id", "")))

    @expose("/draft/drop", methods=["POST"])
    @has_access
    @permission_name("edit")
    def drop(self) -> Response:
        """Give up what was typed and not saved."""
        form = _form(own_record(), request.args.get("name", ""), request.args.get("row_id", ""))
        with transaction(db.session):
            drop_draft(db.session, form.actor.user_id, form.key)
        flash("已放弃没有保存的内容。", "success")
        return redirect(url_for("MyView.section", name=form.section.name))

    # ── sections and rows ──

    @expose("/<name>", methods=["GET"])
    @has_access
    @permission_name("show")
    def section(self, name: str) -> Any:
        """The form of a single section, the rows of the others."""
        if name in STEPS:  # the login page leads back here when it ran out while the button was pressed
            return redirect(url_for("MyView.overview"))
        mine = _mine()
        section = _section(name, mine.teacher)
        if not section.many:
            return self._show_form(mine, _form(mine.teacher, name))
        files = attachments_of(db.session, mine.teacher.id, section.name)
        counts = {row_id: len(found) for (_, row_id), found in files.items()}
        return self.render_template("portal/my_section.html", my=section_page(mine, section), files=counts)

    @expose("/<name>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def save(self, name: str) -> Any:
        form = _form(own_record(), name)
        if form.section.many:
            abort(404)
        return self._save(form)

    @expose("/<name>/add", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def row_add(self, name: str) -> Any:
        form = _form(own_record(), name)
        if not form.section.many:
            abort(404)
        return self._save(form) if request.method == "POST" else self._show_form(_mine(form.teacher), form)

    @expose("/<name>/none/<int:say>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def none(self, name: str, say: int) -> Response:
        """Say 「无」 of a section (1), or take it back (0)."""
        say_none_posted(_form(own_record(), name), none=bool(say))
        return redirect(url_for("MyView.section", name=name))

    @expose("/<name>/<row_id>", methods=["GET"])
    @has_access
    @permission_name("show")
    def row(self, name: str, row_id: str) -> Any:
        mine = _mine()
        return self._show_form(mine, _row_form(mine.teacher, name, row_id))

    @expose("/<name>/<row_id>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def row_save(self, name: str, row_id: str) -> Any:
        return self._save(_row_form(own_record(), name, row_id))

    @expose("/<name>/<row_id>/delete", methods=["POST"])
    @has_access
    @permission_name("edit")
    def row_delete(self, name: str, row_id: str) -> Response:
        form = _row_form(own_record(), name, row_id)
        assert form.teacher is not None and form.row_id is not None
        with transaction(db.session):
            delete_row(db.session, form.actor, form.section, form.teacher, form.row_id, utc_now())
            drop_draft(db.session, form.actor.user_id, form.key)
        flash("已删除一条，修改历史里可以查到。", "success")
        return redirect(url_for("MyView.section", name=name))

    # ── showing and storing one form ──

    def _show_form(self, mine: Mine, form: RowForm, posted: Posted | None = None) -> Any:
        page = form_page(mine, form, shown_page(form, posted)) | my_files(form)
        return self.render_template("portal/my_form.html", my=page), 400 if posted else 200

    def _save(self, form: RowForm) -> Any:
        posted = store_posted(form)
        if posted.row is not None:
            usual = url_for("MyView.section", name=form.section.name)
            return redirect(on_to_files(usual, form_url(form.section, posted.row.id)))
        if posted.texts is None:
            return redirect(request.path)
        return self._show_form(_mine(), form, posted)


def _deadline(teacher: Teacher) -> dict[str, Any]:
    """Until when the school has to report what is still with the teacher or the school, and whether that is soon."""
    open_ = teacher.status in UNREPORTED
    found = deadlines_for(db.session, teacher.unit, TODAY(), counted=False) if open_ else []
    return {"deadline": found[0].for_teacher, "deadline_near": found[0].is_near} if found else {}


def _mine(teacher: Teacher | None = None) -> Mine:
    return read_mine(db.session, current_actor(), teacher or own_record())


def _section(name: str, teacher: Teacher) -> Section:
    section = BY_NAME.get(name)
    if section is None or section not in sections_for(teacher.indicator_set):
        abort(404)
    return section


def _form(teacher: Teacher, name: str, row_id: str = "") -> RowForm:
    """The form named by an address; without `row_id` the single section, or a new row. 404 for all that is not ours."""
    section = _section(name, teacher)
    if not row_id:
        if section.filled_by != "T":
            abort(404)
        row = None if section.many else teacher
    elif not section.many:
        abort(404)
    else:
        row = row_for(db.session, section, teacher, row_key(row_id))
    return RowForm(db.session, current_actor(), section, teacher.unit, teacher, row)


def _row_form(teacher: Teacher, name: str, row_id: str) -> RowForm:
    if name == BASIC_INFO.name:
        abort(404)
    return _form(teacher, name, row_id)


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    register_templates("portal", __name__)
    builder.add_view_no_menu(MyView)
