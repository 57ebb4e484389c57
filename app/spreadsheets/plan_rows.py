"""The rows of a plan as they are kept: many in one block, compressed and encrypted together.

One by one, a hundred thousand rows would cost more to store than to work out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from app.core.scope import SCOPE_COLUMNS, ScopeIds
from app.core.sections.section import Section
from app.records import BY_NAME, NOTHING
from app.spreadsheets.models import ImportBlock

BLOCK = 500


@dataclass
class PlanRow:
    """One row of the file, or one stored row that `replace` would delete.

    values, old: {item: stored form}; errors, warnings: [{"identifier", "column", "message"}]; texts: what was typed,
    by identifier, of rows with errors.
    """

    sheet: str
    section: str
    action: str  # create, update, same, delete, or error
    row_no: int  # 1-based as Excel counts; 0 for a stored row that would be deleted
    intended: str  # what it would do without its errors
    key: str  # ID number
    name: str
    target_id: int | None = None  # the stored row that is changed or deleted
    owner_id: int | None = None  # the stored teacher it hangs on
    base_version: int | None = None
    written_id: int | None = None
    written_version: int | None = None  # None until written; that of a deleted row is the one it had
    values: dict[str, str | None] = field(default_factory=dict)
    old: dict[str, str | None] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def lock_place(self, row_id: int | None) -> tuple[Section, int | None]:
        """Section and row whose locks count. Saying 「无」 of a section is like adding or deleting its first row."""
        if self.section != NOTHING.name:
            return BY_NAME[self.section], row_id
        said = (self.values or self.old)["section"]
        assert said is not None
        return BY_NAME[said], None


COMMON = ("sheet", "section", "action")
OWN = tuple(item.name for item in fields(PlanRow) if item.name not in COMMON)
_pack = attrgetter(*OWN)


@dataclass(frozen=True)
class Block:
    """A stored block and its rows."""

    id: int
    rows: list[PlanRow]


def store_rows(session: Session, plan_id: int, place: ScopeIds, rows: Iterable[PlanRow]) -> None:
    """Add rows to a plan; rows of one kind keep their order."""
    scope = dict(zip(SCOPE_COLUMNS, place, strict=True))
    lines = []
    for (sheet, section, action, known), own in groupby(sorted(rows, key=_kind), _kind):
        common = {"plan_id": plan_id, "sheet": sheet, "section": section, "action": action, "known": known, **scope}
        packed = [_pack(row) for row in own]
        for start in range(0, len(packed), BLOCK):
            part = packed[start : start + BLOCK]
            lines.append({**common, "count": len(part), "content": part})
    if lines:
        session.execute(insert(ImportBlock), lines)


def _kind(row: PlanRow) -> tuple[str, str, str, bool]:
    return row.sheet, row.section, row.action, row.owner_id is not None


def _unpack(sheet: str, section: str, action: str, content: Sequence[Sequence[Any]]) -> list[PlanRow]:
    return [PlanRow(sheet, section, action, *packed) for packed in content]


def blocks_of_plan(
    session: Session, plan_id: int, actions: Sequence[str] = (), section: str = "", *, known: bool | None = None
) -> Iterator[Block]:
    """The blocks of a plan in the order of the file, one at a time in memory.

    known: only rows of people who were stored before, or only of others.
    """
    query = select(ImportBlock.id).where(*_among(plan_id, actions, section, known)).order_by(ImportBlock.id)
    for block_id in list(session.scalars(query)):
        yield _read_block(session, block_id)


def count_planned(session: Session, plan_id: int, action: str, section: str, *, known: bool) -> int:
    """How many rows those blocks have."""
    query = select(func.sum(ImportBlock.count)).where(*_among(plan_id, (action,), section, known))
    return int(session.scalar(query) or 0)


def _among(plan_id: int, actions: Sequence[str], section: str, known: bool | None) -> list[ColumnElement[bool]]:
    wanted = [ImportBlock.plan_id == plan_id]
    if actions:
        wanted.append(ImportBlock.action.in_(actions))
    if section:
        wanted.append(ImportBlock.section == section)
    if known is not None:
        wanted.append(ImportBlock.known == known)
    return wanted


def _read_block(session: Session, block_id: int) -> Block:
    columns = (ImportBlock.sheet, ImportBlock.section, ImportBlock.action, ImportBlock.content)
    return Block(block_id, _unpack(*session.execute(select(*columns).where(ImportBlock.id == block_id)).one()))


def rows_of_plan(
    session: Session, plan_id: int, actions: Sequence[str] = (), section: str = "", *, known: bool | None = None
) -> Iterator[PlanRow]:
    """The rows of those blocks."""
    for block in blocks_of_plan(session, plan_id, actions, section, known=known):
        yield from block.rows


def page_of_rows(session: Session, plan_id: int, action: str, page: int, size: int) -> list[PlanRow]:
    """One page of the rows of one action; `page` counts from 0."""
    query = select(ImportBlock.id, ImportBlock.count).where(
        ImportBlock.plan_id == plan_id, ImportBlock.action == action
    )
    found: list[PlanRow] = []
    before = page * size
    for block_id, count in session.execute(query.order_by(ImportBlock.id)).all():
        if before < count:
            found += _read_block(session, block_id).rows[before : before + size - len(found)]
        before = max(0, before - count)
        if len(found) == size:
            break
    return found


def store_again(session: Session, block: Block) -> None:
    """Keep what has become of the rows of a block."""
    changed = update(ImportBlock).where(ImportBlock.id == block.id).values(content=[_pack(row) for row in block.rows])
    session.execute(changed.execution_options(synchronize_session=False))


def count_rows(session: Session, plan_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many rows of each plan are of each action."""
    query = select(ImportBlock.plan_id, ImportBlock.action, func.sum(ImportBlock.count))
    query = query.where(ImportBlock.plan_id.in_(plan_ids)).group_by(ImportBlock.plan_id, ImportBlock.action)
    found: dict[int, dict[str, int]] = {plan_id: {} for plan_id in plan_ids}
    for plan_id, action, count in session.execute(query):
        found[plan_id][action] = int(count)
    return found
