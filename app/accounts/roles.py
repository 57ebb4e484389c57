"""Which role holds which permissions: the one table behind menus, buttons and the guards of all views.

A role's rights may depend on the level of the unit: entering records is the school's work.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.organisations.models import LEVELS
from app.permissions import Permission as P

ANYBODY = frozenset({P.CODE_FIND, P.ME_SHOW, P.PASSWORD_CHANGE})
EVERYONE = ANYBODY | {P.HOME_SHOW, P.JOB_LIST, P.LIST_ARRANGE}
LOOKING = frozenset({P.RECORD_LIST, P.RECORD_SHOW, P.PROGRESS_SHOW, P.UNIT_LIST, P.CODE_LIST, P.ROUND_LIST})
ENTERING = frozenset(
    {P.RECORD_ADD, P.RECORD_EDIT, P.RECORD_DELETE, P.RECORD_REPORT, P.RECORD_REVEAL, P.RECORD_EXPORT, P.IMPORT_USE}
)
TEACHER_ACCOUNTS = frozenset({P.TEACHER_ACCOUNT_LIST, P.TEACHER_ACCOUNT_EDIT})
DEPARTMENTS = frozenset({P.DEPARTMENT_LIST, P.DEPARTMENT_EDIT})
MENDING = frozenset({P.RECORD_EDIT, P.RECORD_DELETE, P.RECORD_REVEAL})  # of the department's people
ACCOUNTS = frozenset({P.ACCOUNT_LIST, P.ACCOUNT_EDIT, P.ACCOUNT_CREATE})
CHAIN = frozenset({P.CHAIN_EDIT})
ROUNDS = frozenset({P.ROUND_EDIT, P.LATE_LIST, P.LATE_REMIND})
REASONS = frozenset({P.REASON_LIST, P.REASON_EDIT})
STAND_INS = frozenset({P.STAND_IN_LIST, P.STAND_IN_EDIT})  # not lent with the right to review
ADMINISTERING = ACCOUNTS | REASONS | STAND_INS | {P.UNIT_EDIT}
REVIEWING = frozenset({P.REVIEW_LIST, P.REVIEW_DECIDE, P.RECORD_REVEAL})


@dataclass(frozen=True)
class Role:
    """A role. `name` is the role's name in the database and on screens; `at_school` is added in schools only,
    `at_department` in their departments, `at_nation` at the top, `at_province` in provinces; `not_at_department`
    everywhere else, `above_schools` in authorities of every level."""

    key: str
    name: str
    everywhere: frozenset[P]
    at_school: frozenset[P] = frozenset()
    at_nation: frozenset[P] = frozenset()
    at_province: frozenset[P] = frozenset()
    at_department: frozenset[P] = frozenset()
    not_at_department: frozenset[P] = frozenset()
    above_schools: frozenset[P] = frozenset()

    @property
    def holds(self) -> frozenset[P]:
        """All that the role may allow anywhere."""
        return self.everywhere.union(*(self.added_at(level) for level in LEVELS))

    def added_at(self, level: str) -> frozenset[P]:
        """What is added to `everywhere` in a unit of this level."""
        if level == "department":
            return self.at_department
        special = {"school": self.at_school, "nation": self.at_nation, "province": self.at_province}
        above = self.above_schools if level != "school" else frozenset()
        return self.not_at_department | above | special.get(level, frozenset())


ROLES = (
    Role(
        "sys_admin",
        "系统管理员",
        EVERYONE | {P.UNIT_LIST, P.CODE_LIST, P.LIST_SHARE, P.ROUND_LIST},
        at_school=DEPARTMENTS | TEACHER_ACCOUNTS,
        at_nation=frozenset({P.CODE_EDIT}),
        at_province=CHAIN | {P.CODE_EDIT, P.ITEM_LIST, P.ITEM_EDIT},
        not_at_department=ADMINISTERING,  # the school's 系统管理员 looks after its departments
        above_schools=ROUNDS,
    ),
    Role(
        "info_admin",
        "信息管理员",
        EVERYONE | LOOKING | {P.RECORD_EXPORT, P.LIST_SHARE},  # the lists of the record are not open to 系统管理员
        at_school=ENTERING | DEPARTMENTS | TEACHER_ACCOUNTS | {P.ACCOUNT_CREATE},
        at_province=CHAIN,
        at_department=MENDING,
        not_at_department=REVIEWING | REASONS | STAND_INS,
        above_schools=ROUNDS,
    ),
    Role("entry_clerk", "信息录入员", EVERYONE | LOOKING, at_school=ENTERING, at_department=MENDING),
    Role("reviewer", "信息审核员", EVERYONE | LOOKING, not_at_department=REVIEWING | STAND_INS),
    Role("training_admin", "培训管理员", EVERYONE | LOOKING),
    Role("viewer", "信息查询员", EVERYONE | LOOKING | {P.RECORD_EXPORT}),
    Role("teacher", "教师", ANYBODY | {P.SELF_SHOW, P.SELF_EDIT, P.SELF_SUBMIT}),
)
BY_NAME = {role.name: role for role in ROLES}
SYS_ADMIN = "系统管理员"
TEACHER = "教师"


def permissions_of(role_names: Iterable[str], level: str) -> frozenset[P]:
    """What the roles together allow in a unit of this level."""
    held: set[P] = set()
    for name in role_names:
        role = BY_NAME.get(name)
        if role is not None:
            held |= role.everywhere | role.added_at(level)
    return frozenset(held)


def given_roles() -> list[Role]:
    """The roles that a unit's 系统管理员 gives to the own people. Not the own one; teachers come from the records."""
    return [role for role in ROLES if role.name not in (SYS_ADMIN, TEACHER)]


def reviewing_roles() -> list[str]:
    """The names of the roles whose holders may decide on a report."""
    return [role.name for role in ROLES if P.REVIEW_DECIDE in role.holds]
