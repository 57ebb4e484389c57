"""What the page of one record shows: blocks of sections and the timeline."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.history import History, unpack
from app.core.sections.section import Section, show
from app.records import BY_NAME, sections_for
from app.records.editing import EditRights
from app.records.teacher import Teacher

ACTIONS = {"update": "修改", "delete": "删除"}


def record_blocks(
    teacher: Teacher, rows: Mapping[str, Sequence[Any]], rights: EditRights, urls: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Basic information by groups, each section with rows as a table, and one block that names the empty ones."""
    blocks, empty = [], []
    for section in sections_for(teacher.indicator_set):
        if not section.many:
            blocks += _groups(section, teacher, rights, urls)
        elif rows[section.name] or section.required:
            blocks.append(_table(section, teacher, rows[section.name], rights, urls))
        else:
            empty.append(section)
    return [*blocks, _empty_block(empty, rights, urls)] if empty else blocks


def _empty_block(sections: Sequence[Section], rights: EditRights, urls: Mapping[str, Any]) -> dict[str, Any]:
    """The sections without records, each with the way to its first one."""
    rows = []
    for section in sections:
        open_now = not rights.row_lock(section, None)
        links = [{"label": section.add_label, "url": urls["add"](section)}] if open_now else []
        rows.append({"cells": [section.title, section.part or "—"], "links": links, "url": ""})
    columns = [{"label": "板块"}, {"label": "所属"}]
    note = f"{len(rows)} 个，都是选填"
    block = {"id": "empty", "title": "没有记录的板块", "note": note, "kind": "table", "columns": columns, "rows": rows}
    return block | {"empty_title": "", "empty_text": "", "links": []}


def _groups(section: Section, teacher: Teacher, rights: EditRights, urls: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for field in section.fields_for(teacher.indicator_set):
        value = show(field, getattr(teacher, field.name), teacher.indicator_set)
        groups.setdefault(field.group, []).append({"label": field.label, "value": value or "—", "mute": not value})
    blocks = [{"title": title, "kind": "kv", "rows": kv, "id": "", "links": []} for title, kv in groups.items()]
    blocks[0]["id"] = section.name
    if not rights.row_lock(section, teacher.id):
        blocks[0]["links"] = [{"label": "修改", "url": urls["edit"]}]
    return blocks


def _table(
    section: Section, teacher: Teacher, rows: Sequence[Any], rights: EditRights, urls: Mapping[str, Any]
) -> dict[str, Any]:
    shown = [field for field in section.fields_for(teacher.indicator_set) if field.in_list]
    can_add = section.has_room(rows) and not rights.row_lock(section, None)
    table = []
    for row in rows:
        cells = [show(field, getattr(row, field.name), teacher.indicator_set) for field in shown]
        editable = not rights.row_lock(section, row.id)
        links = [{"label": "修改" if editable else "查看", "url": urls["row"](section, row)}]
        table.append({"cells": cells, "links": links if rights.can_open else [], "url": ""})
    return {
        "id": section.name,
        "title": section.title,
        "note": f"{len(rows)} 条" if rows else "",
        "kind": "table",
        "columns": [{"label": field.label} for field in shown],
        "rows": table,
        "empty_title": "还没有记录",
        "empty_text": section.empty_hint,
        "links": [{"label": section.add_label, "url": urls["add"](section)}] if can_add else [],
    }


def timeline(
    entries: Sequence[History], indicator_set: str, rows: Mapping[str, Sequence[Any]] | None = None
) -> list[dict[str, Any]]:
    """History in words, newest first; with `rows` also when each of them was made."""
    told = [(entry.at, _told(entry, indicator_set)) for entry in entries]
    for name, made in (rows or {}).items():
        told += [(row.created_at, _made(BY_NAME[name], row, indicator_set)) for row in made]
    return [line for _, line in sorted(told, key=lambda pair: pair[0], reverse=True)]


def _told(entry: History, indicator_set: str) -> dict[str, Any]:
    section = BY_NAME[entry.section]
    changes = []
    for name, (old, new) in entry.changes.items():
        field = section.fields.get(name)
        if field is not None:
            pair = (show(field, unpack(field, value), indicator_set) for value in (old, new))
            changes.append({"label": field.label, **dict(zip(("old", "new"), pair, strict=True))})
    what = f"{ACTIONS.get(entry.action, entry.action)}{section.title}"
    reason = f"：{entry.reason}" if entry.reason else ""
    who = f"{entry.actor_name} {entry.unit_name}".strip()
    return {"at": _moment(entry.at), "who": who, "what": what + reason, "changes": changes, "kind": ""}


def _made(section: Section, row: Any, indicator_set: str) -> dict[str, Any]:
    what = f"添加{section.title}：{section.row_title(row, indicator_set)}" if section.many else "建档"
    by_import = "（Excel 导入）" if row.batch_id else ""
    return {"at": _moment(row.created_at), "who": row.created_by, "what": what + by_import, "changes": [], "kind": "ok"}


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
