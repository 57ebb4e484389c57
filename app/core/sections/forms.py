"""A section's form for one row: the items as the templates draw them, and the typed texts as they came."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.core.indicator_set import IndicatorSet
from app.core.sections.choices import Option, Picker, as_chosen, in_groups, is_long, picker, short_list
from app.core.sections.fields import EXAMPLES, Field, Value, split_codes
from app.core.sections.reading import typed
from app.core.sections.section import Problem, Section, masked, show

KINDS = {
    "text": "text",
    "code": "select",
    "codes": "multi",
    "date": "date",
    "ym": "month",
    "year": "year",
    "number": "number",
    "bool": "radio",
}
LONG_TEXT = 120
PICKER_HINT = "输入名称、拼音或代码"


@dataclass
class Item:
    """One item as the macro `item` draws it."""

    id: str
    name: str
    label: str
    kind: str
    value: str = ""
    values: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    picker: Picker | None = None
    required: bool = False
    help: str = ""
    source: str = ""
    error: str = ""
    warn: str = ""
    locked: str = ""
    applies: str = ""
    applies_note: str = ""
    required_when: str = ""
    default: str = ""
    default_after: str = ""
    code_parent: str = ""
    exclusive: str = ""
    max_length: int = 0
    span: int = 1
    placeholder: str = ""
    derived_note: str = ""

    @property
    def groups(self) -> list[tuple[str, list[Option]]]:
        """The options under their headings."""
        return in_groups(self.options)


@dataclass(frozen=True)
class FormState:
    """What a form is made from: stored values, typed texts that go over them, locks and problems."""

    section: Section
    indicator_set: IndicatorSet
    stored: Mapping[str, Value]
    texts: Mapping[str, str]
    lock: Callable[[Field], str]
    problems: Iterable[Problem] = ()
    is_new: bool = False
    named: Mapping[str, str] = field(default_factory=dict)  # the defaults of this moment and place
    reveal: bool = False  # whether personal numbers are shown whole: to the person alone


def fieldsets(state: FormState) -> list[dict[str, Any]]:
    """The items in their groups, in order of declaration."""
    errors = {p.item: p.message for p in state.problems if p.level == "error"}
    warnings = {p.item: p.message for p in state.problems if p.level == "warning"}
    groups: dict[str, list[Item]] = {}
    made: set[str] = set()
    for declared in state.section.fields_for(state.indicator_set):
        item = _item(state, declared)
        _share_rows(item, made)
        item.error, item.warn = errors.get(declared.name, ""), warnings.get(declared.name, "")
        groups.setdefault(declared.group, []).append(item)
    return [{"title": title, "note": "", "items": items} for title, items in groups.items()]


def _item(state: FormState, declared: Field) -> Item:
    lock = state.lock(declared)
    text = _text(state, declared)
    item = Item(
        id=f"{state.section.name}-{declared.name}",
        name=declared.name,
        label=declared.full_label,
        kind=KINDS[declared.kind],
        value=text,
        required=declared.is_required(state.indicator_set, state.stored) and not declared.required_when,
        help=declared.help,
        source=declared.source,
        locked=lock,
        default=declared.default_for(state.indicator_set, state.named),
        default_after=json.dumps(declared.default_after) if declared.default_after[0] else "",
        max_length=declared.length,
        placeholder=f"如 {EXAMPLES[declared.kind]}" if declared.kind in EXAMPLES else "",
        span=3 if declared.length > LONG_TEXT else 1,
    )
    if declared.filled_by == "D":
        item.kind, item.derived_note, item.help = "derived", declared.help or lock, ""
        item.value = show(declared, state.stored.get(declared.name), state.indicator_set) or "—"
        item.locked = ""
        return item
    if lock and declared.kind != "text":
        item.kind = "text"  # a locked choice is read, not chosen
    if lock:
        item.value = show(declared, state.stored.get(declared.name), state.indicator_set, reveal=state.reveal)
        return item
    if item.kind == "multi":
        item.values = split_codes(text)
        item.exclusive = ",".join(declared.exclusive)
    if is_long(declared, state.indicator_set):
        _make_picker(state, declared, item, text)
    elif declared.code_table:
        item.options = short_list(declared, state.indicator_set, text)
    _link(state, declared, item)
    return item


def _text(state: FormState, declared: Field) -> str:
    if declared.name in state.texts:
        return state.texts[declared.name]
    stored = state.stored.get(declared.name)
    if declared.secret:
        # Masked; posted back unchanged it means: leave as it is.
        return show(declared, stored, state.indicator_set, reveal=state.reveal)
    if stored is None and state.is_new and declared.applies(_defaults(state)):
        return declared.default_for(state.indicator_set, state.named)
    return typed(declared, stored)


def _defaults(state: FormState) -> dict[str, Value]:
    fields = state.section.fields_for(state.indicator_set)
    return {declared.name: declared.default_for(state.indicator_set, state.named) or None for declared in fields}


def _make_picker(state: FormState, declared: Field, item: Item, text: str) -> None:
    # Items that hang on another one have rows of their own, which know those parents.
    own = f"-{declared.name}" if declared.code_parent else ""
    list_id = f"codes-{declared.table_for(state.indicator_set)}{own}"
    item.picker = picker(declared, state.indicator_set, text, list_id)
    item.kind = "pickers" if item.kind == "multi" else "picker"
    item.placeholder = PICKER_HINT


def _share_rows(item: Item, made: set[str]) -> None:
    """The rows of a table stand in the page once, with the first item that needs them."""
    if item.picker is None:
        return
    if item.picker.list_id in made:
        item.picker = replace(item.picker, rows=[])
    made.add(item.picker.list_id)


def _link(state: FormState, declared: Field, item: Item) -> None:
    """What the browser needs to follow the same conditions as the server."""
    if declared.applies_when:
        item.applies = declared.applies_when.as_json()
        item.applies_note = f"由「{state.section.fields[declared.applies_when.item].label}」决定，现在不用填"
    if declared.required_when:
        item.required_when = declared.required_when.as_json()
    if declared.code_parent:
        item.code_parent = json.dumps({"item": declared.code_parent, "by": "parent"})


def without_masks(section: Section, texts: Mapping[str, str], stored: Mapping[str, Value]) -> dict[str, str]:
    """The posted texts without the secret items that came back masked, as the form had shown them."""
    return {
        name: text
        for name, text in texts.items()
        if not (
            section.fields[name].secret and stored.get(name) and text == masked(section.fields[name], str(stored[name]))
        )
    }


def texts_from(section: Section, indicator_set: IndicatorSet, form: Any) -> dict[str, str]:
    """The posted texts of a section's items; several checked boxes are joined by commas."""
    return {
        declared.name: as_chosen(declared, indicator_set, ",".join(form.getlist(declared.name)))
        for declared in section.fields_for(indicator_set)
        if declared.name in form
    }
