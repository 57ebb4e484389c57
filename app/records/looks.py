"""Whole numbers of a record: shown for a reason, so many times an hour to one person, and every look is noted."""

import datetime as dt
import logging
import re
from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core.actor import Actor
from app.core.codes import codes
from app.core.flow import lock
from app.core.sections.fields import Field, When
from app.core.sections.section import Problem, Row, show
from app.core.sections.settings import Settings, read_settings
from app.permissions import Permission as P
from app.records.access import AccessLog, log_access

log = logging.getLogger(__name__)

HOUR, PER_HOUR = dt.timedelta(hours=1), 50
LOOK, ALARM = "reveal", "alarm"  # kinds in the log of looks
REASON_TABLE, OTHER = "LOOK_REASON", "other"
REASONS = {
    "check": "核对证件或材料",
    "business": "为本人办理业务",
    "mend": "更正号码",
    "request": "本人要求",
    OTHER: "其他原因",
}
codes.declare(REASON_TABLE, "查看原因", REASONS)
ENOUGH = (
    "您在一小时内已看了 {most} 份完整号码，{until} 以后才能再看。这次没有显示，也没有计数；超过限额的情况已经记下。"
)


def no_numbers(row: Row) -> Iterator[Problem]:
    """The log of looks keeps no personal data."""
    if re.search(r"[0-9]{6}", str(row.get("note") or "")):
        yield Problem("note", "原因会记下来，里面不要写证件号、电话等号码。")


REASON = Settings(
    name="look",
    title="显示完整号码",
    rules=(no_numbers,),
    items=(
        Field(name="reason", label="原因", kind="code", code_table=REASON_TABLE, required=True,
              help="和您的姓名、时间一起记录。"),
        Field(name="note", label="说明", kind="text", length=100, required_when=When("reason", among=(OTHER,)),
              help="做什么用，如 换发教师资格证。不要写号码。"),
    ),
)  # fmt: skip


def note_look(
    session: Session, actor: Actor, teacher_id: int, texts: Mapping[str, str], now: dt.datetime
) -> tuple[list[Problem], str]:
    """Note a look before it is taken: what is wrong with the reason, and why it is refused; nothing and "" when not.

    A refused look is not counted. What is to be stored even then is the alarm, once an hour.
    """
    actor.must(P.RECORD_REVEAL)
    values, problems = read_settings(REASON, texts, actor.indicator_set, {})
    if problems:
        return problems, ""
    lock(session, Account, actor.user_id)  # one person's looks are counted one after the other
    looks = _within_the_hour(session, actor, LOOK, now)
    if len(looks) >= PER_HOUR:
        _alarm(session, actor, now)
        until = (looks[PER_HOUR - 1] + HOUR).astimezone()
        return [], ENOUGH.format(most=PER_HOUR, until=f"{until:%H:%M}")
    said = [show(field, values.get(name), actor.indicator_set) for name, field in REASON.fields.items()]
    log_access(session, actor, LOOK, now, teacher_id=teacher_id, detail="：".join(filter(None, said)))
    return [], ""


def _alarm(session: Session, actor: Actor, now: dt.datetime) -> None:
    if not _within_the_hour(session, actor, ALARM, now):
        log_access(session, actor, ALARM, now, detail=f"{PER_HOUR} looks within an hour")
        log.warning("looks: user %d of unit %d asks for more than %d", actor.user_id, actor.unit_id, PER_HOUR)


def _within_the_hour(session: Session, actor: Actor, kind: str, now: dt.datetime) -> list[dt.datetime]:
    """When, the latest first; no more than the limit."""
    own = (AccessLog.actor_id == actor.user_id, AccessLog.kind == kind, AccessLog.at > now - HOUR)
    return list(session.scalars(select(AccessLog.at).where(*own).order_by(AccessLog.at.desc()).limit(PER_HOUR)))
