"""The teacher's own files: attachments of the own rows, the own photo."""

from typing import Any, NoReturn

from flask import Flask, abort, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.errors import NotFound
from app.core.sections.section import Section
from app.core.ui import uploads
from app.core.ui.base_view import current_actor
from app.portal.my_page import own_sections
from app.records import BY_NAME, attachments, teacher_photo
from app.records.attachment_views import AttachmentRoutes
from app.records.file_pages import form_files, photo_block
from app.records.photo_views import PhotoRoutes
from app.records.queries import teacher_for
from app.records.row_form import RowForm
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher


def own_record() -> Teacher:
    """The person of this session."""
    teacher_id = current_actor().teacher_id
    return teacher_for(db.session, teacher_id) if teacher_id is not None else _nobody()


def _nobody() -> NoReturn:
    abort(403)


def my_files(form: RowForm) -> dict[str, Any]:
    """What a form of /my shows of files: the attachments of a row, the photo beside the basic information."""
    teacher = form.teacher
    photo = (
        photo_block(teacher, teacher_photo.photo_lock(form.rights), _photo_url)
        if teacher and not form.section.many
        else None
    )
    return {"files": form_files(form, MyAttachmentView.__name__), "photo": photo}


def _photo_url(step: str) -> str:
    return url_for(f"MyPhotoView.{step}")


class MyAttachmentView(AttachmentRoutes):
    """The attachments of the own rows; those of the school's sections are the school's."""

    route_base = "/my/attachments"
    class_permission_name = "self"
    method_permission_name = {"show": "show", "save": "show", "thumb": "show", "delete": "edit", "add": "edit"}
    form_endpoint = "MyView.row"

    def section_named(self, name: str, teacher: Teacher) -> Section:
        section = BY_NAME.get(name)
        if section is None or not section.many or section not in own_sections(teacher.indicator_set):
            raise NotFound("没有这个板块。")
        return section

    def place(self, teacher: Teacher) -> dict[str, Any]:
        return {}

    @expose("/<name>/<row_id>", methods=["POST"])
    @has_access
    def add(self, name: str, row_id: str) -> Any:
        return self._add(own_record(), name, row_id)


class MyPhotoView(PhotoRoutes):
    """The own photo."""

    route_base = "/my/photo"
    class_permission_name = "self"
    method_permission_name = {"show": "show", "upload": "edit", "delete": "edit"}

    def page_url(self, teacher: Teacher) -> str:
        return url_for("MyView.section", name=BASIC_INFO.name)

    def address_of(self, teacher: Teacher, step: str) -> str:
        return _photo_url(step)

    @expose("/", methods=["GET"])
    @has_access
    def show(self) -> Response:
        return self._show(own_record())

    @expose("/upload", methods=["POST"])
    @has_access
    def upload(self) -> Any:
        return self._upload(own_record())

    @expose("/delete", methods=["POST"])
    @has_access
    def delete(self) -> Any:
        return self._delete(own_record())


def register(app: Flask, builder: Any) -> None:
    """Plug the views in."""
    builder.add_view_no_menu(MyAttachmentView)
    builder.add_view_no_menu(MyPhotoView)
    uploads.allow(app, "MyAttachmentView.add", attachments.MAX_MB)
    uploads.allow(app, "MyPhotoView.upload", teacher_photo.MAX_MB)
