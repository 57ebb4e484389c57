"""A list of units against those that are stored: what is new, what changes, what is wrong in which row.

Superiors may stand below their inferiors in the list, so that rows are read first and their places are judged then.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.file_lines import Line
from app.core.file_plans import Findings
from app.core.sections.fields import Value
from app.core.sections.reading import read_row
from app.core.sections.section import Problem, missing, show
from app.core.settings_log import as_text
from app.organisations.changes import ONE_AT_A_TIME
from app.organisations.checks import CLOSED, SISTER, TAKEN, USED_UP, waiting
from app.organisations.declarations import NORMAL, UNIT, code_defect, superior_defect, values_of
from app.organisations.models import SUPERIORS, Unit, UnitChange
from app.organisations.moving import chunks
from app.organisations.queries import is_below
from app.organisations.unit_file import NATION, number_in

TWICE = "代码「{code}」在文件里出现了两次，前面是第 {row} 行。"
FOR_GOOD = "「{label}」现在是「{old}」，定了就不能改。"
NO_SUPERIOR = "上级单位 {code} 不存在或不归您管，文件里也没有这个代码，请核对。"
NO_DEPARTMENTS = "二级单位由学校在「二级单位」里维护，不在名单里。"
ALREADY_CLOSED = "「{name}」已经撤销，请先恢复再改名或换上级。"
Item = tuple[str, str]  # parent's code, name


@dataclass
class Stored:
    """What the database knows of the units that a list names."""

    units: dict[str, Unit]  # by code
    codes: dict[int, str]  # of their superiors and provinces, by id
    used: dict[str, int]  # codes that were some unit's before, or will be
    waiting: set[int]  # units with a change that has not taken effect

    def values(self, unit: Unit) -> dict[str, Value]:
        """A stored unit as the list has it."""
        return values_of(unit, self.codes.get(unit.parent_id or 0))


def compare(session: Session, actor: Actor, lines: Sequence[Line]) -> Findings:
    """What would have to be done so that the units are as the list says. An empty cell leaves an item as it is."""
    found = Findings({name: field.label for name, field in UNIT.fields.items()})
    stored = look_up(session, {number_in(line, item) for line in lines for item in ("code", "parent")})
    for line in lines:
        _read(found, stored, line)
    sisters = _sisters(session, found, stored)
    for code, values in found.wanted.items():
        for problem in [*_own_problems(actor, stored, code, values)] or _place_problems(
            found, actor, stored, sisters, code, values
        ):
            found.wrong(found.rows[code], code, problem)
        if found.rows[code] not in found.bad_rows:
            _step(found, stored, code, values)
    return found


def look_up(session: Session, names: Collection[str]) -> Stored:
    """All that is stored of units with these codes, in a few queries."""
    units: dict[str, Unit] = {}
    used: dict[str, int] = {}
    for some in chunks(names):
        units |= {unit.code: unit for unit in session.scalars(select(Unit).where(Unit.code.in_(some)))}
        claimed = or_(UnitChange.old_code.in_(some), UnitChange.code.in_(some) & waiting())
        for change in session.scalars(select(UnitChange).where(claimed)):
            used |= {code: change.unit_id for code in (change.old_code, change.code) if code}
    codes: dict[int, str] = {unit.id: unit.code for unit in units.values()}
    named = {key for unit in units.values() for key in (unit.parent_id, unit.province_id) if key}
    for some in chunks(named - codes.keys()):
        codes |= {key: code for key, code in session.execute(select(Unit.id, Unit.code).where(Unit.id.in_(some)))}
    open_now = set(session.scalars(select(UnitChange.unit_id).where(waiting())))
    return Stored(units, codes, used, open_now)


def _read(found: Findings, stored: Stored, line: Line) -> None:
    code = number_in(line, "code")
    old, raw = stored.units.get(code), line.filled
    raw |= {item: number_in(line, item) for item in ("code", "parent") if item in raw}
    base: dict[str, Value] = {"status": NORMAL} if old is None else stored.values(old)
    reading = read_row(UNIT, raw, NATION, base)
    values, said = {**base, **reading.values}, {problem.item for problem in reading.problems}
    empty = (problem for problem in missing(UNIT, values, NATION) if problem.item not in said)
    for problem in (*line.problems(), *reading.problems, *empty):
        found.wrong(line.number, code, problem)
    if code in found.rows:
        found.wrong(line.number, code, Problem("code", TWICE.format(code=code, row=found.rows[code])))
    elif code:
        found.rows[code], found.wanted[code] = line.number, values


def _own_problems(actor: Actor, stored: Stored, code: str, values: Mapping[str, Value]) -> Iterator[Problem]:
    """Whether the actor may change this unit by a list, and nothing that is for good."""
    old = stored.units.get(code)
    if old is None:
        return
    if not is_below(actor, old):
        yield Problem("code", TAKEN.format(code=code))
        return
    base = stored.values(old)
    for name in ("level", "school_kind"):
        if values.get(name) != base.get(name):
            field = UNIT.fields[name]
            yield Problem(name, FOR_GOOD.format(label=field.label, old=show(field, base.get(name), NATION)))


def _place_problems(
    found: Findings, actor: Actor, stored: Stored, sisters: Mapping[Item, str], code: str, values: Mapping[str, Value]
) -> Iterator[Problem]:
    """What is wrong with where a unit of the list stands, and with its code there."""
    old, above = stored.units.get(code), str(values.get("parent") or "")
    base = stored.values(old) if old is not None else {}
    renamed = any(values.get(name) != base.get(name) for name in ("name", "parent"))
    if not values.get("level") or not above or not renamed:
        return
    parent = stored.units.get(above)
    if above not in found.wanted and (parent is None or not _may_hang_on(actor, parent)):
        yield Problem("parent", NO_SUPERIOR.format(code=above))
        return
    if parent is not None and not parent.active:
        yield Problem("parent", CLOSED.format(name=parent.name))
    yield from _code_problems(found, stored, code, values)
    if sisters.get((above, str(values.get("name")))) not in (code, None):
        yield Problem("name", SISTER.format(above=above, name=values.get("name")))
    if old is not None and old.id in stored.waiting:
        yield Problem("name", ONE_AT_A_TIME)
    if old is not None and not old.active:
        yield Problem("name", ALREADY_CLOSED.format(name=old.name))


def _may_hang_on(actor: Actor, parent: Unit) -> bool:
    return actor.level == "nation" or parent.id == actor.unit_id or is_below(actor, parent)


def _code_problems(found: Findings, stored: Stored, code: str, values: Mapping[str, Value]) -> Iterator[Problem]:
    """The level below the superior's, and the code in that place."""
    level, above, kind = (str(values.get(name) or "") for name in ("level", "parent", "school_kind"))
    old = stored.units.get(code)
    if level == "department":
        yield Problem("level", NO_DEPARTMENTS)
    elif defect := superior_defect(level, _level(found, stored, above)):
        yield Problem("parent", defect)
    elif defect := code_defect(level, code, kind, _province(found, stored, above)):
        yield Problem("code", defect)
    elif code in stored.used and (old is None or stored.used[code] != old.id):
        yield Problem("code", USED_UP.format(code=code))


