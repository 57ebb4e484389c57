"""Which columns of a list a person sees, and in which order: kept for each person and list.

The first column is always there: it names the row and leads to it.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy import JSON, ForeignKey, Integer, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.actor import Actor
from app.core.db import Base
from app.core.errors import Conflict
from app.core.ui.addresses import whole_number

TWICE = "刚刚在另一个窗口里也改了这个列表。请刷新后再改一次。"
MOST_PLACES = 999


class ListChoice(Base):
    """What one person has settled for one list: the columns, and the saved view with which it opens."""

    __tablename__ = "list_choice"
    __table_args__ = (UniqueConstraint("user_id", "list_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer)
    list_name: Mapped[str] = mapped_column(String(60))
    columns: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))  # without the first
    view_id: Mapped[int | None] = mapped_column(ForeignKey("saved_view.id", ondelete="SET NULL"), index=True)


class ListOfColumns(Protocol):
    """What is asked of a list."""

    def column_names(self) -> list[str]: ...

    def offered_columns(self) -> list[str]: ...


def choice_of(session: Session, actor: Actor, list_name: str) -> ListChoice | None:
    """What the actor has settled for a list."""
    own = (ListChoice.user_id == actor.user_id, ListChoice.list_name == list_name)
    return session.scalar(select(ListChoice).where(*own))


def settle(session: Session, actor: Actor, list_name: str) -> ListChoice:
    """The row in which the actor's choices for a list are kept. Raises Conflict when another request was faster."""
    choice = choice_of(session, actor, list_name)
    if choice is None:
        choice = ListChoice(user_id=actor.user_id, list_name=list_name)
        session.add(choice)
        try:
            session.flush()
        except IntegrityError:
            raise Conflict(TWICE) from None
    return choice


def keep_columns(session: Session, actor: Actor, list_name: str, names: Sequence[str] | None) -> None:
    """Keep the columns of a list, without the first; None: those of the list."""
    if names is None and choice_of(session, actor, list_name) is None:
        return
    settle(session, actor, list_name).columns = None if names is None else [*names]
    session.flush()


def columns_shown(listed: ListOfColumns, chosen: Sequence[str] | None) -> list[str]:
    """The columns of a list as somebody has chosen them; what is no longer offered is left out."""
    usual = listed.column_names()
    if chosen is None:
        return usual
    offered = set(listed.offered_columns()) - {usual[0]}
    return [usual[0], *(name for name in chosen if name in offered)]


def posted_columns(names: Sequence[str], places: Mapping[str, str], shown: Sequence[str]) -> list[str] | None:
    """The columns of a posted form in their order; None when a place is no number.

    names: what is ticked, in the order of the form. places: the number typed beside a column, where there is one.
    shown: the columns as the form had them: whoever changes a number moves that column there, the others make room.
    """
    stay, moved = [], []
    for name in dict.fromkeys(names):
        typed = places.get(name, "").strip()
        place = whole_number(typed, MOST_PLACES) if typed else None
        if typed and place is None:
            return None
        before = shown.index(name) + 1 if name in shown else None
        if place is None or place == before:
            stay.append(name)
        else:
            moved.append((place, name))
    for place, name in sorted(moved, key=lambda pair: pair[0]):
        stay.insert(max(place - 1, 0), name)
    return stay
