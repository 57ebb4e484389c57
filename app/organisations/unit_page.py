"""What the page of one unit shows: its items, what hangs on it, its changes."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.sections.forms import FormState
from app.core.sections.section import show
from app.core.settings_log import timeline
from app.organisations.changes import changes_of, may_change
from app.organisations.declarations import CONTACT, LOG, TOLD, UNIT, values_of
from app.organisations.models import LEVELS, Unit, UnitChange
from app.organisations.operations import may_manage, may_mend
from app.organisations.queries import counts_below, departments_in

CHANGE_COLUMNS = [{"label": label} for label in ("生效日期", "变更", "依据", "经办", "状态")]


def unit_page(session: Session, actor: Actor, unit: Unit) -> dict[str, Any]:
    """All of it, for core/show.html."""
    parent = session.get(Unit, unit.parent_id) if unit.parent_id else None
    values = values_of(unit, parent.code if parent else None)
    state = FormState(TOLD, unit.indicator_set, values, {}, lambda _: "")
    return {
        "title": unit.name,
        "meta": [LEVELS[unit.level], unit.code],
        "tag": {"label": "撤销", "kind": "draft"} if not unit.active else None,
        "breadcrumb": [{"label": "单位", "url": url_for("UnitView.list")}, {"label": unit.name}],
        "actions": _actions(actor, unit),
        "blocks": [
            *_items(unit, parent, values),
            *_below(session, unit),
            *_changes(session, actor, unit),
        ],
        "timeline": timeline(session, state, LOG, str(unit.id)),
    }


def _actions(actor: Actor, unit: Unit) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    if may_manage(actor, unit):
        actions.append(_state_action(unit))
    if may_change(actor, unit) and unit.active:
        actions.append({"label": "变更名称、代码、上级", "url": url_for("UnitChangeView.change", pk=unit.id)})
    if may_mend(actor, unit, "contact_name"):
        actions.append({"label": "修改", "url": url_for("UnitView.edit", pk=unit.id), "primary": True})
    return actions


def _state_action(unit: Unit) -> dict[str, Any]:
    if not unit.active:
        return {"label": "恢复", "url": url_for("UnitView.state", pk=unit.id, state="restore"), "post": True}
    confirm = f"撤销后，不能再在「{unit.name}」下面新增单位和教师，原有的记录都保留。以后可以恢复。"
    url = url_for("UnitView.state", pk=unit.id, state="retire")
    return {"label": "撤销", "url": url, "post": True, "danger": True, "confirm": confirm}


def _items(unit: Unit, parent: Unit | None, values: Any) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for field in UNIT.items:
        if field.applies(values):
            value = show(field, values.get(field.name), unit.indicator_set)
            if field.name == "parent":
                value = parent.name if parent else ""
            label = "上级单位" if field.name == "parent" else field.label
            groups.setdefault(field.group, []).append({"label": label, "value": value})
    return [
        {"title": title, "kind": "kv", "rows": rows, "id": "contact" if title == CONTACT else "basic", "links": []}
        for title, rows in groups.items()
    ]


def _below(session: Session, unit: Unit) -> list[dict[str, Any]]:
    if unit.level == "school":
        return _departments(session, unit)
    rows = []
    for level, count in counts_below(session, unit):
        url = url_for("UnitView.list", _flt_0_above=unit.id, _flt_0_level=level)
        rows.append({"cells": [LEVELS[level], str(count)], "url": url, "links": []})
    columns: list[dict[str, Any]] = [{"label": "级别"}, {"label": "在册的单位", "num": True}]
    block = {"title": "直属下级", "kind": "table", "columns": columns, "rows": rows, "id": "below", "links": []}
    return [block | {"empty_title": "还没有下级单位", "empty_text": "可以逐个新增，也可以用名单文件一次导入。"}]


def _departments(session: Session, unit: Unit) -> list[dict[str, Any]]:
    found: Sequence[Unit] = departments_in(session, unit)
    if not found:
        return []
    rows = [{"cells": [row.name, row.code, "在用" if row.active else "停用"], "url": "", "links": []} for row in found]
    columns = [{"label": "名称"}, {"label": "代码"}, {"label": "状态"}]
    return [{"title": "二级单位", "kind": "table", "columns": columns, "rows": rows, "id": "departments", "links": []}]


def _changes(session: Session, actor: Actor, unit: Unit) -> list[dict[str, Any]]:
    changes = changes_of(session, unit.id)
    if not changes:
        return []
    mentioned = {key for change in changes for key in (change.parent_id, change.old_parent_id) if key}
    names = {row.id: row.name for row in session.scalars(select(Unit).where(Unit.id.in_(mentioned)))}
    rows = []
    for change in changes:
        cells = [str(change.effective_on), _told(change, names), change.reason, change.made_by, _state(change)]
        rows.append({"cells": cells, "links": [], "url": ""})
    open_now = [change for change in changes if change.applied_at is None and may_change(actor, unit)]
    links = [
        {
            "label": f"撤回 {change.effective_on} 的变更",
            "url": url_for("UnitChangeView.withdraw", pk=change.id),
            "post": True,
        }
        for change in open_now
    ]
    block = {"title": "名称、代码、上级的变更", "kind": "table", "columns": CHANGE_COLUMNS, "rows": rows}
    return [block | {"id": "changes", "links": links}]


def _told(change: UnitChange, names: dict[int, str]) -> str:
    """What changes, in one line: 名称：甲 → 乙."""
    above = [names.get(key, "") if key else "" for key in (change.old_parent_id, change.parent_id)]
    parts = (
        ("名称", change.old_name, change.name),
        ("代码", change.old_code, change.code),
        ("上级", *above),
    )
    told = [f"{label}：{f'{old} → ' if old else '改为 '}{new}" for label, old, new in parts if new]
    return "；".join(told)


def _state(change: UnitChange) -> str:
    if change.applied_at is not None:
        return "已生效"
    return f"没有生效：{change.refused}" if change.refused else "等待生效"
