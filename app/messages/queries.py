"""Reading notices."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.messages.models import Notice

SHOWN = 100


def to_actor(actor: Actor) -> ColumnElement[bool]:
    """The criterion for what is meant for the actor: for the account, or for those of the unit who may do it."""
    held = ["", *sorted(actor.permissions)]
    to_unit = and_(Notice.account_id.is_(None), Notice.permission.in_(held))
    mine = Notice.account_id == actor.user_id
    return and_(Notice.unit_id == actor.unit_id, mine if actor.teacher_id else or_(mine, to_unit))


def unread(session: Session, actor: Actor) -> int:
    """How many notices nobody has opened yet; one query."""
    return session.scalar(select(func.count(Notice.id)).where(to_actor(actor), Notice.read_at.is_(None))) or 0


def latest(session: Session, actor: Actor) -> Sequence[Notice]:
    """The latest notices, unread ones first."""
    query = select(Notice).where(to_actor(actor)).order_by(Notice.read_at.is_not(None), Notice.at.desc())
    return session.scalars(query.order_by(Notice.id.desc()).limit(SHOWN)).all()


def notice_for(session: Session, actor: Actor, notice_id: int) -> Notice | None:
    """One of the actor's notices."""
    return session.scalar(select(Notice).where(Notice.id == notice_id, to_actor(actor)))
