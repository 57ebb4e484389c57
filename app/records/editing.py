"""Who may change which item now: one place for forms, import and interface."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.province_items import province_items
from app.core.scope import DEPARTMENT
from app.core.sections.fields import Field
from app.core.sections.section import Section
from app.permissions import Permission as P
from app.records.marks import ReviewMark, open_marks
from app.records.teacher import Teacher

UNDER_REVIEW = "已报送，审核期间不能改。"
APPROVED = "已审核通过。要改请申请信息变更。"
WITH_SCHOOL = "已提交给学校，学校核对期间不能改。要改请先撤回。"
NOT_NAMED = "审核没有点名这一项，不用改。"
DERIVED = "由其他板块得出，自动更新。"
LOCKED = "建账号时由学校录入。有误请找学校信息管理员。"
BY_SCHOOL = "由学校填写。"
NO_RIGHT = "您没有修改的权限。"


@dataclass(frozen=True)
class EditRights:
    """What an actor may change in one teacher's record, decided from state, marks and role."""

    actor: Actor
    teacher: Teacher | None  # None: a person not stored yet
    marks: Sequence[ReviewMark]

    @property
    def is_self(self) -> bool:
        return self.actor.teacher_id is not None

    @property
    def can_open(self) -> bool:
        """Whether the actor has forms at all; who only looks has the page."""
        return self.actor.may(P.SELF_EDIT) if self.is_self else self.actor.may(P.RECORD_EDIT)

    def record_lock(self) -> str:
        """Why nothing at all may be changed, or ""."""
        if not self.can_open:
            return NO_RIGHT
        status = self.teacher.status if self.teacher else "draft"
        if status == "in_review":
            return UNDER_REVIEW
        if status == "approved":
            return APPROVED
        if self.is_self and status == "submitted_to_school":
            return WITH_SCHOOL
        return ""

    def section_lock(self, section: Section) -> str:
        """Why nothing in a section may be changed by this actor, or ""."""
        return self.record_lock() or (BY_SCHOOL if self.is_self and section.filled_by == "A" else "")

    def row_lock(self, section: Section, row_id: int | None) -> str:
        """Why a row may not be changed or deleted, or one added (row_id None), or ""."""
        if reason := self.section_lock(section):
            return reason
        return "" if self._named(section, row_id, None) else NOT_NAMED

    def delete_lock(self, section: Section, row_id: int) -> str:
        """Why a row may not be deleted, or "". A refused item is mended, not made to disappear with its row."""
        if reason := self.section_lock(section):
            return reason
        whole = [mark for mark in self.marks if not mark.section or (mark.section == section.name and not mark.item)]
        if not self.marks or any(mark.row_id in (None, row_id) for mark in whole):
            return ""
        return NOT_NAMED

    def item_lock(self, section: Section, row_id: int | None, field: Field) -> str:
        """Why an item may not be changed, or ""."""
        if field.filled_by == "D":
            return DERIVED
        if reason := self.section_lock(section):
            return reason
        if self.actor.level == DEPARTMENT and field.name == DEPARTMENT:
            return BY_SCHOOL
        if self.is_self and (reason := self._not_mine(section, field)):
            return reason
        names = (field.name, *_leads_of(section, field))
        return "" if any(self._named(section, row_id, name) for name in names) else NOT_NAMED

    def _not_mine(self, section: Section, field: Field) -> str:
        """Why the person may not fill in an item: it is the school's, by the nation's or the province's word."""
        assert self.teacher is not None  # a person with a record of their own
        filled_by = province_items.settled(section.name, field, self.teacher.indicator_set).filled_by
        return {"L": LOCKED, "A": BY_SCHOOL}.get(filled_by, "")

    def _named(self, section: Section, row_id: int | None, item: str | None) -> bool:
        """Whether open marks leave it open. Without marks everything is; `item` None asks for the row as a whole."""
        if not self.marks:
            return True
        for mark in self.marks:
            if not mark.section:
                return True
            if mark.section != section.name:
                continue
            if mark.row_id is None and section.many:
                return True
            if (mark.row_id == row_id or not section.many) and (not mark.item or item is None or mark.item == item):
                return True
        return False


def _leads_of(section: Section, field: Field) -> list[str]:
    """The items that a field follows: when one of them is to be mended, this one may have to change with it."""
    found: list[str] = []
    waiting = [field]
    while waiting:
        one = waiting.pop()
        for when in (one.applies_when, one.required_when):
            if when is not None and when.item not in found:
                found.append(when.item)
                waiting.append(section.fields[when.item])
        if one.code_parent and one.code_parent not in found:
            found.append(one.code_parent)
            waiting.append(section.fields[one.code_parent])
    return found


def edit_rights(session: Session, actor: Actor, teacher: Teacher | None) -> EditRights:
    """The rights of an actor on one record; reads the open marks where the record was refused."""
    marks = open_marks(session, teacher.id) if teacher is not None and may_have_marks(teacher) else []
    return EditRights(actor, teacher, marks)


def may_have_marks(teacher: Teacher) -> bool:
    """Whether open marks of a refusal decide what may be changed in this state."""
    return teacher.status in ("rejected", "submitted_to_school")
