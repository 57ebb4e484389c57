"""Code tables (数据字典): the stored rows, how they are changed, and a snapshot of them in memory.

Codes are text (leading zeros, letters). Retired codes stay, so that old rows keep their names.
"""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Connection, Engine, Integer, String, UniqueConstraint, event, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.code_list import LISTED, CodeList, make_code_list
from app.core.db import Base, short_read
from app.core.indicator_set import OF_SCHOOL
from app.core.pinyin import is_spelt, syllables

REFRESH_SECONDS = 5
CHANGED = "codes_changed"
PINYIN_LENGTH = 200
SCHOOLS_KEPT = 500  # schools whose own tables are in memory at once
LocalCode: TypeAlias = tuple[str, str, str]  # code, name, last day ("" for in use)
ReadLocal: TypeAlias = Callable[[Connection, int], Sequence[LocalCode]]  # the codes of one school by its id
TABLES = "CODE_TABLE"  # the tables themselves as a code table, so that one is chosen and named like a code


class CodeTable(Base):
    """One code table."""

    __tablename__ = "code_table"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(60))
    standard: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(400), default="")
    version: Mapped[int] = mapped_column(Integer, default=0)  # moves with every change of its codes, see `touch`
    province_id: Mapped[int] = mapped_column(Integer, default=0)  # whose table it is; 0: the nation's


