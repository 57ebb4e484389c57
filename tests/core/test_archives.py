"""ZIP files: bounded before and while they are read; names in the national encoding are understood."""

import io
import struct
import time
import zipfile

import pytest

from app.core.archives import Archive, ArchiveLimits
from app.core.errors import AppError
from tests import pictures

LIMITS = ArchiveLimits(members=20, member_bytes=1 << 20, total_bytes=4 << 20)


def opened(content: bytes, limits: ArchiveLimits = LIMITS) -> Archive:
    return Archive(io.BytesIO(content), limits)


def refusal(content: bytes) -> str:
    begun = time.process_time()
    with pytest.raises(AppError) as caught:
        opened(content)
    assert time.process_time() - begun < 1
    return caught.value.message


def test_files_come_in_their_order_without_folders() -> None:
    archive = opened(pictures.archive({"b/": b"", "b/2.jpg": b"two", "1.jpg": b"one"}))
    assert [(member.filename, archive.read(member)) for member in archive] == [("b/2.jpg", b"two"), ("1.jpg", b"one")]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_chinese_names_are_understood(encoding: str) -> None:
    name = "张三_照片.jpg"
    content = pictures.archive({"x" * len(name.encode(encoding)): b"1"})
    content = content.replace(b"x" * len(name.encode(encoding)), name.encode(encoding))
    if encoding == "utf-8":  # the packer says so by a flag in both headers
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.index(signature) + place
            content = content[:at] + struct.pack("<H", 0x800) + content[at + 2 :]
    [member] = opened(content).members
    assert member.filename == name


def test_name_in_no_known_encoding_is_no_fault() -> None:
    content = pictures.archive({"xxxx.jpg": b"1"}).replace(b"xxxx.jpg", b"\xff\xff\x80\xff.jpg")
    assert len(opened(content).members) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是 ZIP"),
        (b"nonsense" * 100, "不是 ZIP"),
        (b"Rar!\x1a\x07\x01\0" + b"\0" * 100, "RAR"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 100, "7Z"),
        (pictures.archive({"1.jpg": b"x" * 500})[:300], "已损坏"),
        (b"PK\x03\x04" + b"\0" * 100, "已损坏"),
        (pictures.archive({f"{n}.jpg": b"" for n in range(21)}), "超过 20 个"),
        (pictures.archive({f"{n}.jpg": bytes(1 << 20) for n in range(5)}, zipfile.ZIP_DEFLATED), "解开后太大"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(content: bytes, words: str) -> None:
    message = refusal(content)
    assert words in message and "请" in message


def test_locked_archive_says_so() -> None:
    content = bytearray(pictures.archive({"1.jpg": b"x"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "加了密码" in refusal(bytes(content))


def test_huge_directory_is_refused_before_it_is_loaded() -> None:
    entries = pictures.archive({f"{n:05d}": b"" for n in range(20_000)})
    assert "超过 20 个" in refusal(entries)


def test_one_member_that_is_too_large_keeps_no_other_one_out() -> None:
    archive = opened(pictures.archive({"big": bytes((1 << 20) + 1), "small": b"1"}, zipfile.ZIP_DEFLATED))
    big, small = archive.members
    with pytest.raises(AppError, match="超过 1 MB"):
        archive.read(big)
    assert archive.read(small) == b"1"


def test_member_that_lies_about_its_size_is_read_no_further() -> None:
    """The directory says 10 bytes; 3 MB of zeros are behind it."""
    content = bytearray(pictures.archive({"liar": bytes(3 << 20)}, zipfile.ZIP_DEFLATED))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + place
        content[at : at + 4] = struct.pack("<I", 10)
    archive = opened(bytes(content))
    with pytest.raises(AppError, match="已损坏"):
        archive.read(archive.members[0])


def test_damaged_member_says_so() -> None:
    content = pictures.archive({"1.jpg": b"abcdefgh" * 20})
    archive = opened(content.replace(b"abcdefgh", b"abcdefgX", 1))
    with pytest.raises(AppError, match="已损坏"):
        archive.read(archive.members[0])


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_not_unpacked(compression: int) -> None:
    archive = opened(pictures.archive({"1.jpg": b"x" * 1000}, compression))
    with pytest.raises(AppError, match="读不出来"):
        archive.read(archive.members[0])
