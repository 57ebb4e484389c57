"""Read the sheets of an uploaded workbook in a child process with hard limits.

The spreadsheet library aborts the whole process on some broken files and nothing in Python can catch that. What the
child does and prints stands in workbook_child.py.
"""

import math
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import IO

import orjson

from app.core import workbook_child
from app.core.workbook_guard import STRANGE, BadWorkbook, Limits, check_workbook

CHILD_SCRIPT = Path(workbook_child.__file__)
MEMORY_BYTES = 500 << 20
OUTPUT_BYTES = 256 << 20
LINE_BYTES = 64 << 20
# Computing time of the child: a file with few cells has no right to much of it. An ordinary million takes 4 s.
CPU_SECONDS = 3
CELLS_PER_SECOND = 100_000
SHARED_LENGTH = 40  # texts up to this length are kept once, however often they stand in a file

_TOO_HARD = (
    "系统没能在限定的时间和内存内读完这个文件。请删除数据以外的空白行列、多余的工作表和格式，或拆成几个文件后分别上传。"
)
_SENTENCES = {
    workbook_child.EXIT_UNREADABLE: (
        "系统读不出这个文件的内容。请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”后重新上传。",
        "unreadable",
    ),
    workbook_child.EXIT_TOO_MANY_CELLS: (
        "文件里的工作表加起来太大，系统不能一次读取。请删除多余的工作表和空白行列，或拆成几个文件后分别上传。",
        "sheets",
    ),
    workbook_child.EXIT_TOO_MANY_ERRORS: (
        "文件里出错的公式太多（如 #N/A）。请复制数据，用“选择性粘贴－数值”贴到模板里，改好后重新上传。",
        "errors",
    ),
    workbook_child.EXIT_SHARED_PART: (STRANGE, "shared_part"),
}


@dataclass(frozen=True)
class ErrorCell:
    """A cell that shows an error such as #N/A or #REF! instead of a value."""


Cell = str | int | float | bool | date | datetime | ErrorCell | None


def is_empty(cell: Cell) -> bool:
    """Whether nothing is in a cell, or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank row: its Excel number, and its cells from column A without the empty ones at the end."""

    number: int
    cells: tuple[Cell, ...]

    def at(self, index: int) -> Cell:
        """Return the cell of a column (0 is A), None beyond the last filled one."""
        return self.cells[index] if index < len(self.cells) else None


@dataclass(frozen=True)
class Sheet:
    """One sheet in workbook order, hidden ones included; blank rows are left out, Row.number tells where.

    A value in cells merged downwards stands in all of their rows. `hidden_rows`: the numbers of those that do not show.
    """

    name: str
    rows: list[Row]
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Opened:
    """A workbook that was let in. `rows`: of all sheets, empty and hidden ones too.

    `sheets` come one after the other while the next is being read; only the one that is being collected is in memory
    here. Raises BadWorkbook, also after some of them.
    """

    rows: int
    sheets: Iterator[Sheet]


def open_workbook(path: Path, first: str = "", timeout: float = 60, limits: Limits | None = None) -> Opened:
    """Begin to read an .xlsx file, with the sheet of the name `first` before the others; `timeout` seconds for each.

    Raises BadWorkbook if it is refused.
    """
    limits = limits or Limits()
    counted = check_workbook(path, limits)
    seconds = min(math.ceil(timeout), CPU_SECONDS + counted.cells // CELLS_PER_SECOND)
    numbers = [str(number) for number in (MEMORY_BYTES, seconds, limits.cells)]
    return Opened(counted.rows, _stream([str(path), *numbers, first], timeout))


def _stream(arguments: Sequence[str], timeout: float) -> Iterator[Sheet]:
    command = [sys.executable, "-I", str(CHILD_SCRIPT), *arguments]
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
    if code in _SENTENCES:
        raise BadWorkbook(*_SENTENCES[code])
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
        for line in self._lines:
            try:
                message = orjson.loads(line)
            except ValueError:
                # A child that is killed stops in the middle of a line.
                return None
            if "r" in message:
                assert sheet is not None  # the name of a sheet comes first
                sheet.rows.append(Row(message["r"], tuple(map(_decode, message["c"]))))
            elif "sheet" in message:
                begun = Sheet(message["sheet"], [], hidden="state" in message)
                if sheet is None:
                    sheet = begun
                else:
                    self._next = begun
                    return sheet
            elif "hidden" in message:
                assert sheet is not None
                sheet = replace(sheet, hidden_rows=frozenset(message["hidden"]))
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


def _decode(cell: object) -> Cell:
    if isinstance(cell, str):
        return sys.intern(cell) if len(cell) <= SHARED_LENGTH else cell
    if isinstance(cell, dict):
        text = cell.get("d")
        if text is None:
            return ErrorCell()
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    return cell  # type: ignore[return-value]  # JSON scalars are exactly the plain cells
