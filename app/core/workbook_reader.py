"""Read the sheets of an uploaded workbook in a child process with hard limits.

The spreadsheet library aborts the whole process on some broken files and nothing in Python can catch that. The same
file is both sides: imported it is the parent, run as a script it is the child. The child prints one JSON line per
sheet, {"sheet": name, "index": i, "rows": n}, one per non-blank row, {"r": number, "c": cells}, and {"end": true}.
"""

from __future__ import annotations

import json
import math
import os
import posixpath
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import python_calamine

try:
    import resource
except ImportError:  # Windows: the time limit of the parent and the guard remain
    resource = None  # type: ignore[assignment]

if __name__ != "__main__":
    # The child runs isolated and must start fast: it knows nothing of the application package.
    from app.core.workbook_guard import BadWorkbook, Limits, check_workbook

CHILD_SCRIPT = Path(__file__)
MEMORY_BYTES = 1536 << 20
OUTPUT_BYTES = 512 << 20
LINE_BYTES = 64 << 20

_EXIT_UNREADABLE = 3
_EXIT_MEMORY = 4
_TOO_HARD = (
    "系统没能在限定的时间和内存内读完这个文件。请删除数据以外的空白行列、多余的工作表和格式，或拆成几个文件后分别上传。"
)
_UNREADABLE = "系统读不出这个文件的内容。请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”后重新上传。"


@dataclass(frozen=True)
class ErrorCell:
    """A cell that shows an error such as #N/A or #REF! instead of a value."""


Cell = str | int | float | bool | date | datetime | ErrorCell | None


@dataclass(frozen=True)
class Row:
    """One non-blank row: its Excel number, and its cells from column A without the empty ones at the end."""

    number: int
    cells: tuple[Cell, ...]

    def at(self, index: int) -> Cell:
        """Return the cell of a column (0 is A), None beyond the last filled one."""
        return self.cells[index] if index < len(self.cells) else None


@dataclass(frozen=True)
class Sheet:
    """One sheet in workbook order, hidden ones included; blank rows are left out, Row.number tells where."""

    name: str
    rows: list[Row]


# --- parent ---


@dataclass(frozen=True)
class Opened:
    """A workbook that was let in. `rows`: of all sheets, empty and hidden ones too.

    `sheets` come one after the other while the next is being read; only the one that is being collected is in memory
    here. Raises BadWorkbook, also after some of them.
    """

    rows: int
    sheets: Iterator[Sheet]


def read_workbook(path: Path, timeout: float = 60, limits: Limits | None = None) -> list[Sheet]:
    """Return all sheets of an .xlsx file. Raises BadWorkbook if it is refused or takes too long."""
    return list(open_workbook(path, "", timeout, limits).sheets)


def open_workbook(path: Path, first: str = "", timeout: float = 60, limits: Limits | None = None) -> Opened:
    """Begin to read an .xlsx file, with the sheet of the name `first` before the others; `timeout` seconds for each.

    Raises BadWorkbook if it is refused.
    """
    return Opened(check_workbook(path, limits or Limits()), _stream(path, first, timeout))


def _stream(path: Path, first: str, timeout: float) -> Iterator[Sheet]:
    command = [sys.executable, "-I", str(CHILD_SCRIPT), str(path), str(MEMORY_BYTES), str(math.ceil(timeout)), first]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    with process:
        try:
            messages = _Messages(process, timeout)
            while (sheet := messages.sheet()) is not None:
                yield sheet
            code = process.wait()
        finally:
            process.kill()
    if code == _EXIT_UNREADABLE:
        raise BadWorkbook(_UNREADABLE, "unreadable")
    if code != 0 or not messages.complete:
        raise BadWorkbook(_TOO_HARD, f"child_exit_{code}")


class _Messages:
    """What the child prints, put together to sheets."""

    def __init__(self, process: subprocess.Popen[bytes], timeout: float) -> None:
        assert process.stdout is not None
        self._process = process
        self._timeout = timeout
        self._lines = _lines(process.stdout)
        self._next: Sheet | None = None
        self.complete = False

    def sheet(self) -> Sheet | None:
        """The next sheet; None after the last, or when the child has stopped."""
        timer = threading.Timer(self._timeout, self._process.kill)
        timer.start()
        try:
            return self._collect()
        finally:
            timer.cancel()

    def _collect(self) -> Sheet | None:
        sheet, self._next = self._next, None
        shared: dict[object, object] = {}  # equal texts of a sheet are one object
        for line in self._lines:
            try:
                message = json.loads(line)
            except ValueError:
                # A child that is killed stops in the middle of a line.
                return None
            if "r" in message:
                assert sheet is not None  # the name of a sheet comes first
                sheet.rows.append(Row(message["r"], tuple(_decode(cell, shared) for cell in message["c"])))
            elif "sheet" in message:
                begun = Sheet(message["sheet"], [])
                if sheet is None:
                    sheet = begun
                else:
                    self._next = begun
                    return sheet
            else:
                self.complete = "end" in message
        return sheet if self.complete else None


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    total = 0
    while line := stream.readline(LINE_BYTES):
        total += len(line)
        if total > OUTPUT_BYTES or len(line) >= LINE_BYTES:
            raise BadWorkbook(_TOO_HARD, "child_output")
        yield line


