"""What the tests of files share: sending one as a browser does, and looking at what became of it."""

import io
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.files import FileStore
from app.core.history import History
from app.records.attachments import Attachment
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests import pictures
from tests.conftest import Client

CLERK, REVIEWER, COUNTY, LOOKER = "liyutong", "wangjianguo", "zhoumin", "yizhong_query"
# Addresses and forms may be read once the sessions of the arranging are closed; plain numbers stay valid.
PDF = pictures.pdf()


def send(client: Client, url: str, content: bytes, name: str = "毕业证.pdf", field: str = "file", **form: Any) -> Any:
    """Post a file like the form without scripts does."""
    upload = {field: (io.BytesIO(content), name), **form}
    return client.post(url, upload, content_type="multipart/form-data")


def send_quietly(
    client: Client, url: str, content: bytes, name: str = "毕业证.pdf", field: str = "file", **form: Any
) -> Any:
    """The same by the script of the page, which reads the answer itself."""
    upload = {field: (io.BytesIO(content), name), **form}
    return client.post(url, upload, content_type="multipart/form-data", headers={"Accept": "application/json"})


def store_of(app: Flask) -> FileStore:
    found: FileStore = app.extensions["files"]
    return found


def files_in(app: Flask) -> set[str]:
    """The names of everything the store has on disk."""
    return {path.name for path in store_of(app).root.rglob("*") if path.is_file()}


def row_of(session: Session, teacher: Teacher, education: str = "21") -> int:
    """The row of a degree; the session is left without a transaction."""
    here = (EducationHistory.teacher_id == teacher.id, EducationHistory.education == education)
    found = session.scalars(sa.select(EducationHistory.id).where(*here)).one()
    session.rollback()
    return found


def attached(session: Session, **where: Any) -> list[Attachment]:
    """The attachments as they are stored now; they stay readable when the session goes on."""
    session.rollback()
    found = list(session.scalars(sa.select(Attachment).filter_by(**where).order_by(Attachment.id)))
    for attachment in found:
        session.expunge(attachment)
    session.rollback()
    return found


def teacher_now(session: Session, teacher_id: int) -> Teacher:
    """A teacher as stored now."""
    session.rollback()
    return session.get_one(Teacher, teacher_id, populate_existing=True)


def history(session: Session, teacher_id: int) -> list[History]:
    """What the history says, newest first."""
    session.rollback()
    query = sa.select(History).where(History.teacher_id == teacher_id).order_by(History.id.desc())
    return list(session.scalars(query))


def with_status(teachers: list[Teacher], status: str) -> Teacher:
    return next(teacher for teacher in teachers if teacher.status == status)
