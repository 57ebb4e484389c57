"""Reading accounts."""

import datetime as dt
from collections.abc import Iterable

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.models import Account, LoginThrottle, StandIn
from app.accounts.roles import REVIEWING, SYS_ADMIN, permissions_of, reviewing_roles
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.db import utc_now
from app.core.indicator_set import IndicatorSet
from app.core.scope import DEPARTMENT
from app.organisations.models import Unit
from app.organisations.queries import within
from app.permissions import Permission as P


def account_by_id(session: Session, account_id: int) -> Account | None:
    """An account with its roles and unit, and for whom it stands in today: two queries, four while it stands in."""
    today = utc_now().astimezone().date()
    now = and_(StandIn.ended_at.is_(None), StandIn.since <= today, StandIn.until >= today)
    stand_ins = joinedload(Account.stand_ins.and_(now)).joinedload(StandIn.absent)
    options = (selectinload(Account.roles), joinedload(Account.unit), stand_ins.selectinload(Account.roles))
    return session.scalars(select(Account).where(Account.id == account_id).options(*options)).unique().one_or_none()


def actor_for(account: Account) -> Actor:
    """The actor that an account acts as."""
    unit = account.unit
    names = [role.name for role in account.roles]
    level = unit.level if unit else "school"
    own = permissions_of(names, level)
    lenders = [] if P.REVIEW_DECIDE in own else _lenders(account, level)
    lent = REVIEWING - own if lenders else frozenset()
    return Actor(
        user_id=account.id,
        name=account.real_name,
        unit_id=unit.id if unit else 0,
        unit_name=unit.name if unit else "",
        level=level,
        indicator_set=unit.indicator_set if unit else IndicatorSet(),
        role_label="、".join(names),
        permissions=own | lent,
        lent=lent,
        lent_by=tuple((lender.id, lender.real_name) for lender in lenders),
        teacher_id=account.teacher_id,
        unit_code=unit.code if unit else "",
    )


def may_review() -> ColumnElement[bool]:
    """The criterion for active people who may decide on a report."""
    return and_(Account.active.is_(True), Account.roles.any(Role.name.in_(reviewing_roles())))


def _lenders(account: Account, level: str) -> list[Account]:
    """For whom somebody reviews today: colleagues who are in office and may review themselves."""
    today, found = utc_now().astimezone().date(), {}
    for row in account.stand_ins:
        absent = row.absent
        able = P.REVIEW_DECIDE in permissions_of([role.name for role in absent.roles], level)
        if row.since <= today and not row.is_over(today) and absent.active and able:
            found[absent.id] = absent
    return [lender for lender in found.values() if lender.unit_id == account.unit_id]


def reviewers_in(session: Session, unit_id: int) -> int:
    """How many active people of a unit may decide on a report."""
    return session.scalar(select(func.count(Account.id)).where(Account.unit_id == unit_id, may_review())) or 0


def accounts_of(session: Session, teacher_ids: list[int]) -> set[int]:
    """Which of these teachers have an account."""
    found = session.scalars(select(Account.teacher_id).where(Account.teacher_id.in_(teacher_ids)))
    return {teacher_id for teacher_id in found if teacher_id is not None}


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The administrators' accounts on the actor's list: the own unit's, its departments', 系统管理员 of units below."""
    departments = select(Unit.id).where(Unit.parent_id == actor.unit_id, Unit.level == DEPARTMENT)
    below = select(Unit.id).where(within(actor), Unit.id != actor.unit_id)
    return and_(
        Account.teacher_id.is_(None),
        or_(
            Account.unit_id == actor.unit_id,
            Account.unit_id.in_(departments),
            and_(Account.unit_id.in_(below), Account.roles.any(Role.name == SYS_ADMIN)),
        ),
    )


def without_sys_admin() -> ColumnElement[bool]:
    """The criterion for units whose 系统管理员 is missing: nobody enabled has the role there."""
    held = select(Account.unit_id).where(
        Account.active.is_(True),
        Account.teacher_id.is_(None),
        Account.unit_id.is_not(None),
        Account.roles.any(Role.name == SYS_ADMIN),
    )
    return and_(Unit.active.is_(True), Unit.level != DEPARTMENT, Unit.id.not_in(held))


def locked_until(session: Session, usernames: Iterable[str], now: dt.datetime) -> dict[str, dt.datetime]:
    """Which of these login names are locked after wrong guesses, and until when."""
    locked = session.execute(
        select(LoginThrottle.key, LoginThrottle.locked_until).where(LoginThrottle.locked_until > now)
    )
    until: dict[str, dt.datetime] = {key: moment for key, moment in locked if moment is not None}
    if not until:  # nearly always: then nobody's name need be hashed
        return {}
    keys = {name: blind_index(name, "throttle") for name in usernames}
    return {name: until[key] for name, key in keys.items() if key in until}


def locked_accounts(session: Session, among: ColumnElement[bool], now: dt.datetime) -> list[int]:
    """The ids of the locked accounts among some. The counters know names as hashes only: each name is hashed."""
    some: list[Row[tuple[int, str]]] = []
    if session.scalar(select(LoginThrottle.key).where(LoginThrottle.locked_until > now).limit(1)) is not None:
        some = list(session.execute(select(Account.id, Account.username).where(among)))
    locked = locked_until(session, [row.username for row in some], now)
    return [row.id for row in some if row.username in locked]
