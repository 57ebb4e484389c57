"""Verbs of units."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AppError
from app.organisations.models import LEVELS, Unit


def load_units(session: Session, rows: Iterable[Mapping[str, str]]) -> int:
    """Make or update units, superior ones first; how many rows were read. Flushes.

    Rows have code, name, level, parent (a code), indicator_set, school_category. Raises AppError naming the row.
    """
    known = {unit.code: unit for unit in session.scalars(select(Unit))}
    count = 0
    for count, row in enumerate(rows, start=1):
        code, level, above = row["code"].strip(), row["level"].strip(), row["parent"].strip()
        if level not in LEVELS:
            raise AppError(f"第 {count} 行：级别「{level}」不对，只能是 {'、'.join(LEVELS)}。", field="level")
        parent = known.get(above)
        if parent is None and level != "nation":
            raise AppError(f"第 {count} 行：上级单位 {above} 不存在，请把上级排在前面。", field="parent")
        if level == "school" and not row["indicator_set"]:
            raise AppError(f"第 {count} 行：学校要写明指标体系（K S E V H U 之一）。", field="indicator_set")
        unit = known.get(code) or Unit(code=code)
        unit.name, unit.level, unit.parent_id = row["name"].strip(), level, parent.id if parent else None
        unit.indicator_set, unit.school_category = row["indicator_set"], row["school_category"]
        if parent is not None:
            unit.province_id, unit.city_id, unit.county_id, _ = parent.scope_ids
        session.add(unit)
        session.flush()
        known[code] = unit
    return count
