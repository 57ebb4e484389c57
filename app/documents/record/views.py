"""教师信息表 as a download: for who may see the record, and for teachers their own."""

from typing import Any

from flask import Flask, Response, abort
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.db import db, transaction, utc_now
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import register_templates
from app.core.ui.downloads import send_pdf
from app.core.ui.uploads import store
from app.documents.record.content import TITLE, Printing, record_content, record_pdf, title_of
from app.records.access import log_access
from app.records.queries import teacher_for
from app.records.rows import rows_of


class RecordPrintView(PlainView):
    """The record of a teacher within the scope; its ID number stays masked."""

    route_base = "/teachers"
    class_permission_name = "record"

    @expose("/<pk>/pdf", methods=["POST"])
    @has_access
    @permission_name("show")
    def pdf(self, pk: str) -> Response:
        """Draw and note it."""
        return _download(row_key(pk), whole=False)


class OwnRecordPrintView(PlainView):
    """A teacher's own record, with the whole ID number."""

    route_base = "/my"
    class_permission_name = "self"

    @expose("/print", methods=["POST"])
    @has_access
    @permission_name("show")
    def pdf(self) -> Response:
        """Draw and note it."""
        teacher_id = current_actor().teacher_id
        if teacher_id is None:
            abort(403)
        return _download(teacher_id, whole=True)


def _download(teacher_id: int, *, whole: bool) -> Response:
    actor, now = current_actor(), utc_now()
    teacher = teacher_for(db.session, teacher_id)
    by = f"{actor.name}（{actor.unit_name}）"
    photo = store().read(teacher.photo_digest) if teacher.photo_digest else b""
    content = record_content(teacher, rows_of(db.session, teacher), Printing(by, now, whole), photo)
    db.session.rollback()  # nobody waits for the database while the document is drawn
    pdf = record_pdf(content)
    with transaction(db.session):
        log_access(db.session, actor, "print", now, teacher_id=teacher_id, detail=TITLE)
    return send_pdf(pdf, f"{title_of(content)}.pdf")


def register(app: Flask, builder: Any) -> None:
    """Plug the document in."""
    register_templates("documents_record", __name__)
    builder.add_view_no_menu(RecordPrintView)
    builder.add_view_no_menu(OwnRecordPrintView)
