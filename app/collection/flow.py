"""The report of a record: states and steps. Source: domain reference 4.1 and 2.7a."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, NotAllowed
from app.core.flow import Flow, Step
from app.permissions import Permission as P
from app.records.completeness import Finding, check_record
from app.records.states import STATES
from app.records.teacher import Teacher


def record_is_complete(session: Session, teacher: Teacher, actor: Actor) -> None:
    """完整性检测通过才能报送。"""
    _refuse(check_record(session, teacher).errors, "报送")


def own_part_is_complete(session: Session, teacher: Teacher, actor: Actor) -> None:
    """教师自己填的部分完整才能提交；学校填的部分由学校在报送前补齐。"""
    _refuse(check_record(session, teacher).own_errors, "提交")


def _refuse(errors: Sequence[Finding], verb: str) -> None:
    if errors:
        first = f"{errors[0].label}：{errors[0].problem.message}"
        raise AppError(f"还不能{verb}，有 {len(errors)} 处要改。第一处：{first}")


def own_record(session: Session, teacher: Teacher, actor: Actor) -> None:
    """本人的档案。"""
    if actor.teacher_id != teacher.id:
        raise NotAllowed("只能办理本人的档案。")


def own_school(session: Session, teacher: Teacher, actor: Actor) -> None:
    """本校的教师。"""
    if actor.level != "school" or teacher.unit_id != actor.unit_id:
        raise NotAllowed("只能由教师所在学校办理。")


def our_turn(session: Session, teacher: Teacher, actor: Actor) -> None:
    """轮到本单位审核。"""
    if teacher.waiting_unit_id != actor.unit_id:
        raise NotAllowed("这份资料现在不在本单位审核。")


def not_own_report(session: Session, teacher: Teacher, actor: Actor) -> None:
    """不能审核自己报送的资料。"""
    if teacher.reported_by_id == actor.user_id:
        raise NotAllowed("这份资料是您报送的，要由另一位审核。")


def not_taken_up(session: Session, teacher: Teacher, actor: Actor) -> None:
    """还没有单位审核过。"""
    if teacher.stage > 1:
        raise NotAllowed("已有单位审核通过，不能撤回。有误请联系正在审核的单位退回。")


REPORT = Flow(
    "report",
    "信息报送与审核",
    STATES,
    (
        Step(name="submit", label="提交给学校", source=("draft", "rejected"), target=("submitted_to_school",),
             permission=P.SELF_SUBMIT, guards=(own_record, own_part_is_complete), note="教师本人；自己填的部分完整"),
        Step(name="recall", label="撤回提交", source=("submitted_to_school",), target=("draft", "rejected"),
             permission=P.SELF_SUBMIT, guards=(own_record,), note="教师本人，学校报送之前"),
        Step(name="report", label="报送", source=("draft", "submitted_to_school", "rejected"), target=("in_review",),
             permission=P.RECORD_REPORT, guards=(own_school, record_is_complete), note="学校录入员；完整性检测通过"),
        Step(name="withdraw", label="撤回报送", source=("in_review",), target=("submitted_to_school",),
             permission=P.RECORD_REPORT, guards=(own_school, not_taken_up), note="学校录入员，审核之前"),
        Step(name="approve", label="审核通过", source=("in_review",), target=("in_review", "approved"),
             permission=P.REVIEW_DECIDE, guards=(our_turn, not_own_report),
             note="审核链上轮到的单位；最后一级通过即生效"),
        Step(name="reject", label="退回", source=("in_review",), target=("rejected",),
             permission=P.REVIEW_DECIDE, needs_comment=True, guards=(our_turn, not_own_report),
             note="审核链上轮到的单位；逐项写明原因，只开放被点名的项"),
        Step(name="return_to_teacher", label="退给教师修改", source=("submitted_to_school",), target=("rejected",),
             permission=P.RECORD_REPORT, needs_comment=True, guards=(own_school,), note="学校录入员，报送之前"),
    ),
    start="draft",
)  # fmt: skip

FLOWS: Sequence[Flow] = (REPORT,)
