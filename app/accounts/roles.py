"""Which role holds which permissions: the one table behind menus, buttons and the guards of all views.

A role's rights may depend on the level of the unit: entering records is the school's work.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.permissions import Permission as P

EVERYONE = frozenset({P.HOME_SHOW, P.PASSWORD_CHANGE})
LOOKING = frozenset({P.RECORD_LIST, P.RECORD_SHOW, P.UNIT_LIST, P.CODE_LIST})
ENTERING = frozenset(
    {P.RECORD_ADD, P.RECORD_EDIT, P.RECORD_DELETE, P.RECORD_REPORT, P.RECORD_REVEAL, P.RECORD_EXPORT, P.IMPORT_USE}
)
REVIEWING = frozenset({P.REVIEW_LIST, P.REVIEW_DECIDE, P.RECORD_REVEAL})


@dataclass(frozen=True)
class Role:
    """A role. `name` is the role's name in the database and on screens; `at_school` is added in schools only."""

    key: str
    name: str
    everywhere: frozenset[P]
    at_school: frozenset[P] = frozenset()

    @property
    def holds(self) -> frozenset[P]:
        """All that the role may allow anywhere."""
        return self.everywhere | self.at_school


ROLES = (
    Role("sys_admin", "系统管理员", EVERYONE | {P.UNIT_LIST, P.CODE_LIST, P.ACCOUNT_LIST, P.ACCOUNT_CREATE}),
    Role("info_admin", "信息管理员", EVERYONE | LOOKING | REVIEWING | {P.RECORD_EXPORT}, ENTERING | {P.ACCOUNT_CREATE}),
    Role("entry_clerk", "信息录入员", EVERYONE | LOOKING, ENTERING),
    Role("reviewer", "信息审核员", EVERYONE | LOOKING | REVIEWING),
    Role("training_admin", "培训管理员", EVERYONE | LOOKING),
    Role("viewer", "信息查询员", EVERYONE | LOOKING | {P.RECORD_EXPORT}),
    Role("teacher", "教师", frozenset({P.PASSWORD_CHANGE, P.SELF_SHOW, P.SELF_EDIT, P.SELF_SUBMIT})),
)
BY_NAME = {role.name: role for role in ROLES}
TEACHER = "教师"


def permissions_of(role_names: Iterable[str], level: str) -> frozenset[P]:
    """What the roles together allow in a unit of this level."""
    held: set[P] = set()
    for name in role_names:
        role = BY_NAME.get(name)
        if role is not None:
            held |= role.everywhere | (role.at_school if level == "school" else frozenset())
    return frozenset(held)


def reviewing_roles() -> list[str]:
    """The names of the roles whose holders may decide on a report."""
    return [role.name for role in ROLES if P.REVIEW_DECIDE in role.holds]
