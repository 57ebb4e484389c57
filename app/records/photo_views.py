"""The photo of a teacher: showing, uploading with a crop, removing. First what clerk and teacher have in common."""

from typing import Any

from flask import Flask, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.documents import JPEG
from app.core.drafts import load_draft
from app.core.errors import NotAllowed, NotFound
from app.core.flow import lock
from app.core.photos import Crop, portrait
from app.core.ui import uploads
from app.core.ui.addresses import row_key, whole_number
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.downloads import send_to_look_at
from app.core.ui.headers import wants_json
from app.core.ui.uploads import read_upload, sent_file, store
from app.records.editing import edit_rights
from app.records.file_pages import photo_block
from app.records.form_views import version_of
from app.records.queries import teacher_for
from app.records.row_form import draft_key
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from app.records.teacher_photo import MAX_MB, photo_lock, remove_photo, set_photo

FILES = "core/files.html"
BOX = ("x", "y", "width", "height", "turn")
SAVED, REMOVED = "照片已保存。", "照片已删除。"


class PhotoRoutes(PlainView):
    """What is done with one photo. A subclass says whose it is, and where its page is."""

    def page_url(self, teacher: Teacher) -> str:
        """The page the photo stands on."""
        raise NotImplementedError

    def address_of(self, teacher: Teacher, step: str) -> str:
        """The address of "show", "upload" or "delete"."""
        raise NotImplementedError

    def block(self, teacher: Teacher, reason: str) -> dict[str, Any]:
        """What the page shows of it; `reason`: why it may not be changed."""
        return photo_block(teacher, reason, lambda step: self.address_of(teacher, step))

    def _show(self, teacher: Teacher) -> Response:
        if teacher.photo_digest is None:
            raise NotFound("还没有照片。")
        return send_to_look_at(store().read(teacher.photo_digest), JPEG, "photo.jpg")

    def _upload(self, teacher: Teacher) -> Any:
        """Cut the photo out of what was sent. That is done first, while nobody waits for the database."""
        actor, teacher_id = current_actor(), teacher.id
        if reason := photo_lock(edit_rights(db.session, actor, teacher)):
            raise NotAllowed(reason)
        sent = sent_file("photo")
        db.session.rollback()
        digest = store().put(portrait(read_upload(sent, MAX_MB), posted_crop()))
        with transaction(db.session):
            before = lock(db.session, Teacher, teacher_id).version
            teacher = set_photo(db.session, actor, teacher_id, digest, utc_now())
            carry_draft(teacher, before)
        return self._answer(teacher, before, SAVED)

    def _delete(self, teacher: Teacher) -> Any:
        teacher_id = teacher.id
        db.session.rollback()  # the record is read again under its lock
        with transaction(db.session):
            before = lock(db.session, Teacher, teacher_id).version
            teacher = remove_photo(db.session, current_actor(), teacher_id, utc_now())
            carry_draft(teacher, before)
        return self._answer(teacher, before, REMOVED)

    def _answer(self, teacher: Teacher, before: int, message: str) -> Any:
        """The new block for the script of the page; without it the page again.

        The form of the basic information may be open around it. Its version moves along with the photo, but only when
        it was the newest: whatever somebody else has changed must still be noticed when it is saved.
        """
        teacher = teacher_for(db.session, teacher.id)
        if not wants_json():
            flash(message, "success")
            return redirect(self.page_url(teacher))
        reason = photo_lock(edit_rights(db.session, current_actor(), teacher))
        html = str(macro("photo_body", FILES)(self.block(teacher, reason)))
        newest = version_of(request.form.get("version", "")) == before
        return jsonify(message=message, html=html, version=teacher.version if newest else None)


def carry_draft(teacher: Teacher, before: int) -> None:
    """What the same person has typed into the basic information and not saved is not older than the own photo."""
    draft = load_draft(db.session, current_actor().user_id, draft_key(BASIC_INFO, teacher.id, None))
    if draft is not None and draft.base_version == before:
        draft.base_version = teacher.version


def posted_crop() -> Crop | None:
    """The part of the picture that was chosen; None where the browser sent none."""
    numbers = [whole_number(request.form.get(name, "")) for name in BOX]
    if any(number is None for number in numbers):
        return None
    x, y, width, height, turn = (number or 0 for number in numbers)
    return Crop(x, y, width, height, turn)


def photo_url(teacher: Teacher, step: str = "show") -> str:
    """An address of a teacher's photo for administrators."""
    return url_for(f"PhotoView.{step}", pk=teacher.id)


class PhotoView(PhotoRoutes):
    """The photos as schools and reviewers see them."""

    route_base = "/photos"
    class_permission_name = "record"
    method_permission_name = {"show": "show", "upload": "edit", "delete": "edit"}

    def page_url(self, teacher: Teacher) -> str:
        return url_for("TeacherView.show", pk=teacher.id)

    def address_of(self, teacher: Teacher, step: str) -> str:
        return photo_url(teacher, step)

    @expose("/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        return self._show(teacher_for(db.session, row_key(pk)))

    @expose("/<pk>/upload", methods=["POST"])
    @has_access
    def upload(self, pk: str) -> Any:
        return self._upload(teacher_for(db.session, row_key(pk)))

    @expose("/<pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        return self._delete(teacher_for(db.session, row_key(pk)))


def register(app: Flask, builder: Any) -> None:
    """Plug the view in."""
    builder.add_view_no_menu(PhotoView)
    uploads.allow(app, "PhotoView.upload", MAX_MB)
