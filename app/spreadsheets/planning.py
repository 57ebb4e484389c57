"""From an uploaded file to a stored plan. Nothing of the record is written before the plan is confirmed."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, NotAllowed
from app.core.sections.reading import Remembering
from app.core.workbook_reader import Row
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.packing import pack_values
from app.spreadsheets.plan_rows import PlanRow, store_rows
from app.spreadsheets.planned import Planned
from app.spreadsheets.roster import completed, load_roster, read_number
from app.spreadsheets.upload import SectionSheet, Upload, book_for
from app.spreadsheets.working_out import Person, plan_person, plan_rows_of

MODES = {"append": "追加", "replace": "替换"}
PART = 500  # rows that are worked out together; twice as many save no time and cost memory


def begin_plan(
    session: Session, actor: Actor, unit: Unit, file_name: str, file_digest: str, mode: str, now: dt.datetime
) -> ImportPlan:
    """A plan without rows. Raises AppError where nothing can be imported, or not so."""
    actor.must(P.IMPORT_USE)
    if unit.level != "school":
        raise NotAllowed("教师只能导入到学校里。请用学校的账号导入。")
    if mode not in MODES:
        raise AppError("请选导入方式：追加或替换。", field="mode")
    plan = ImportPlan(
        unit_id=unit.id, user_id=actor.user_id, user_name=actor.name, file_name=file_name[:200],
        file_digest=file_digest, mode=mode, status="reading", created_at=now, notes=[],
    )  # fmt: skip
    session.add(plan)
    session.flush()
    return plan


def finish_plan(plan: ImportPlan, upload: Upload) -> None:
    """The whole file has been worked out."""
    plan.notes = list(upload.notes)
    plan.status = "planned"


def plan_import(
    session: Session, actor: Actor, unit: Unit, path: Path, file_name: str, mode: str, now: dt.datetime
) -> ImportPlan:
    """Work out and store what a file would change at a school.

    Raises AppError when it cannot be understood at all; whatever is wrong in single rows stands in the plan.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    plan = begin_plan(session, actor, unit, file_name, digest, mode, now)
    upload = Upload(path, book_for(unit.indicator_set))
    for rows in work_out(session, actor, unit.id, upload, replace=mode == "replace"):
        store_rows(session, plan.id, unit.scope_ids, rows)
    finish_plan(plan, upload)
    session.flush()
    return plan


def work_out(session: Session, actor: Actor, unit_id: int, upload: Upload, *, replace: bool) -> Iterator[list[PlanRow]]:
    """What the rows of a file would do, part by part; objects of the session are not kept from one part to the next."""
    people: dict[str, Person] = {}
    for sheet in upload.sheets():
        upload.notes += completed(sheet)
        reader = Remembering()
        for groups in _by_person(sheet, people if replace and sheet.section.many else ()):
            unit = session.get_one(Unit, unit_id)
            # Of those who are new nothing is stored, in no section.
            asked = [number for number in groups if number and (number not in people or people[number].known)]
            roster = load_roster(session, actor, unit, sheet.section, asked, reader)
            planned: list[Planned] = []
            for number, rows in groups.items():
                own = [sheet.file_row(row) for row in rows]
                if sheet.section.many:
                    planned += plan_rows_of(sheet.section, number, own, roster, people, replace=replace)
                else:
                    planned += [plan_person(row, roster, people) for row in own]
            planned.sort(key=lambda entry: entry.line)
            yield [_stored(entry) for entry in planned]


def _by_person(sheet: SectionSheet, others: Iterable[str]) -> Iterator[dict[str, list[Row]]]:
    """The rows of a sheet by ID number ("" without a readable one), in parts; `others` come too, without rows."""
    groups: dict[str, list[Row]] = {number: [] for number in others}
    for row in sheet.rows:
        groups.setdefault(read_number(row.at(sheet.number_at))[0], []).append(row)
    part: dict[str, list[Row]] = {}
    size = 0
    for number, rows in groups.items():
        part[number] = rows
        size += 1 + len(rows)
        if size >= PART:
            yield part
            part, size = {}, 0
    if part:
        yield part


def _stored(entry: Planned) -> PlanRow:
    return PlanRow(
        sheet=(entry.row.sheet.name if entry.row else entry.section.title)[:60],
        section=entry.section.name,
        action="error" if entry.errors else entry.action,
        row_no=entry.line,
        intended=entry.action,
        key=entry.number,
        name=entry.name,
        target_id=entry.target.id if entry.target is not None else None,
        owner_id=entry.teacher.id if entry.teacher else None,
        base_version=entry.base_version,
        values=pack_values(entry.values),
        old=pack_values(entry.old),
        errors=entry.errors,
        warnings=entry.warnings,
        texts=entry.row.texts() if entry.row and entry.errors else {},
    )
