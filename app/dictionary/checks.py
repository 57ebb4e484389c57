"""What must hold in a code table as a whole: for one code that is saved, and for a file with all of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import Code
from app.core.sections.section import Problem
from app.core.text import match_key
from app.dictionary.declarations import words

CODE = re.compile(r"[0-9A-Za-z]{1,20}")
OF_A_PROVINCE = re.compile(r"P[0-9]{2}")
SAME_WORD = "「{word}」已是「{name}」的名称或别名，同一个词不能指两个代码。"
KEPT_FOR_PROVINCES = "P 加两位数字开头的代码留给各省增设，请换一个。"
OWN_PREFIX = "本省增设的代码要以 {prefix} 开头，如 {prefix}01，不会和国家代码重复。"


@dataclass(frozen=True)
class Entry:
    """A code as it will stand. `aliases` as people write them."""

    code: str
    name: str
    parent: str
    aliases: str
    province_id: int = 0


def stored_entries(session: Session, table_name: str) -> dict[str, Entry]:
    """All codes of a table as they are stored now: those in memory may be seconds old."""
    columns = (Code.code, Code.name, Code.parent, Code.aliases, Code.province_id)
    rows = session.execute(select(*columns).where(Code.table_name == table_name).order_by(Code.sort, Code.id))
    return {row.code: Entry(*row) for row in rows}


def form_of_code(code: str, prefix: str) -> Iterator[Problem]:
    """What a new code may look like. `prefix`: of the province; empty for the nation."""
    if not CODE.fullmatch(code):
        yield Problem("code", "「代码」要填 1 到 20 个字母或数字。")
    elif prefix and not (code.startswith(prefix) and len(code) > len(prefix)):
        yield Problem("code", OWN_PREFIX.format(prefix=prefix))
    elif not prefix and OF_A_PROVINCE.match(code):
        yield Problem("code", KEPT_FOR_PROVINCES)


def table_problems(
    stored: Mapping[str, Entry], changed: Mapping[str, Entry], owner: int
) -> Iterator[tuple[str, Problem]]:
    """What is wrong with the changed codes (code, problem), once they stand among those that are stored.

    owner: the province whose codes are changed, 0 for the nation. What other provinces added is no concern of either;
    a name that the nation needs it may take, whoever has it.
    """
    theirs = (0, owner)
    seen = {code: entry for code, entry in {**stored, **changed}.items() if entry.province_id in theirs}
    # Parents may be codes of another table: those in use are known to be right.
    known = set(seen) | {entry.parent for entry in stored.values() if entry.province_id in theirs}
    named = _named(seen) if not _names_repeat(seen) else {}
    for code, entry in changed.items():
        if entry.parent and entry.parent not in known:
            yield code, Problem("parent", f"没有代码「{entry.parent}」，请填本表已有的代码，或不填。")
        if _is_ring(seen, code):
            yield code, Problem("parent", "上级不能是自己或自己的下级。")
        for word in dict.fromkeys((entry.name, *words(entry.aliases))):
            other = next((twin for twin in named.get(match_key(word), ()) if twin.code != code), None)
            if word and other is not None:
                item = "name" if word == entry.name else "aliases"
                yield code, Problem(item, SAME_WORD.format(word=word, name=other.name))


def _names_repeat(entries: Mapping[str, Entry]) -> bool:
    """A table where names repeat below different parents: 朝阳区. Its names are told with their paths."""
    national = [entry for entry in entries.values() if not entry.province_id]
    places = {(entry.name, entry.parent) for entry in national}
    return len({name for name, _ in places}) < len(places)


def _named(entries: Mapping[str, Entry]) -> Mapping[str, list[Entry]]:
    named: dict[str, list[Entry]] = {}
    for entry in entries.values():
        for key in {match_key(word) for word in (entry.name, *words(entry.aliases))}:
            named.setdefault(key, []).append(entry)
    return named


def _is_ring(entries: Mapping[str, Entry], code: str) -> bool:
    above, seen = entries[code].parent, {code}
    while above and above not in seen:
        seen.add(above)
        above = entries[above].parent if above in entries else ""
    return above == code
