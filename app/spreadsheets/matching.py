"""Which stored row a row of the file means, so that sending a file again makes no twins.

A child row has no number of its own. First pairs are made of rows that say the same; then, when rows are added to
those stored, of rows with the same naming items (学习经历: 获得学历 and 院校; 年度考核: 年度), the most alike first.
Each stored row is meant at most once, so two courses at one school with one level stay two.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.sections.fields import Value, filled
from app.core.sections.section import Section

Values = Mapping[str, Value]
SINGLE = "the only one"


def pair_rows(section: Section, asked: Sequence[Values], stored: Sequence[Any], *, replace: bool) -> dict[int, Any]:
    """Index of the file's row → the stored row it means.

    `replace`: only rows that are equal in every item are paired, all others will be deleted and written anew.
    """
    if not stored:
        return {}
    free = list(stored)
    pairs: dict[int, Any] = {}
    for index, values in enumerate(asked):
        same = next((row for row in free if _same(section, values, row, whole=replace)), None)
        if same is not None:
            pairs[index] = same
            free.remove(same)
    if replace:
        return pairs
    left = [i for i in range(len(asked)) if i not in pairs and _title(section, asked[i])]
    scored = [
        (_agreeing(asked[i], row), -i, i, row) for i in left for row in free if _same_title(section, asked[i], row)
    ]
    for _, _, index, row in sorted(scored, key=lambda entry: entry[:2], reverse=True):
        if index not in pairs and any(row is other for other in free):
            pairs[index] = row
            free = [other for other in free if other is not row]
    return pairs


def _same(section: Section, values: Values, row: Any, *, whole: bool) -> bool:
    """Whether nothing in the file differs from the row; an empty cell says nothing, unless the whole row counts."""
    if all(filled(value) is None for value in values.values()):
        return False
    items = section.fields if whole else [item for item, value in values.items() if filled(value) is not None]
    return all(filled(values.get(item)) == filled(getattr(row, item)) for item in items)


def _title(section: Section, values: Values) -> tuple[Value, ...]:
    if section.single:
        return (SINGLE,)
    title = tuple(filled(values.get(item)) for item in _naming(section))
    return title if any(title) else ()


def _naming(section: Section) -> tuple[str, ...]:
    """The items that tell one row of a person from another."""
    return section.unique or section.title_items


def _same_title(section: Section, values: Values, row: Any) -> bool:
    stored = {item: getattr(row, item) for item in _naming(section)}
    return _title(section, values) == _title(section, stored)


def _agreeing(values: Values, row: Any) -> int:
    return sum(filled(value) is not None and getattr(row, item) == value for item, value in values.items())
