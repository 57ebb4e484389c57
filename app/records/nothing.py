"""Saying 「无」 of a section, and taking it back. The callers hold the lock on the teacher and own the transaction."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotAllowed
from app.core.sections.section import Section
from app.records.sections.none_said import NoneSaid
from app.records.teacher import Teacher

NOT_HERE = "「{title}」不能填「无」，至少要有一条。"
HAS_ROWS = "「{title}」已有 {count} 条，不能填「无」。请先删除已有的记录。"


def said(session: Session, teacher_id: int, section: Section) -> NoneSaid | None:
    """The row that says 「无」, if there is one."""
    query = select(NoneSaid).where(NoneSaid.teacher_id == teacher_id, NoneSaid.section == section.name)
    return session.scalar(query)


def store_none(session: Session, teacher: Teacher, section: Section, row_id: int | None = None) -> NoneSaid:
    """Keep that there is nothing; `row_id` is a row that now says so and goes. Raises AppError if others are there."""
    if not section.may_be_none:
        raise NotAllowed(NOT_HERE.format(title=section.title))
    rows = list(session.scalars(select(section.model).where(section.model.teacher_id == teacher.id)))
    others = [row for row in rows if row.id != row_id]
    if others:
        raise AppError(HAS_ROWS.format(title=section.title, count=len(others)))
    for row in rows:
        session.delete(row)
    found = said(session, teacher.id, section)
    if found is None:
        found = NoneSaid(teacher_id=teacher.id, section=section.name)
        session.add(found)
    session.flush()
    return found


def forget_none(session: Session, teacher: Teacher, section: Section) -> None:
    """There is something after all, or it is open again. Nothing happens where 「无」 was not said."""
    if section.may_be_none and (found := said(session, teacher.id, section)) is not None:
        session.delete(found)
        session.flush()
