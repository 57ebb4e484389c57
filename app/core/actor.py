"""Who acts. Operations take an actor as an argument; only views know the request."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.errors import NotAllowed
from app.core.indicator_set import IndicatorSet
from app.core.scope import DEPARTMENT, EVERYTHING, NOTHING, Scope, department_scope, person_scope, unit_scope
from app.permissions import Permission

KEY = "actor"


@dataclass(frozen=True)
class Actor:
    """A logged-in person in one role set and one unit."""

    user_id: int
    name: str
    unit_id: int
    unit_name: str
    level: str  # nation, province, city, county, school, department
    indicator_set: IndicatorSet
    role_label: str
    permissions: frozenset[Permission]
    teacher_id: int | None = None
    unit_code: str = ""
    lent: frozenset[Permission] = frozenset()  # what is held only as a stand-in
    lent_by: tuple[tuple[int, str], ...] = ()  # for whom: id and name

    def signature(self, permission: Permission) -> str:
        """By what name a step is signed that needs this permission."""
        return f"{self.name} 代 {'、'.join(name for _, name in self.lent_by)}" if permission in self.lent else self.name

    def signs_as(self, permission: Permission) -> frozenset[int]:
        """As whom one acts then: oneself, and those for whom one stands in."""
        return frozenset({self.user_id, *(key for key, _ in self.lent_by if permission in self.lent)})

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def must(self, permission: Permission) -> None:
        """Raise NotAllowed when the actor lacks the permission."""
        if permission not in self.permissions:
            raise NotAllowed("您没有做这件事的权限，请找本单位的系统管理员。")

    @property
    def scope(self) -> Scope:
        """What the actor's session may touch."""
        if self.teacher_id is not None:
            return person_scope(self.teacher_id)
        if self.level == DEPARTMENT:
            return department_scope(self.unit_code)
        return unit_scope(self.level, self.unit_id) if self.unit_id else NOTHING


SYSTEM = Actor(0, "系统", 0, "", "nation", IndicatorSet(), "系统", frozenset(Permission))


def actor_of(session: Session) -> Actor:
    """The actor of a session; the system itself where nobody is logged in (commands, jobs)."""
    actor: Actor = session.info.get(KEY, SYSTEM)
    return actor


__all__ = ["EVERYTHING", "KEY", "SYSTEM", "Actor", "actor_of"]
