"""The report of a record: states and steps. Source: domain reference 4.1 and 2.7a."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.collection.queries import being_judged, previous_reviewer, review_chain, steps_of
from app.collection.rounds_tables import TODAY, reporting_closed
from app.core.actor import Actor
from app.core.errors import AppError, NotAllowed
from app.core.flow import Flow, Step
from app.organisations.models import Unit
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


def in_time(session: Session, teacher: Teacher, actor: Actor) -> None:
    """省里规定只在轮次内报送的，在轮次内。"""
    if why := reporting_closed(session, teacher.unit, TODAY()):
        raise AppError(why)


def our_turn(session: Session, teacher: Teacher, actor: Actor) -> None:
    """轮到本单位审核。"""
    if teacher.waiting_unit_id != actor.unit_id:
        raise NotAllowed("这份资料现在不在本单位审核。")


def not_own_report(session: Session, teacher: Teacher, actor: Actor) -> None:
    """不能审核自己报送的资料，也不能代报送人审核。"""
    if teacher.reported_by_id == actor.user_id:
        raise NotAllowed("这份资料是您报送的，要由另一位审核。")
    if teacher.reported_by_id in actor.signs_as(P.REVIEW_DECIDE):
        raise NotAllowed("这份资料是请您代审的人报送的，要由另一位审核。")


def not_taken_up(session: Session, teacher: Teacher, actor: Actor) -> None:
    """还没有单位审核过。"""
    if teacher.stage > 1:
        raise NotAllowed("已有单位审核通过，不能撤回。有误请联系正在审核的单位退回。")


def left_the_chain(session: Session, teacher: Teacher, actor: Actor) -> None:
    """等着的单位已经不在审核链上。"""
    chain = review_chain(session, session.get_one(Unit, teacher.unit_id))
    if teacher.waiting_unit_id in [unit.id for unit in chain]:
        raise NotAllowed("这份资料还要由现在的单位审核，不能越过。")


def not_the_first(session: Session, teacher: Teacher, actor: Actor) -> None:
    """前面还有一级审核。"""
    if before_us(session, teacher) is None:
        raise NotAllowed("本单位是第一级，前面没有审核的单位。有误请退回学校。")


def before_us(session: Session, teacher: Teacher) -> Unit | None:
    """The unit to which the reviewing one may send a report back: the level before in the chain of today."""
    return unit_before(review_chain(session, teacher.unit), teacher) if teacher.stage > 1 else None


def unit_before(chain: Sequence[Unit], teacher: Teacher) -> Unit | None:
    """The same within a chain that is known."""
    return previous_reviewer(chain, teacher.waiting_unit_id) if teacher.stage > 1 else None


def own_approval(session: Session, teacher: Teacher, actor: Actor) -> None:
    """上一步是本单位审核通过，下一级还没有开始审核。"""
    here = teacher.waiting_unit_id == actor.unit_id
    last = None if here else next(iter(steps_of(session, teacher.id, 1)), None)
    if last is None or last.step != "approve" or last.unit_id != actor.unit_id:
        raise NotAllowed("只能撤回本单位刚通过、下一级还没有办理的审核。")
    if actor.unit_id not in {unit.id for unit in review_chain(session, teacher.unit)}:
        raise NotAllowed("本单位现在不参加审核，不能撤回。有误请联系正在审核的单位退回。")
    if being_judged(session, teacher):
        raise NotAllowed("下一级已经开始审核，不能撤回。有误请联系那里退回。")


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
             permission=P.RECORD_REPORT, guards=(own_school, in_time, record_is_complete),
             note="学校录入员；完整性检测通过"),
        Step(name="withdraw", label="撤回报送", source=("in_review",), target=("submitted_to_school",),
             permission=P.RECORD_REPORT, guards=(own_school, not_taken_up), note="学校录入员，审核之前"),
        Step(name="approve", label="审核通过", source=("in_review",), target=("in_review", "approved"),
             permission=P.REVIEW_DECIDE, guards=(our_turn, not_own_report),
             note="审核链上轮到的单位；最后一级通过即生效"),
        Step(name="pass_on", label="免本级审核", source=("in_review",), target=("in_review", "approved"),
             permission=P.CHAIN_EDIT, guards=(left_the_chain,),
             note="省里关闭这一级时，在这里等的转下一级；没有下一级的，上一个单位的通过就是最后一级"),
        Step(name="reject", label="退回", source=("in_review",), target=("rejected",),
             permission=P.REVIEW_DECIDE, needs_comment=True, guards=(our_turn, not_own_report),
             note="审核链上轮到的单位；逐项写明原因，只开放被点名的项"),
        Step(name="send_back", label="退回上一级", source=("in_review",), target=("in_review",),
             permission=P.REVIEW_DECIDE, needs_comment=True, guards=(our_turn, not_own_report, not_the_first),
             note="审核链上轮到的单位；写明原因，由前一级重新审核，资料不解锁"),
        Step(name="take_back", label="撤回审核", source=("in_review",), target=("in_review",),
             permission=P.REVIEW_DECIDE, guards=(own_approval, not_own_report),
             note="刚审核通过的单位，下一级开始审核之前；生效以后不能撤回"),
        Step(name="return_to_teacher", label="退给教师修改", source=("submitted_to_school",), target=("rejected",),
             permission=P.RECORD_REPORT, needs_comment=True, guards=(own_school,), note="学校录入员，报送之前"),
    ),
    start="draft",
)  # fmt: skip

FLOWS: Sequence[Flow] = (REPORT,)
