"""What a coded item lets people choose from: a short list, or a picker in which they search.

A picker's field holds names, with or without JavaScript: what comes back is read like anything else that is typed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from app.core.code_list import CodeEntry, CodeList
from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field, join_typed, split_codes, split_typed

MOST_LISTED = 30  # more choices are searched
MOST_EMBEDDED = 400  # more do not stand in the page: the picker asks for them, see ui/code_finder.py


@dataclass(frozen=True)
class Option:
    """One choice of a short list. `group`: the heading it stands under."""

    code: str
    label: str
    parent: str = ""
    group: str = ""


@dataclass(frozen=True)
class Row:
    """One choice, or one heading, of a picker."""

    code: str
    text: str
    parent: str
    open: bool
    words: str
    sound: str


@dataclass(frozen=True)
class Picker:
    """A picker as the macro draws it. `chosen`: code, text and parent; what is only typed is a text alone."""

    chosen: list[tuple[str, str, str]]
    list_id: str = ""
    rows: list[Row] = field(default_factory=list)
    find_table: str = ""
    find_set: str = ""

    @property
    def text(self) -> str:
        """What the field holds without JavaScript."""
        if len(self.chosen) == 1:
            return self.chosen[0][1]
        return join_typed([text if split_typed(text) == [text] else code for code, text, _ in self.chosen])


def is_long(declared: Field, indicator_set: IndicatorSet) -> bool:
    """Whether an item has more choices than a list may have."""
    if declared.kind not in ("code", "codes"):
        return False
    return len(_table(declared, indicator_set).offered(indicator_set)) > MOST_LISTED


def _table(declared: Field, indicator_set: IndicatorSet) -> CodeList:
    return codes[declared.table_for(indicator_set)]


def _retired(table: CodeList, indicator_set: IndicatorSet, chosen: Iterable[str]) -> list[CodeEntry]:
    """Chosen codes that are no longer offered: they stay on the form they stand in."""
    return [table.entries[c] for c in chosen if c in table.entries and not table.entries[c].offered_to(indicator_set)]


def short_list(declared: Field, indicator_set: IndicatorSet, chosen: str) -> list[Option]:
    """The choices of a select, of radio buttons or check boxes, in order."""
    table, plain = _table(declared, indicator_set), declared.kind == "bool"
    listed = [*table.offered(indicator_set), *_retired(table, indicator_set, split_codes(chosen))]
    return [
        Option(
            code=entry.code,
            label=entry.name if plain else entry.label,
            parent=_parents(declared, entry),
            group=_heading(table, entry, indicator_set),
        )
        for entry in listed
    ]


def in_groups(options: Iterable[Option]) -> list[tuple[str, list[Option]]]:
    """The choices under their headings, in order."""
    return [(heading, list(group)) for heading, group in groupby(options, key=lambda option: option.group)]


def _heading(table: CodeList, entry: CodeEntry, indicator_set: IndicatorSet) -> str:
    above = table.entries.get(entry.parent)
    return above.name if above is not None and not above.offered_to(indicator_set) else ""


def _parents(declared: Field, entry: CodeEntry) -> str:
    if not declared.code_parent:
        return ""
    also = [parent for parent, shared in declared.parent_alias.items() if shared == entry.parent]
    return " ".join([entry.parent, *also])


def picker(declared: Field, indicator_set: IndicatorSet, text: str, list_id: str) -> Picker:
    """The picker of an item, and what it holds. `text`: codes or what was typed instead."""
    table = _table(declared, indicator_set)
    parts = split_typed(text) if declared.kind == "codes" else [text] if text else []
    chosen = [_chosen(table, part) for part in parts]
    if len(table.entries) > MOST_EMBEDDED:
        return Picker(chosen, find_table=table.name, find_set=indicator_set.kind)
    rows = [
        Row(
            code=entry.code,
            text=table.text(entry),
            parent=_parents(declared, entry) or entry.parent,
            open=entry.offered_to(indicator_set),
            words="|".join(entry.aliases),
            sound=entry.sound,
        )
        for entry in table.listed(indicator_set)
    ]
    return Picker(chosen, list_id, rows)


def _chosen(table: CodeList, part: str) -> tuple[str, str, str]:
    entry = table.entries.get(part)
    return (entry.code, table.text(entry), entry.parent) if entry else ("", part, "")


def as_chosen(declared: Field, indicator_set: IndicatorSet, text: str) -> str:
    """The codes behind the texts that the form itself had put into a picker; all else stays as it was typed.

    Without it an item that nobody touched would look changed when the page works without JavaScript.
    """
    if not text or not is_long(declared, indicator_set):
        return text
    known = _table(declared, indicator_set).code_of_text
    if declared.kind == "code":
        return known.get(text, text)
    parts = split_typed(text)
    return ",".join(known.get(part, part) for part in parts) if known.keys() & set(parts) else text
