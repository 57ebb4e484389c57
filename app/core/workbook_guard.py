"""Refuse dangerous or unreadable .xlsx uploads before any spreadsheet library opens them.

The reading library stores the used area of a sheet densely and aborts the whole process when a hostile file makes
that area huge, so the limits have to be known before it runs. Nothing here builds a document tree: every part is
inflated in pieces, counted and thrown away.
"""

import copy
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.core.archives import DIRECTORY_ENTRY, directory_bytes
from app.core.workbook_kinds import RESAVE, SENTENCES, kind_of_archive, kind_of_file

_CHUNK = 1 << 20
_MAX_MARKUP_GAP = 8 << 20
_MOST_UNUSUAL = 500_000  # tags that are followed one by one
_SETTINGS = re.compile(r"(?:.*/)?(?:workbook\.xml|styles\.xml|[^/]*\.rels|\[content_types\]\.xml)")
STRANGE = "文件的内部结构不是 Excel 或 WPS 正常保存的样子，系统不能读取。" + RESAVE
_TOO_BIG = "文件解压后的内容过大，系统不能读取。请删除多余的工作表、图片和空白格式，或拆成几个文件后分别上传。"
_TOO_MUCH_AROUND = "文件里的样式、名称或链接太多，系统不能读取。请新建工作簿，只粘贴数值后重新上传。"

