"""Whether a unit may have a code, a name and a place, looked up among the others."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.core.sections.section import Problem
from app.organisations.declarations import code_defect, superior_defect
from app.organisations.models import Unit, UnitChange

TAKEN = "代码「{code}」已有其他单位在用，请核对。"
USED_UP = "代码「{code}」别的单位用过，作废的代码不再给其他单位。"
SISTER = "「{above}」下面已经有「{name}」。撤销了的请「恢复」，不要新增。"
CLOSED = "上级单位「{name}」已经撤销，请核对。"


def naming_problems(
    session: Session, level: str, kind: str, code: str, name: str, parent: Unit, own_id: int = 0
) -> Iterator[Problem]:
    """All that is wrong with these. `own_id`: the unit itself, when it is there already."""
    if defect := superior_defect(level, parent.level):
        yield Problem("parent", defect)
        return
    if not parent.active:
        yield Problem("parent", CLOSED.format(name=parent.name))
    if defect := code_defect(level, code, kind, province_of(session, parent)):
        yield Problem("code", defect)
    elif defect := _code_is_taken(session, code, own_id):
        yield Problem("code", defect)
    sister = select(Unit.id).where(Unit.parent_id == parent.id, Unit.name == name, Unit.id != own_id)
    if session.scalar(sister.limit(1)) is not None:
        yield Problem("name", SISTER.format(above=parent.name, name=name))


def province_of(session: Session, unit: Unit) -> str:
    """The two digits of the province in which a unit lies; "" for the nation."""
    province_id = unit.scope_ids[0]
    return session.get_one(Unit, province_id).code[:2] if province_id else ""


def waiting() -> ColumnElement[bool]:
    """Changes whose day has not come."""
    return UnitChange.applied_at.is_(None) & (UnitChange.refused == "")


def _code_is_taken(session: Session, code: str, own_id: int) -> str:
    if session.scalar(select(Unit.id).where(Unit.code == code, Unit.id != own_id)) is not None:
        return TAKEN.format(code=code)
    claimed = or_(UnitChange.old_code == code, (UnitChange.code == code) & waiting())
    if session.scalar(select(UnitChange.id).where(claimed, UnitChange.unit_id != own_id).limit(1)) is not None:
        return USED_UP.format(code=code)
    return ""