class Code(Base):
    """One code of a table, as it was valid over a span of time."""

    __tablename__ = "code"
    __table_args__ = (UniqueConstraint("table_name", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(40), index=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    parent: Mapped[str] = mapped_column(String(20), default="")
    school_types: Mapped[str] = mapped_column(String(10), default="")
    valid_from: Mapped[str] = mapped_column(String(10), default="")
    valid_to: Mapped[str] = mapped_column(String(10), default="")
    sort: Mapped[int] = mapped_column(Integer, default=0)
    selectable: Mapped[bool] = mapped_column(Boolean, default=True)
    aliases: Mapped[str] = mapped_column(String(400), default="")
    pinyin: Mapped[str] = mapped_column(String(PINYIN_LENGTH), default="")
    certainty: Mapped[str] = mapped_column(String(20), default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    edited: Mapped[bool] = mapped_column(Boolean, default=False)  # by an administrator: the files leave it alone
    province_id: Mapped[int] = mapped_column(Integer, default=0)  # the province that added it; 0: the nation


# What a file in seed/codes, or a form, may say of a code; how its text becomes a value.
READ: Mapping[str, Any] = {"sort": int, "selectable": lambda text: text == "1"} | dict.fromkeys(
    "code name parent school_types valid_from valid_to aliases certainty source".split(), str
)
NEW = SimpleNamespace(edited=False, **dict.fromkeys((*READ, "pinyin")))


# ── the snapshot ──


class CodeBook:
    """All code tables in memory; a table is read again when its version has moved, looked at every few seconds."""

    def __init__(self) -> None:
        self._lists: dict[str, CodeList] = {}
        self._versions: dict[str, int] = {}
        self._checked = float("-inf")
        self._also: list[Callable[[Session], None]] = []
        self._local: dict[str, tuple[str, ReadLocal]] = {}
        self._engine: Engine | None = None
        self._of_one: dict[str, tuple[float, CodeList]] = {}

    def read_together(self, refresh: Callable[[Session], None]) -> None:
        """Name something else that is looked at as often as the codes."""
        self._also.append(refresh)

    def refresh(self, session: Session) -> None:
        """Look whether stored codes have changed; costs one small query every REFRESH_SECONDS."""
        self._engine = session.get_bind().engine
        if time.monotonic() - self._checked < REFRESH_SECONDS:
            return
        # The versions first: codes that change meanwhile are read again the next time.
        columns = (CodeTable.name, CodeTable.title, CodeTable.version, CodeTable.province_id)
        found = session.execute(select(*columns).order_by(CodeTable.title)).all()
        titles = {name: title for name, title, version, _ in found if self._versions.get(name) != version}
        if titles:
            rows: dict[str, list[Any]] = {name: [] for name in titles}
            listed = [getattr(Code, name) for name in ("table_name", *LISTED)]  # rows are read faster than objects
            for row in session.execute(select(*listed).where(Code.table_name.in_(titles)).order_by(Code.sort, Code.id)):
                rows[row[0]].append(row[1:])
            fresh = {name: make_code_list(name, title, rows[name]) for name, title in titles.items()}
            tables = [(name, title, "", "", "", 0, True, "", "", owner) for name, title, _, owner in found]
            fresh[TABLES] = make_code_list(TABLES, "代码表", tables, plain=True)
            self._lists = self._lists | fresh  # other threads go on reading the old ones
            self._versions = {name: version for name, _, version, _ in found}
        for refresh in self._also:
            refresh(session)
        self._checked = time.monotonic()

    def declare(self, name: str, title: str, names: Mapping[str, str], below: Mapping[str, str] | None = None) -> None:
        """A table that is part of the program: codes with their names. `below`: the headings they stand under."""
        above = below or {}
        rows = [
            (code, text, above.get(code, ""), "", "", number, code not in above.values(), "", "", 0)
            for number, (code, text) in enumerate(names.items())
        ]
        self._lists[name] = make_code_list(name, title, rows, plain=True)

    @property
    def snapshot(self) -> Mapping[str, CodeList]:
        """All tables as they are now, those of single schools apart: another object when any of them has changed."""
        return self._lists

    def forget(self) -> None:
        """Look again at the next use: called after codes were changed here."""
        self._checked = float("-inf")
        self._of_one = {}

    def of_schools(self, name: str, title: str, read: ReadLocal) -> None:
        """A table that each school has for itself; it is read when somebody asks for that school's."""
        self._local[name] = (title, read)

    def _of_school(self, name: str) -> CodeList:
        table, _, school = name.partition(OF_SCHOOL)
        title, read = self._local[table]
        kept = self._of_one.get(name)
        if kept is None or kept[0] < self._checked:
            with short_read(self._engine) as connection:
                found = read(connection, int(school)) if school != "0" else ()
            rows = [
                (code, text, "", "", until, place, True, "", "", 0) for place, (code, text, until) in enumerate(found)
            ]
            kept = (time.monotonic(), make_code_list(name, title, rows, plain=True))
            if len(self._of_one) > SCHOOLS_KEPT:
                self._of_one = {}
            self._of_one[name] = kept
        return kept[1]

    def __getitem__(self, name: str) -> CodeList:
        if OF_SCHOOL in name:
            return self._of_school(name)
        try:
            return self._lists[name]
        except KeyError:
            raise KeyError(f"code table {name} is not loaded: run the deploy command") from None

    def __contains__(self, name: str) -> bool:
        return name in self._lists


codes = CodeBook()


# ── changing codes ──


def store_code(session: Session, table_name: str, values: Mapping[str, str], province_id: int = 0) -> Code:
    """Add a code or change one: the way for every screen and command, so that all web processes notice in seconds.

    values: texts by the columns of the files in seed/codes, `code` among them; what is left out stays as it is.
    province_id: whose a new code is; 0 is the nation.
    """
    wanted = select(Code).where(Code.table_name == table_name, Code.code == values["code"])
    row = session.scalar(wanted) or Code(table_name=table_name, name="", pinyin="", province_id=province_id)
    changed = _changes(row, values)
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.edited = True
        session.add(row)
        touch(session, table_name)
    session.flush()
    return row


def touch(session: Session, table_name: str) -> None:
    """Move the version of a table: whoever changes it otherwise (its title, many rows at once) says so by this."""
    moved = update(CodeTable).where(CodeTable.name == table_name).values(version=CodeTable.version + 1)
    session.execute(moved, execution_options={"synchronize_session": False})
    session.info[CHANGED] = True


@event.listens_for(Session, "after_commit")
def _look_again(session: Session) -> None:
    """This process shows its own change at once; the others look within REFRESH_SECONDS."""
    if session.info.pop(CHANGED, False):
        codes.forget()


def _changes(row: Any, texts: Mapping[str, str]) -> dict[str, Any]:
    """What the texts change in a row; a new name is spelt anew."""
    new = {name: READ[name](text) for name, text in texts.items() if name in READ}
    if "name" in new and (row.name != new["name"] or not is_spelt(row.name, row.pinyin)):
        new["pinyin"] = syllables(new["name"])[:PINYIN_LENGTH]
    return {name: value for name, value in new.items() if getattr(row, name) != value}


def load_code_files(session: Session, folder: Path) -> int:
    """Bring the stored code tables up to the files in seed/codes. Codes are added or renamed, never removed.

    What an administrator has changed stays as it is.
    """
    with (folder / "_tables.csv").open(encoding="utf-8", newline="") as file:
        titles = {row["table"]: row for row in csv.DictReader(file)}
    tables = {table.name: table for table in session.scalars(select(CodeTable))}
    columns = [
        getattr(Code, name) for name in ("id", "table_name", "pinyin", "edited", *READ)
    ]  # thousands of rows, not objects
    known = {(row.table_name, row.code): row for row in session.execute(select(*columns))}
    count = 0
    for path in sorted(folder.glob("[A-Z]*.csv")):
        changed = _store_table(session, tables.get(path.stem) or CodeTable(name=path.stem), titles[path.stem])
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        changes = [(known.get((path.stem, line["code"]), NEW), line) for line in lines]
        new = [_changes(row, line) for row, line in changes if row is NEW]
        if new:
            session.execute(insert(Code), [{"table_name": path.stem, **values} for values in new])
        for row, line in changes:
            if row is not NEW and not row.edited and (values := _changes(row, line)):
                session.execute(update(Code).where(Code.id == row.id).values(values))
                changed = True
        if changed or new:
            session.flush()
            touch(session, path.stem)
        count += len(lines)
    return count


def _store_table(session: Session, table: CodeTable, head: Mapping[str, str]) -> bool:
    old = (table.title, table.standard, table.note)
    table.title, table.standard, table.note = head["title"], head["standard"], head["note"]
    session.add(table)
    return old != (table.title, table.standard, table.note)
