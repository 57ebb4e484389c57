"""What the review desk compares: each item as it was and as it is, and what to look at twice. Plain functions."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from app.core.history import History, unpack
from app.core.sections.fields import Field, Value, filled
from app.core.sections.section import Section, show
from app.records import BY_NAME, NOTHING, STORED, sections_for
from app.records.completeness import Finding
from app.records.pages import FILE_ITEMS
from app.records.rows import Rows, said_none
from app.records.teacher import Teacher

FlagKind: TypeAlias = Literal["ok", "info", "warn", "no"]
Place: TypeAlias = tuple[str, int | None, str]  # section, row, item: as in ReviewMark
States: TypeAlias = Mapping[str, Mapping[int, Mapping[str, Value]]]  # section → row → item

WHOLE = "//"
APPROVED_BEFORE, LOOKED_BEFORE = "上次审核通过时", "本单位上次审核时"
FILES = {name: field.label for name, field in FILE_ITEMS.items()}
MISSING_ROWS, WHOLE_ROW, WHOLE_SECTION, WHOLE_RECORD = "这个板块缺记录", "整条退回", "整个板块退回", "整份退回"


@dataclass(frozen=True)
class Flag:
    """What the system noticed, in a few words."""

    kind: FlagKind
    text: str


@dataclass(frozen=True)
class Line:
    """One item. `key` names it in the form; without one it is shown but not judged."""

    key: str
    label: str
    old: str
    now: str
    changed: bool
    flags: tuple[Flag, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether there is nothing about it that asks for a look."""
        return not self.changed and not self.flags


@dataclass(frozen=True)
class Block:
    """A heading and the items under it. `key` and `action`: what refusing the whole of it is filed under and called."""

    level: Literal["section", "row", "derived"]
    title: str
    note: str = ""
    key: str = ""
    action: str = ""
    lines: tuple[Line, ...] = ()
    flags: tuple[Flag, ...] = ()
    plain: bool = False


@dataclass(frozen=True)
class Earlier:
    """The record as it was decided on before: everything then stored, and what that moment is called."""

    label: str
    rows: States

    def said_none(self, section: Section) -> bool:
        """Whether 「无」 was said of a section then."""
        return any(values.get("section") == section.name for values in self.rows[NOTHING.name].values())


@dataclass(frozen=True)
class Comparison:
    """The record as the desk shows it. `places` has every key that may be judged, with its words."""

    blocks: tuple[Block, ...]
    earlier: str
    places: Mapping[str, str]

    @property
    def first(self) -> bool:
        """Nothing to compare with: everything is new."""
        return not self.earlier

    def count(self, *, notable: bool = False) -> int:
        """How many items can be judged; `notable`: only those that changed or were noticed."""
        return sum(bool(line.key) and not (notable and line.plain) for block in self.blocks for line in block.lines)


def key_of(section: str, row_id: int | None, item: str) -> str:
    """How the form names a place in the record."""
    return f"{section}/{'' if row_id is None else row_id}/{item}"


def place_of(key: str) -> Place:
    """The reverse of `key_of`; only for keys that the desk itself has made."""
    section, row, item = key.split("/")
    return section, int(row) if row else None, item


# ── what it was before ──


def from_snapshot(content: Mapping[str, Sequence[Mapping[str, Any]]]) -> Earlier:
    """The values that were approved. Sections and items declared later are empty there."""
    rows = {
        section.name: {
            stored["id"]: {name: unpack(field, stored.get(name)) for name, field in section.fields.items()}
            for stored in content.get(section.name, ())
        }
        for section in STORED
    }
    return Earlier(APPROVED_BEFORE, rows)


def before(rows: Rows, entries: Sequence[History], moment: dt.datetime) -> Earlier:
    """The record at a moment, computed backward from today's rows. `entries`: the history since, newest first."""
    states: dict[str, dict[int, dict[str, Value]]] = {}
    for section in STORED:
        old = [row for row in rows[section.name] if row.created_at <= moment]
        states[section.name] = {row.id: section.values(row) for row in old}
    for entry in entries:
        section_rows = states.get(entry.section)
        if section_rows is None or (entry.action != "delete" and entry.row_id not in section_rows):
            continue
        fields = BY_NAME[entry.section].fields
        row = section_rows.setdefault(entry.row_id, {})
        row |= {name: unpack(fields[name], pair[0]) for name, pair in entry.changes.items() if name in fields}
    return Earlier(LOOKED_BEFORE, states)