# An XML name prefix is optional everywhere: <c>, <x:c> and <main:c> are the same cell.
_TAGS = re.compile(rb"<(?:[^\s<>/:!?\"'=]+:)?(c|row|si|xf|col|mergeCell|sheet)(?=[\s/>])")
# The spelling used by Excel, WPS, LibreOffice, POI and openpyxl; only tags matched to the end take the fast path.
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"(?: (?:s|t|cm|vm|ph)="[A-Za-z0-9]{1,10}")*/?>')
_PLAIN_ROW = re.compile(rb'<row r="([0-9]{1,7})"(?: [a-qs-zA-Z][A-Za-z0-9:]*="[^"<>]*")*/?>')
# "<" is excluded inside quotes too (XML forbids it there), which keeps the search linear on hostile input.
_ANY_TAG = re.compile(rb"<(?:[^\s<>/:!?\"'=]+:)?(c|row)(?=[\s/>])((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
_POSITION = re.compile(rb"(?<![\w:.\-])r\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(rb"([A-Za-z]{1,4})([0-9]{1,8})")
_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)")
_DIGITS = b"0123456789"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Limits:
    """What a workbook may cost; sizes in bytes, rows and columns per sheet, the other counts per file."""

    file_bytes: int = 60 << 20
    members: int = 1000
    total_bytes: int = 600 << 20
    part_bytes: int = 400 << 20
    ratio: int = 200
    ratio_from_bytes: int = 10 << 20
    rows: int = 200_000
    columns: int = 256
    settings_bytes: int = 16 << 20
    cells: int = 4_100_000  # 100,000 rows of 40 columns; a few more in one sheet need more memory than the child has
    shared_strings: int = 2_000_000
    text_bytes: int = 256 << 10
    styles: int = 130_000
    sheets: int = 255
    merged_ranges: int = 100_000
    column_records: int = 20_000


class Counted(NamedTuple):
    """What was found in all sheets together, empty and hidden rows too."""

    cells: int
    rows: int


class BadWorkbook(ValueError):
    """A workbook that is not read; the message is shown to the user, `reason` goes to the log."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_workbook(path: Path, limits: Limits = Limits()) -> Counted:
    """How much is in an .xlsx workbook. Raises BadWorkbook for any other file, and beyond the limits."""
    _check_file(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_names(members, limits)
            _check_declared_sizes(members, limits)
            return _Contents(archive, limits, path.stat().st_size).check(members)
    except BadWorkbook:
        raise
    except NotImplementedError as error:
        raise BadWorkbook(STRANGE, "compression") from error
    # zipfile raises all of these on broken offsets and sizes; a missing file has already failed above.
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, OverflowError, OSError) as error:
        raise BadWorkbook("文件已损坏，或者没有传完整。" + RESAVE, "damaged") from error


def _check_file(path: Path, limits: Limits) -> None:
    size = path.stat().st_size
    if size == 0:
        raise BadWorkbook("这个文件是空的（0 字节）。请确认选对了文件，再重新上传。", "empty")
    if size > limits.file_bytes:
        raise BadWorkbook(
            f"文件超过了 {limits.file_bytes >> 20} MB 的上限。请删除图片等多余内容，或拆成几个文件后分别上传。",
            "file_size",
        )
    with path.open("rb") as file:
        head = file.read(8)
        directory = directory_bytes(file)
    if not head.startswith(b"PK\x03\x04"):
        kind = kind_of_file(path)
        raise BadWorkbook(SENTENCES[kind], kind)
    if directory > limits.members * DIRECTORY_ENTRY:
        raise BadWorkbook(STRANGE, "members")


def _check_names(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(members) > limits.members:
        raise BadWorkbook("文件里的图片、图表等部件太多，系统不能读取。请删除它们，只保留数据后重新上传。", "members")
    # Readers look parts up without regard to case, so names that differ in case only are duplicates as well.
    names = [member.filename.replace("\\", "/").lstrip("/").lower() for member in members]
    if len(set(names)) != len(names):
        raise BadWorkbook(STRANGE, "duplicate_members")
    if any(member.flag_bits & 0x41 for member in members):
        raise BadWorkbook(SENTENCES["locked"], "encrypted")
    if any(".." in name.split("/") for name in names):
        raise BadWorkbook(STRANGE, "path")
    if any("vbaproject" in name or name.startswith("xl/macrosheets/") for name in names):
        raise BadWorkbook("文件里带有宏，不能上传。请另存为不带宏的“Excel 工作簿（.xlsx）”后重新上传。", "macro")
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names or "xl/workbook.bin" in names:
        kind = kind_of_archive(names)
        raise BadWorkbook(SENTENCES[kind], kind)


def _check_declared_sizes(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    if sum(member.file_size for member in members) > limits.total_bytes:
        raise BadWorkbook(_TOO_BIG, "total_size")
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadWorkbook(STRANGE, "compression")
        _check_part_size(member, member.file_size, limits)


def _check_part_size(member: zipfile.ZipInfo, size: int, limits: Limits) -> None:
    if size > limits.settings_bytes and _SETTINGS.fullmatch(member.filename.replace("\\", "/").lower()):
        raise BadWorkbook(_TOO_MUCH_AROUND, "settings_size")
    if size > limits.part_bytes:
        raise BadWorkbook(_TOO_BIG, "part_size")
    if size > limits.ratio_from_bytes and size > limits.ratio * max(1, member.compress_size):
        raise BadWorkbook(_TOO_BIG, "ratio")


class _Contents:
    """Inflates all parts once, counting what really comes out."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits, file_bytes: int) -> None:
        self._archive = archive
        self._limits = limits
        self._file_bytes = file_bytes
        self._total = 0
        self._counts: Counter[bytes] = Counter()

    def check(self, members: list[zipfile.ZipInfo]) -> Counted:
        for member in members:
            # The workbook may name any part as a sheet, whatever its folder or extension: all are looked at.
            scan = _PartScan(member.filename.lower(), self._limits, self._counts)
            for chunk in self._inflate(member):
                scan.feed(chunk)
            scan.finish()
        return Counted(self._counts[b"c"], self._counts[b"row"])

    def _inflate(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        # zipfile stops at the declared size while the later reader does not, so the declared size is lifted here.
        unbounded = copy.copy(member)
        unbounded.file_size = 1 << 62
        size = 0
        with self._archive.open(unbounded) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                self._total += len(chunk)
                _check_part_size(member, size, self._limits)
                self._check_total()
                yield chunk
        if size != member.file_size:
            raise BadWorkbook(STRANGE, "size_lie")

    def _check_total(self) -> None:
        limits = self._limits
        overall_ratio = self._total > 5 * limits.ratio_from_bytes and self._total > limits.ratio * self._file_bytes
        if self._total > limits.total_bytes or overall_ratio:
            raise BadWorkbook(_TOO_BIG, "total_size")


class _PartScan:
    """Looks at one part piece by piece; pieces end just before a "<", so no tag is ever cut."""

    def __init__(self, name: str, limits: Limits, counts: Counter[bytes]) -> None:
        self._name = name
        self._limits = limits
        self._counts = counts
        self._is_xml = name.endswith((".xml", ".rels", ".vml"))
        self._has_data = False
        self._started = False
        self._tail = b""
        self._area = _Area(limits)

    def feed(self, chunk: bytes) -> None:
        data = self._tail + chunk
        if not self._started:
            self._started = True
            self._check_head(data)
        cut = max(0, data.rfind(b"<"))
        self._tail = data[cut:]
        self._check_body(data[:cut])
        self._check_gap()

    def finish(self) -> None:
        self._check_body(self._tail)

    def _check_head(self, data: bytes) -> None:
        text = data.removeprefix(b"\xef\xbb\xbf")
        self._is_xml = self._is_xml or text.lstrip().startswith(b"<")
        if data.startswith((b"\xff\xfe", b"\xfe\xff")) or (self._is_xml and b"\0" in data[:256]):
            raise BadWorkbook(STRANGE, "utf16")
        declared = _ENCODING.match(text[:1024])
        if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
            raise BadWorkbook(STRANGE, "encoding")

    def _check_gap(self) -> None:
        if len(self._tail) <= (self._limits.text_bytes if self._has_data else _MAX_MARKUP_GAP):
            return
        if self._is_xml:
            self._raise_huge_cell()
        self._tail = self._tail[-64:]

    def _check_body(self, body: bytes) -> None:
        if self._is_xml and not self._name.endswith(".svg") and (b"<!DOCTYPE" in body or b"<!ENTITY" in body):
            raise BadWorkbook(STRANGE, "dtd")
        if b"macroEnabled" in body and self._name == "[content_types].xml":
            raise BadWorkbook("这是带宏的工作簿，不能上传。请另存为不带宏的 .xlsx 文件后重新上传。", "macro")
        found = Counter(_TAGS.findall(body))
        if not found:
            return
        self._has_data = True
        if self._is_xml and re.search(rb"<[^<]{%d}" % self._limits.text_bytes, body):
            self._raise_huge_cell()
        self._counts.update(found)
        self._check_counts()
        self._area.add(body, found[b"c"], found[b"row"])

    def _raise_huge_cell(self) -> None:
        raise BadWorkbook(
            "有的单元格内容太长，超过了 Excel 允许的 32767 个字。请缩短内容，或删除文件里嵌入的对象后重新上传。",
            "huge_cell",
        )

    def _check_counts(self) -> None:
        limits, counts = self._limits, self._counts
        if counts[b"c"] > limits.cells:
            raise BadWorkbook(_too_many_cells(limits), "cells")
        if counts[b"si"] > limits.shared_strings:
            raise BadWorkbook("文件里不同的文字太多，系统不能一次读取。请拆成几个文件后分别上传。", "shared_strings")
        if counts[b"xf"] > limits.styles:
            raise BadWorkbook("文件里的单元格样式太多。请新建工作簿，只粘贴数值后重新上传。", "styles")
        if counts[b"sheet"] > limits.sheets:
            raise BadWorkbook(f"文件里的工作表超过 {limits.sheets} 张。请删除多余的工作表，或拆成几个文件。", "sheets")
        if counts[b"mergeCell"] > limits.merged_ranges:
            raise BadWorkbook("文件里合并的单元格太多。请取消合并后重新上传。", "merged_ranges")
        if counts[b"col"] > limits.column_records:
            raise BadWorkbook("文件里的列格式太多。请新建工作簿，只粘贴数值后重新上传。", "column_records")


class _Area:
    """The used rectangle of one sheet, followed as the reading library will follow it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._row_tags = 0
        self._unusual = 0
        self._row = 0
        self._column = 0
        self._rows = (1 << 30, 0)
        self._columns = (1 << 30, 0)

    def add(self, body: bytes, cell_count: int, row_count: int) -> None:
        """Take in a piece of the sheet; the counts are those of all cell and row tags in it, however spelled."""
        self._row_tags += row_count
        if self._row_tags > self._limits.rows:
            self._raise_rows(self._row_tags)
        if not cell_count and not row_count:
            return
        cells = _PLAIN_CELL.findall(body)
        rows = _PLAIN_ROW.findall(body)
        if len(cells) == cell_count and len(rows) == row_count:
            self._add_plain(cells, rows)
        else:
            self._add_unusual(body, cell_count + row_count)
        self._check()

    def _add_plain(self, cells: list[bytes], rows: list[bytes]) -> None:
        for row in map(int, rows[-1:]):
            self._row, self._column = row, 0
        for row in map(int, set(rows)):
            self._check_row(row)
        if not cells:
            return
        # Splitting letters from digits for all references at once is several times faster than cell by cell.
        joined = b" ".join(cells)
        for number in map(int, set(joined.translate(None, _LETTERS).split())):
            self._use_row(number)
        for letters in set(joined.translate(None, _DIGITS).split()):
            self._use_column(_column_number(letters))
        last_row, last_column = _split_reference(cells[-1])
        self._row, self._column = max(self._row, last_row), last_column

    def _add_unusual(self, body: bytes, tag_count: int) -> None:
        self._unusual += tag_count
        if self._unusual > _MOST_UNUSUAL:
            raise BadWorkbook(STRANGE, "unusual")
        tags = _ANY_TAG.findall(body)
        # A comment or a stray quote could hide a tag from one of the two patterns; such a sheet is not guessed at.
        if len(tags) != tag_count or b"<!--" in body or b"<![CDATA[" in body:
            raise BadWorkbook(STRANGE, "markup")
        for name, attributes in tags:
            positions = [double or single for double, single in _POSITION.findall(attributes)]
            if name == b"row":
                self._add_row(positions)
            else:
                self._add_cell(positions)

    def _add_row(self, positions: list[bytes]) -> None:
        self._row, self._column = self._row + 1, 0
        for position in positions:
            if not position.isdigit() or len(position) > 8:
                raise BadWorkbook(STRANGE, "reference")
            self._row = int(position)
        self._check_row(self._row)

    def _add_cell(self, positions: list[bytes]) -> None:
        self._row = max(self._row, 1)
        self._column += 1
        for position in positions:
            self._row, self._column = _split_reference(position)
            self._use_row(self._row)
            self._use_column(self._column)
        if not positions:
            self._use_row(self._row)
            self._use_column(self._column)

    def _use_row(self, row: int) -> None:
        self._rows = (min(self._rows[0], row), max(self._rows[1], row))

    def _use_column(self, column: int) -> None:
        self._columns = (min(self._columns[0], column), max(self._columns[1], column))

    def _check_row(self, row: int) -> None:
        if row > self._limits.rows:
            self._raise_rows(row)

    def _check(self) -> None:
        self._check_row(self._rows[1])
        if self._columns[1] > self._limits.columns:
            raise BadWorkbook(
                f"有工作表用到了第 {self._columns[1]} 列，超过 {self._limits.columns} 列的上限。"
                "请选中数据右侧的空白列并删除（不只是清除内容），保存后重新上传。",
                "columns",
            )
        height = self._rows[1] - self._rows[0] + 1
        width = self._columns[1] - self._columns[0] + 1
        if height > 0 and width > 0 and height * width > self._limits.cells:
            raise BadWorkbook(_too_many_cells(self._limits), "area")

    def _raise_rows(self, row: int) -> None:
        raise BadWorkbook(
            f"有工作表用到了第 {row} 行，超过 {self._limits.rows} 行的上限。"
            "请选中数据下方的空白行并删除（不只是清除内容），保存后重新上传；数据确实很多的，请拆成几个文件。",
            "rows",
        )


def _too_many_cells(limits: Limits) -> str:
    return (
        f"文件里的单元格超过了 {limits.cells // 10_000} 万个的上限。"
        "请删除数据以外的空白行和空白列，或拆成几个文件后分别上传。"
    )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _split_reference(reference: bytes) -> tuple[int, int]:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise BadWorkbook(STRANGE, "reference")
    return int(match[2]), _column_number(match[1].upper())
