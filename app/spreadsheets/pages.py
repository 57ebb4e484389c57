"""What the pages of the import show, and the file with the errors marked."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.core.actor import Actor
from app.core.indicator_set import IndicatorSet
from app.core.jobs import OPEN, Job
from app.core.sections.section import Section, masked, show
from app.core.validators import mask_id
from app.jobs.pages import job_line
from app.organisations.models import Unit
from app.records import BY_NAME
from app.spreadsheets.models import ACTIONS, STATUSES, ImportPlan
from app.spreadsheets.packing import unpack_values
from app.spreadsheets.plan_rows import PlanRow
from app.spreadsheets.planning import MODES
from app.spreadsheets.queries import WRITTEN, may_undo, undo_until, written_count
from app.spreadsheets.upload import NAME, NUMBER, book_for

STATUS_KINDS = {"reading": "info", "planned": "wait", "applied": "ok", "undone": "draft", "discarded": "draft"}
TABS = ("create", "update", "delete", "same", "error")
FIRST_SHOWN = ("error", *WRITTEN, "same")
EMPTY = {
    "create": ("没有要新增的行", "文件里的人和记录在名册里都有了。"),
    "update": ("没有要修改的行", "文件里填了的内容和现有记录一样。"),
    "delete": ("没有要删除的行", "现有记录都保留。"),
    "same": ("没有相同的行", "每一行都会带来变化。"),
    "error": ("没有错误", "可以写入。"),
}
PARTLY = "建议全部改对后一次写入；也可以先只写没有错的行，其余的改好后再上传。"
DELETES = "将删除{what}，以文件里的为准。7 天内可以整批撤销。"


def moment(value: dt.datetime | None) -> str:
    """A moment as the pages show it."""
    return f"{value.astimezone():%Y-%m-%d %H:%M}" if value else ""


def summary(plan: ImportPlan, counts: Mapping[str, int], now: dt.datetime) -> dict[str, Any]:
    """One import in the list of the start page."""
    return {
        "id": plan.id,
        "file_name": plan.file_name,
        "mode": MODES[plan.mode],
        "by": plan.user_name,
        "at": moment(plan.created_at),
        "status": plan.status,
        "tag": {"label": STATUSES[plan.status], "kind": STATUS_KINDS[plan.status]},
        "counts": "，".join(f"{ACTIONS[a]} {counts[a]}" for a in TABS if counts.get(a)) or "—",
        "written": written_count(counts),
        "may_undo": may_undo(plan, now),
        "until": moment(undo_until(plan.applied_at)) if plan.applied_at else "",
    }


def as_written(plan: ImportPlan, counts: Mapping[str, int]) -> Mapping[str, int]:
    """The counts without the rows that stayed out together with wrong ones."""
    also = max(0, plan.left_out - counts.get("error", 0))
    return {**counts, "create": counts.get("create", 0) - also} if also else counts


def doing(counts: Mapping[str, int]) -> str:
    """What a plan does, in a few words: 写入 7 行、删除 6 条."""
    written, deleted = counts.get("create", 0) + counts.get("update", 0), counts.get("delete", 0)
    parts = [f"写入 {written} 行"] if written or not deleted else []
    return "、".join([*parts, f"删除 {deleted} 条"] if deleted else parts)


def work(job: Job | None, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """How far the work in the background is, or why it has ended without a result."""
    if job is None:
        return {"busy": False, "message": "没有核对完。请重新上传这个文件。"}
    line = job_line(job, now)
    if job.status in OPEN:
        return {
            "busy": True,
            "title": job.title,
            "percent": line["percent"],
            "text": line["figures"] or line["message"],
            "job": job.id,
            "own": job.owner_id == actor.user_id,
        }
    return {"busy": False, "message": job.message or f"{line['tag']['label']}。"}


def headline(plan: ImportPlan, counts: Mapping[str, int]) -> str:
    """The outcome in one sentence."""
    match plan.status:
        case "applied":
            return f"已{doing(counts)}"
        case "undone":
            return "已撤销这次导入"
        case "discarded":
            return "已放弃这次导入"
    if wrong := counts.get("error", 0):
        fine = sum(counts.get(action, 0) for action in ("create", "update", "same"))
        return f"还有 {wrong} 行要改，另外 {fine} 行没有问题" if fine else f"有 {wrong} 行要改"
    return f"可以{doing(counts)}" if written_count(counts) else "文件和现有记录相同，没有要写入的"


def preview(
    plan: ImportPlan,
    counts: Mapping[str, int],
    deletions: Sequence[tuple[str, int, int]],
    unit: Unit,
    now: dt.datetime,
) -> dict[str, Any]:
    """The head and foot of the preview."""
    gone = "、".join(f" {people} 位教师的 {rows} 条{BY_NAME[name].title}" for name, people, rows in deletions)
    counts = as_written(plan, counts)
    return summary(plan, counts, now) | {
        "title": headline(plan, counts),
        "rows": sum(counts.get(action, 0) for action in TABS if action != "delete"),
        "applied_at": moment(plan.applied_at),
        "undone_at": moment(plan.undone_at),
        "notes": plan.notes,
        "sums": [
            {"label": ACTIONS[action], "n": counts.get(action, 0), "bad": action == "error" and counts.get(action)}
            for action in TABS
            if action != "delete" or plan.mode == "replace"
        ],
        "wrong": counts.get("error", 0),
        "partly": PARTLY if counts.get("error") and written_count(counts) and plan.mode == "append" else "",
        "left_out": plan.left_out,
        "writing": written_count(counts),
        "doing": doing(counts),
        "delete_warning": DELETES.format(what=gone) if gone else "",
        "unit": unit.name,
    }


# ── the tables of the preview ──


def tables(rows: Sequence[PlanRow], action: str, indicator_set: IndicatorSet) -> list[dict[str, Any]]:
    """The rows of a page, one table for each sheet."""
    sheets: dict[tuple[str, str], list[PlanRow]] = {}
    for row in rows:
        sheets.setdefault((row.sheet, row.section), []).append(row)
    make = _error_table if action == "error" else _change_table if action == "update" else _value_table
    return [{"sheet": sheet, **make(own, BY_NAME[name], indicator_set)} for (sheet, name), own in sheets.items()]


def _error_table(rows: Sequence[PlanRow], section: Section, indicator_set: IndicatorSet) -> dict[str, Any]:
    """The columns that are wrong somewhere on this page, beside name and number."""
    columns = {column.identifier: column.field for column in book_for(indicator_set).columns(section)}
    wrong = {problem["identifier"] for row in rows for problem in row.errors}
    shown = [NAME, NUMBER, *(name for name in columns if name in wrong and name not in (NAME, NUMBER))]
    lines = []
    for row in rows:
        messages: dict[str, str] = {}
        for problem in row.errors:
            said = messages.get(problem["identifier"], "")
            messages[problem["identifier"]] = said + problem["message"]
        cells = [{"value": _typed(row, name), "message": messages.get(name, "")} for name in shown]
        lines.append({"no": row.row_no or "", "action": ACTIONS[row.intended], "cells": cells})
    letters = {p["identifier"]: p["column"] for row in rows for p in row.errors if p["column"]}
    heads = [{"label": columns[name].label, "letter": letters.get(name, "")} for name in shown]
    return {"kind": "errors", "heads": heads, "rows": lines}


def _typed(row: PlanRow, identifier: str) -> str:
    text = str(row.texts.get(identifier, ""))
    if not row.row_no and identifier in (NAME, NUMBER):
        text = row.name if identifier == NAME else row.key
    section, _, item = identifier.partition(".")
    field = BY_NAME[section].fields[item]
    return masked(field, text) if field.secret and text[:1].isdigit() and text.isalnum() else text


def _person(row: PlanRow) -> dict[str, Any]:
    return {
        "no": row.row_no or "",
        "name": row.name,
        "number": mask_id(row.key) if row.key else "",
        "warnings": [problem["message"] for problem in row.warnings],
    }


def _change_table(rows: Sequence[PlanRow], section: Section, indicator_set: IndicatorSet) -> dict[str, Any]:
    lines = []
    for row in rows:
        new, old = (unpack_values(section.name, getattr(row, side)) for side in ("values", "old"))
        changes = [
            {
                "label": section.fields[item].label,
                "old": show(section.fields[item], old.get(item), indicator_set),
                "new": show(section.fields[item], value, indicator_set),
            }
            for item, value in new.items()
        ]
        lines.append(_person(row) | {"changes": changes})
    return {"kind": "changes", "rows": lines, "remarks": _any_warning(lines)}


def _value_table(rows: Sequence[PlanRow], section: Section, indicator_set: IndicatorSet) -> dict[str, Any]:
    listed = [f for f in section.fields_for(indicator_set) if f.in_list and f.filled_by != "D"]
    shown = [field for field in listed if f"{section.name}.{field.name}" not in (NAME, NUMBER)]
    lines = []
    for row in rows:
        packed = row.old if row.action == "delete" else row.values
        values = unpack_values(section.name, packed)
        lines.append(_person(row) | {"cells": [show(field, values.get(field.name), indicator_set) for field in shown]})
    heads = [field.label for field in shown]
    if all(row.action == "same" for row in rows):
        heads, lines = [], [line | {"cells": []} for line in lines]
    return {"kind": "values", "heads": heads, "rows": lines, "remarks": _any_warning(lines)}


def _any_warning(lines: Iterable[Mapping[str, Any]]) -> bool:
    return any(line["warnings"] for line in lines)
