"""What 教师信息表 says: a plain function over the declarations and the stored rows."""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flask import current_app

from app.core.excel import title_width
from app.core.indicator_set import IndicatorSet
from app.core.pdf.printing import make_pdf
from app.core.sections.fields import Field, Value
from app.core.sections.section import Section, show
from app.records import sections_for
from app.records.rows import said_none
from app.records.states import state_label
from app.records.teacher import Teacher

MOST_COLUMNS = 6  # with more items a row is printed as a block
# In widths of a Latin letter: a whole line, the blanks of a cell, the value on half a line.
LINE, PADDING, LONG = 101, 2, 24
TITLE = "教师信息表"
NOTHING, NOT_FILLED = "无", "未填"

Items: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True)
class Printing:
    """One print: who asked for it and when. `whole`: with the full numbers, for the person only."""

    by: str
    at: dt.datetime
    whole: bool = False


def record_content(
    teacher: Teacher, rows: Mapping[str, Sequence[Any]], printing: Printing, photo: bytes = b""
) -> dict[str, Any]:
    """Everything the template prints. `photo`: a JPEG of 2.5 × 3.1 cm; without one there is an empty frame."""
    filled, empty = [], []
    nothing = said_none(rows)
    for section in sections_for(teacher.indicator_set):
        if section.many and rows[section.name]:
            filled.append(_section(section, teacher.indicator_set, rows[section.name], printing))
        elif section.many:
            empty.append(f"{section.title}（无）" if section.name in nothing else section.title)
    basic = next(section for section in sections_for(teacher.indicator_set) if not section.many)
    return {
        "name": teacher.name or "",
        "school": teacher.unit.name,
        "state": state_label(teacher),
        "printed_by": printing.by,
        "printed_at": f"{printing.at.astimezone():%Y-%m-%d %H:%M}",
        "photo": f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}" if photo else "",
        "basic": basic.title,
        "groups": _groups(basic, teacher, printing),
        "sections": filled,
        "empty": "、".join(empty),
    }


def record_pdf(content: Mapping[str, Any]) -> bytes:
    """The printed record. Raises AppError when it cannot be printed."""
    body = current_app.jinja_env.get_template("documents/record.html").render(content)
    return make_pdf(body, title_of(content))


def title_of(content: Mapping[str, Any]) -> str:
    """What the document is called; the name of its file."""
    return f"{content['name']}-{TITLE}"


def _groups(section: Section, teacher: Teacher, printing: Printing) -> list[dict[str, Any]]:
    """The basic information by groups, two items on a line."""
    groups: dict[str, Items] = {}
    for item, field in _items(section, teacher.indicator_set, teacher, printing):
        groups.setdefault(field.group, []).append(item)
    return [{"title": title, "lines": _lines(items)} for title, items in groups.items()]


def _section(section: Section, indicator_set: IndicatorSet, rows: Sequence[Any], printing: Printing) -> dict[str, Any]:
    """The rows of a section as a table, or as blocks where a line has no room for all items."""
    found: dict[str, Any] = {"title": f"{section.part} · {section.title}" if section.part else section.title}
    found["count"] = "" if section.single else f"{len(rows)} 条"
    made = [[item for item, _ in _items(section, indicator_set, row, printing)] for row in rows]
    if len(made[0]) > MOST_COLUMNS or section.single:
        titles = ["" if section.single else section.row_title(row, indicator_set) for row in rows]
        blocks = [{"title": title, "lines": _lines(items)} for title, items in zip(titles, made, strict=True)]
        return found | {"blocks": blocks}
    labels = [item["label"] for item in made[0]]
    cells = [[item["value"] for item in items] for items in made]
    widths = _widths(labels, cells)
    return found | {"columns": list(zip(labels, widths, strict=True)), "rows": cells}


def _items(
    section: Section, indicator_set: IndicatorSet, row: Any, printing: Printing
) -> list[tuple[dict[str, Any], Field]]:
    """The items of a row in words. Nothing is left blank that could be filled in by hand afterwards."""
    values = section.values(row)
    found = []
    for field in section.fields_for(indicator_set):
        text = show(field, values[field.name], indicator_set, reveal=printing.whole)
        found.append(({"label": field.full_label, "value": text or _absent(field, indicator_set, values)}, field))
    return found


def _absent(field: Field, indicator_set: IndicatorSet, values: Mapping[str, Value]) -> str:
    return NOT_FILLED if field.filled_by != "D" and field.is_required(indicator_set, values) else NOTHING


def _lines(items: Items) -> list[Items]:
    """Two items on a line; one that needs more room has a line of its own."""
    lines: list[Items] = []
    for item in items:
        alone = title_width(item["value"]) > LONG
        if alone or not lines or len(lines[-1]) == 2 or lines[-1][0]["alone"]:
            lines.append([])
        lines[-1].append(item | {"alone": alone})
    for line in lines:
        line[-1]["alone"] = len(line) == 1
    return lines


def _widths(labels: Sequence[str], cells: Sequence[Sequence[str]]) -> list[float]:
    """The share of each column in percent: short ones get what they need, the long ones share the rest."""
    longest = [max(map(title_width, column)) for column in zip(*cells, strict=True)]
    needed = [max(text, (title_width(label) + 1) // 2) + PADDING for text, label in zip(longest, labels, strict=True)]
    left, open_columns = float(LINE), len(needed)
    widths = [0.0] * len(needed)
    for column in sorted(range(len(needed)), key=needed.__getitem__):
        widths[column] = min(needed[column], left / open_columns)
        left, open_columns = left - widths[column], open_columns - 1
    return [round(100 * width / sum(widths), 1) for width in widths]
