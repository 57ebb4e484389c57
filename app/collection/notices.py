"""Whom a step of the flow is told to: who reported a record, and the teacher, when it comes back to them."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core.actor import Actor
from app.messages.operations import Message, tell
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records.teacher import Teacher


def tell_returned(session: Session, teacher: Teacher, step: str, actor: Actor, now: dt.datetime) -> None:
    """Tell who reported the record that it was rejected, and the teacher. Many are one notice with a count."""
    school, topic = session.get_one(Unit, teacher.unit_id), f"returned:{actor.unit_id}"
    if step == "reject":
        text = f"{actor.unit_name}退回了 {{n}} 份资料，请看原因，改好后重新报送。"
        rejected = {"_flt_0_status": "rejected"}
        account_id = _reporter(session, teacher)
        message = Message(school, topic, text, "TeacherView.list", rejected, account_id, permission=P.RECORD_REPORT)
        tell(session, actor, message, now)
    own = session.scalar(select(Account.id).where(Account.teacher_id == teacher.id, Account.active.is_(True)))
    if own is not None:
        text = f"{actor.unit_name}退回了您的资料，请看退回的项目，改好后重新提交。"
        tell(session, actor, Message(school, topic, text, "MyView.overview", {}, own, teacher.id), now)


def _reporter(session: Session, teacher: Teacher) -> int:
    """The account that reported a record; 0, which is the whole school, when it works there no more."""
    query = select(Account.id).where(Account.id == teacher.reported_by_id, Account.unit_id == teacher.unit_id)
    return session.scalar(query.where(Account.active.is_(True))) or 0
