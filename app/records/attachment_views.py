"""Looking at, saving, adding and removing attachments. First what clerk and teacher have in common.

Who may see a whole ID number may see documents: scans carry it. Every look of an administrator is noted.
"""

from typing import Any

from flask import Flask, flash, jsonify, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.documents import JPEG
from app.core.errors import NotAllowed, NotFound
from app.core.sections.section import Section
from app.core.ui import uploads
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.downloads import send_to_look_at, send_to_save
from app.core.ui.headers import wants_json
from app.core.ui.uploads import read_upload, sent_file, store
from app.records import BY_NAME
from app.records.access import log_look
from app.records.attaching import attach, detach, keep_document
from app.records.attachments import MAX_MB, Attachment, attachment_for
from app.records.editing import edit_rights
from app.records.file_pages import form_files
from app.records.queries import row_for, teacher_for
from app.records.row_form import RowForm
from app.records.teacher import Teacher

FILES = "core/files.html"


class AttachmentRoutes(PlainView):
    """The addresses of single attachments, and adding one. A subclass says where the forms are and who looks."""

    form_endpoint = ""

    def section_named(self, name: str, teacher: Teacher) -> Section:
        """The section of an address. Raises NotFound for what this view does not offer."""
        raise NotImplementedError

    def place(self, teacher: Teacher) -> dict[str, Any]:
        """What the addresses of forms need beside section and row."""
        raise NotImplementedError

    def note_look(self, attachment: Attachment) -> None:
        """Note who looked."""

    @expose("/<file_id>")
    @has_access
    def show(self, file_id: str) -> Response:
        """The document, for looking at it."""
        attachment = self._file(file_id)
        self.note_look(attachment)
        return send_to_look_at(store().read(attachment.digest), attachment.media_type, attachment.name)

    @expose("/<file_id>/save")
    @has_access
    def save(self, file_id: str) -> Response:
        """The document, for keeping it."""
        attachment = self._file(file_id)
        self.note_look(attachment)
        return send_to_save(store().read(attachment.digest), attachment.media_type, attachment.name)

    @expose("/<file_id>/thumb")
    @has_access
    def thumb(self, file_id: str) -> Response:
        """A small picture of it, too small for reading."""
        attachment = self._file(file_id)
        if attachment.thumb_digest is None:
            raise NotFound("这个附件没有缩略图。")
        return send_to_look_at(store().read(attachment.thumb_digest), JPEG, "thumb.jpg")

    @expose("/<file_id>/delete", methods=["POST"])
    @has_access
    def delete(self, file_id: str) -> Any:
        """Take it away from its row."""
        attachment = self._file(file_id)
        teacher = teacher_for(db.session, attachment.teacher_id)
        section, row_id, name = self.section_named(attachment.section, teacher), attachment.row_id, attachment.name
        key, teacher_id = attachment.id, teacher.id
        db.session.rollback()  # the record is read again under its lock
        with transaction(db.session):
            detach(db.session, current_actor(), section, key, utc_now())
        return self._answer(teacher_id, section, row_id, f"已删除「{name}」。")

    def _file(self, file_id: str) -> Attachment:
        """An attachment that may be looked at here. Raises NotFound."""
        attachment = attachment_for(db.session, row_key(file_id))
        self.section_named(attachment.section, teacher_for(db.session, attachment.teacher_id))
        return attachment

    def _add(self, teacher: Teacher, name: str, row_id: str) -> Any:
        """Take a document in. It is looked at first, while nobody waits for the database."""
        actor, teacher_id = current_actor(), teacher.id
        section = self.section_named(name, teacher)
        row_number = row_for(db.session, section, teacher, row_key(row_id)).id
        if reason := edit_rights(db.session, actor, teacher).row_lock(section, row_number):
            raise NotAllowed(reason)
        sent = sent_file("file")
        db.session.rollback()
        file = keep_document(store(), sent.filename or "", read_upload(sent, MAX_MB))
        with transaction(db.session):
            attach(db.session, actor, section, teacher_id, row_number, file, utc_now())
        return self._answer(teacher_id, section, row_number, f"已上传「{file.name}」。")

    def _answer(self, teacher_id: int, section: Section, row_id: int, message: str) -> Any:
        """The new list for the script of the page; without it the form again."""
        teacher = teacher_for(db.session, teacher_id)
        if not wants_json():
            flash(message, "success")
            named = {"name": section.name, "row_id": row_id, **self.place(teacher)}
            return redirect(url_for(self.form_endpoint, _anchor="files", **named))
        row = row_for(db.session, section, teacher, row_id)
        form = RowForm(db.session, current_actor(), section, teacher.unit, teacher, row)
        block = form_files(form, type(self).__name__, **self.place(teacher))
        return jsonify(message=message, html=str(macro("file_block_body", FILES)(block)))


class AttachmentView(AttachmentRoutes):
    """The attachments as schools and reviewers see them."""

    route_base = "/attachments"
    class_permission_name = "record"
    form_endpoint = "TeacherView.row_edit"
    method_permission_name = {
        "show": "reveal", "save": "reveal", "thumb": "reveal", "delete": "edit", "add": "edit",
    }  # fmt: skip

    def section_named(self, name: str, teacher: Teacher) -> Section:
        section = BY_NAME.get(name)
        if section is None or not section.many:
            raise NotFound("没有这个板块。")
        return section

    def place(self, teacher: Teacher) -> dict[str, Any]:
        return {"pk": teacher.id}

    def note_look(self, attachment: Attachment) -> None:
        detail = f"{attachment.section}/{attachment.row_id}/{attachment.id}"
        log_look(current_actor(), "file", utc_now(), teacher_id=attachment.teacher_id, detail=detail)

    @expose("/<pk>/<name>/<row_id>", methods=["POST"])
    @has_access
    def add(self, pk: str, name: str, row_id: str) -> Any:
        return self._add(teacher_for(db.session, row_key(pk)), name, row_id)


def register(app: Flask, builder: Any) -> None:
    """Plug the view in."""
    builder.add_view_no_menu(AttachmentView)
    uploads.allow(app, "AttachmentView.add", MAX_MB)
