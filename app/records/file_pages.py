"""What pages show of files: the attachments of one row with what may be done to them, all of a record, the photo."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import url_for

from app.core.documents import PDF
from app.core.indicator_set import IndicatorSet
from app.core.photos import HEIGHT, WIDTH
from app.records import BY_NAME, teacher_photo
from app.records.attachments import MAX_FILES, MAX_MB, Attachment, Place, attachments_of_row
from app.records.row_form import RowForm
from app.records.teacher import Teacher

KIB, MIB = 1 << 10, 1 << 20


def size_in_words(size: int) -> str:
    """340 KB, 1.2 MB."""
    return f"{size / MIB:.1f} MB" if size >= MIB else f"{max(1, round(size / KIB))} KB"


def file_line(attachment: Attachment, view: str) -> dict[str, Any]:
    """One attachment with its addresses under a view."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "pdf": attachment.media_type == PDF,
        "size": size_in_words(attachment.size),
        "at": f"{attachment.uploaded_at.astimezone():%Y-%m-%d}",
        "by": attachment.uploaded_by,
        "url": url_for(f"{view}.show", file_id=attachment.id),
        "save_url": url_for(f"{view}.save", file_id=attachment.id),
        "thumb_url": url_for(f"{view}.thumb", file_id=attachment.id) if attachment.thumb_digest else "",
        "delete_url": "",
    }


def form_files(form: RowForm, view: str, **place: Any) -> dict[str, Any] | None:
    """The block under the form of a row; `place`: what the addresses under the view need beside section and row.

    None for a form that has no attachments and can get none.
    """
    if not form.section.many:
        return None
    lock = form.locked()
    files = attachments_of_row(form.session, form.row) if form.row is not None else []
    if lock and not files:
        return None
    lines = [file_line(attachment, view) for attachment in files]
    if not lock:
        for line in lines:
            line["delete_url"] = url_for(f"{view}.delete", file_id=line["id"])
    named = {"name": form.section.name, "row_id": form.row_id, **place}
    return {
        "files": lines,
        "most": MAX_FILES,
        "most_mb": MAX_MB,
        "saved": form.row is not None,
        "locked": bool(lock),
        "full": len(files) >= MAX_FILES,
        "add_url": url_for(f"{view}.add", **named) if form.row is not None and not lock else "",
    }


def record_files(
    files: Mapping[Place, Sequence[Attachment]],
    rows: Mapping[str, Sequence[Any]],
    indicator_set: IndicatorSet,
    view: str,
) -> list[dict[str, Any]]:
    """All attachments of a record in its order, by row."""
    found = []
    for name, section_rows in rows.items():
        for row in section_rows:
            if here := files.get((name, row.id)):
                title = " · ".join(filter(None, (BY_NAME[name].title, BY_NAME[name].row_title(row, indicator_set))))
                found.append({"title": title, "files": [file_line(attachment, view) for attachment in here]})
    return found


def photo_block(teacher: Teacher, lock: str, url: Callable[[str], str]) -> dict[str, Any]:
    """The photo with what may be done to it. `url` makes the address of "show", "upload" and "delete"."""
    return {
        "url": f"{url('show')}?v={teacher.photo_digest[:8]}" if teacher.photo_digest else "",
        "at": f"{teacher.photo_at.astimezone():%Y-%m-%d}" if teacher.photo_at else "",
        "upload_url": "" if lock else url("upload"),
        "delete_url": url("delete") if teacher.photo_digest and not lock else "",
        "width": WIDTH,
        "height": HEIGHT,
        "most_mb": teacher_photo.MAX_MB,
    }
