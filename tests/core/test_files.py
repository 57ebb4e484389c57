"""The file store: whole files or none, unreadable without the key, nothing removed that somebody may still want."""

import datetime as dt
import hashlib
import os
import shutil
import stat
import sys
from collections import namedtuple
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from flask import Flask

from app.core.db import utc_now
from app.core.errors import AppError
from app.core.files import FileStore

SECRET = b"GEHEIM: a certificate"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def store(app: Flask, tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def there(store: FileStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def make_older(path: Path, hours: float) -> None:
    moment = utc_now().timestamp() - hours * 3600
    os.utime(path, (moment, moment))


def test_file_is_found_by_the_digest_of_its_content(store: FileStore) -> None:
    digest = store.put(SECRET)
    assert digest == hashlib.sha256(SECRET).hexdigest()
    assert store.read(digest) == SECRET
    assert there(store) == [store.root / digest[:2] / digest[2:4] / digest]


def test_same_content_is_kept_once(store: FileStore) -> None:
    assert store.put(SECRET) == store.put(SECRET)
    assert len(there(store)) == 1


def test_file_on_disk_is_unreadable_and_nobody_elses(store: FileStore) -> None:
    path = store.path(store.put(SECRET))
    assert SECRET not in path.read_bytes() and b"GEHEIM" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700


def test_file_that_was_changed_or_moved_is_not_shown(store: FileStore) -> None:
    one, other = store.put(SECRET), store.put(b"another")
    shutil.copy(store.path(other), store.path(one))
    with pytest.raises(InvalidTag):
        store.read(one)
    content = bytearray(store.path(other).read_bytes())
    content[20] ^= 1
    store.path(other).write_bytes(content)
    with pytest.raises(InvalidTag):
        store.read(other)


def test_missing_file_says_so(store: FileStore) -> None:
    with pytest.raises(AppError, match="找不到这个文件"):
        store.read("0" * 64)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "\0" * 64])
def test_nothing_but_a_digest_names_a_file(store: FileStore, digest: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        store.read(digest)


def test_half_written_file_never_has_a_name(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_error(_handle: int) -> None:
        assert there(store) and not list(store.root.glob("??/??/*")), "it is being written aside"
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", disk_error)
    with pytest.raises(OSError, match="no space"):
        store.put(SECRET)
    assert there(store) == []


@pytest.mark.parametrize(("free", "taken"), [(51, True), (49, False), (0, False)])
def test_nearly_full_disk_takes_nothing_more(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, free: int, taken: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1000, 1000 - free, free))
    if taken:
        assert store.put(SECRET)
        return
    with pytest.raises(AppError, match="磁盘快满了"):
        store.put(SECRET)
    assert there(store) == []


# ── tidying ──


def test_only_old_files_are_offered_for_removal(store: FileStore) -> None:
    old, new = store.put(b"old"), store.put(b"new")
    make_older(store.path(old), 25)
    moment = utc_now() - dt.timedelta(hours=24)
    assert list(store.older_than(moment)) == [old]
    assert store.remove(old, moment) and not store.remove(new, moment) and not store.remove("0" * 64, moment)
    assert there(store) == [store.path(new)]


def test_file_that_was_sent_again_meanwhile_stays(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = store.put(SECRET)
    make_older(store.path(digest), 25)
    moment = utc_now() - dt.timedelta(hours=24)
    assert list(store.older_than(moment)) == [digest]
    store.put(SECRET)
    assert not store.remove(digest, moment)
    assert store.read(digest) == SECRET


def test_file_that_is_sent_again_while_it_goes_is_written_anew(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.put(SECRET)
    make_older(store.path(digest), 25)
    rename = Path.rename

    def sent_in_between(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        store.put(SECRET)
        return moved

    monkeypatch.setattr(Path, "rename", sent_in_between)
    assert store.remove(digest, utc_now() - dt.timedelta(hours=24))
    assert store.read(digest) == SECRET


def test_what_a_dead_process_left_over_goes_after_a_day(store: FileStore) -> None:
    store.put(SECRET)
    for name, hours in (("old", 25), ("young", 1)):
        path = store.root / "tmp" / name
        path.write_bytes(b"x")
        make_older(path, hours)
    store.remove_left_over(utc_now() - dt.timedelta(hours=24))
    assert [path.name for path in (store.root / "tmp").iterdir()] == ["young"]


# ── viruses ──


def scanner(folder: Path, body: str) -> tuple[str, ...]:
    """A command that stands for a virus scanner."""
    script = folder / "scanner.py"
    script.write_text(f"import sys, time\ncontent = open(sys.argv[-1], 'rb').read()\n{body}\n", encoding="utf-8")
    return (sys.executable, str(script), "--option")


def test_scanner_sees_the_upload_and_leaves_nothing(app: Flask, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    store = FileStore(tmp_path / "files", scanner(tmp_path, f"open({str(seen)!r}, 'wb').write(content)"))
    upload = BytesIO(SECRET)
    store.scan(upload)
    assert seen.read_bytes() == SECRET
    assert upload.read() == SECRET, "it can be read again"
    assert there(store) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [("sys.exit(1)", "没有通过病毒检查"), ("sys.exit(2)", "没有通过病毒检查"), ("time.sleep(9)", "没有完成")],
)
def test_scanner_that_finds_something_or_fails_keeps_the_file_out(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, words: str
) -> None:
    monkeypatch.setattr("app.core.files.SCAN_SECONDS", 1)
    store = FileStore(tmp_path / "files", scanner(tmp_path, body))
    with pytest.raises(AppError, match=words):
        store.scan(BytesIO(SECRET))
    assert there(store) == []


def test_scanner_that_has_vanished_keeps_the_file_out(app: Flask, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="没有完成"):
        FileStore(tmp_path / "files", (str(tmp_path / "gone"),)).scan(BytesIO(SECRET))


def test_without_a_scanner_nothing_is_asked(store: FileStore) -> None:
    store.scan(BytesIO(SECRET))
    assert not store.root.exists()
