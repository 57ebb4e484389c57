"""Verbs of attachments: add one to a row, take one away. They flush, the caller commits."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.documents import ENDINGS, read_document
from app.core.errors import AppError, NotAllowed, NotFound
from app.core.files import FileStore
from app.core.flow import lock
from app.core.history import write_history
from app.core.sections.section import Section
from app.core.text import clean_file_name
from app.core.validators import mask_numbers
from app.records.attachments import ITEM, MAX_FILES, Attachment, attachment_for, attachments_of_row
from app.records.editing import edit_rights
from app.records.queries import row_for
from app.records.teacher import Teacher

FULL = f"一条记录最多 {MAX_FILES} 个附件。请先删除不用的，或把几页合成一个 PDF。"


@dataclass(frozen=True)
class KeptFile:
    """A document that is in the store, and what is known of it."""

    name: str
    media_type: str
    size: int
    digest: str
    thumb_digest: str | None


def keep_document(store: FileStore, file_name: str, content: bytes) -> KeptFile:
    """Look at a document, clean it and put it into the store. Raises AppError for everything that is not taken.

    No row refers to it yet: when what follows fails, the tidying removes it.
    """
    document = read_document(content)
    digest = store.put(document.content)
    thumb_digest = store.put(document.thumb) if document.thumb else None
    name = _with_ending(mask_numbers(clean_file_name(file_name)), ENDINGS[document.media_type])
    return KeptFile(name, document.media_type, len(document.content), digest, thumb_digest)


def _with_ending(name: str, ending: str) -> str:
    """The name with the ending that its content has, so that it opens where it is saved."""
    known = (".jpg", ".jpeg") if ending == ".jpg" else (ending,)
    return name if name.lower().endswith(known) else f"{name.rpartition('.')[0] or name}{ending}"


def attach(
    session: Session, actor: Actor, section: Section, teacher_id: int, row_id: int, file: KeptFile, now: dt.datetime
) -> Attachment:
    """Add a document to a row. Raises NotAllowed when the row is locked, AppError when it is there or there are enough.

    The record's version moves, so that a reviewer's page without the file is stale; the row's own does not: what
    somebody is typing into its form can still be saved.
    """
    teacher = lock(session, Teacher, teacher_id)
    row = row_for(session, section, teacher, row_id)
    if reason := edit_rights(session, actor, teacher).row_lock(section, row_id):
        raise NotAllowed(reason)
    there = attachments_of_row(session, row)
    if any(attachment.digest == file.digest for attachment in there):
        raise AppError(f"「{file.name}」已经在附件里，没有再存一份。", field="file")
    if len(there) >= MAX_FILES:
        raise AppError(FULL, field="file")
    attachment = Attachment(
        teacher_id=teacher.id,
        section=section.name,
        row_id=row_id,
        uploaded_by=actor.name,
        uploaded_at=now,
        **vars(file),
    )
    session.add(attachment)
    write_history(session, row, "attach", {ITEM: [None, file.name]}, now)
    teacher.content_at = now
    session.flush()
    return attachment


def detach(session: Session, actor: Actor, section: Section, attachment_id: int, now: dt.datetime) -> None:
    """Take a document away from its row. The file itself is left to the tidying.

    Raises NotAllowed when the row is locked, NotFound when somebody else was faster.
    """
    teacher = lock(session, Teacher, attachment_for(session, attachment_id).teacher_id)
    attachment = session.get(Attachment, attachment_id, populate_existing=True)
    if attachment is None:
        raise NotFound("这个附件已经删除了。")
    if reason := edit_rights(session, actor, teacher).row_lock(section, attachment.row_id):
        raise NotAllowed(reason)
    row = row_for(session, section, teacher, attachment.row_id)
    session.delete(attachment)
    write_history(session, row, "detach", {ITEM: [attachment.name, None]}, now)
    teacher.content_at = now
    session.flush()
