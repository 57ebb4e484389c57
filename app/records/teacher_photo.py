"""The portrait of a teacher. It is open and locked together with the basic information."""

import datetime as dt

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import NotAllowed
from app.core.flow import lock
from app.core.history import write_history
from app.core.sections.fields import Field
from app.records.editing import EditRights, edit_rights
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

MAX_MB = 20  # of the picture it is cut from
ITEM = "photo"
HISTORY_FIELD = Field(label="照片", kind="text")
FIRST, OLD, NEW = "照片", "原照片", "新照片"  # what the history says; the picture itself is not kept there


def photo_lock(rights: EditRights) -> str:
    """Why the photo may not be changed, or ""."""
    return rights.row_lock(BASIC_INFO, rights.teacher.id if rights.teacher else None)


def set_photo(session: Session, actor: Actor, teacher_id: int, digest: str, now: dt.datetime) -> Teacher:
    """Give a teacher a photo that is in the store. Raises NotAllowed when the record is locked. Flushes."""
    teacher = _open(session, actor, teacher_id)
    place_photo(session, teacher, digest, now)
    session.flush()
    return teacher


def remove_photo(session: Session, actor: Actor, teacher_id: int, now: dt.datetime) -> Teacher:
    """Take a teacher's photo away. Raises NotAllowed when the record is locked. Flushes; the file is left to tidy."""
    teacher = _open(session, actor, teacher_id)
    place_photo(session, teacher, None, now)
    session.flush()
    return teacher


def _open(session: Session, actor: Actor, teacher_id: int) -> Teacher:
    teacher = lock(session, Teacher, teacher_id)
    if reason := photo_lock(edit_rights(session, actor, teacher)):
        raise NotAllowed(reason)
    return teacher


def place_photo(session: Session, teacher: Teacher, digest: str | None, now: dt.datetime) -> None:
    """Set or clear the photo of a locked teacher whose rights were looked at; the same one again changes nothing."""
    if teacher.photo_digest == digest:
        return
    old = None if teacher.photo_digest is None else OLD
    new = None if digest is None else NEW if old else FIRST
    write_history(session, teacher, "update", {ITEM: [old, new]}, now)
    teacher.photo_digest = digest
    teacher.photo_at = now if digest else None
    teacher.content_at = now