def _decode(cell: object, shared: dict[object, object]) -> Cell:
    if isinstance(cell, str):
        return shared.setdefault(cell, cell)  # type: ignore[return-value]
    if isinstance(cell, dict):
        text = cell.get("d")
        if text is None:
            return ErrorCell()
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    return cell  # type: ignore[return-value]  # JSON scalars are exactly the plain cells


# --- child ---


def _limit_self(memory_bytes: int, cpu_seconds: int) -> None:
    if resource is None:
        return
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            # macOS has no limit of the address space, and a stricter limit may already be set.
            continue


def _print_workbook(path: str, out: IO[bytes], first: str = "") -> None:
    errors = _error_cells(path)
    with open(path, "rb") as file:
        # From the open file the format is told by the content: stored uploads have no extension.
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
        # Stable: the others keep the order of the workbook.
        for index, name in sorted(enumerate(workbook.sheet_names), key=lambda sheet: sheet[1] != first):
            _print_sheet(index, name, workbook.get_sheet_by_index(index), errors.get(name, {}), out)
    _print_line({"end": True}, out)


def _print_sheet(
    index: int, name: str, sheet: python_calamine.CalamineSheet, errors: dict[int, set[int]], out: IO[bytes]
) -> None:
    _print_line({"sheet": name, "index": index, "rows": sheet.height}, out)
    if sheet.start is None:
        return
    # iter_rows() supplies the blank rows above the used area, but not the blank columns left of it.
    padding: list[object] = [None] * sheet.start[1]
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = padding + [_encode(value) for value in values]
        for column in errors.get(number, ()):
            if column < len(cells):
                cells[column] = {"e": True}
        while cells and cells[-1] is None:
            cells.pop()
        if any(not isinstance(cell, str) or cell.strip() for cell in cells if cell is not None):
            _print_line({"r": number, "c": cells}, out)


def _print_line(message: dict[str, object], out: IO[bytes]) -> None:
    out.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _encode(value: object) -> object:
    """Turn a value of the library into JSON; times of day and durations become text as Excel shows them."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"e": True}
        # By way of the shortest digits, a long number keeps the zeros that Excel shows: 310101199001010000.
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 2**63 else value
    if isinstance(value, date):  # datetime is a date as well
        return {"d": value.isoformat()}
    if isinstance(value, time):
        return value.isoformat("seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return value


_ERROR_CELL = re.compile(rb"<(?:[^\s<>/:!?\"'=]+:)?c\s([^<>]*\bt\s*=\s*[\"']e[\"'][^<>]*)>")
_CELL_POSITION = re.compile(rb"(?<![\w:.\-])r\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")


def _error_cells(path: str) -> dict[str, dict[int, set[int]]]:
    """Return sheet name → Excel row number → columns from 0: the library shows error cells as empty ones."""
    with zipfile.ZipFile(path) as archive:
        names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}
        try:
            parts = _sheet_parts(archive, names)
        except (KeyError, ElementTree.ParseError):
            # The library is more tolerant than an XML parser; what it cannot read either it reports itself.
            return {}
        return {sheet: _errors_in_part(archive, names[part]) for sheet, part in parts.items() if part in names}


def _sheet_parts(archive: zipfile.ZipFile, names: dict[str, str]) -> dict[str, str]:
    """Return sheet name → lower-case name of its part."""
    # The guard has refused files with a DTD, so the standard parser has nothing to expand.
    relations = ElementTree.fromstring(archive.read(names["xl/_rels/workbook.xml.rels"]))  # noqa: S314
    targets = {item.get("Id"): item.get("Target", "") for item in relations}
    workbook = ElementTree.fromstring(archive.read(names["xl/workbook.xml"]))  # noqa: S314
    parts = {}
    for element in workbook.iter():
        if element.tag.rpartition("}")[2] != "sheet":
            continue
        relation = next((value for key, value in element.attrib.items() if key.endswith("}id")), None)
        parts[element.get("name", "")] = posixpath.join("/xl", targets.get(relation, ""))
    return {name: posixpath.normpath(part).lstrip("/").lower() for name, part in parts.items()}


def _errors_in_part(archive: zipfile.ZipFile, part: str) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(1 << 20):
            data = tail + chunk
            cut = max(0, data.rfind(b"<"))
            body, tail = data[:cut], data[cut:]
            if b'"e"' not in body and b"'e'" not in body:
                continue
            for attributes in _ERROR_CELL.findall(body):
                position = _CELL_POSITION.search(attributes)
                if position:
                    found.setdefault(int(position[2]), set()).add(_column_index(position[1]))
    return found


def _column_index(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def _run_child(arguments: list[str]) -> int:
    path, memory_bytes, cpu_seconds, first = arguments[0], MEMORY_BYTES, 60, ""
    if len(arguments) == 4:
        memory_bytes, cpu_seconds, first = int(arguments[1]), int(arguments[2]), arguments[3]
    _limit_self(memory_bytes, cpu_seconds)
    try:
        _print_workbook(path, sys.stdout.buffer, first)
        sys.stdout.buffer.flush()
    except MemoryError:
        return _EXIT_MEMORY
    # A panic of the library is no Exception; whatever it is, the parent only needs to know that reading failed.
    except BaseException:
        return _EXIT_UNREADABLE
    return 0


if __name__ == "__main__":
    # Taking down millions of objects one by one would only cost time.
    os._exit(_run_child(sys.argv[1:]))
