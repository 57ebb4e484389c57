"""The conditions of a list by coded items: a short table is a choice, a long one is searched.

Above the schools the tables of all kinds of schools count, that of most first: one code may then have several names.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask_appbuilder.models.filters import BaseFilter

from app.core.code_list import CodeList
from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.choices import MOST_LISTED, Picker
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, join_codes
from app.core.sections.forms import PICKER_HINT
from app.core.ui.options import Options
from app.core.validators import InvalidValue

MOST = "S"  # the kind of most schools
MOST_KEPT = 2000  # conditions that are kept as nobody has chosen in them: two provinces with all kinds of schools


class ItemIs(BaseFilter):
    """The code of an item that a province has added."""

    def apply(self, query: Any, value: tuple[Field, str]) -> Any:
        item, code = value
        column = getattr(self.model, item.name)
        if item.kind == "codes":
            return query.filter(column.contains(join_codes([code]), autoescape=True))
        return query.filter(column == code)


class HasCode(BaseFilter):
    """One of the codes of a multiple choice."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(getattr(self.model, self.column_name).contains(join_codes([value]), autoescape=True))


def filterable(fields: Iterable[Field]) -> list[str]:
    """The names of the items by which a list can be filtered: the declared first, then all others that have codes."""
    coded = [field for field in fields if field.code_table]
    return [field.name for field in sorted(coded, key=lambda field: not field.in_filter)]


def is_offered(field: Field, own: IndicatorSet) -> bool:
    """Whether people of a kind of school are asked about an item; tables of a school mean nothing above it."""
    return own.kind in field.school_types and not (field.of_school and not own.school_id)


def _tables(field: Field, own: IndicatorSet) -> list[tuple[CodeList, IndicatorSet]]:
    kinds = own.kind or sorted(field.school_types or ALL_SCHOOL_TYPES, key=lambda kind: kind != MOST)
    found: dict[str, IndicatorSet] = {}
    for kind in kinds:
        asked = replace(own, kind=kind)
        found.setdefault(field.table_for(asked), asked)
    return [(codes[name], asked) for name, asked in found.items()]


def _shown(field: Field, own: IndicatorSet, code: str) -> str:
    """The names of a code; empty for one that nobody knows."""
    return _names(_tables(field, own), code)


def _names(tables: Iterable[tuple[CodeList, IndicatorSet]], code: str) -> str:
    names = [table.show(code) for table, _ in tables if code in table.entries]
    return " / ".join(dict.fromkeys(names))


def code_meant(field: Field, own: IndicatorSet, text: str) -> str:
    """The code behind a code or a name; what is neither stays as it is, and no row has it."""
    if _shown(field, own, text):
        return text
    for table, asked in _tables(field, own):
        try:
            return table.find(text, asked).code
        except InvalidValue:
            continue
    return text


def problem(field: Field, own: IndicatorSet, value: str) -> str:
    """What is wrong with the value of a condition; empty when it is a code."""
    return "" if not value or _shown(field, own, value) else f"「{field.label}」里没有「{value}」，请从列出的里面选。"


def condition(field: Field, own: IndicatorSet, value: str) -> dict[str, Any]:
    """One condition as the page draws it. `shown`: what is chosen, in words."""
    if value or field.of_school:
        return _condition(field, own, value)
    key = (id(field), own.kind, own.province_id)
    kept = _unchosen.get(key)
    if kept is None or kept[0] is not field or kept[1] is not codes.snapshot:
        if len(_unchosen) >= MOST_KEPT:
            _unchosen.clear()
        kept = _unchosen[key] = (field, codes.snapshot, _condition(field, own, ""))
    return {**kept[2]}


# A list has dozens of conditions of which few are used: what the others offer changes with the codes only.
_unchosen: dict[tuple[int, str, int], tuple[Field, object, dict[str, Any]]] = {}


def _condition(field: Field, own: IndicatorSet, value: str) -> dict[str, Any]:
    tables = _tables(field, own)
    offered = [entry.code for table, asked in tables for entry in table.offered(asked)]
    about = {
        "name": f"_flt_0_{field.name}",
        "column": field.name,
        "label": field.label,
        "value": value,
        "shown": _shown(field, own, value) or (value and f"{value}（没有这一项）"),
        "error": problem(field, own, value),
        "options": [],
    }
    if len(tables) == 1 and len(offered) > MOST_LISTED and not field.of_school:
        return about | {"picker": _picker(*tables[0], value), "placeholder": PICKER_HINT}
    listed = dict.fromkeys([*offered, *([value] if value and not about["error"] else [])])  # a retired one stays chosen
    options = [{"value": code, "label": _names(tables, code)} for code in listed]
    return about | {"options": Options([{"value": "", "label": f"{field.label}：全部"}, *options])}


def _picker(table: CodeList, asked: IndicatorSet, value: str) -> Picker:
    """Always asked for: a list has many conditions, and few are used."""
    entry = table.entries.get(value)
    chosen = (entry.code, table.text(entry), entry.parent) if entry else ("", value, "")
    return Picker([chosen] if value else [], find_table=table.name, find_set=asked.kind)