def _level(found: Findings, stored: Stored, code: str) -> str:
    if code in found.wanted:
        return str(found.wanted[code].get("level") or "")
    return stored.units[code].level


def _province(found: Findings, stored: Stored, code: str) -> str:
    """The two digits of the province in which a unit lies; "" for the nation, and where the list is wrong above."""
    for _ in SUPERIORS:  # no chain is longer
        if code not in found.wanted:
            unit = stored.units.get(code)
            province_id = unit.scope_ids[0] if unit else None
            return stored.codes.get(province_id or 0, "")[:2]
        if found.wanted[code].get("level") == "province":
            return code[:2]
        code = str(found.wanted[code].get("parent") or "")
    return ""


def _sisters(session: Session, found: Findings, stored: Stored) -> dict[Item, str]:
    """Which code has a name below a superior, once all of the list is written; the first of two."""
    above = {str(values.get("parent") or "") for values in found.wanted.values()}
    keys = [stored.units[code].id for code in above if code in stored.units]
    sisters: dict[Item, str] = {}
    for some in chunks(keys):
        query = select(Unit.parent_id, Unit.name, Unit.code).where(Unit.parent_id.in_(some))
        for parent_id, name, code in session.execute(query):
            if code not in found.wanted and parent_id is not None:
                sisters[stored.codes[parent_id], name] = code
    for code, values in found.wanted.items():
        sisters.setdefault((str(values.get("parent") or ""), str(values.get("name") or "")), code)
    return sisters


def _step(found: Findings, stored: Stored, code: str, values: Mapping[str, Value]) -> None:
    old = stored.units.get(code)
    base = stored.values(old) if old is not None else {}
    texts = {name: as_text(values.get(name)) for name in UNIT.fields}
    before = {name: as_text(base.get(name)) for name in texts}
    changed = {name: text for name, text in before.items() if text != texts[name]}
    if old is not None and not changed:
        found.same += 1
        return
    kind = "new" if old is None else "changed"
    found.steps.append({"kind": kind, "code": code, "row": found.rows[code], "texts": texts, "old": changed})
