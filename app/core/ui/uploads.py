"""Files that a browser sends: how large they may be, and how they are taken in."""

from pathlib import Path
from typing import BinaryIO

from flask import Flask, current_app, request
from werkzeug.datastructures import FileStorage

from app.core.db import db
from app.core.errors import AppError
from app.core.files import FileStore
from app.core.text import clean_file_name
from app.core.uploaded_workbook import read_sent
from app.core.workbook_reader import Sheet

MIB = 1 << 20
LONGEST_NAME = 200
STORE, LIMITS = "files", "upload_limits"


def install(app: Flask) -> None:
    """Make the store of the files, and let single addresses take more than the others. Runs after the login guard."""
    app.extensions[STORE] = FileStore(
        (Path(app.instance_path) / "files").resolve(), tuple(app.config["VIRUS_SCAN_COMMAND"])
    )
    app.extensions.setdefault(LIMITS, {})
    app.before_request(_set_limit)


def allow(app: Flask, endpoint: str, megabytes: int) -> None:
    """Let an address take files up to a size; it must be known before the form is read, so before the token is."""
    app.extensions.setdefault(LIMITS, {})[endpoint] = megabytes


def _set_limit() -> None:
    limit = current_app.extensions[LIMITS].get(request.endpoint)
    if limit is not None:
        request.max_content_length = (limit + 1) * MIB  # the file, and the form around it


def store() -> FileStore:
    """Where the files of this installation are kept."""
    found: FileStore = current_app.extensions[STORE]
    return found


def sent_file(field: str) -> FileStorage:
    """The file in a form. Raises AppError when none was chosen."""
    file = request.files.get(field)
    if file is None or not file.filename:
        raise AppError("请先选一个文件。", field=field)
    return file


def read_upload(file: FileStorage, megabytes: int) -> bytes:
    """The content of a sent file, looked at by the virus scanner. Raises AppError for empty and too large ones."""
    stream: BinaryIO = file.stream  # type: ignore[assignment]
    content = stream.read(megabytes * MIB + 1)
    if not content:
        raise AppError("这个文件是空的（0 字节）。请确认选对了文件，再重新上传。", field=file.name)
    if len(content) > megabytes * MIB:
        raise AppError(f"文件超过 {megabytes} MB。请压缩或拆开后再上传。", field=file.name)
    store().scan(stream)
    return content


def sent_sheets(field: str, megabytes: int) -> tuple[str, list[Sheet]]:
    """The name of a sent workbook, fit to be shown, and its sheets. Raises AppError. The file itself is not kept."""
    file = sent_file(field)
    name = clean_file_name(file.filename or "", LONGEST_NAME)
    content = read_upload(file, megabytes)
    db.session.rollback()  # nobody waits for the database while the file is being read
    return name, read_sent(content)
