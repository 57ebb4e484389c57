"""Uploaded files on disk: kept under the digest of their content, encrypted, outside of what the web serves.

A file gets its name only when it is whole. No request ever removes one: rows refer to files by digest, and
`flask tidy` removes what no row has referred to for a day.
"""

import datetime as dt
import hashlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.crypto import decrypt_bytes, encrypt_bytes
from app.core.db import utc_now
from app.core.errors import AppError

log = logging.getLogger(__name__)

# A column with this `info` holds the digest of a file that is needed as long as the row is there.
REFERS_TO_FILE = {"refers_to_file": True}
DIGEST = re.compile(r"[0-9a-f]{64}")
LEAST_FREE = 0.05
SCAN_SECONDS = 25
FULL_DISK = "服务器的磁盘快满了，现在不能上传文件。您填的内容不受影响，请告诉系统管理员。"
INFECTED = "这个文件没有通过病毒检查，没有保存。请用杀毒软件检查后换一个文件。"
NOT_SCANNED = "病毒检查没有完成，文件没有保存。请过几分钟再传；还不行请告诉系统管理员。"
GONE = "服务器上找不到这个文件。请告诉系统管理员，从备份里恢复。"


@dataclass(frozen=True)
class FileStore:
    """The folder of the files. `scanner`: the command that looks for viruses; empty when there is none."""

    root: Path
    scanner: tuple[str, ...] = ()

    def path(self, digest: str) -> Path:
        """Where a file lies. Raises ValueError for anything that is no digest."""
        if not DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        return self.root / digest[:2] / digest[2:4] / digest

    def put(self, content: bytes) -> str:
        """Keep a file; its digest. The same content is kept once. Raises AppError when the disk is nearly full."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        try:
            os.utime(path)  # as good as new, so that the tidying leaves it alone until a row refers to it
        except FileNotFoundError:
            self.refuse_full_disk()
            self._write(path, encrypt_bytes(content, _context(digest)))
        return digest

    def read(self, digest: str) -> bytes:
        """The content of a file. Raises AppError when it is not there, InvalidTag when it was tampered with."""
        try:
            stored = self.path(digest).read_bytes()
        except FileNotFoundError as error:
            log.error("file %s is missing", digest)
            raise AppError(GONE) from error
        return decrypt_bytes(stored, _context(digest))

    def refuse_full_disk(self) -> None:
        """Raise AppError while less than a twentieth of the disk is free: the database needs it."""
        self._folder(self.root)
        usage = shutil.disk_usage(self.root)
        if usage.free < usage.total * LEAST_FREE:
            log.error("upload refused: %d MB free", usage.free >> 20)
            raise AppError(FULL_DISK)

    @contextmanager
    def opened(self, digest: str) -> Iterator[Path]:
        """The path of a plain copy, for a program that reads files; it is gone afterwards. Raises like `read`."""
        content = self.read(digest)
        with self._aside() as path:
            path.write_bytes(content)
            yield path

    # ── writing ──

    def _write(self, path: Path, content: bytes) -> None:
        """Write aside on the same volume and rename: nobody ever sees half a file."""
        with self._aside() as draft:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._folder(path.parent)
            os.replace(draft, path)
            _sync_folder(path.parent)

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """The path of a file of our own that is gone afterwards, unless it was renamed."""
        handle, name = tempfile.mkstemp(dir=self._folder(self.root / "tmp"))
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _folder(self, path: Path) -> Path:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    # ── viruses ──

    def scan(self, upload: BinaryIO) -> None:
        """Let the scanner look at an upload as it came. Raises AppError unless it finds nothing."""
        if not self.scanner:
            return
        with self._aside() as path:
            with path.open("wb") as file:
                upload.seek(0)
                shutil.copyfileobj(upload, file)
            upload.seek(0)
            try:
                done = subprocess.run(
                    [*self.scanner, str(path)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=SCAN_SECONDS,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                log.error("virus scanner: %s", type(error).__name__)
                raise AppError(NOT_SCANNED) from error
        if done.returncode != 0:
            log.warning("virus scanner refused an upload: exit code %d", done.returncode)
            raise AppError(INFECTED)

    # ── tidying ──

    def older_than(self, moment: dt.datetime) -> Iterator[str]:
        """The digests of the files that were last put before a moment."""
        for path in self.root.glob("??/??/*"):
            if DIGEST.fullmatch(path.name) and _last_put(path) < moment:
                yield path.name

    def remove(self, digest: str, moment: dt.datetime) -> bool:
        """Remove a file unless it was put again since `moment`, also while we look; whether it is gone."""
        path = self.path(digest)
        leaving = path.with_suffix(".gone")
        try:
            path.rename(leaving)  # whoever puts the same content from now on writes it anew
        except FileNotFoundError:
            return False
        if _last_put(leaving) >= moment:
            leaving.replace(path)
            return False
        leaving.unlink()
        return True

    def remove_left_over(self, moment: dt.datetime) -> None:
        """Remove what a process that died before `moment` has left beside the files."""
        for path in [*self.root.glob("tmp/*"), *self.root.glob("??/??/*.gone")]:
            if _last_put(path) < moment:
                path.unlink(missing_ok=True)


def _context(digest: str) -> str:
    return f"file.{digest}"


def _last_put(path: Path) -> dt.datetime:
    """When a file was put last; now, when somebody else has just removed it."""
    try:
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except FileNotFoundError:
        return utc_now()


def _sync_folder(path: Path) -> None:
    """The name is on disk as well; only POSIX can say so."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
