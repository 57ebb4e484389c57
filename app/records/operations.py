"""Verbs of the record: make a teacher, save and delete rows. They flush, the caller commits."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.flow import lock
from app.core.history import earlier_values
from app.core.sections.fields import Value
from app.core.sections.reading import Raw, read_row
from app.core.sections.section import Problem, Section
from app.organisations.models import Unit
from app.records import CHILD_STORED
from app.records.derived import refresh_derived
from app.records.editing import edit_rights
from app.records.marks import open_marks
from app.records.nothing import forget_none, store_none
from app.records.queries import row_for, units_holding
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher, told_by_number

HERE = "本校已经有这位教师，请在列表中查找后修改。"
ELSEWHERE = "此人已在别的单位建档，不能再新增。请走「教师调动」。"


@dataclass(frozen=True)
class Saved:
    """What became of a form: the row when it was stored, else the problems that kept it from being stored."""

    row: Any
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        return self.row is not None


def _blocking(section: Section, reading: Any) -> list[Problem]:
    """What cannot be stored: unreadable items, and contradictions in what identifies a person."""
    identity = [p for p in reading.contradictions if p.level == "error" and section.fields[p.item].filled_by == "L"]
    return [*reading.unreadable, *identity]


def create_teacher(session: Session, actor: Actor, unit: Unit, texts: Mapping[str, Raw]) -> Saved:
    """Make a new record at a school. The name, and a valid ID number that nobody has yet, are needed to begin.

    Sex and birth date follow from the number where they are left empty, as they do in an import.
    """
    if unit.level != "school":
        raise NotAllowed("教师只能建在学校里。请用学校的账号新增。")
    reading = read_row(BASIC_INFO, texts, unit.indicator_set, {})
    blocking = _blocking(BASIC_INFO, reading)
    named = {problem.item for problem in blocking}
    for item in ("name", "id_type", "id_number"):
        if reading.values.get(item) is None and item not in named:
            blocking.append(Problem(item, f"「{BASIC_INFO.fields[item].label}」要先填，才能建档。"))
    number = reading.values.get("id_number")
    if number and "id_number" not in named:
        holder = units_holding(session, [str(number)]).get(str(number))
        if holder is not None:
            blocking.append(Problem("id_number", HERE if holder == unit.id else ELSEWHERE))
    if blocking:
        return Saved(None, [*blocking, *reading.contradictions])
    told = told_by_number(str(reading.values.get("id_type") or ""), str(number))
    typed = {item: value for item, value in reading.values.items() if value is not None}
    teacher = new_teacher(unit, {**told, **typed})
    session.add(teacher)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("刚刚有人录入了同一个证件号，请刷新列表查看。") from error
    return Saved(teacher, reading.contradictions)


def new_teacher(unit: Unit, values: Mapping[str, Value]) -> Teacher:
    """An unsaved teacher with the defaults of what the school fills in."""
    teacher = Teacher(unit_id=unit.id, unit=unit, status="draft", stage=0)
    for field in BASIC_INFO.fields_for(unit.indicator_set):
        value = values.get(field.name)
        if value is None and field.filled_by in ("L", "A"):
            value = field.default_for(unit.indicator_set) or None
        setattr(teacher, field.name, value)
    return teacher


def save_row(
    session: Session,
    actor: Actor,
    section: Section,
    teacher: Teacher,
    row_id: int | None,
    texts: Mapping[str, Raw],
    version: int,
    now: dt.datetime,
) -> Saved:
    """Store what was typed into one form. Incomplete is fine, unreadable is not; locked items are left as they are.

    Raises Conflict when the row was changed since the form was opened, NotAllowed when the record is locked.
    """
    teacher = lock(session, Teacher, teacher.id)
    row = teacher if not section.many else (row_for(session, section, teacher, row_id) if row_id else None)
    if row is not None and _has_moved(session, section, row, version):
        raise Conflict("这一条在您打开之后被别人改过。您填的内容已留在草稿里，请对照最新内容再保存。")
    rights = edit_rights(session, actor, teacher)
    if reason := rights.row_lock(section, row_id if section.many else teacher.id):
        raise NotAllowed(reason)
    open_items = {
        field.name: texts[field.name]
        for field in section.fields_for(teacher.indicator_set)
        if field.name in texts and not rights.item_lock(section, row_id, field)
    }
    base = section.values(row) if row is not None else {}
    reading = read_row(section, open_items, teacher.indicator_set, base)
    blocking = _blocking(section, reading)
    number = reading.values.get("id_number")
    if number and number != base.get("id_number") and units_holding(session, [str(number)]):
        blocking.append(Problem("id_number", ELSEWHERE))
    if not blocking and section.says_none({**base, **reading.values}):
        return _save_none(session, section, teacher, row_id, reading.contradictions, now)
    if section.many:
        blocking += _twins(session, section, teacher, row_id, {**base, **reading.values})
    if blocking:
        return Saved(None, [*blocking, *reading.contradictions])
    if row is None:
        row = section.model(teacher_id=teacher.id)
        session.add(row)
        forget_none(session, teacher, section)
    for name, value in reading.values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    _after_change(session, section, teacher, now)
    return Saved(row, reading.contradictions)


def _has_moved(session: Session, section: Section, row: Any, version: int) -> bool:
    """Whether somebody changed an item since `version`. The teacher's version moves with other rows and steps too."""
    if row.version == version:
        return False
    if not 0 < version < row.version:  # no version that a form was ever given
        return True
    return any(section.fields[item].filled_by != "D" for item in earlier_values(session, row, version))


