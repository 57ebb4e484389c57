"""代理审核: a reviewer's colleague reviews from day to day. It ends by itself, and with the reviewer's own right.

A colleague of the same unit gets the right to review, nothing else. Nobody names a stand-in for somebody else but the
unit's 系统管理员, nobody oneself; a lent right is not handed on. What a stand-in does is signed 「X 代 Y」.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import Account, StandIn
from app.accounts.roles import permissions_of
from app.core.actor import Actor
from app.core.errors import Conflict, NotAllowed
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.organisations.models import Unit
from app.permissions import Permission as P

LOG = "stand_in"
LONGEST = 180  # days
STAND_IN = Settings(
    name="stand_in",
    title="代理审核",
    items=(
        Field(name="absent", label="请人代审的审核人", kind="text", length=64, required=True,
              help="本单位有审核权的人。"),
        Field(name="person", label="代理人", kind="text", length=64, required=True,
              help="本单位还没有审核权的同事，期间只多出审核这一项权限。"),
        Field(name="since", label="从", kind="date", required=True, may_be_future=True, help="从这一天零点起。"),
        Field(name="until", label="到", kind="date", required=True, may_be_future=True,
              help="到这一天结束为止，过后自动收回。"),
    ),
)  # fmt: skip


def may_review(account: Account) -> bool:
    """Whether somebody may review by the own roles."""
    level = account.unit.level if account.unit else ""
    return account.active and P.REVIEW_DECIDE in permissions_of([role.name for role in account.roles], level)


def colleagues(session: Session, actor: Actor) -> Sequence[Account]:
    """The administrators' accounts in use of the actor's unit, with their roles."""
    own = Account.unit_id == actor.unit_id, Account.teacher_id.is_(None), Account.active.is_(True)
    query = select(Account).where(*own).options(selectinload(Account.roles)).order_by(Account.id)
    return session.scalars(query).all()


def for_whom(session: Session, actor: Actor) -> list[Account]:
    """The reviewers for whom the actor may name a stand-in: oneself; for 系统管理员 all of the unit."""
    everybody = [account for account in colleagues(session, actor) if may_review(account)]
    return [account for account in everybody if account.id == actor.user_id or actor.may(P.ACCOUNT_EDIT)]


def who_can(session: Session, actor: Actor) -> list[Account]:
    """The colleagues who may be named: those who cannot review yet, and never oneself."""
    return [a for a in colleagues(session, actor) if not may_review(a) and a.id != actor.user_id]


def known_to(actor: Actor) -> ColumnElement[bool]:
    """The stand-ins that the actor is told of: the own ones; for 系统管理员 those of the unit."""
    own = or_(StandIn.absent_id == actor.user_id, StandIn.person_id == actor.user_id)
    return StandIn.unit_id == actor.unit_id if actor.may(P.ACCOUNT_EDIT) else own


def save_stand_in(
    session: Session, actor: Actor, row: StandIn | None, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Name a stand-in, or give one another last day; the problems that kept it from being stored."""
    actor.must(P.STAND_IN_EDIT)
    session.get_one(Unit, actor.unit_id, with_for_update=True)
    today, base = now.astimezone().date(), stored_values(row)
    if row is not None:
        _own(actor, row, today)
        texts = {"until": texts.get("until", "")}
    values, found = read_settings(STAND_IN, texts, actor.indicator_set, base)
    found += _wrong_days(values, today, row)
    people = {account.username: account for account in for_whom(session, actor)}
    able = {account.username: account for account in who_can(session, actor)}
    if row is None and values.get("absent") and values["absent"] not in people:
        found.append(Problem("absent", "请从列表里选本单位的审核人。"))
    if row is None and values.get("person") and values["person"] not in able:
        found.append(Problem("person", "请从列表里选本单位没有审核权的同事。"))
    if found:
        return found
    if row is None:
        absent, person = people[str(values["absent"])], able[str(values["person"])]
        row = StandIn(unit_id=actor.unit_id, absent_id=absent.id, person_id=person.id, since=values["since"])
    row.until = values["until"]  # type: ignore[assignment]
    if _overlaps(session, row):
        session.expire(row) if row.id else None
        return [Problem("until", "这位同事这几天已经在代他审核，请改日期。")]
    session.add(row)
    session.flush()
    named = values if base else values | {"absent": row.absent.real_name, "person": row.person.real_name}
    note_change(session, actor, now, LOG, str(row.id), base, named)
    return []


def end_stand_in(session: Session, actor: Actor, row: StandIn, now: dt.datetime) -> None:
    """Take the right back at once."""
    actor.must(P.STAND_IN_EDIT)
    _own(actor, row, now.astimezone().date())
    base = stored_values(row)
    row.ended_at = now
    session.flush()
    note_change(session, actor, now, LOG, str(row.id), base, base | {"until": now.astimezone().date()})


def stored_values(row: StandIn | None) -> dict[str, Value]:
    """The items of a stand-in."""
    if row is None:
        return {}
    return {"absent": row.absent.username, "person": row.person.username, "since": row.since, "until": row.until}


def lines_of(session: Session, account_id: int, now: dt.datetime) -> list[str]:
    """What the account page says of the stand-ins that are or will be in force, for both sides."""
    mine = or_(StandIn.absent_id == account_id, StandIn.person_id == account_id)
    query = select(StandIn).where(mine, StandIn.ended_at.is_(None), StandIn.until >= now.astimezone().date())
    return [
        f"{row.since} 至 {row.until}：{row.person.real_name} 代 {row.absent.real_name} 审核"
        for row in session.scalars(query.order_by(StandIn.since, StandIn.id))
    ]


def _own(actor: Actor, row: StandIn, today: dt.date) -> None:
    """Raise where the actor has no say in it, or it is over."""
    if row.unit_id != actor.unit_id or not (row.absent_id == actor.user_id or actor.may(P.ACCOUNT_EDIT)):
        raise NotAllowed("只能由请人代审的本人或本单位系统管理员修改。")
    if row.ended_at is not None or row.until < today:
        raise Conflict("这次代理已经结束。需要时请新增。")


def _wrong_days(values: Mapping[str, Value], today: dt.date, row: StandIn | None) -> list[Problem]:
    since, until = values.get("since"), values.get("until")
    if not isinstance(since, dt.date) or not isinstance(until, dt.date):
        return []
    if row is None and since < today:
        return [Problem("since", "不能早于今天。")]
    if until < max(since, today):
        return [Problem("until", "不能早于开始的一天，也不能早于今天。")]
    if (until - since).days >= LONGEST:
        return [Problem("until", f"一次最多 {LONGEST} 天，到期后可以再办。")]
    return []


def _overlaps(session: Session, row: StandIn) -> bool:
    """Whether the two have another stand-in on some of the days."""
    same = StandIn.absent_id == row.absent_id, StandIn.person_id == row.person_id, StandIn.ended_at.is_(None)
    days = StandIn.since <= row.until, StandIn.until >= row.since
    with session.no_autoflush:
        found = session.scalars(select(StandIn.id).where(*same, *days))
        return any(key != row.id for key in found)