def changed_since(entries: Iterable[History]) -> set[Place]:
    """The items that these history entries changed."""
    return {(entry.section, entry.row_id, item) for entry in entries for item in entry.changes}


# ── side by side ──


@dataclass(frozen=True)
class Sources:
    """All that a comparison is made of."""

    teacher: Teacher
    rows: Rows
    earlier: Earlier | None = None
    findings: Sequence[Finding] = ()
    refused: Mapping[Place, str] = field(default_factory=dict)  # what the latest refusal said, by place
    since: dt.datetime | None = None  # this unit's last look, or that refusal
    changed: frozenset[Place] = frozenset()  # what was changed since then
    tell_recent: bool = False  # whether only a part of what differs from `earlier` is that recent

    def recent(self, section: str = "", row_id: int | None = None, item: str = "") -> bool:
        """Whether a place was changed or added since; without names: anything at all."""
        if self.since is None:
            return False
        wanted = (section, row_id, item)
        for place in self.changed:
            if all(name in ("", None) or name == part for name, part in zip(wanted, place, strict=True)):
                return True
        rows = [row for name, found in self.rows.items() if section in ("", name) for row in found]
        return any(row.created_at > self.since and row_id in (None, row.id) for row in rows)


def compare(sources: Sources) -> Comparison:
    """Everything the desk shows, in the order of the record; derived items last."""
    blocks: list[Block] = []
    derived: list[Line] = []
    for section in sections_for(sources.teacher.indicator_set):
        if not _worth_showing(sources, section):
            continue
        found = _rows_of_section(sources, section) if section.many else _groups(sources, section)
        blocks += _with_heading(sources, section, found)
        derived += _derived(sources, section)
    if derived:
        plain = all(line.plain for line in derived)
        blocks.append(Block("derived", "由此变化", "系统算出，不用判定", lines=tuple(derived), plain=plain))
    flags = _flags(sources, ("", None, ""))
    blocks.append(Block("section", "整份资料", "退回后全部可改", WHOLE, WHOLE_RECORD, flags=flags))
    places: dict[str, str] = {}
    owner = ""
    for block in blocks:
        owner = block.title if block.level == "section" else owner
        named = block.title if block.title == owner else f"{owner} · {block.title}"
        places |= {block.key: named} if block.key else {}
        places |= {line.key: f"{owner} · {line.label}" for line in block.lines if line.key}
    return Comparison(tuple(blocks), sources.earlier.label if sources.earlier else "", places)


def _worth_showing(sources: Sources, section: Section) -> bool:
    """An optional section that has no rows and had none needs no look."""
    earlier = sources.earlier.rows.get(section.name) if sources.earlier else None
    named = any(place[0] == section.name for place in sources.refused)
    return bool(section.required or sources.rows[section.name] or earlier or named or _none_flags(sources, section))


def _with_heading(sources: Sources, section: Section, found: list[Block]) -> list[Block]:
    """The section's own line, with how much changed in it, above its rows or groups."""
    changed = sum(line.changed for block in found for line in block.lines if line.key)
    rows = sources.rows[section.name]
    note = ""
    if section.many:
        note = "填「无」" if section.name in said_none(sources.rows) else f"{len(rows)} 条"
    if sources.earlier and changed:
        note += f"{'，' if note else ''}{changed} 项改动"
    row_id = None if section.many else sources.teacher.id
    flags = _flags(sources, (section.name, row_id, ""))
    if section.many:
        flags = (*_found(sources, section, None, ""), *_none_flags(sources, section), *flags)
    else:
        flags = (*flags, *_file_flags(sources, section.name, row_id))
    action = MISSING_ROWS if section.many else WHOLE_SECTION
    plain = not flags and all(block.plain for block in found)
    return [Block("section", section.title, note, key_of(section.name, row_id, ""), action, (), flags, plain), *found]


def _none_flags(sources: Sources, section: Section) -> tuple[Flag, ...]:
    """Whether 「无」 was said or taken back since the earlier decision."""
    if sources.earlier is None:
        return ()
    was, now = sources.earlier.said_none(section), section.name in said_none(sources.rows)
    if was == now:
        return ()
    return (Flag("info", "改填「无」" if now else "原来填「无」"),)


def _groups(sources: Sources, section: Section) -> list[Block]:
    """The one row of a section, by groups of items."""
    groups: dict[str, list[Line]] = {}
    teacher = sources.teacher
    old = sources.earlier.rows[section.name].get(teacher.id, {}) if sources.earlier else {}
    for item in section.fields_for(teacher.indicator_set):
        if item.filled_by != "D":
            groups.setdefault(item.group, []).extend(_line(sources, section, teacher.id, item, old, teacher))
    return [_block(title, "", "", lines) for title, lines in groups.items() if lines]


