"""The child process in which the spreadsheet library reads one workbook; see workbook_reader.py for the other side.

    python -I workbook_child.py PATH MEMORY_BYTES CPU_SECONDS MOST_CELLS FIRST_SHEET

It prints one JSON line per sheet, {"sheet": name, "index": i, "rows": n}, one per non-blank row, {"r": number,
"c": cells}, {"hidden": numbers} after a sheet with hidden rows, and {"end": true}. It runs isolated and must start
fast, so it knows nothing of the application package.
"""

from __future__ import annotations

import math
import os
import posixpath
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import IO
from xml.etree import ElementTree

import orjson
import python_calamine

try:
    import resource
except ImportError:  # Windows: the time limit of the parent and the guard remain
    resource = None  # type: ignore[assignment]

EXIT_UNREADABLE = 3
EXIT_MEMORY = 4
EXIT_TOO_MANY_CELLS = 5
EXIT_TOO_MANY_ERRORS = 6
EXIT_SHARED_PART = 7
MOST_ERRORS = 300_000
EXCEL_DIGITS = 15
_CHUNK = 1 << 20


class TooManyErrorsError(Exception):
    """More broken formulas than anybody would mend one by one."""


class TooManyCellsError(Exception):
    """The used areas of all sheets together are larger than a file may have cells."""


class SharedPartError(Exception):
    """Several sheets are one part: no program writes that, and each of them would be read anew."""


@dataclass
class Marks:
    """What the library does not tell of a sheet. Rows count from 1 as in Excel, columns from 0."""

    errors: dict[int, set[int]] = field(default_factory=dict)  # cells that show an error
    unsaved: dict[int, set[int]] = field(default_factory=dict)  # formulas whose result was never stored
    merged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # first row → (column, last row)
    hidden: set[int] = field(default_factory=set)  # rows
    counted: int = 0


def limit_self(memory_bytes: int, cpu_seconds: int) -> None:
    """Let the system end this process when it takes too much."""
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


def print_workbook(path: str, out: IO[bytes], most_cells: int, first: str = "") -> None:
    """Print every sheet of the workbook, that of the name `first` before the others."""
    marks = _marks(path)
    with open(path, "rb") as file:
        # From the open file the format is told by the content: stored uploads have no extension.
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
        # Stable: the others keep the order of the workbook.
        for index, about in sorted(enumerate(workbook.sheets_metadata), key=lambda sheet: sheet[1].name != first):
            if about.typ != python_calamine.SheetTypeEnum.WorkSheet:  # a chart on a sheet of its own
                continue
            sheet = workbook.get_sheet_by_index(index)
            most_cells -= sheet.height * sheet.width
            if most_cells < 0:
                raise TooManyCellsError
            head: dict[str, object] = {"sheet": about.name, "index": index, "rows": sheet.height}
            if about.visible == python_calamine.SheetVisibleEnum.Hidden:
                head["state"] = "hidden"
            _print_line(head, out)
            _print_sheet(sheet, marks.get(about.name, Marks()), out)
    _print_line({"end": True}, out)


def _print_sheet(sheet: python_calamine.CalamineSheet, marks: Marks, out: IO[bytes]) -> None:
    merged = _Merged(marks.merged)
    hidden = []
    for number, cells in _rows(sheet, marks):
        if any(cell is not None for cell in cells):
            merged.fill(number, cells)
            while cells[-1] is None:
                cells.pop()
            _print_line({"r": number, "c": cells}, out)
            if number in marks.hidden:
                hidden.append(number)
    if hidden:
        _print_line({"hidden": hidden}, out)


def _rows(sheet: python_calamine.CalamineSheet, marks: Marks) -> Iterator[tuple[int, list[object]]]:
    """Number and cells of every row; formulas without a result may stand beyond what the library shows."""
    number = 0
    if sheet.start is not None:
        # iter_rows() supplies the blank rows above the used area, but not the blank columns left of it.
        padding: list[object] = [None] * sheet.start[1]
        for number, values in enumerate(sheet.iter_rows(), start=1):
            cells = [*padding, *map(_encode, values)]
            for column in marks.errors.get(number, ()):
                if column < len(cells):
                    cells[column] = {"e": True}
            _mark_unsaved(cells, marks.unsaved.get(number, ()))
            yield number, cells
    for row in sorted(row for row in marks.unsaved if row > number):
        cells = []
        _mark_unsaved(cells, marks.unsaved[row])
        yield row, cells


def _mark_unsaved(cells: list[object], columns: set[int] | tuple[()]) -> None:
    for column in columns:
        cells += [None] * (column + 1 - len(cells))
        if cells[column] is None:
            cells[column] = {"e": True}


class _Merged:
    """A value in cells merged downwards holds for all of their rows."""

    def __init__(self, ranges: dict[int, list[tuple[int, int]]]) -> None:
        self._ranges = ranges
        self._holding: dict[int, tuple[int, object]] = {}  # column → last row, value
        self._starts = sorted(ranges, reverse=True)

    def fill(self, number: int, cells: list[object]) -> None:
        if not self._starts and not self._holding:
            return
        for column, (last, value) in list(self._holding.items()):
            if number > last:
                del self._holding[column]
                continue
            cells += [None] * (column + 1 - len(cells))
            if cells[column] is None:
                cells[column] = value
        while self._starts and self._starts[-1] <= number:
            start = self._starts.pop()
            for column, last in self._ranges[start] if start == number else ():
                if column < len(cells) and cells[column] is not None:
                    self._holding[column] = (last, cells[column])


def _print_line(message: dict[str, object], out: IO[bytes]) -> None:
    out.write(orjson.dumps(message) + b"\n")


