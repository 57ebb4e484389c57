"""What the pages of one section of /my show: its rows, and one form."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for

from app.core.indicator_set import IndicatorSet
from app.core.sections.section import Section, show
from app.portal.my_page import Mine, form_url, mark_place, moment, own_sections, row_title, school_sections, side
from app.records.marks import ReviewMark
from app.records.pages import NONE_LABELS
from app.records.row_form import RowForm
from app.records.rows import said_none
from app.records.states import state_tag

NOT_RETURNED = "这一板块没有被退回，不用改。"


def neighbours(section: Section, indicator_set: IndicatorSet) -> dict[str, Any]:
    """The sections before and after; the last one leads to the overview."""
    sections = own_sections(indicator_set) if section.filled_by == "T" else school_sections(indicator_set)
    place = sections.index(section)
    links = [{"title": s.title, "url": url_for("MyView.section", name=s.name)} for s in sections]
    end = {"title": "总览与提交", "url": url_for("MyView.overview")}
    return {
        "previous": links[place - 1] if place else None,
        "following": links[place + 1] if place + 1 < len(links) else end,
        "place": f"第 {place + 1} / {len(sections)} 个板块",
    }


def section_page(mine: Mine, section: Section) -> dict[str, Any]:
    """The rows of a section as a table, refused ones with the reviewer's words."""
    shown = [field for field in section.fields_for(mine.teacher.indicator_set) if field.in_list]
    rows = mine.rows[section.name]
    can_add = section.has_room(rows) and not mine.rights.row_lock(section, None)
    none = section.name in said_none(mine.rows)
    may_say = can_add and section.may_be_none and not rows
    return side(mine, section.name) | neighbours(section, mine.teacher.indicator_set) | {
        "title": section.title,
        "required": section.required,
        "tag": state_tag(mine.teacher),
        "intro": section.intro,
        "columns": [field.label for field in shown],
        "rows": [_shown_row(mine, section, shown, row) for row in rows],
        "returned": _returned(mine, section),
        "locked": _locked(mine, section),
        "add_url": url_for("MyView.row_add", name=section.name) if can_add else "",
        "add_label": section.add_label,
        "has_new": any(draft["key"] == (section.name, None) for draft in mine.drafts),
        "none_url": url_for("MyView.none", name=section.name, say=int(not none)) if may_say else "",
        "none": none,
        "none_label": NONE_LABELS[none],
        "empty": "已填「无」" if none else section.empty_hint or f"还没有{section.title}。",
    }  # fmt: skip


def _shown_row(mine: Mine, section: Section, shown: Sequence[Any], row: Any) -> dict[str, Any]:
    marks = [mark for mark in mine.rights.marks if mark.section == section.name and mark.row_id == row.id]
    words = {mark.item: mark.text for mark in marks}
    cells = []
    for field in shown:
        text = show(field, getattr(row, field.name), mine.teacher.indicator_set, reveal=True)
        cells.append({"label": field.label, "text": text, "refused": words.pop(field.name, "")})
    fields = section.fields
    others = [f"{fields[item].label}：{text}" if item in fields else text for item, text in words.items()]
    editable = not mine.rights.row_lock(section, row.id)
    errors = sum(f.row_id == row.id and f.section is section for f in mine.state.errors)
    return {
        "id": row.id,
        "cells": cells,
        "tag": _row_tag(mine, section, row.id, marks, errors),
        "others": others,
        "url": form_url(section, row.id),
        "label": "修改" if editable else "查看",
    }


def _row_tag(mine: Mine, section: Section, row_id: int, marks: Sequence[ReviewMark], errors: int) -> dict[str, str]:
    left = [mark for mark in marks if mark.id not in mine.mended]
    if any(draft["key"] == (section.name, row_id) for draft in mine.drafts):
        return {"label": "有改动没保存", "kind": "draft"}
    if left:
        return {"label": f"退回 {len(left)} 项", "kind": "no"}
    if errors:
        return {"label": f"缺 {errors} 项", "kind": "wait"}
    return {"label": "已改", "kind": "info"} if marks else {"label": "完整", "kind": "ok"}


# ── one form ──


def form_page(mine: Mine, form: RowForm, page: Mapping[str, Any]) -> dict[str, Any]:
    """What surrounds the items of one form: addresses, locks, what was returned here."""
    section, row_id, lock = form.section, form.row_id, form.locked()
    rest = side(mine, section.name) | neighbours(section, mine.teacher.indicator_set)
    verb = "添加" if form.row is None else "查看" if lock else "修改"
    target: dict[str, Any] = {"name": section.name, "row_id": row_id or ""}
    saved = moment(form.row.updated_at) + " 已保存" if form.row is not None else "还没有保存"
    deletable = row_id is not None and not form.rights.delete_lock(section, row_id)
    return {**rest, **page} | {
        "title": f"{verb}{section.title}" if section.many else section.title,
        "what": row_title(section, row_id, mine.rows, mine.teacher),
        "tag": state_tag(mine.teacher),
        "intro": section.intro,
        "locked": lock and (_locked(mine, section) or lock),
        "restored": "" if lock else page["restored"],
        "saved": "有改动还没有保存" if page["has_draft"] or page["problems"] else saved,
        "returned": _returned(mine, section, row_id),
        "draft_url": "" if lock else url_for("MyView.draft", **target),
        "drop_url": url_for("MyView.drop", **target) if page["has_draft"] else "",
        "delete_url": url_for("MyView.row_delete", name=section.name, row_id=row_id) if deletable else "",
        "back_url": url_for("MyView.section", name=section.name) if section.many else "",
    }


def _returned(mine: Mine, section: Section, row_id: int | None = None) -> list[dict[str, Any]]:
    """What was returned in a section; with `row_id` only what is about that row or the section as a whole."""
    if mine.teacher.status != "rejected":
        return []
    here = [mark for mark in mine.rights.marks if mark.section in ("", section.name)]
    places = [mark_place(mine, mark) for mark in here if row_id is None or mark.row_id in (None, row_id)]
    return [place | {"label": place["label"].removeprefix(f"{section.title} · ")} for place in places]


def _locked(mine: Mine, section: Section) -> str:
    """Why nothing in the section can be changed, or ""."""
    if reason := mine.rights.section_lock(section):
        return reason
    named = not mine.rights.marks or any(mark.section in ("", section.name) for mark in mine.rights.marks)
    return "" if named else NOT_RETURNED