def _rows_of_section(sources: Sources, section: Section) -> list[Block]:
    """One block for each row of a section, then the rows that are gone."""
    indicator_set = sources.teacher.indicator_set
    earlier = sources.earlier.rows[section.name] if sources.earlier else {}
    fields = [item for item in section.fields_for(indicator_set) if item.filled_by != "D"]
    blocks = []
    for number, row in enumerate(sources.rows[section.name], 1):
        is_new = sources.earlier is not None and row.id not in earlier
        lines = [
            line for item in fields for line in _line(sources, section, row.id, item, earlier.get(row.id, {}), row)
        ]
        title = section.row_title(row, indicator_set) or f"第 {number} 条"
        block = _block(title, "新增" if is_new else "", key_of(section.name, row.id, ""), lines)
        flags = (*_flags(sources, (section.name, row.id, "")), *_file_flags(sources, section.name, row.id))
        blocks.append(replace(block, flags=flags, plain=block.plain and not flags))
    kept = {row.id for row in sources.rows[section.name]}
    for row_id, old in earlier.items():
        if row_id not in kept:
            lines = [
                Line("", item.label, show(item, old.get(item.name), indicator_set), "", changed=True)
                for item in fields
                if item.in_list and filled(old.get(item.name)) is not None
            ]
            title = section.title_of(old, indicator_set)
            blocks.append(Block("row", title, "已删除，不用判定", lines=tuple(lines)))
    return blocks


def _block(title: str, note: str, key: str, lines: list[Line]) -> Block:
    plain = all(line.plain for line in lines)
    return Block("row", title, note, key, WHOLE_ROW if key else "", tuple(lines), plain=plain)


def _derived(sources: Sources, section: Section) -> list[Line]:
    """Items that follow from others: for information only."""
    lines = []
    for row in sources.rows[section.name]:
        old = sources.earlier.rows[section.name].get(row.id, {}) if sources.earlier else {}
        for item in section.fields_for(sources.teacher.indicator_set):
            if item.filled_by == "D":
                lines += [replace(line, key="") for line in _line(sources, section, row.id, item, old, row)]
    return lines


def _line(
    sources: Sources, section: Section, row_id: int, item: Field, old: Mapping[str, Value], row: Any
) -> Iterable[Line]:
    """One item side by side; nothing for an item that does not apply and was never filled."""
    indicator_set = sources.teacher.indicator_set
    was, now = filled(old.get(item.name)), filled(getattr(row, item.name))
    changed = was != now
    place = (section.name, row_id, item.name)
    flags = [*_found(sources, section, row_id, item.name), *_flags(sources, place)]
    if now is None and was is None and not flags and not item.applies(section.values(row)):
        return
    texts = (show(item, was, indicator_set), show(item, now, indicator_set))
    if changed and texts[0] and texts[0] == texts[1]:
        flags.append(Flag("info", "改动在打星号的部分"))
    if sources.tell_recent and changed and place in sources.changed and place not in sources.refused:
        flags.append(Flag("info", "上次审核后改的"))
    yield Line(key_of(*place), item.label, *texts, changed=changed, flags=tuple(flags))


def _found(sources: Sources, section: Section, row_id: int | None, item: str) -> list[Flag]:
    """What the completeness check says about a place."""
    return [
        Flag("no" if finding.problem.level == "error" else "warn", finding.problem.message)
        for finding in sources.findings
        if (finding.section.name, finding.row_id, finding.problem.item) == (section.name, row_id, item)
    ]


def _flags(sources: Sources, place: Place) -> tuple[Flag, ...]:
    """What the latest refusal said about a place, and whether it was mended."""
    said = sources.refused.get(place)
    if said is None:
        return ()
    if sources.recent(*place):
        return (Flag("info", f"上次退回后已改。退回时写的是：{said}"),)
    if _file_flags(sources, place[0], place[1]):
        return (Flag("info", f"上次退回后没有改这一项，附件有变动。退回时写的是：{said}"),)
    return (Flag("no", f"上次退回后没有改。退回时写的是：{said}"),)


def _file_flags(sources: Sources, section: str, row_id: int | None) -> tuple[Flag, ...]:
    """Which files of a row have come or gone since the last look."""
    changed = (label for item, label in FILES.items() if (section, row_id, item) in sources.changed)
    return tuple(Flag("info", f"{label}有变动") for label in changed)
