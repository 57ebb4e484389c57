"""What the home page counts, each by the criterion of the list behind it. Read once, and only where it is shown."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from app.accounts.account_states import state_criterion
from app.accounts.models import Account
from app.accounts.queries import seen_by
from app.collection.progress import Figures, Line, lines_of
from app.collection.queries import waits_here
from app.collection.teacher_accounts import with_account_in
from app.core.actor import Actor
from app.organisations.conditions import CHANGING, CONDITIONS, NO_ADMIN, REFUSED
from app.organisations.models import Unit
from app.organisations.queries import within
from app.records.teacher import Teacher

ACCOUNT_STATES = ("locked", "never")
TEACHER_ACCOUNT_STATES = ("none", "initial", "locked")


class Queue(NamedTuple):
    """The reports that wait in the actor's unit: how many, how many of them the actor has reported, the oldest."""

    waiting: int
    own: int
    oldest: dt.datetime | None


class Facts:
    """Everything that the page of one person may say in numbers."""

    def __init__(self, session: Session, actor: Actor, now: dt.datetime) -> None:
        self.session, self.actor, self.now = session, actor, now

    @cached_property
    def unit(self) -> Unit:
        """The actor's own unit."""
        return self.session.get_one(Unit, self.actor.unit_id)

    @cached_property
    def _progress(self) -> tuple[list[Line], Figures]:
        return lines_of(self.session, self.unit)

    @property
    def lines(self) -> Sequence[Line]:
        """The units directly below."""
        return self._progress[0]

    @property
    def figures(self) -> Figures:
        """All people of the unit by state."""
        return self._progress[1]

    @cached_property
    def queue(self) -> Queue:
        """What is to be reviewed here."""
        own = case((Teacher.reported_by_id == self.actor.user_id, 1), else_=0)
        query = select(func.count(), func.sum(own), func.min(Teacher.reported_at)).select_from(Teacher)
        waiting, mine, oldest = self.session.execute(query.where(waits_here(self.actor))).one()
        return Queue(waiting, mine or 0, oldest)

    @cached_property
    def accounts(self) -> Mapping[str, int]:
        """The administrators' accounts on the actor's list, by state."""
        seen = seen_by(self.actor)
        criteria = {state: state_criterion(self.session, state, seen, self.now) for state in ACCOUNT_STATES}
        return self._counted(Account, criteria, seen)

    @cached_property
    def teacher_accounts(self) -> Mapping[str, int]:
        """The teachers of the actor's school by the state of their account."""
        criteria = {
            state: with_account_in(self.session, self.actor, state, self.now) for state in TEACHER_ACCOUNT_STATES
        }
        return self._counted(Teacher, criteria, Teacher.unit_id == self.actor.unit_id)

    @cached_property
    def units(self) -> Mapping[str, int]:
        """The units about which something is to be done; without 系统管理员 only those directly below."""
        criteria = {name: CONDITIONS[name].criterion() for name in (CHANGING, REFUSED, NO_ADMIN)}
        criteria[NO_ADMIN] &= Unit.parent_id == self.actor.unit_id
        return self._counted(Unit, criteria, within(self.actor))

    def _counted(
        self, model: type[Any], criteria: Mapping[str, ColumnElement[bool]], among: ColumnElement[bool]
    ) -> Mapping[str, int]:
        """How many rows among some meet each of the criteria: one query."""
        sums = [func.sum(case((criterion, 1), else_=0)) for criterion in criteria.values()]
        found = self.session.execute(select(*sums).select_from(model).where(among)).one()
        return {name: number or 0 for name, number in zip(criteria, found, strict=True)}
