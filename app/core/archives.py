"""ZIP files from outside: bounded before they are opened, read one member at a time, nothing unpacked to disk."""

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from app.core.errors import AppError

DIRECTORY_ENTRY = 512  # bytes of the directory that one member may take on average
_LONGEST_TAIL = 66_000  # the end record with its comment
_ENCRYPTED = 0x41

NOT_ZIP = "这不是 ZIP 压缩包，只改扩展名是不行的。请在电脑上选中照片，用「压缩为 ZIP 文件」重新打包。"
RAR = "这是 RAR 或 7Z 压缩包，系统不能读取。请解压后重新打包成 ZIP。"
DAMAGED = "压缩包已损坏，或者没有传完整。请重新打包后再上传。"
LOCKED = "压缩包加了密码，系统不能读取。请取消密码后重新打包。"
TOO_MANY = "压缩包里的文件超过 {most} 个。请分成几个压缩包，分别上传。"
TOO_BIG = "压缩包解开后太大，系统不能读取。请只放照片，分成几个压缩包。"
MEMBER_TOO_BIG = "文件超过 {most} MB。"
MEMBER_BROKEN = "在压缩包里已损坏，读不出来。"


def directory_bytes(file: BinaryIO) -> int:
    """The largest size any end record gives for the directory, which zipfile loads whole. 0 without such a record."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - _LONGEST_TAIL))
    tail = file.read()
    sizes = [0]
    for signature, offset, layout in ((b"PK\x05\x06", 12, "<L"), (b"PK\x06\x06", 40, "<Q")):
        for match in re.finditer(re.escape(signature), tail):
            field = tail[match.start() + offset : match.start() + offset + struct.calcsize(layout)]
            if len(field) == struct.calcsize(layout) and field != b"\xff" * len(field):
                sizes.append(struct.unpack(layout, field)[0])
    return max(sizes)


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold; sizes in bytes."""

    members: int
    member_bytes: int
    total_bytes: int


class Archive:
    """An opened ZIP file. `members` are its files in their order, without folders."""

    def __init__(self, file: BinaryIO, limits: ArchiveLimits) -> None:
        """Open it. Raises AppError with a sentence for what is no ZIP, is locked, or is too large."""
        self._limits = limits
        _check_head(file, limits)
        try:
            # Windows and most Chinese packers write names in the national encoding, without saying so.
            self._zip = zipfile.ZipFile(file, metadata_encoding="gb18030")
        except UnicodeDecodeError:
            self._zip = zipfile.ZipFile(file)
        except Exception as error:  # zipfile raises half a dozen types on broken offsets and sizes
            raise AppError(DAMAGED, field="file") from error
        self.members = [member for member in self._zip.infolist() if not member.is_dir()]
        if len(self._zip.infolist()) > limits.members:
            raise AppError(TOO_MANY.format(most=limits.members), field="file")
        if any(member.flag_bits & _ENCRYPTED for member in self.members):
            raise AppError(LOCKED, field="file")
        if sum(member.file_size for member in self.members) > limits.total_bytes:
            raise AppError(TOO_BIG, field="file")

    def __iter__(self) -> Iterator[zipfile.ZipInfo]:
        return iter(self.members)

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """The content of one member. Raises AppError when it is damaged or larger than allowed, whatever it says."""
        most = self._limits.member_bytes
        too_big = MEMBER_TOO_BIG.format(most=most >> 20)
        if member.file_size > most:
            raise AppError(too_big)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise AppError(MEMBER_BROKEN)
        try:
            with self._zip.open(member) as stream:
                content = stream.read(most + 1)
        except Exception as error:  # as above, and what the decompressors raise
            raise AppError(MEMBER_BROKEN) from error
        if len(content) > most:
            raise AppError(too_big)
        return content


def _check_head(file: BinaryIO, limits: ArchiveLimits) -> None:
    file.seek(0)
    head = file.read(8)
    if head.startswith((b"Rar!", b"7z\xbc\xaf")):
        raise AppError(RAR, field="file")
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise AppError(NOT_ZIP, field="file")
    if directory_bytes(file) > limits.members * DIRECTORY_ENTRY:
        raise AppError(TOO_MANY.format(most=limits.members), field="file")