# Spaces of every kind, and what takes no room at all: copied from pages and from WPS, it fills cells that look empty.
_INVISIBLE = frozenset(
    "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u2800\u3164\ufeff\uffa0"
)


def _is_blank(text: str) -> bool:
    if text and not (text[0].isspace() or text[0] in _INVISIBLE):
        return False
    return all(sign.isspace() or sign in _INVISIBLE for sign in text)


def _encode(value: object) -> object:
    """Turn a value of the library into JSON; times of day and durations become text as Excel shows them."""
    if isinstance(value, str):
        return None if _is_blank(value) else value
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"e": True}
        if value.is_integer() and abs(value) < 2**63:
            # By way of the shortest digits, a long number keeps the zeros that Excel shows: 310101199001010000.
            return int(Decimal(repr(value)))
        return float(f"{value:.{EXCEL_DIGITS}g}")  # 3.3, not 3.3000000000000003: what Excel shows, and keeps
    if isinstance(value, date):  # datetime is a date as well
        return {"d": value.isoformat()}
    if isinstance(value, time):
        return value.isoformat("seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return value


# --- what the library does not tell ---

_P = rb"(?:[^\s<>/:!?\"'=]+:)?"  # an XML name prefix
_POSITION = re.compile(rb"(?<![\w:.\-])r\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_TYPE = re.compile(rb"(?<![\w:.\-])t\s*=\s*[\"'](?:str|e|b)[\"']")
_ERROR = re.compile(rb"<" + _P + rb"c\s([^<>]*\bt\s*=\s*[\"']e[\"'][^<>]*)>")
# A formula and nothing after it, or an empty value: a program wrote it and never calculated.
_UNSAVED = re.compile(
    (
        rb"<Pc\s([^<>]*)>\s*<Pf(?:\s[^<>]*)?(?:/>|(?<!/)>[^<]*</Pf>)\s*"
        rb"(?:<Pv\s*/>|<Pv(?:\s[^<>]*)?>\s*</Pv>)?\s*</Pc>"
    ).replace(b"P", _P)
)
_HIDDEN = re.compile(
    rb"<" + _P + rb"row\s(?=[^<>]*(?<![\w:.\-])hidden\s*=\s*[\"'](?:1|true)[\"'])"
    rb"[^<>]*(?<![\w:.\-])r\s*=\s*[\"']([0-9]{1,7})[\"']"
)
_MERGED = re.compile(
    rb"<" + _P + rb"mergeCell\s[^<>]*\bref\s*=\s*[\"']"
    rb"([A-Za-z]{1,3})([0-9]{1,7}):[A-Za-z]{1,3}([0-9]{1,7})[\"']"
)


def _marks(path: str) -> dict[str, Marks]:
    """What stands in the parts of the sheets, by the name of the sheet."""
    with zipfile.ZipFile(path) as archive:
        names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}
        parts = _sheet_parts(archive, names)
        if len(set(parts.values())) < len(parts):
            raise SharedPartError
        return {sheet: _read_marks(archive, names[part]) for sheet, part in parts.items() if part in names}


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


def _read_marks(archive: zipfile.ZipFile, part: str) -> Marks:
    marks = Marks()
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            data = tail + chunk
            # A formula is told by the whole cell: cut where a row ends, else before the last tag.
            cut = max(data.rfind(b"</row>"), 0) or max(data.rfind(b"<"), 0)
            _note(marks, data[:cut])
            tail = data[cut:]
    _note(marks, tail)
    return marks


def _note(marks: Marks, body: bytes) -> None:
    if b'"e"' in body or b"'e'" in body:
        _note_cells(marks, marks.errors, _ERROR.findall(body))
    if b"f>" in body or b"<f" in body or b":f" in body:
        found = _UNSAVED.findall(body)
        _note_cells(marks, marks.unsaved, (attributes for attributes in found if not _TYPE.search(attributes)))
    if b"hidden" in body:
        marks.hidden.update(map(int, _HIDDEN.findall(body)))
    if b"mergeCell" in body:
        for column, first, last in _MERGED.findall(body):
            if int(last) > int(first):
                marks.merged.setdefault(int(first), []).append((_column_index(column), int(last)))


def _note_cells(marks: Marks, place: dict[int, set[int]], cells: Iterable[bytes]) -> None:
    for attributes in cells:
        if position := _POSITION.search(attributes):
            marks.counted += 1
            if marks.counted > MOST_ERRORS:
                raise TooManyErrorsError
            place.setdefault(int(position[2]), set()).add(_column_index(position[1]))


def _column_index(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def run(path: str, memory_bytes: int, cpu_seconds: int, most_cells: int, first: str = "") -> int:
    """Read a workbook within limits; the exit code says how it went."""
    limit_self(memory_bytes, cpu_seconds)
    try:
        print_workbook(path, sys.stdout.buffer, most_cells, first)
        sys.stdout.buffer.flush()
    except MemoryError:
        return EXIT_MEMORY
    except TooManyCellsError:
        return EXIT_TOO_MANY_CELLS
    except TooManyErrorsError:
        return EXIT_TOO_MANY_ERRORS
    except SharedPartError:
        return EXIT_SHARED_PART
    # A panic of the library is no Exception; whatever it is, the parent only needs to know that reading failed.
    except BaseException:
        return EXIT_UNREADABLE
    return 0


if __name__ == "__main__":
    # Taking down millions of objects one by one would only cost time.
    numbers = [int(argument) for argument in sys.argv[2:5]]
    os._exit(run(sys.argv[1], numbers[0], numbers[1], numbers[2], *sys.argv[5:]))
