"""From what people type, or Excel holds, to a value: one way for form, import and interface."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, TypeVar

from app.core.codes import codes
from app.core.completed_numbers import complete_certificate_no, complete_id_number
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field, Value, join_codes, split_codes, split_typed
from app.core.sections.section import Problem, Section, contradictions, plain_number, show
from app.core.text import clean, clean_name, match_key, read_date, read_year, read_ym
from app.core.validators import InvalidValue

Raw: TypeAlias = str | int | float | bool | dt.date | dt.datetime | None

TODAY = dt.date.today
Day = TypeVar("Day", str, dt.date)
Reader: TypeAlias = "Callable[[Field, Raw, IndicatorSet], Value]"


def _person_name(value: str) -> str:
    name = clean_name(value)
    if any(character.isdigit() for character in name):
        raise InvalidValue("姓名里有数字，请核对。")
    return name


CHECKS: Mapping[str, Callable[[str], str]] = {
    "id_number": complete_id_number, "certificate_no": complete_certificate_no, "person_name": _person_name,
}  # fmt: skip
APOSTROPHES = "'’‘"
LASTING = frozenset(("至今", "现在", "今", "目前", "迄今", "长期", "长期有效"))
EXCEL_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"))
LOST_DIGITS = "Excel 只保留 15 位数字，这个号码的末几位已经变成 0。请把这一列设为“文本”格式，照证件重新填写。"


@dataclass(frozen=True)
class Reading:
    """What a row of typed values turned into.

    `unreadable` items have no value that could be stored; `contradictions` are stored but keep the record from being
    reported. An import refuses both, a form only the first.
    """

    values: dict[str, Value]
    unreadable: list[Problem]
    contradictions: list[Problem]

    @property
    def problems(self) -> list[Problem]:
        return [*self.unreadable, *self.contradictions]


def read(field: Field, raw: Raw, indicator_set: IndicatorSet) -> Value:
    """The value meant by `raw`; None when empty. Raises InvalidValue with a sentence that helps."""
    if isinstance(raw, str):
        raw = clean(raw).lstrip("" if field.kind == "text" else APOSTROPHES)  # so people force Excel to keep text
    if raw in (None, "") or (field.open_ended and _is_lasting(raw)):
        return None
    if raw in EXCEL_ERRORS:
        raise InvalidValue("“%(text)s”是公式的错误，不是内容。请改填实际内容。", text=raw)
    match field.kind:
        case "code" | "bool":
            return codes[field.table_for(indicator_set)].find(_as_text(raw), indicator_set).code
        case "codes":
            return _read_codes(field, _as_text(raw), indicator_set)
        case "date":
            return _not_in_future(field, read_date(raw))
        case "ym":
            return _not_in_future(field, read_ym(raw))
        case "year":
            return _not_in_future(field, str(read_year(raw)))
        case "number":
            return _read_number(field, raw)
        case _:
            return _read_text(field, raw)


def _is_lasting(raw: Raw) -> bool:
    return isinstance(raw, str) and match_key(raw) in LASTING


def _as_text(raw: Raw) -> str:
    if isinstance(raw, bool):
        return "1" if raw else "0"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)


def _read_codes(field: Field, raw: str, indicator_set: IndicatorSet) -> str | None:
    table = codes[field.table_for(indicator_set)]
    found = [table.find(part, indicator_set) for part in split_typed(raw) if clean(part)]
    chosen = list(dict.fromkeys(entry.code for entry in found))
    alone = [code for code in chosen if code in field.exclusive]
    if alone and len(chosen) > 1:
        raise InvalidValue(f"选了「{table.show(alone[0])}」，就不能再选其他。")
    return join_codes(chosen)


def _not_in_future(field: Field, value: Day) -> Day:
    if not field.may_be_future and str(value)[:7] > TODAY().isoformat()[: len(str(value)[:7])]:
        raise InvalidValue(f"「{field.label}」{value} 还没有到，请核对年份。")
    return value


def _read_number(field: Field, raw: Raw) -> Decimal:
    text = clean(_as_text(raw)).replace(",", "").replace("，", "").rstrip(field.unit + " ")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InvalidValue(f"「{field.label}」要填数字，现在是「{text}」。例：{plain_number(field.low or 1)}") from None
    if not value.is_finite() or value < Decimal(str(field.low)) or (field.high and value > Decimal(str(field.high))):
        low = plain_number(field.low)
        bounds = f"要在 {low} 到 {plain_number(field.high)} 之间" if field.high else f"不能小于 {low}"
        raise InvalidValue(f"「{field.label}」{bounds}，现在是 {text}。")
    if value != round(value, field.decimals):
        kind = f"最多 {field.decimals} 位小数" if field.decimals else "要填整数"
        raise InvalidValue(f"「{field.label}」{kind}，现在是 {text}。")
    return value.quantize(Decimal(1).scaleb(-field.decimals))


def _read_text(field: Field, raw: Raw) -> str:
    if isinstance(raw, int | float) and abs(raw) >= 10**15:
        raise InvalidValue(LOST_DIGITS)
    value = clean(_as_text(raw))
    if value.startswith("'") and value.count("'") == 1:
        value = value[1:].strip()
    if field.check:
        value = CHECKS[field.check](value)
    if len(value) > field.length:
        raise InvalidValue(f"「{field.label}」最多 {field.length} 个字，现在有 {len(value)} 个。")
    return value


class Remembering:
    """`read` for one sheet of a file: codes and months stand in it again and again, and mean the same each time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, type, Raw], Value] = {}

    def __call__(self, field: Field, raw: Raw, indicator_set: IndicatorSet) -> Value:
        if field.kind in ("text", "number"):
            return read(field, raw, indicator_set)
        key = (field.name, type(raw), raw)  # the type, because True, 1 and 1.0 are equal
        if key not in self._known:
            self._known[key] = read(field, raw, indicator_set)
        return self._known[key]


