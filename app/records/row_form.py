"""One form of the record, for clerk and teacher alike: what it shows, its draft, and saving it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.drafts import Draft, drop_draft, keep_draft, load_draft
from app.core.history import earlier_values
from app.core.sections.fields import Field
from app.core.sections.forms import FormState, fieldsets, without_masks
from app.core.sections.reading import read_row, typed
from app.core.sections.section import Problem, Section, contradictions, show
from app.organisations.models import Unit
from app.records.defaults import named_defaults
from app.records.editing import EditRights, edit_rights
from app.records.operations import Saved, create_teacher, save_row
from app.records.teacher import Teacher

NEW = "new"
RESTORED = "这里接着您上次没有保存的内容（{at}）。保存后生效，也可以放弃。"
RESTORED_LOGIN = "登录过期前填的内容都在这里，请核对后保存。"
STALE = "您填的内容还没有保存，这一条又被别人改过。您改过的项目旁边写着现在存的内容，请对照后再保存。"


def draft_key(section: Section, teacher_id: int | None, row_id: int | None) -> str:
    """The name of a form's draft."""
    return f"{section.name}/{teacher_id or NEW}/{row_id or NEW}"


@dataclass
class RowForm:
    """One row of one section, opened by one actor. `teacher` is None for a person not stored yet."""

    session: Session
    actor: Actor
    section: Section
    unit: Unit
    teacher: Teacher | None
    row: Any | None
    rights: EditRights = field(init=False)

    def __post_init__(self) -> None:
        self.rights = edit_rights(self.session, self.actor, self.teacher)

    @property
    def row_id(self) -> int | None:
        return self.row.id if self.row is not None and self.section.many else None

    @property
    def version(self) -> int:
        return self.row.version if self.row is not None else 0

    @property
    def key(self) -> str:
        return draft_key(self.section, self.teacher.id if self.teacher else None, self.row_id)

    @property
    def stored(self) -> Mapping[str, Any]:
        return self.section.values(self.row) if self.row is not None else {}

    def locked(self) -> str:
        """Why the whole form is read-only, or ""."""
        return self.rights.row_lock(self.section, self.row_id)

    def lock_of(self, declared: Field) -> str:
        return self.rights.item_lock(self.section, self.row_id, declared)

    def marks(self) -> dict[str, str]:
        """What reviewers wrote at items of this row."""
        return {
            mark.item: f"退回：{mark.text}"
            for mark in self.rights.marks
            if mark.section == self.section.name
            and (not self.section.many or mark.row_id in (None, self.row_id))
            and mark.item
        }

    def page(self, texts: Mapping[str, str] | None = None, problems: Sequence[Problem] = ()) -> dict[str, Any]:
        """What the template needs: items, version, what was restored. Without `texts` the draft goes over the row."""
        draft = load_draft(self.session, self.actor.user_id, self.key) if texts is None else None
        restored = ""
        if draft is not None:
            texts = draft.texts
            stale = draft.base_version != self.version
            restored = STALE if stale else RESTORED.format(at=f"{draft.saved_at.astimezone():%m-%d %H:%M}")
        shown = texts or {}
        said = {problem.item for problem in problems}
        hints = [] if problems else self._hints(shown)
        if draft is not None and draft.base_version != self.version:
            hints += self._stored_now(shown)
        refused = [Problem(item, note) for item, note in self.marks().items() if item not in said]
        state = FormState(
            section=self.section,
            indicator_set=self.unit.indicator_set,
            stored=self.stored,
            texts=shown,
            lock=self.lock_of,
            problems=[*refused, *hints, *problems],
            is_new=self.row is None,
            named=named_defaults(self.unit, dt.date.today()),  # noqa: DTZ011 - the day where the school is
            reveal=self.rights.is_self,
        )
        return {
            "fieldsets": fieldsets(state),
            "problems": [self._link(problem) for problem in problems if problem.level == "error"],
            "version": self.version,
            "hidden": [("version", self.version)],
            "restored": restored,
            "has_draft": draft is not None,
        }

    def _stored_now(self, texts: Mapping[str, str]) -> list[Problem]:
        """What stands in the record now, beside what the person had typed before it changed."""
        found = []
        for name, text in texts.items():
            declared = self.section.fields[name]
            value = self.stored.get(name)
            if not declared.secret and text != typed(declared, value):
                words = show(declared, value, self.unit.indicator_set) or "空"
                found.append(Problem(name, f"现在存的是「{words}」，保存后改成您填的。", "warning"))
        return found

    def _hints(self, texts: Mapping[str, str]) -> list[Problem]:
        """Contradictions of what is stored or restored, as soft warnings; a first glance accuses nobody."""
        if texts:
            open_texts = without_masks(self.section, texts, self.stored)
            reading = read_row(self.section, open_texts, self.unit.indicator_set, self.stored)
            found = reading.problems
        else:
            found = list(contradictions(self.section, self.stored, self.unit.indicator_set)) if self.row else []
        return [Problem(problem.item, problem.message, "warning") for problem in found]

    def _link(self, problem: Problem) -> dict[str, str]:
        declared = self.section.fields.get(problem.item)
        label = declared.label if declared else self.section.title
        return {"label": label, "message": problem.message, "href": f"#{self.section.name}-{problem.item}"}

    def changed_texts(self, texts: Mapping[str, str], version: int) -> dict[str, str]:
        """What the person has really changed, against the row as it was when the form was opened.

        A form sends every item; kept and saved later, an untouched one would undo what somebody else wrote meanwhile.
        """
        base = dict(self.stored)
        if self.row is not None and version != self.version:
            base |= earlier_values(self.session, self.row, version)
        fields = self.section.fields
        return {n: text for n, text in texts.items() if n in fields and text != typed(fields[n], base.get(n))}

    # ── writing; the caller owns the transaction ──

    def keep(self, session: Session, texts: Mapping[str, Any], version: int, now: dt.datetime) -> dict[str, str]:
        """Keep a draft; the sentences for items that could not be stored as typed."""
        posted = {name: str(value) for name, value in texts.items() if name in self.section.fields}
        known = without_masks(self.section, posted, self.stored)
        keep_draft(session, self.actor.user_id, self.key, self.changed_texts(known, version), version, now)
        reading = read_row(self.section, known, self.unit.indicator_set, self.stored)
        return {problem.item: problem.message for problem in reading.problems}

    def save(self, session: Session, texts: Mapping[str, str], version: int, now: dt.datetime) -> Saved:
        """Store the form and forget its draft. `texts`: without masks."""
        if self.teacher is None:
            saved = create_teacher(session, self.actor, self.unit, texts)
        else:
            saved = save_row(session, self.actor, self.section, self.teacher, self.row_id, texts, version, now)
        if saved.ok:
            drop_draft(session, self.actor.user_id, self.key)
        return saved

    def draft(self) -> Draft | None:
        return load_draft(self.session, self.actor.user_id, self.key)
