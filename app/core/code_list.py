"""One code table in memory: how its codes are shown, what somebody meant by a text, what a picker offers."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from app.core.indicator_set import IndicatorSet
from app.core.pinyin import syllables
from app.core.text import clean, match_key
from app.core.validators import InvalidValue

NEAR = 3  # names in a refusal
MOST_KEPT = 5000  # answers of one table
QUOTED = 30  # characters of what was typed
SPOKEN_LENGTH = 4  # letters that may be a whole name in pinyin
DEEPEST = 10  # levels of a tree
LONGEST = 100  # no name with its path is longer; what is pasted may be
LISTED = (
    "code name parent school_types valid_to sort selectable aliases pinyin province_id".split()
)  # what is read of a row
BETWEEN_LEVELS = re.compile(r"[-/\\>·,，、]")
BETWEEN_CODE_AND_NAME = re.compile(r"[-_.:：、()（）\[\]【】]")


@dataclass(frozen=True)
class CodeEntry:
    """One code as the application uses it. `path`: the names of its parents, the topmost first."""

    code: str
    name: str
    parent: str
    school_types: str
    valid_to: str
    sort: int
    selectable: bool
    aliases: tuple[str, ...]
    pinyin: str
    province_id: int  # the province that added it; 0: the nation
    path: tuple[str, ...]
    shown: str  # the name; with the path before it where names repeat
    label: str  # as a list offers it: code and name; the name alone where codes mean nothing to people

    @cached_property
    def sound(self) -> str:
        """The name in pinyin. Stored tables have it; for the others it is made when somebody looks for one."""
        return self.pinyin or syllables(self.name)

    def offered_to(self, indicator_set: IndicatorSet) -> bool:
        """Whether a form may offer it: selectable, not retired, meant for this kind of school ("": for any), and the
        nation's or the own province's."""
        meant = not self.school_types or indicator_set.kind in self.school_types
        return self.selectable and not self.valid_to and meant and self.province_id in (0, indicator_set.province_id)


@dataclass(frozen=True)
class _Words:
    """The forms under which an entry is compared with a text, and those of its parents."""

    code: str
    names: tuple[str, ...]  # name and aliases
    sounds: tuple[str, ...]  # full pinyin of the name, and of an alias that begins it
    initials: tuple[str, ...]
    above: tuple[tuple[str, ...], ...]
    line: str  # all of it in one text, and the parents' names in another: most entries are passed over by these
    line_above: str


Found: TypeAlias = list[CodeEntry]
Meaning: TypeAlias = Mapping[str, Found]


@dataclass(frozen=True, eq=False)
class CodeList:
    """A code table in memory; after every change there is a new one. What finding and searching need is made at the
    first use.
    """

    name: str
    title: str
    entries: Mapping[str, CodeEntry]

    # ── showing and offering ──

    def show(self, code: str | None) -> str:
        """The name of a code, with its path where names repeat; a code nobody knows is shown as it is."""
        if not code:
            return ""
        entry = self.entries.get(code)
        return entry.shown if entry else code

    def text(self, entry: CodeEntry) -> str:
        """What the field of a picker holds once an entry is chosen: names in a tree, else code and name.

        Two provinces may have added one name, so their entries always show the code.
        """
        return entry.shown if self.is_tree and not entry.province_id else entry.label

    @cached_property
    def code_of_text(self) -> Mapping[str, str]:
        """The code behind each such text; of two with one text the one that is not retired."""
        retired_first = sorted(self.entries.values(), key=lambda entry: not entry.valid_to)
        return {self.text(entry): entry.code for entry in retired_first}

    @cached_property
    def is_tree(self) -> bool:
        return any(entry.parent in self.entries for entry in self.entries.values())

    def offered(self, indicator_set: IndicatorSet) -> Found:
        """What a form offers, in order."""
        if indicator_set not in self._offers:
            self._offers[indicator_set] = [e for e in self.entries.values() if e.offered_to(indicator_set)]
        return self._offers[indicator_set]

    @cached_property
    def _offers(self) -> dict[IndicatorSet, Found]:
        return {}

    def listed(self, indicator_set: IndicatorSet) -> Found:
        """What is offered, and the headings above it, in order."""
        return self._tree(indicator_set)[0]

    def children(self, parent: str, indicator_set: IndicatorSet) -> Found:
        """One level of the tree: what is listed below an entry; below "" the topmost level."""
        return self._tree(indicator_set)[1].get(parent, [])

    def _tree(self, indicator_set: IndicatorSet) -> tuple[Found, Mapping[str, Found]]:
        if indicator_set not in self._trees:
            codes: set[str] = set()
            for entry in self.offered(indicator_set):
                codes.update(above.code for above in (entry, *self._parents(entry)))
            listed = [entry for code, entry in self.entries.items() if code in codes]
            levels: dict[str, Found] = {}
            for entry in listed:
                levels.setdefault(entry.parent if entry.parent in self.entries else "", []).append(entry)
            self._trees[indicator_set] = (listed, levels)
        return self._trees[indicator_set]

    @cached_property
    def _trees(self) -> dict[IndicatorSet, tuple[Found, Mapping[str, Found]]]:
        return {}

    def _parents(self, entry: CodeEntry) -> Iterator[CodeEntry]:
        seen = {entry.code}
        while (above := self.entries.get(entry.parent)) is not None and above.code not in seen:
            yield above
            seen.add(above.code)
            entry = above

    # ── what somebody meant ──

    def find(self, text: str, indicator_set: IndicatorSet) -> CodeEntry:
        """The code meant by what somebody typed: code, `code-name`, name, alias, path with or without every level.

        When nothing else fits, a whole name in pinyin means the one entry that sounds so. Initials mean nothing here:
        what is read from a workbook is stored unseen, and BS would be 博士, a short `nan` 男. Pickers search by them.
        Raises InvalidValue with the nearest names when nothing fits, and with all candidates when several do.
        """
        known = self._found.get((text, indicator_set))
        if known is None:
            known = self._find(text, indicator_set)
            if len(self._found) >= MOST_KEPT:
                self._found.clear()
            self._found[text, indicator_set] = known
        return known

    @cached_property
    def _found(self) -> dict[tuple[str, IndicatorSet], CodeEntry]:
        """What was found before: a file says the same few things in every row."""
        return {}

    def _find(self, text: str, indicator_set: IndicatorSet) -> CodeEntry:
        refused: Found = []
        for found in self._meanings(match_key(text)):
            offered = [entry for entry in found if entry.offered_to(indicator_set)]
            # A name that a province had added and the nation adds later means the nation's.
            national = [entry for entry in offered if not entry.province_id]
            if len(national or offered) == 1:
                return (national or offered)[0]
            if offered:
                raise InvalidValue(_ambiguous(text, offered))
            refused = refused or found
        raise InvalidValue(self._refusal(text, refused, indicator_set))

    def _meanings(self, key: str) -> Iterator[Found]:
        """The entries that a text may mean, by one reading after the other, the surest first."""
        for reading in (self._by_code, self._by_name, self._by_alias):
            yield reading.get(key, [])
        yield self._by_both.get(BETWEEN_CODE_AND_NAME.sub("", key), [])
        if key.isdecimal():
            yield self._by_number.get(key.lstrip("0"), [])
        yield self._by_path(BETWEEN_LEVELS.sub("", key))
        if len(key) >= SPOKEN_LENGTH:
            yield self._by_sound.get(key, [])

    @cached_property
    def _words(self) -> Mapping[str, _Words]:
        own = {
            entry.code: tuple(match_key(word) for word in (entry.name, *entry.aliases))
            for entry in self.entries.values()
        }
        words = {}
        for entry in self.entries.values():
            parts = entry.sound.split()
            begins = [len(alias) for alias in entry.aliases if entry.name.startswith(alias)]
            spoken = [parts, *(parts[:length] for length in begins if len(parts) == len(entry.name))]
            code, names = match_key(entry.code), own[entry.code]
            sounds = tuple("".join(spelt) for spelt in spoken)
            initials = tuple("".join(part[0] for part in spelt) for spelt in spoken)
            above = tuple(own[parent.code] for parent in self._parents(entry))[::-1]
            line = "\n".join((code, *names, *sounds, *initials))
            line_above = "\n".join(name for level in above for name in level)
            words[entry.code] = _Words(code, names, sounds, initials, above, line, line_above)
        return words

    def _meaning(self, words_of: Callable[[CodeEntry, _Words], Iterable[str]]) -> Meaning:
        meaning: dict[str, Found] = {}
        for entry in self.entries.values():
            for word in dict.fromkeys(words_of(entry, self._words[entry.code])):
                meaning.setdefault(word, []).append(entry)
        return meaning

    @cached_property
    def _by_code(self) -> Meaning:
        return self._meaning(lambda e, w: (w.code, f"{w.code}-{w.names[0]}", f"{w.code}-{match_key(e.shown)}"))

    @cached_property
    def _by_name(self) -> Meaning:
        return self._meaning(lambda _entry, words: words.names[:1])

    @cached_property
    def _by_alias(self) -> Meaning:
        return self._meaning(lambda _entry, words: words.names[1:])

    @cached_property
    def _by_both(self) -> Meaning:
        """Code and name written together: 01 汉族, 01.汉族, （01）汉族, 汉族（01）."""

        def both(entry: CodeEntry, words: _Words) -> Iterator[str]:
            for name in (*words.names, match_key(entry.shown)):
                plain = BETWEEN_CODE_AND_NAME.sub("", name)
                yield from (words.code + plain, plain + words.code)

        return self._meaning(both)

    @cached_property
    def _by_number(self) -> Meaning:
        """Codes from which Excel has taken the zeros in front: 1 for 01."""
        return self._meaning(lambda _entry, words: (words.code.lstrip("0"),) if words.code.isdecimal() else ())

    @cached_property
    def _by_sound(self) -> Meaning:
        return self._meaning(lambda _entry, words: words.sounds)

    def _by_path(self, key: str) -> Found:
        """长春市朝阳区, 吉林长春朝阳区: a name or alias after its parents, who may be shortened or left out."""
        found: dict[str, CodeEntry] = {}
        for place in range(2, len(key) if self.is_tree and len(key) <= LONGEST else 0):
            own = key[place:]
            for entry in (*self._by_name.get(own, []), *self._by_alias.get(own, [])):
                if _leads(key[:place], self._words[entry.code].above):
                    found[entry.code] = entry
        return list(found.values())

    def _refusal(self, text: str, refused: Sequence[CodeEntry], indicator_set: IndicatorSet) -> str:
        wanted = _quoted(text)
        below = next(filter(None, (self._first_below(entry, indicator_set) for entry in refused)), None)
        if below:
            return f"{wanted}下面还要选一级，请写到那一级，例如「{below.shown}」。"
        key = match_key(text)
        found = self.search(text, indicator_set)
        near = [entry for entry in found if entry.offered_to(indicator_set)]
        near = near or list(filter(None, (self._first_below(heading, indicator_set) for heading in found)))
        near = near or [e for e in self.offered(indicator_set) if key and self._words[e.code].names[0] in key]
        names = list(dict.fromkeys(entry.shown for entry in near))[:NEAR]
        names = names or [entry.shown for entry in self.offered(indicator_set)[: NEAR + 1]]
        return f"「{self.title}」代码表里没有{wanted}。可填：{'、'.join(names)}等。"

    def _first_below(self, entry: CodeEntry, indicator_set: IndicatorSet) -> CodeEntry | None:
        for _ in range(DEEPEST):
            level = self.children(entry.code, indicator_set)
            if not level:
                return None
            entry = level[0]
            if entry.offered_to(indicator_set):
                return entry
        return None

    # ── what a picker offers ──

    def search(self, text: str, indicator_set: IndicatorSet, limit: int = 20) -> Found:
        """What is listed and fits a part of a name, alias, path, code or pinyin (also its initials), best first."""
        key = match_key(text)
        if not 0 < len(key) <= LONGEST:
            return []
        listed = ((entry, self._words[entry.code]) for entry in self.listed(indicator_set))
        ranked = [(_rank(key, w), entry) for entry, w in listed if key in w.line or key[:2] in w.line_above]
        fitting = sorted((p for p in ranked if p[0] < _NOTHING), key=lambda pair: (pair[0], len(pair[1].path)))
        return [entry for _, entry in fitting[:limit]]


_NOTHING = 7


def _rank(key: str, words: _Words) -> int:
    """How well an entry fits a text; 0 is best. The picker in the browser (picker.js) goes by the same order."""
    if key == words.code or key in words.names:
        return 0
    if words.code.startswith(key) or any(name.startswith(key) for name in words.names):
        return 1
    if key in words.sounds or key in words.initials:
        return 2
    if any(sound.startswith(key) for sound in (*words.sounds[:1], *words.initials[:1])):
        return 3
    if any(key in name for name in words.names):
        return 4
    if len(key) > 1 and any(name.startswith(key[:2]) for names in words.above for name in names):
        return _rank_in_path(key, words)
    return _NOTHING


def _rank_in_path(key: str, words: _Words) -> int:
    for place in range(2, len(key)):
        if any(name.startswith(key[place:]) for name in words.names) and _leads(key[:place], words.above):
            return 5
    return 6 if _leads(key, words.above) else _NOTHING


def _leads(text: str, above: Sequence[Sequence[str]]) -> bool:
    """Whether a text is made of the names of parents from the top down, each shortened or left out."""
    if not text:
        return True
    for place, names in enumerate(above):
        for name in names:
            for length in range(min(len(name), len(text)), 1, -1):
                if text.startswith(name[:length]) and _leads(text[length:], above[place + 1 :]):
                    return True
    return False


def _ambiguous(text: str, offered: Sequence[CodeEntry]) -> str:
    names = "、".join(entry.shown for entry in offered[: NEAR + 1])
    more = "等" if len(offered) > NEAR + 1 else ""
    return f"{_quoted(text)}有 {len(offered)} 处：{names}{more}，请写全，例如「{offered[0].shown}」。"


def _quoted(text: str) -> str:
    text = clean(text)
    return f"「{text}」" if len(text) <= QUOTED else f"「{text[:QUOTED]}…」"


def make_code_list(name: str, title: str, rows: Iterable[Sequence[Any]], *, plain: bool = False) -> CodeList:
    """A table from its stored rows, in their order. A row: its values in the order of LISTED.

    plain: the codes are the program's own; people see names alone.
    """
    stored = {row[0]: dict(zip(LISTED, row, strict=True)) for row in rows}
    in_use = [own for own in stored.values() if not own["valid_to"] and not own["province_id"]]
    places = {(own["name"], own["parent"]) for own in in_use}
    # In different branches of the nation's: a retired twin, or a province's, is no reason.
    repeat = len({name for name, _ in places}) < len(places)
    entries = {}
    for code, own in stored.items():
        own["aliases"] = tuple(alias for alias in own["aliases"].split("|") if alias)
        path = _path(code, stored)
        shown = "".join((*path, own["name"])) if repeat else own["name"]
        entries[code] = CodeEntry(**own, path=path, shown=shown, label=shown if plain else f"{code}-{shown}")
    return CodeList(name, title, entries)


def _path(code: str, stored: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    names: list[str] = []
    seen = {code}
    while (code := stored[code]["parent"]) in stored and code not in seen:
        seen.add(code)  # a ring of parents would have no end
        names.insert(0, stored[code]["name"])
    return tuple(names)
