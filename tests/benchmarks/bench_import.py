"""How long a large import takes from the file to the last committed row, beside openpyxl merely reading that file.

    python -m tests.benchmarks.bench_import [teachers]

Each teacher has one row in each of ten sheets. TEST_DATABASE_URL as in the tests. The baseline reads every cell with
openpyxl's read_only mode and does nothing with it. Both run in one process, one after the other; what counts is the
ratio. Memory: the most that this process has held; the reader of the file is a process of its own beside it.
"""

import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
import sqlalchemy as sa
from openpyxl import Workbook
from sqlalchemy.orm import Session

from app.core.actor import KEY, Actor
from app.core.codes import codes
from app.core.db import db, utc_now
from app.core.sections.reading import typed
from app.core.sections.sheets import Column
from app.organisations.models import Unit
from app.records.teacher import Teacher
from app.spreadsheets.operations import apply_plan
from app.spreadsheets.planning import plan_import
from app.spreadsheets.upload import book_for
from tests.accounts.database import looking
from tests.benchmarks.bench_section_pages import application
from tests.conftest import SCHOOL, _actor
from tests.spreadsheets.full_records import record
from tests.spreadsheets.workbooks import number_of

TEACHERS, SHEETS = 10_000, 10


def write_file(unit: Unit, path: Path, teachers: int) -> int:
    """A file of so many people, one row for each in every sheet; how many rows it has."""
    book = book_for(unit.indicator_set)
    one = record(unit.indicator_set, 1, "何静宜")
    workbook = Workbook(write_only=True)
    sections = [section for section in book.sections if len(one.get(section.name, ())) > 0][:SHEETS]
    for section in sections:
        columns = book.columns(section)
        sheet = workbook.create_sheet(section.title)
        sheet.append([column.identifier for column in columns])
        sheet.append([column.field.label for column in columns])
        values = one[section.name][0]
        line = [_text(column, section.name, values) for column in columns]
        name, number = (next(i for i, c in enumerate(columns) if c.field.name == key) for key in ("name", "id_number"))
        for serial in range(teachers):
            line[name], line[number] = f"何静{chr(0x4E00 + serial % 2000)}", person_number(serial)
            sheet.append(line)
    workbook.save(path)
    return teachers * len(sections)


def person_number(serial: int) -> str:
    return number_of(serial % 500 * 2, f"19{60 + serial // 500 % 30}0{1 + serial // 15000}16")


def _text(column: Column, section_name: str, values: dict[str, object]) -> str:
    own = column.identifier.startswith(f"{section_name}.")
    return typed(column.field, values.get(column.field.name)) if own else ""  # type: ignore[arg-type]


def read_plainly(path: Path) -> int:
    workbook = openpyxl.load_workbook(path, read_only=True)
    return sum(1 for sheet in workbook for row in sheet.iter_rows(values_only=True) for _cell in row)


def main() -> None:
    teachers = int(sys.argv[1]) if len(sys.argv) > 1 else TEACHERS
    with application() as app, looking(app) as session, tempfile.TemporaryDirectory() as folder:
        codes.refresh(session)
        unit = session.scalars(sa.select(Unit).where(Unit.code == SCHOOL)).one()
        path = Path(folder) / "import.xlsx"
        rows = write_file(unit, path, teachers)
        with app.app_context():
            database = db.engine.dialect.name
        print(f"Python {platform.python_version()}, {database}, {rows} rows, {path.stat().st_size >> 10} KiB")
        start = time.perf_counter()
        cells = read_plainly(path)
        plain = time.perf_counter() - start
        print(f"openpyxl reads {cells} cells: {plain:.1f} s")
        actor = _actor(session, "liyutong")
        session.info[KEY] = actor
        session.rollback()
        own = import_file(session, actor, path)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"import: {own:.1f} s, {own / plain:.2f} x; memory {memory} MB")
        session.rollback()
        assert session.scalar(sa.select(sa.func.count(Teacher.id)).where(Teacher.unit_id == actor.unit_id)) >= teachers


def import_file(session: Session, actor: Actor, path: Path) -> float:
    start = time.perf_counter()
    unit = session.get_one(Unit, actor.unit_id)
    plan = plan_import(session, actor, unit, path, "import.xlsx", "append", utc_now())
    plan_id = plan.id
    session.commit()
    planned = time.perf_counter()
    apply_plan(session, actor, plan_id, utc_now())
    session.commit()
    print(f"  planned {planned - start:.1f} s, applied {time.perf_counter() - planned:.1f} s")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
