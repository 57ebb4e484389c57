"""Many photos at once: the page with the file choice, and what became of every picture."""

from typing import Any, BinaryIO, cast

from flask import Flask
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.archives import Archive
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.photos import HEIGHT, WIDTH
from app.core.ui import uploads
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.blueprint import register_templates
from app.core.ui.uploads import sent_file, store
from app.organisations.models import Unit
from app.organisations.views import own_school
from app.records.photo_batch import (
    LIMITS,
    MAX_ZIP_MB,
    NO_PHOTOS,
    Line,
    cut_photos,
    find_people,
    pictures,
    place_photos,
)

# The order on the page: what is to be done first, then what went well.
KINDS = {
    "left": ("没有处理", "wait"),
    "unreadable": ("读不出来", "no"),
    "too_small": ("太小", "no"),
    "several": ("重复", "no"),
    "not_found": ("没找到人", "no"),
    "locked": ("已锁定", "wait"),
    "replaced": ("已替换", "ok"),
    "taken": ("已存", "ok"),
    "same": ("没有变化", "draft"),
}


class PhotoBatchView(PlainView):
    """Photos of the own school's teachers, from one ZIP file."""

    route_base = "/photos/batch"
    class_permission_name = "import"

    @expose("/")
    @has_access
    @permission_name("use")
    def start(self) -> Any:
        """Choose a file."""
        return self._page(own_school(), None, 0)

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("use")
    def upload(self) -> Any:
        """Take the photos; the page says what became of each. Sent again, nothing changes a second time."""
        unit, actor, sent = own_school(), current_actor(), sent_file("archive")
        stream = cast(BinaryIO, sent.stream)
        db.session.rollback()  # nobody waits for the database while the file is being read
        store().refuse_full_disk()
        store().scan(stream)
        archive = Archive(stream, LIMITS)
        members = pictures(archive)
        if not members:
            raise AppError(NO_PHOTOS, field="archive")
        people = find_people(db.session, unit, [member.filename for member in members])
        db.session.rollback()
        cut = list(cut_photos(archive, members, people, store()))
        with transaction(db.session):
            lines = place_photos(db.session, actor, cut, utc_now())
        return self._page(own_school(), lines, len(archive.members) - len(members))

    def _page(self, unit: Unit, lines: list[Line] | None, ignored: int) -> Any:
        order = list(KINDS)
        told = sorted(lines or (), key=lambda line: order.index(line.kind))
        counted = [
            {"label": label, "n": sum(line.kind == kind for line in told), "bad": tag == "no"}
            for kind, (label, tag) in KINDS.items()
        ]
        return self.render_template(
            "records/photo_batch.html",
            unit=unit.name,
            lines=None if lines is None else [_shown(line) for line in told],
            sums=[entry for entry in counted if entry["n"]],
            done=sum(line.kind in ("taken", "replaced") for line in told),
            undone=sum(KINDS[line.kind][1] in ("no", "wait") for line in told),
            ignored=ignored,
            limits={"mb": MAX_ZIP_MB, "files": LIMITS.members, "width": WIDTH, "height": HEIGHT},
        )


def _shown(line: Line) -> dict[str, Any]:
    label, kind = KINDS[line.kind]
    return {"file": line.file, "name": line.name, "number": line.number, "text": line.text} | {
        "tag": {"label": label, "kind": kind}
    }


def register(app: Flask, builder: Any) -> None:
    """Plug the view in."""
    register_templates("records", __name__)
    builder.add_view_no_menu(PhotoBatchView)
    uploads.allow(app, "PhotoBatchView.upload", MAX_ZIP_MB)
