"""What a sheet of the template says of itself, so that an old one is understood and explained.

The cell behind the last column of the hidden row holds the items as they were when the template was made, with their
labels. It goes along when a sheet is copied into another file, and when columns are moved.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.workbook_reader import Row

FORMAT = 2  # of the template: moves when the rows and hidden sheets of it change their meaning
MOST_NAMED = 8
ADVICE = "请重新下载模板，把要填的项目填好再上传。"


@dataclass(frozen=True)
class Mark:
    """A template's own words: the kind of school it is for, and the labels of its items at that time."""

    kind: str
    labels: Mapping[str, str]


def version_of(kind: str, labels: Mapping[str, str]) -> str:
    """A short name for a state of the declarations: it is another one when an item comes, goes or is renamed."""
    said = json.dumps([FORMAT, kind, list(labels.items())], ensure_ascii=False)
    return f"{FORMAT}-{kind}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def write_mark(kind: str, labels: Mapping[str, str]) -> str:
    """The text of the cell."""
    content = {"version": version_of(kind, labels), "kind": kind, "columns": labels}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def read_mark(row: Row | None) -> Mark | None:
    """The mark in a hidden row; None when there is none, or when somebody has changed it."""
    for cell in row.cells if row else ():
        if isinstance(cell, str) and cell.startswith('{"version":'):
            try:
                content = json.loads(cell)
                kind, labels = str(content["kind"]), dict(content["columns"])
            except (ValueError, KeyError, TypeError):
                return None
            if version_of(kind, labels) == content["version"]:
                return Mark(kind, {str(name): str(label) for name, label in labels.items()})
    return None


def explain(
    sheet: str,
    mark: Mark,
    now: Mapping[str, tuple[str, bool]],
    present: Sequence[str],
    gone: Mapping[str, Sequence[str]],
) -> list[str]:
    """What has changed since the template was made, and what was done with it: at most one note.

    now: label and whether it is required, by identifier. present: the columns that were found. gone: the labels of
    columns that were not read, by the reason.
    """
    renamed = [
        f"「{mark.labels[name]}」现在叫「{now[name][0]}」，照读"
        for name in present
        if name in now and mark.labels.get(name, now[name][0]) != now[name][0]
    ]
    dropped = [f"{_named([(label, False) for label in own])}{why}，没有读取" for why, own in gone.items()]
    new = [name for name in now if name not in mark.labels and name not in present]
    parts = [*renamed, *dropped]
    if new:
        parts.append(f"后来新增的{_named([now[name] for name in new])}这份文件里没有。{ADVICE.rstrip('。')}")
    return [f"工作表「{sheet}」用的是以前的模板：{'；'.join(parts)}。"] if parts else []


def _named(items: Sequence[tuple[str, bool]]) -> str:
    shown = "".join(f"「{label}」{'（必填）' if required else ''}" for label, required in items[:MOST_NAMED])
    return f"{shown}等 {len(items)} 项" if len(items) > MOST_NAMED else shown