def read_row(
    section: Section,
    raw: Mapping[str, Raw],
    indicator_set: IndicatorSet,
    base: Mapping[str, Value],
    reader: Reader = read,
) -> Reading:
    """Read the given items over the stored ones; what is not in `raw` stays as it is in `base`."""
    values: dict[str, Value] = {}
    unreadable: list[Problem] = []
    fields = section.fields_for(indicator_set)
    for field in fields:
        if field.name not in raw:
            continue
        if _is_unchanged_code(field, raw[field.name], base.get(field.name), indicator_set):
            values[field.name] = base[field.name]
            continue
        try:
            values[field.name] = reader(field, raw[field.name], indicator_set)
        except InvalidValue as error:
            unreadable.append(Problem(field.name, str(error)))
    merged = {**base, **values}
    cleared: set[str] = set()
    for field in fields:  # a linked item follows the one it hangs on, and that one another
        when = field.applies_when
        if when and field.name not in raw and (when.item in cleared or not field.applies(merged)):
            merged[field.name] = values[field.name] = None
            cleared.add(field.name)
    said = {problem.item for problem in unreadable}
    other = [problem for problem in contradictions(section, merged, indicator_set) if problem.item not in said]
    return Reading(values, unreadable, other)


def _is_unchanged_code(field: Field, raw: Raw, stored: Value, indicator_set: IndicatorSet) -> bool:
    """Whether a coded item comes back as it is stored: a code that was retired meanwhile may stay where it stands."""
    return bool(field.code_table and stored) and raw in (typed(field, stored), show(field, stored, indicator_set))


def typed(field: Field, value: Value) -> str:
    """A stored value as a form shows it for editing."""
    if value is None:
        return ""
    if field.kind == "number":
        return plain_number(value)
    return ",".join(split_codes(str(value))) if field.kind == "codes" else str(value)
