"""Tidying of files: what nothing refers to goes after a day; what is referred to, or may soon be, stays."""

import hashlib
import os
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import utc_now
from app.core.errors import AppError
from app.records.attachments import Attachment
from app.records.teacher import Teacher
from app.records.unused_files import remove_unused
from tests import pictures
from tests.conftest import Client
from tests.records.desk import CLERK, PDF, attached, files_in, row_of, send, send_quietly, store_of
from tests.test_cli import run


def age(app: Flask, hours: float = 25) -> None:
    """Let all files be as old as that."""
    moment = utc_now().timestamp() - hours * 3600
    for path in store_of(app).root.rglob("*"):
        if path.is_file():
            os.utime(path, (moment, moment))


def references(session: Session) -> set[str]:
    """All digests that rows hold."""
    session.rollback()
    files = attached(session)
    digests = {d for file in files for d in (file.digest, file.thumb_digest) if d}
    return digests | {t.photo_digest for t in session.query(Teacher) if t.photo_digest}


def test_only_what_nothing_refers_to_goes(
    app: Flask, client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    clerk, key, row = client_as(CLERK), teachers[0].id, row_of(everything, teachers[0])
    add = f"/attachments/{key}/education_history/{row}"
    for content in (PDF, pictures.pdf(b"(gone)"), pictures.camera(pictures.person())):
        assert send_quietly(clerk, add, content).status_code == 200
    gone = attached(everything)[1]
    clerk.post(f"/attachments/{gone.id}/delete")
    for picture in (pictures.person(), pictures.corners(500, 600)):
        send(clerk, f"/photos/{key}/upload", pictures.saved(picture), "a.jpg", "photo")
    lost = store_of(app).put(b"an upload whose transaction failed")
    kept = references(everything)
    assert len(kept) == 4 and kept < files_in(app)
    everything.rollback()
    assert remove_unused(everything, store_of(app), utc_now()) == 0, "nothing is a day old"
    age(app)
    before = len(files_in(app))
    removed = remove_unused(everything, store_of(app), utc_now())
    assert kept <= files_in(app) and gone.digest not in files_in(app) and lost not in files_in(app)
    assert removed == before - len(files_in(app)) >= 3
    assert files_in(app) == kept, "references and files are the same"
    assert store_of(app).read(attached(everything)[0].digest) == PDF


def test_file_whose_row_is_not_committed_yet_stays(
    app: Flask, session_as: Callable[[str], Session], everything: Session, teachers: list[Teacher]
) -> None:
    """The same content was sent before, long ago, and is sent again: only its transaction is still open."""
    row, key = row_of(everything, teachers[0]), teachers[0].id
    digest = store_of(app).put(b"sent twice")
    age(app, 48)
    writing = session_as(CLERK)
    assert store_of(app).put(b"sent twice") == digest
    writing.add(Attachment(
        teacher_id=key, section="education_history", row_id=row, name="a.pdf", media_type="application/pdf", size=1,
        digest=digest, uploaded_by="", uploaded_at=utc_now(),
    ))  # fmt: skip
    everything.rollback()
    remove_unused(everything, store_of(app), utc_now())
    writing.commit()
    everything.rollback()
    assert store_of(app).read(digest) == b"sent twice"
    age(app, 48)
    remove_unused(everything, store_of(app), utc_now())
    assert store_of(app).read(digest) == b"sent twice", "now the row holds it"


def test_upload_whose_transaction_failed_leaves_a_file_only_for_a_day(
    app: Flask,
    client_as: Callable[[str], Client],
    everything: Session,
    teachers: list[Teacher],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_arguments: Any) -> None:
        raise AppError("somebody was faster")

    clerk, key, row = client_as(CLERK), teachers[0].id, row_of(everything, teachers[0])
    content = pictures.pdf(b"(failed)")
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr("app.records.attachment_views.attach", fails)
    assert send_quietly(clerk, f"/attachments/{key}/education_history/{row}", content).status_code == 400
    assert attached(everything) == [] and digest in files_in(app)
    age(app)
    remove_unused(everything, store_of(app), utc_now())
    assert digest not in files_in(app)


def test_command_tidies_files_too(app: Flask, everything: Session) -> None:
    everything.rollback()
    age(app)
    remove_unused(everything, store_of(app), utc_now())
    everything.rollback()
    store_of(app).put(b"nobody's")
    assert run(app, "tidy")[1].endswith("、0 个不用的文件。\n")
    age(app)
    assert run(app, "tidy")[1].endswith("、1 个不用的文件。\n")
    assert files_in(app) == set()
