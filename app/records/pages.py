"""What the page of one record shows: blocks of sections and the timeline."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.core.history import History, unpack
from app.core.indicator_set import IndicatorSet
from app.core.sections.section import Section, show
from app.records import BY_NAME, NOTHING, attachments, sections_for, teacher_photo
from app.records.attachments import Place
from app.records.editing import EditRights
from app.records.rows import said_none
from app.records.teacher import Teacher

ACTIONS = {"update": "修改", "delete": "删除", "attach": "上传附件：", "detach": "删除附件："}
NONE_LABELS = {False: "填「无」", True: "取消「无」"}  # by whether it was said
FILE_ITEMS = {module.ITEM: module.HISTORY_FIELD for module in (attachments, teacher_photo)}


def record_blocks(
    teacher: Teacher,
    rows: Mapping[str, Sequence[Any]],
    rights: EditRights,
    urls: Mapping[str, Any],
    files: Mapping[Place, Sequence[Any]],
) -> list[dict[str, Any]]:
    """Basic information by groups, each section with rows as a table, and one block that names the empty ones."""
    blocks, empty = [], []
    nothing = said_none(rows)
    for section in sections_for(teacher.indicator_set):
        if not section.many:
            blocks += _groups(section, teacher, rights, urls)
        elif rows[section.name] or section.required:
            none = section.name in nothing
            blocks.append(_table(section, teacher, rows[section.name], rights, urls, files, none=none))
        else:
            empty.append(section)
    return [*blocks, _empty_block(empty, nothing, rights, urls)] if empty else blocks


def _empty_block(
    sections: Sequence[Section], nothing: Collection[str], rights: EditRights, urls: Mapping[str, Any]
) -> dict[str, Any]:
    """The sections without records, each with the way to its first one."""
    rows = []
    for section in sections:
        open_now = not rights.row_lock(section, None)
        links = [{"label": section.add_label, "url": urls["add"](section)}] if open_now else []
        said = "填「无」" if section.name in nothing else "没有填"
        rows.append({"cells": [section.title, section.part or "—", said], "links": links, "url": ""})
    columns = [{"label": "板块"}, {"label": "所属"}, {"label": "情况"}]
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
    section: Section,
    teacher: Teacher,
    rows: Sequence[Any],
    rights: EditRights,
    urls: Mapping[str, Any],
    files: Mapping[Place, Sequence[Any]],
    *,
    none: bool,
) -> dict[str, Any]:
    shown = [field for field in section.fields_for(teacher.indicator_set) if field.in_list]
    can_add = section.has_room(rows) and not rights.row_lock(section, None)
    links = [{"label": section.add_label, "url": urls["add"](section)}] if can_add else []
    if can_add and section.may_be_none and not rows:
        links.append({"label": NONE_LABELS[none], "url": urls["none"](section, not none), "post": True})
    table = []
    for row in rows:
        cells = [show(field, getattr(row, field.name), teacher.indicator_set) for field in shown]
        editable = not rights.row_lock(section, row.id)
        link = {"label": "修改" if editable else "查看", "url": urls["row"](section, row)}
        count = len(files.get((section.name, row.id), ()))
        table.append({"cells": cells, "links": [link] if rights.can_open else [], "url": "", "files": count})
    return {
        "id": section.name,
        "title": section.title,
        "note": f"{len(rows)} 条" if rows else "",
        "kind": "table",
        "columns": [{"label": field.label} for field in shown],
        "rows": table,
        "empty_title": "已填「无」" if none else "还没有记录",
        "empty_text": "" if none else section.empty_hint,
        "links": links,
    }


def whole_numbers(rows: Mapping[str, Sequence[Any]], indicator_set: IndicatorSet) -> list[str]:
    """The personal numbers of a record, unmasked: for a look that is noted."""
    return [
        f"{field.label} {show(field, getattr(row, field.name), indicator_set, reveal=True)}"
        for name, found in rows.items()
        for row in found
        for field in BY_NAME[name].fields_for(indicator_set)
        if field.secret and getattr(row, field.name)
    ]


def timeline(
    entries: Sequence[History], indicator_set: IndicatorSet, rows: Mapping[str, Sequence[Any]] | None = None
) -> list[dict[str, Any]]:
    """History in words, newest first; with `rows` also when each of them was made."""
    told = [(entry.at, _told(entry, indicator_set)) for entry in entries]
    for name, made in (rows or {}).items():
        told += [(row.created_at, _made(BY_NAME[name], row, indicator_set)) for row in made]
    return [line for _, line in sorted(told, key=lambda pair: pair[0], reverse=True)]


def _told(entry: History, indicator_set: IndicatorSet) -> dict[str, Any]:
    section = BY_NAME[entry.section]
    who = f"{entry.actor_name} {entry.unit_name}".strip()
    changes = []
    for name, (old, new) in entry.changes.items():
        field = section.fields.get(name) or FILE_ITEMS.get(name)
        if field is not None:
            pair = (show(field, unpack(field, value), indicator_set) for value in (old, new))
            changes.append({"label": field.label, **dict(zip(("old", "new"), pair, strict=True))})
    if section is NOTHING:
        names = [change["old"] for change in changes]
        return {
            "at": _moment(entry.at),
            "who": who,
            "what": f"取消{'、'.join(names)}的「无」",
            "changes": [],
            "kind": "",
        }
    what = f"{ACTIONS.get(entry.action, entry.action)}{section.title}"
    reason = f"：{entry.reason}" if entry.reason else ""
    return {"at": _moment(entry.at), "who": who, "what": what + reason, "changes": changes, "kind": ""}


def _made(section: Section, row: Any, indicator_set: IndicatorSet) -> dict[str, Any]:
    title = section.row_title(row, indicator_set)
    what = f"{'填' if section is NOTHING else '添加'}{section.title}：{title}" if section.many else "建档"
    by_import = "（Excel 导入）" if row.batch_id else ""
    return {"at": _moment(row.created_at), "who": row.created_by, "what": what + by_import, "changes": [], "kind": "ok"}


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
