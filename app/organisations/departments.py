"""二级单位: departments of a school, as units below it. People's records hold their code, so none is ever deleted."""

import datetime as dt
import string
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.codes import LocalCode, codes
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.scope import DEPARTMENT
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.organisations.models import DEPARTMENT_TABLE, Unit
from app.permissions import Permission as P

SIGNS = string.digits + string.ascii_uppercase
MOST = 400  # of one school
DEPARTMENTS = Settings(
    name="department",
    title="二级单位",
    items=(
        Field(name="name", label="名称", kind="text", length=50, required=True,
              help="全称，如 数学与统计学院。改名后，教师档案上也跟着改。"),
    ),
)  # fmt: skip
# The list of changes also tells since when a department is closed; in the form there is a button for it.
TOLD = Settings(
    name="department",
    title="二级单位",
    items=(*DEPARTMENTS.items, Field(name="active", label="在用", kind="bool", code_table="YES_NO")),
)
LOG = "department"


def departments_of(connection: Connection, school_id: int) -> Sequence[LocalCode]:
    """The departments of a school as codes of a table, in the order in which they were made."""
    query = select(Unit.code, Unit.name, Unit.active).where(Unit.parent_id == school_id, Unit.level == DEPARTMENT)
    rows = connection.execute(query.order_by(Unit.id)).all()
    return [(row.code, row.name, "" if row.active else "停用") for row in rows]


codes.of_schools(DEPARTMENT_TABLE, "二级单位", departments_of)


def save_department(
    session: Session, actor: Actor, row: Unit | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Add a department to the actor's school, or rename one; the problems that kept it from being stored."""
    school = _own_school(session, actor, row)
    base: dict[str, Value] = {} if row is None else {"name": row.name}
    values, found = read_settings(DEPARTMENTS, texts, actor.indicator_set, base)
    sisters = session.scalars(select(Unit).where(Unit.parent_id == school.id, Unit.level == DEPARTMENT)).all()
    if any(other is not row and other.name == values.get("name") for other in sisters):
        found.append(Problem("name", f"已经有「{values['name']}」。停用的请「恢复」，不要新增。"))
    if row is None and len(sisters) >= MOST:
        found.append(Problem("name", f"一所学校最多 {MOST} 个二级单位。"))
    if found:
        return found
    row = row or _new_department(school, [other.code for other in sisters])
    row.name = str(values["name"])
    session.add(row)
    session.flush()
    note_change(session, actor, now, LOG, row.code, base, values)
    return []


def set_department_in_use(session: Session, actor: Actor, row: Unit, now: dt.datetime, *, in_use: bool) -> None:
    """Stop offering a department, or offer it again. Its people keep it until they are moved."""
    _own_school(session, actor, row)
    if in_use == row.active:
        raise Conflict("刚刚有人办过了，请看列表中的最新情况。")
    note_change(session, actor, now, LOG, row.code, {"active": "1" if row.active else "0"}, {"active": "01"[in_use]})
    row.active = in_use
    session.flush()


def _own_school(session: Session, actor: Actor, row: Unit | None) -> Unit:
    """The actor's school, under a lock. Raises NotAllowed for anybody else, and for another school's department."""
    actor.must(P.DEPARTMENT_EDIT)
    if actor.level != "school" or (row is not None and row.parent_id != actor.unit_id):
        raise NotAllowed("只能维护本校的二级单位。")
    return session.get_one(Unit, actor.unit_id, with_for_update=True)


def _new_department(school: Unit, taken: Sequence[str]) -> Unit:
    province, city, county, _ = school.scope_ids
    return Unit(
        code=_free_code(school.code, taken),
        level=DEPARTMENT,
        parent_id=school.id,
        province_id=province,
        city_id=city,
        county_id=county,
        school_kind=school.school_kind,
        active=True,
    )


def _free_code(school_code: str, taken: Sequence[str]) -> str:
    """The school's code and two signs: 01 … 99, then with letters."""
    pairs = sorted((a + b for a in SIGNS for b in SIGNS if a + b != "00"), key=lambda pair: (not pair.isdigit(), pair))
    free = next((school_code + pair for pair in pairs if school_code + pair not in taken), None)
    if free is None:
        raise AppError("二级单位的编号用完了，请联系上级。")
    return free
