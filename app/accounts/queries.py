"""Reading accounts."""

import datetime as dt
from collections.abc import Iterable

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.models import Account, LoginThrottle
from app.accounts.roles import SYS_ADMIN, permissions_of, reviewing_roles
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.indicator_set import IndicatorSet
from app.core.scope import DEPARTMENT
from app.organisations.models import Unit
from app.organisations.queries import within


def account_by_id(session: Session, account_id: int) -> Account | None:
    """An account with its roles and unit: two queries."""
    options = (selectinload(Account.roles), joinedload(Account.unit))
    return session.scalar(select(Account).where(Account.id == account_id).options(*options))


def actor_for(account: Account) -> Actor:
    """The actor that an account acts as."""
    unit = account.unit
    names = [role.name for role in account.roles]
    level = unit.level if unit else "school"
    return Actor(
        user_id=account.id,
        name=account.real_name,
        unit_id=unit.id if unit else 0,
        unit_name=unit.name if unit else "",
        level=level,
        indicator_set=unit.indicator_set if unit else IndicatorSet(),
        role_label="、".join(names),
        permissions=permissions_of(names, level),
        teacher_id=account.teacher_id,
        unit_code=unit.code if unit else "",
    )


def reviewers_in(session: Session, unit_id: int) -> int:
    """How many active people of a unit may decide on a report."""
    query = (
        select(func.count(Account.id.distinct()))
        .join(Account.roles)
        .where(Account.unit_id == unit_id, Account.active.is_(True), Role.name.in_(reviewing_roles()))
    )
    return session.scalar(query) or 0


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
