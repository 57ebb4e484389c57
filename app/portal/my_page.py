"""What the pages of /my show: state and next step, tree of sections, what was returned, what is missing."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from app.collection.flow import REPORT
from app.core.actor import Actor
from app.core.drafts import drafts_under
from app.core.flow import FlowLog
from app.core.history import History
from app.core.indicator_set import IndicatorSet
from app.core.sections.section import Problem, Section
from app.records import BY_NAME, SECTIONS, attachments, sections_for
from app.records.completeness import Completeness, Finding, SectionState, check_rows
from app.records.editing import EditRights, edit_rights
from app.records.marks import MISSING, ReviewMark
from app.records.pages import timeline
from app.records.queries import history_of
from app.records.row_form import NEW
from app.records.rows import rows_of
from app.records.states import STATES, state_tag
from app.records.teacher import Teacher

# Surnames of two characters that are met in schools; everybody else is addressed by the first character.
DOUBLE_SURNAMES = frozenset("欧阳 司马 上官 诸葛 司徒 东方 南宫 夏侯 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 端木".split())
ICONS = {"done": "check", "todo": "circle-half-stroke", "back": "arrow-rotate-left", "opt": "minus", "lock": "lock"}
LEGEND = (("back", "{n} 个板块被退回"), ("todo", "{n} 个还没填好"), ("opt", "{n} 个未填（选填）"))
BY_SCHOOL = "由学校填写，请联系学校信息管理员。"
PART_OF_SCHOOL = "由学校填写"


@dataclass(frozen=True)
class Mine:
    """The own record as every page of /my needs it, read once for each request."""

    actor: Actor
    teacher: Teacher
    rows: Mapping[str, Sequence[Any]]
    state: Completeness
    rights: EditRights
    mended: frozenset[int]  # ids of marks whose place was changed since
    drafts: list[dict[str, Any]]

    def left(self, section: str | None = None) -> list[ReviewMark]:
        """What was returned and not changed yet, in all or in one section."""
        open_ = [mark for mark in self.rights.marks if mark.id not in self.mended]
        return [mark for mark in open_ if section is None or mark.section == section]


def read_mine(session: Session, actor: Actor, teacher: Teacher, history: Sequence[History] | None = None) -> Mine:
    """Read the record, its marks and drafts; `history` where it is at hand already."""
    rows = rows_of(session, teacher)
    rights = edit_rights(session, actor, teacher)
    if history is None:
        history = history_of(session, teacher.id) if rights.marks else []
    mended = frozenset(mark.id for mark in rights.marks if _is_mended(mark, rows, history))
    drafts = _drafts(rows, rights, teacher, drafts_under(session, actor.user_id, ""))
    return Mine(actor, teacher, rows, check_rows(teacher, rows), rights, mended, drafts)


def _is_mended(mark: ReviewMark, rows: Mapping[str, Sequence[Any]], history: Sequence[History]) -> bool:
    """Whether something changed where the mark points since it was set. A new row leaves no history."""
    for entry in history:
        here = entry.section == mark.section or not mark.section
        same_row = mark.row_id in (None, entry.row_id)
        proven = mark.reason == MISSING and attachments.ITEM in entry.changes
        if entry.at >= mark.opened_at and here and same_row and (not mark.item or mark.item in entry.changes or proven):
            return True
    if mark.row_id is not None or mark.item:
        return False
    places = [mark.section] if mark.section else list(rows)
    return any(row.created_at >= mark.opened_at for name in places for row in rows.get(name, ()))


def _drafts(
    rows: Mapping[str, Sequence[Any]], rights: EditRights, teacher: Teacher, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """What was typed and not saved. Forms that are closed now, or rows that are gone, hold nobody back."""
    found = []
    for key in keys:
        name, teacher_id, row = (*key.split("/"), "", "")[:3]
        section, row_id = BY_NAME.get(name), int(row) if row != NEW and row.isdigit() else None
        if section is None or teacher_id != str(teacher.id) or rights.row_lock(section, row_id):
            continue
        if row_id is not None and row_id not in {stored.id for stored in rows[name]}:
            continue
        what = row_title(section, row_id, rows, teacher) or ("新的一条" if section.many else "")
        label = f"{section.title} · {what}" if section.many else section.title
        drop_url = url_for("MyView.drop", name=name, row_id=row_id or "")
        found.append({"label": label, "url": form_url(section, row_id), "drop_url": drop_url, "key": (name, row_id)})
    return found


def form_url(section: Section, row_id: int | None, item: str = "") -> str:
    """The address of a form, at one of its items."""
    anchor = f"{section.name}-{item}" if item else None
    if not section.many:
        return url_for("MyView.section", name=section.name, _anchor=anchor)
    if row_id is None:
        return url_for("MyView.row_add", name=section.name, _anchor=anchor)
    return url_for("MyView.row", name=section.name, row_id=row_id, _anchor=anchor)


def row_title(section: Section, row_id: int | None, rows: Mapping[str, Sequence[Any]], teacher: Teacher) -> str:
    """What a row is called on its page."""
    if not section.many or row_id is None:
        return ""
    for number, row in enumerate(rows[section.name], 1):
        if row.id == row_id:
            return section.row_title(row, teacher.indicator_set) or f"第 {number} 条"
    return ""


# ── side: meter and tree ──


def own_sections(indicator_set: IndicatorSet) -> tuple[Section, ...]:
    """The sections that a teacher fills in."""
    return tuple(section for section in sections_for(indicator_set) if section.filled_by == "T")


def school_sections(indicator_set: IndicatorSet) -> tuple[Section, ...]:
    """The sections that the school fills in; the teacher reads them."""
    return tuple(section for section in sections_for(indicator_set) if section.filled_by != "T")


def side(mine: Mine, current: str) -> dict[str, Any]:
    """The left column: how far it is, and one line for each section."""
    entries: list[dict[str, Any]] = []
    for state in sorted(mine.state.sections, key=lambda one: one.section.filled_by != "T"):
        own = state.section.filled_by == "T"
        kind, word = _standing(mine, state)
        # An optional empty one is no gap, and what the school fills in is not the teacher's.
        counts = own and (state.section.required or state.rows or state.none or kind == "back")
        entries.append(
            {
                "name": state.section.name,
                "title": state.section.title,
                "part": state.section.part if own else PART_OF_SCHOOL,
                "url": url_for("MyView.section", name=state.section.name),
                "required": state.section.required and own,
                "kind": kind,
                "icon": ICONS[kind],
                "word": word,
                "current": state.section.name == current,
                "seg": (("done" if state.complete else "todo") if kind == "lock" else kind) if counts else "",
            }
        )
    return {
        "percent": mine.state.own_percent,
        "errors": len(mine.state.own_errors),
        "tree": entries,
        "list_url": url_for("MyView.overview"),
    }


def _standing(mine: Mine, state: SectionState) -> tuple[str, str]:
    """How a section stands, as kind and word."""
    section, marks = state.section, mine.rights.marks
    if section.filled_by != "T":
        return "lock", "无" if state.none else f"{state.rows} 条" if state.rows else "没有"
    errors = sum(finding.section is section for finding in mine.state.own_errors)
    if mine.rights.record_lock():
        return "lock", "已锁定"
    if left := mine.left(section.name):
        return "back", f"退回 {len(left)} 项"
    if errors:
        return ("todo", f"缺 {errors} 项") if state.rows else ("todo", "未填")
    if any(mark.section == section.name for mark in marks):
        return "done", "已改"
    if marks and all(mark.section for mark in marks):
        return "lock", "已锁定"
    if state.none:
        return "done", "无"
    return ("done", "完整") if state.rows else ("opt", "未填")


# ── overview ──


def overview(mine: Mine, steps: Sequence[FlowLog], history: Sequence[History]) -> dict[str, Any]:
    """The start page: one sentence, what to do, what has happened."""
    column = side(mine, "")
    kinds = [entry["kind"] for entry in column["tree"]]
    return column | {
        "tag": state_tag(mine.teacher),
        "legend": [text.format(n=kinds.count(kind)) for kind, text in LEGEND if kind in kinds],
        **_headline(mine, steps),
        **_actions(mine),
        "returned": _returned(mine),
        "missing": _missing(mine) if not mine.rights.record_lock() else [],
        "of_school": _of_school(mine) if not mine.rights.record_lock() else [],
        "warnings": [_place(f.section, f.row_id, f.problem, f.label) for f in mine.state.warnings],
        "drafts": mine.drafts,
        "steps": [_told(step) for step in steps],
        "timeline": timeline(history, mine.teacher.indicator_set, mine.rows),
    }


def address(name: str) -> str:
    """How a teacher is spoken to: 周老师, 欧阳老师; names with a dot or in letters are left whole."""
    if not name or "·" in name or name[0].isascii():
        return f"{name}老师"
    return f"{name[:2] if len(name) > 2 and name[:2] in DOUBLE_SURNAMES else name[0]}老师"


def _headline(mine: Mine, steps: Sequence[FlowLog]) -> dict[str, str]:
    """State and next step in one sentence, and what goes with it."""
    teacher, latest = mine.teacher, steps[0] if steps else None
    when = moment(latest.at) if latest else ""
    if teacher.status == "submitted_to_school":
        lead = f"{when} 提交。" if latest and latest.step == "submit" else ""
        return {"say": "已交学校，等学校报送", "lead": f"{lead}学校报送之前可以撤回再改。"}
    if teacher.status == "in_review":
        at = teacher.waiting_unit.name if teacher.waiting_unit else "上级单位"
        return {"say": f"正在{at}审核", "lead": f"{when} 送到这里。审核期间不能改，结果会显示在这一页。"}
    if teacher.status == "approved":
        by = f"{when} 由{latest.unit_name}审核通过。" if latest and latest.step == "approve" else ""
        return {"say": "审核通过", "lead": f"{by}要改请申请信息变更。"}
    return _to_do(mine)


def _to_do(mine: Mine) -> dict[str, str]:
    """The sentence while the teacher is at work: draft or returned."""
    errors, left, marks = len(mine.state.own_errors), len(mine.left()), mine.rights.marks
    who = address(mine.teacher.name or "")
    if left:
        by = "学校" if marks[0].by_unit == mine.teacher.unit.name else marks[0].by_unit
        rest = f"另外还有 {errors} 处没有填好。" if errors else ""
        return {"say": f"{by}退回了 {left} 项，请改好后重新提交", "lead": f"没有点名的项目不用动。{rest}"}
    if errors:
        return {"say": f"{who}，还差 {errors} 处就能提交", "lead": "可以分几次填，随时保存。填完后提交给学校。"}
    if mine.drafts:
        return {"say": f"{who}，还有 {len(mine.drafts)} 份内容没有保存", "lead": "保存之后就能提交给学校。"}
    if marks:
        return {"say": f"{who}，退回的 {len(marks)} 项都改了，可以重新提交", "lead": "提交后由学校报送。"}
    return {"say": f"{who}，已经填完整，可以提交给学校", "lead": "提交后由学校报送，学校报送之前可以撤回再改。"}


def _actions(mine: Mine) -> dict[str, Any]:
    """The buttons: what can be done now, and why not what cannot."""
    status = mine.teacher.status
    if status == "submitted_to_school":
        return {"can": "recall", "why": "", "next_url": ""}
    if status not in ("draft", "rejected"):
        return {"can": "", "why": "", "next_url": ""}
    left = mine.left()
    if errors := mine.state.own_errors:
        why, next_url = f"现在不能提交：还有 {len(errors)} 处没有填好。", _url_of(errors[0])
    elif mine.drafts:
        why, next_url = "现在不能提交：有填了没有保存的内容。", mine.drafts[0]["url"]
    else:
        why, next_url = "", ""
    if left:
        next_url = mark_place(mine, left[0])["url"]
    unmended = f"退回的项目还有 {len(left)} 项没有改。不改就提交，可能再次被退回。" if left else ""
    return {"can": "submit", "why": why, "next_url": next_url, "confirm": unmended}


def _url_of(finding: Finding) -> str:
    return form_url(finding.section, finding.row_id, finding.problem.item)


def _place(section: Section, row_id: int | None, problem: Problem, label: str) -> dict[str, Any]:
    """One problem as a line: its label leads to the item, the message does not say the label twice."""
    field = section.fields.get(problem.item)
    text = problem.message.removeprefix(f"「{field.label}」" if field else "")
    of_school = section.filled_by != "T"
    note = BY_SCHOOL if of_school or (field is not None and field.filled_by in ("L", "A")) else ""
    url = url_for("MyView.section", name=section.name) if of_school else form_url(section, row_id, problem.item)
    return {"label": label, "text": text, "url": url, "note": note}


def _returned(mine: Mine) -> dict[str, Any] | None:
    """What reviewers sent back, each with its words and the way to it."""
    marks = mine.rights.marks
    if not marks or mine.teacher.status != "rejected":
        return None
    newest = marks[-1]
    by = f"{newest.by_name}（{newest.by_unit}）· {moment(newest.opened_at)}"
    return {"title": f"退回了 {len(marks)} 项", "by": by, "marks": [mark_place(mine, mark) for mark in marks]}


def mark_place(mine: Mine, mark: ReviewMark) -> dict[str, Any]:
    """Where a mark points, in words."""
    section = BY_NAME.get(mark.section)
    place = {"text": mark.text, "mended": mark.id in mine.mended}
    if section is None:
        return place | {"label": "整份资料", "url": url_for("MyView.section", name=SECTIONS[0].name)}
    title = row_title(section, mark.row_id, mine.rows, mine.teacher)
    label = Finding(section, mark.row_id, title, Problem(mark.item, "")).label
    gone = section.many and not title
    url = url_for("MyView.section", name=section.name) if gone else form_url(section, mark.row_id, mark.item)
    return place | {"label": label, "url": url}


def _missing(mine: Mine) -> list[dict[str, Any]]:
    """What keeps the record from being complete, by section and row."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for finding in mine.state.own_errors:
        section, field = finding.section, finding.section.fields.get(finding.problem.item)
        title = row_title(section, finding.row_id, mine.rows, mine.teacher)
        group = f"{section.title} · {title}" if title else section.title
        label = field.label if field else "去填"
        groups.setdefault(group, []).append(_place(section, finding.row_id, finding.problem, label))
    return [{"title": title, "items": items} for title, items in groups.items()]


def _of_school(mine: Mine) -> list[dict[str, Any]]:
    """What the school has still to fill in; it holds the teacher back in nothing."""
    return [_place(f.section, f.row_id, f.problem, f.label) for f in mine.state.school_errors]


def _told(step: FlowLog) -> dict[str, Any]:
    """A step that was taken, for the timeline."""
    on = "，转上一级审核" if step.step == "approve" and step.to_state == "in_review" else ""
    return {
        "at": f"{step.at.astimezone():%Y-%m-%d %H:%M}",
        "who": f"{step.actor_name} {step.unit_name}".strip(),
        "what": REPORT.by_name[step.step].label + on,
        "note": step.comment,
        "kind": STATES[step.to_state].kind,
    }


def moment(at: dt.datetime) -> str:
    """A moment as people write it."""
    local = at.astimezone()
    return f"{local.month} 月 {local.day} 日 {local:%H:%M}"
