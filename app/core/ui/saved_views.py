"""Saved views of lists (常用视图): conditions, order, columns and page size under a name, one's own or the unit's.

A typed search text is never part of one. What a view names and the list no longer has is left out when it is applied.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import JSON, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.db import Base, UtcDateTime
from app.core.errors import AppError, NotAllowed, NotFound
from app.core.text import clean
from app.core.ui.column_choice import settle
from app.permissions import Permission as P

NAME_LENGTH = 30
MOST = 30  # of one owner and list
NOT_YOURS = "本单位的视图由本单位的系统管理员或信息管理员修改。您可以另存为自己的。"

# {"filters": {name: value}, "order", "direction", "size", "columns": [name], "labels": {name: label of that day}}
Content: TypeAlias = Mapping[str, Any]


class SavedView(Base):
    """One saved view. `owner` is a person or a unit; only they know it."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("list_name", "owner", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(String(60))
    owner: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    @property
    def shared(self) -> bool:
        """Whether it is a unit's."""
        return self.owner.startswith("unit:")


def _own(actor: Actor) -> str:
    return f"user:{actor.user_id}"


def _units(actor: Actor) -> str:
    return f"unit:{actor.unit_id}"


def views_of(session: Session, actor: Actor, list_name: str) -> Sequence[SavedView]:
    """The views of a list that the actor may use: the own ones, then the unit's, in order of making."""
    owners = [_own(actor)] + ([_units(actor)] if actor.unit_id else [])
    wanted = select(SavedView).where(SavedView.list_name == list_name, SavedView.owner.in_(owners))
    return sorted(session.scalars(wanted), key=lambda view: (view.shared, view.id))


def view_for(session: Session, actor: Actor, list_name: str, view_id: int) -> SavedView:
    """One of them. Raises NotFound, for foreign ones as for missing ones."""
    found = next((view for view in views_of(session, actor, list_name) if view.id == view_id), None)
    if found is None:
        raise NotFound("没有这个视图。")
    return found


def may_share(actor: Actor) -> bool:
    """Whether the actor looks after the views of the own unit."""
    return bool(actor.unit_id) and actor.may(P.LIST_SHARE)


def may_change(actor: Actor, view: SavedView) -> bool:
    """Whether the actor may change or delete a view."""
    return view.owner == _own(actor) or (view.owner == _units(actor) and may_share(actor))


def keep_view(
    session: Session, actor: Actor, list_name: str, name: str, content: Content, now: dt.datetime, *, shared: bool
) -> SavedView:
    """Save a new view. Raises AppError for a name that cannot be, and when there are too many."""
    if shared and not may_share(actor):
        raise NotAllowed(NOT_YOURS)
    view = SavedView(list_name=list_name, owner=_units(actor) if shared else _own(actor))
    taken = _names(session, view)
    view.name = _checked(name, taken)
    if len(taken) >= MOST:
        whose = "本单位" if shared else "您"
        raise AppError(f"{whose}在这个列表里已有 {MOST} 个视图。请先删除不用的，或者更新一个已有的。", field="name")
    session.add(view)
    _store(session, actor, view, content, now)
    return view


def rename_view(session: Session, actor: Actor, view: SavedView, name: str, now: dt.datetime) -> None:
    """Give a view another name. Raises AppError for one that cannot be, NotAllowed without the right."""
    _must_change(actor, view)
    view.name = _checked(name, _names(session, view) - {view.name})
    _store(session, actor, view, view.content, now)


def update_view(session: Session, actor: Actor, view: SavedView, content: Content, now: dt.datetime) -> None:
    """Put what is shown now in the place of what a view held. Raises NotAllowed without the right."""
    _must_change(actor, view)
    _store(session, actor, view, content, now)


def delete_view(session: Session, actor: Actor, view: SavedView) -> None:
    """Delete a view; lists that opened with it open as usual. Raises NotAllowed without the right."""
    _must_change(actor, view)
    session.delete(view)
    session.flush()


def open_with(session: Session, actor: Actor, list_name: str, view: SavedView | None) -> None:
    """Let a list open with a view for this person, or as usual."""
    settle(session, actor, list_name).view_id = view.id if view else None
    session.flush()


def _must_change(actor: Actor, view: SavedView) -> None:
    if not may_change(actor, view):
        raise NotAllowed(NOT_YOURS)


def _names(session: Session, view: SavedView) -> set[str]:
    """The names that the owner's views of this list have. They are locked first, so that two who add at once are
    counted one after the other."""
    same = (SavedView.list_name == view.list_name, SavedView.owner == view.owner)
    session.execute(select(SavedView.id).where(*same).order_by(SavedView.id).with_for_update())
    return set(session.scalars(select(SavedView.name).where(*same)))


def _checked(text: str, taken: set[str]) -> str:
    name = clean(text)
    if not name:
        raise AppError("请写视图的名称，例如「在编教师」。", field="name")
    if len(name) > NAME_LENGTH:
        raise AppError(f"名称有 {len(name)} 个字，最多 {NAME_LENGTH} 个字。请写短一些。", field="name")
    if name in taken:
        raise AppError(_same_name(name), field="name")
    return name


def _same_name(name: str) -> str:
    return f"已有叫「{name}」的视图。请换一个名称，或者更新那一个。"


def _store(session: Session, actor: Actor, view: SavedView, content: Content, now: dt.datetime) -> None:
    view.content, view.changed_by, view.changed_at = dict(content), actor.name, now
    name = view.name
    try:
        session.flush()
    except IntegrityError:  # two at once, and the other was faster
        raise AppError(_same_name(name), field="name") from None
