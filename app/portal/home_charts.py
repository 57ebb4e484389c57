"""The staff structure as small charts: bars as rows of a table, ages as columns of a picture with the same table."""

import re
from collections.abc import Sequence
from typing import Any

from app.statistics.dimensions import DIMENSIONS
from app.statistics.queries import Figures
from app.statistics.views import table_of

COLUMNS = "age"  # the dimension drawn as columns
SHOWN = (COLUMNS, "highest_education", "current_title", "gender", "current_post_category", "urban_rural")
MOST = 6  # rows of a chart
WIDTH, HEIGHT, FOOT, HEAD = 360, 176, 22, 18


def charts(found: Sequence[Figures]) -> list[dict[str, Any]]:
    """The charts of the home page. Nothing is drawn while nothing was counted."""
    by_name = {dimension.name: figures for dimension, figures in zip(DIMENSIONS, found, strict=False)}
    return [_chart(name, by_name[name]) for name in SHOWN if name in by_name]


def _chart(name: str, figures: Figures) -> dict[str, Any]:
    whole = table_of(figures)
    if name != COLUMNS:
        return table_of(_shortened(figures)) | {"name": name, "columns": []}
    return whole | {"name": name, "columns": _columns(figures.counts)}


def _shortened(figures: Figures) -> Figures:
    """The largest in their own order, the others together."""
    if len(figures.counts) <= MOST:
        return figures
    largest = sorted(figures.counts, key=lambda one: one[1], reverse=True)[: MOST - 1]
    rest = [one for one in figures.counts if one not in largest]
    together = (f"其余 {len(rest)} 类", sum(number for _, number in rest))
    return Figures(figures.label, [*(one for one in figures.counts if one in largest), together])


def _columns(counts: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Where each column of the picture stands; the highest is coloured."""
    most, step = max(number for _, number in counts), WIDTH / len(counts)
    found = []
    for place, (name, number) in enumerate(counts):
        height = (HEIGHT - FOOT - HEAD) * number / (most or 1)
        found.append(
            {
                "label": _short(name),
                "n": number,
                "x": f"{place * step + step * 0.18:.1f}",
                "width": f"{step * 0.64:.1f}",
                "middle": f"{(place + 0.5) * step:.1f}",
                "y": f"{HEIGHT - FOOT - height:.1f}",
                "height": f"{height:.1f}",
                "top": f"{HEIGHT - FOOT - height - 5:.1f}",
                "colour": "f1" if number == most else "f2",
            }
        )
    return found


def _short(name: str) -> str:
    """A band of ages below its column."""
    name = re.sub(r"(\d+) 岁及以下", r"≤\1", name)
    name = re.sub(r"(\d+) 岁及以上", r"≥\1", name)
    return name.removesuffix(" 岁")
