"""How long a school waits for its template, beside openpyxl merely writing as many sheets and cells.

    python -m tests.benchmarks.bench_template

Both are measured in turns in one run, so that a busy machine slows both; what counts is the ratio.
"""

import io
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import openpyxl
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.cli import CODES
from app.core.codes import codes, load_code_files
from app.core.db import Base
from app.organisations.models import Unit
from app.spreadsheets.commands import template_for

ROUNDS = 5
Cells = list[tuple[int, int, Any]]  # row, column, value


def load_codes() -> None:
    """The code tables of the nation, from a database in memory."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        load_code_files(session, CODES)
        codes.refresh(session)


def contents(template: bytes) -> dict[str, Cells]:
    """What stands in the sheets, hidden ones as well; empty cells would cost the baseline alone."""
    workbook = openpyxl.load_workbook(io.BytesIO(template))
    return {
        sheet.title: [(cell.row, cell.column, cell.value) for row in sheet for cell in row if cell.value is not None]
        for sheet in workbook
    }


def plain(sheets: dict[str, Cells]) -> bytes:
    """The same texts in the same cells: no styles, comments, drop-downs or names."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, cells in sheets.items():
        sheet = workbook.create_sheet(title)
        for row, column, value in cells:
            sheet.cell(row, column, value)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    load_codes()
    school = Unit(code="3453000101", name="青禾县第一中学", level="school", school_kind="S")
    template = template_for(school)  # the first one also warms up the code tables
    sheets = contents(template)
    baseline = plain(sheets)
    pairs = [(seconds(lambda: template_for(school)), seconds(lambda: plain(sheets))) for _ in range(ROUNDS)]
    own, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    count = sum(len(cells) for cells in sheets.values())
    visible = sum(not title.startswith("_") for title in sheets) - 1  # without the guide
    print(f"Python {platform.python_version()}, openpyxl {openpyxl.__version__}, median of {ROUNDS}")
    print(f"{visible} sheets of sections, {len(sheets)} sheets in all, {count} filled cells")
    print(f"template  {own:.3f} s  {len(template) / 1024:.0f} KiB")
    print(f"openpyxl  {other:.3f} s  {len(baseline) / 1024:.0f} KiB")
    print(f"ratio     {own / other:.2f}")


if __name__ == "__main__":
    main()
