"""Code tables (数据字典): the stored rows, and a snapshot of them in memory by which codes are named and found.

Codes are text (leading zeros, letters). Retired codes stay, so that old rows keep their names.
"""

import csv
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pypinyin import Style, lazy_pinyin
from sqlalchemy import Boolean, Integer, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.text import clean, match_key
from app.core.validators import InvalidValue

REFRESH_SECONDS = 5


class CodeTable(Base):
    """One code table."""

    __tablename__ = "code_table"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(60))
    standard: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(400), default="")


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
    pinyin: Mapped[str] = mapped_column(String(200), default="")
    certainty: Mapped[str] = mapped_column(String(20), default="")
    source: Mapped[str] = mapped_column(String(200), default="")


@dataclass(frozen=True)
class CodeEntry:
    """One code as the application uses it."""

    code: str
    name: str
    parent: str
    school_types: str
    valid_to: str
    sort: int
    selectable: bool
    aliases: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.code}-{self.name}"

    def offered_to(self, indicator_set: str) -> bool:
        """Whether a form may offer it: selectable, not retired, meant for this kind of school."""
        return self.selectable and not self.valid_to and (not self.school_types or indicator_set in self.school_types)


@dataclass(frozen=True)
class CodeList:
    """A code table in memory."""

    name: str
    title: str
    entries: Mapping[str, CodeEntry]
    _by_text: Mapping[str, str] = field(repr=False)

    def show(self, code: str | None) -> str:
        """The name of a code; a code nobody knows is shown as it is."""
        if not code:
            return ""
        entry = self.entries.get(code)
        return entry.name if entry else code

    def offered(self, indicator_set: str) -> list[CodeEntry]:
        """What a form offers, in order."""
        return [entry for entry in self.entries.values() if entry.offered_to(indicator_set)]

    def find(self, text: str, indicator_set: str) -> CodeEntry:
        """The code meant by what somebody typed: code, name, alias or `code-name`.

        Raises InvalidValue with the nearest names when nothing fits.
        """
        wanted = clean(text)
        code = self._by_text.get(match_key(wanted))
        if code and self.entries[code].offered_to(indicator_set):
            return self.entries[code]
        near = [e.name for e in self.offered(indicator_set) if wanted and (wanted in e.name or e.name in wanted)][:3]
        offered = near or [entry.name for entry in self.offered(indicator_set)[:4]]
        raise InvalidValue(f"「{self.title}」代码表里没有「{wanted}」。可填：{'、'.join(offered)}等。")


_WORDS: tuple[Callable[[CodeEntry], tuple[str, ...]], ...] = (
    lambda entry: (entry.code, entry.label),
    lambda entry: (entry.name,),
    lambda entry: entry.aliases,
)


def _code_list(table: CodeTable, rows: Iterable[Code]) -> CodeList:
    entries: dict[str, CodeEntry] = {}
    by_text: dict[str, str] = {}
    for row in rows:
        aliases = tuple(alias for alias in row.aliases.split("|") if alias)
        entries[row.code] = CodeEntry(
            row.code, row.name, row.parent, row.school_types, row.valid_to, row.sort, row.selectable, aliases
        )
    for words_of in _WORDS:  # a code goes before a name, a name before an alias
        for entry in entries.values():
            for word in words_of(entry):
                by_text.setdefault(match_key(word), entry.code)
    return CodeList(table.name, table.title, entries, by_text)


class CodeBook:
    """All code tables in memory; read again at most every few seconds, and only when the stored rows have changed."""

    def __init__(self) -> None:
        self._lists: dict[str, CodeList] = {}
        self._stamp: tuple[int, int] = (-1, -1)
        self._checked = float("-inf")

    def refresh(self, session: Session) -> None:
        """Look whether the stored codes have changed; costs one small query every REFRESH_SECONDS."""
        if time.monotonic() - self._checked < REFRESH_SECONDS:
            return
        count, newest = session.execute(select(func.count(Code.id), func.max(Code.id))).one()
        if (count, newest or 0) != self._stamp:
            rows: dict[str, list[Code]] = {}
            for row in session.scalars(select(Code).order_by(Code.table_name, Code.sort, Code.id)):
                rows.setdefault(row.table_name, []).append(row)
            self._lists = {
                table.name: _code_list(table, rows.get(table.name, [])) for table in session.scalars(select(CodeTable))
            }
            self._stamp = (count, newest or 0)
        self._checked = time.monotonic()

    def forget(self) -> None:
        """Read again at the next use: called after codes were changed here."""
        self._checked = float("-inf")
        self._stamp = (-1, -1)

    def __getitem__(self, name: str) -> CodeList:
        try:
            return self._lists[name]
        except KeyError:
            raise KeyError(f"code table {name} is not loaded: run the deploy command") from None

    def __contains__(self, name: str) -> bool:
        return name in self._lists


codes = CodeBook()


def load_code_files(session: Session, folder: Path) -> int:
    """Bring the stored code tables up to the files in seed/codes. Codes are added or renamed, never removed."""
    with (folder / "_tables.csv").open(encoding="utf-8", newline="") as file:
        titles = {row["table"]: row for row in csv.DictReader(file)}
    known_tables = {table.name: table for table in session.scalars(select(CodeTable))}
    known = {(row.table_name, row.code): row for row in session.scalars(select(Code))}
    count = 0
    for path in sorted(folder.glob("[A-Z]*.csv")):
        head = titles[path.stem]
        table = known_tables.get(path.stem) or CodeTable(name=path.stem)
        table.title, table.standard, table.note = head["title"], head["standard"], head["note"]
        session.add(table)
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                _store(session, known.get((path.stem, line["code"])) or Code(table_name=path.stem), line)
                count += 1
    session.flush()
    codes.forget()
    return count


def _store(session: Session, row: Code, line: dict[str, str]) -> None:
    row.code, row.name, row.parent = line["code"], line["name"], line["parent"]
    row.school_types, row.valid_from, row.valid_to = line["school_types"], line["valid_from"], line["valid_to"]
    row.sort, row.selectable, row.aliases = int(line["sort"]), line["selectable"] == "1", line["aliases"]
    row.certainty, row.source = line["certainty"], line["source"]
    row.pinyin = "".join(lazy_pinyin(line["name"], style=Style.FIRST_LETTER))[:200]
    session.add(row)