def _save_none(
    session: Session,
    section: Section,
    teacher: Teacher,
    row_id: int | None,
    contradictions: list[Problem],
    now: dt.datetime,
) -> Saved:
    """A form that says 「无」 is no row: it is kept as such, and the row that was opened goes."""
    if contradictions:
        return Saved(None, contradictions)
    try:
        stored = store_none(session, teacher, section, row_id)
    except AppError as error:
        assert section.none_when is not None
        return Saved(None, [Problem(section.none_when.item, error.message)])
    _after_change(session, section, teacher, now)
    return Saved(stored, [])


def say_none(
    session: Session, actor: Actor, section: Section, teacher: Teacher, now: dt.datetime, *, none: bool = True
) -> None:
    """Say 「无」 of a section that has no rows, or take it back. Raises AppError with the reason when it may not be."""
    teacher = lock(session, Teacher, teacher.id)
    if reason := edit_rights(session, actor, teacher).row_lock(section, None):
        raise NotAllowed(reason)
    if none:
        store_none(session, teacher, section)
    else:
        forget_none(session, teacher, section)
    _after_change(session, section, teacher, now)


def _twins(
    session: Session, section: Section, teacher: Teacher, row_id: int | None, values: Mapping[str, Value]
) -> list[Problem]:
    """What keeps a row from standing beside another one of the same person: one row only, one for each year …"""
    if (not section.single and not section.unique) or any(values.get(item) is None for item in section.unique):
        return []
    same = [getattr(section.model, item) == values[item] for item in section.unique]
    query = select(section.model.id).where(section.model.teacher_id == teacher.id, *same)
    if all(found == row_id for found in session.scalars(query)):
        return []
    if section.single:
        return [Problem("", f"「{section.title}」只有一条，请修改已有的那一条。")]
    names = "、".join(f"「{section.fields[item].label}」" for item in section.unique)
    return [Problem(section.unique[0], f"{names}相同的已经有一条，请修改那一条。")]


def delete_row(
    session: Session, actor: Actor, section: Section, teacher: Teacher, row_id: int, now: dt.datetime
) -> None:
    """Delete one row of a section."""
    teacher = lock(session, Teacher, teacher.id)
    row = row_for(session, section, teacher, row_id)
    if reason := edit_rights(session, actor, teacher).delete_lock(section, row_id):
        raise NotAllowed(reason)
    session.delete(row)
    _after_change(session, section, teacher, now)


def _after_change(session: Session, section: Section, teacher: Teacher, now: dt.datetime) -> None:
    """Derived items follow, and the record's version moves: a reviewer's page that shows the old content is stale."""
    if section.many:
        teacher.content_at = now
        refresh_derived(session, [teacher], [section.name])
    session.flush()


def delete_teacher(session: Session, teacher: Teacher, has_account: bool) -> None:
    """Delete a record that was never reported. Raises AppError when it may not go."""
    teacher = lock(session, Teacher, teacher.id)
    if teacher.status not in ("draft", "rejected") or teacher.reported_at is not None:
        raise AppError("报送过的档案不能删除。离职、调走请办理相应变动。")
    if has_account:
        raise AppError("这位教师已有自助账号，请先删除账号。")
    for section in CHILD_STORED:
        for row in session.scalars(select(section.model).where(section.model.teacher_id == teacher.id)):
            session.delete(row)
    session.flush()
    for mark in open_marks(session, teacher.id):
        session.delete(mark)
    session.delete(teacher)
    session.flush()
