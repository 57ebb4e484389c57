"""Reading accounts."""

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.models import Account
from app.accounts.roles import permissions_of, reviewing_roles
from app.core.actor import Actor


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
        indicator_set=unit.indicator_set if unit else "",
        role_label="、".join(names),
        permissions=permissions_of(names, level),
        teacher_id=account.teacher_id,
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
