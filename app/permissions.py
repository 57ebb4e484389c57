"""Every permission of the system, `<area>:<action>`, alphabetical. Imports nothing of ours.

For Flask-AppBuilder the area is the view name and `can_<action>` the permission.
"""

from enum import StrEnum


class Permission(StrEnum):
    """What somebody may do. Which role holds what stands in accounts/roles.py."""

    ACCOUNT_CREATE = "account:create"
    ACCOUNT_EDIT = "account:edit"
    ACCOUNT_LIST = "account:list"
    CHAIN_EDIT = "chain:edit"
    CODE_EDIT = "code:edit"
    CODE_FIND = "code:find"
    CODE_LIST = "code:list"
    DEPARTMENT_EDIT = "department:edit"
    DEPARTMENT_LIST = "department:list"
    HOME_SHOW = "home:show"
    IMPORT_USE = "import:use"
    ITEM_EDIT = "item:edit"
    ITEM_LIST = "item:list"
    JOB_LIST = "job:list"
    LATE_LIST = "late:list"
    LATE_REMIND = "late:remind"
    LIST_ARRANGE = "list:arrange"
    LIST_SHARE = "list:share"
    ME_SHOW = "me:show"
    PASSWORD_CHANGE = "password:change"  # noqa: S105 - a name, not a password
    PROGRESS_SHOW = "progress:show"
    REASON_EDIT = "reason:edit"
    REASON_LIST = "reason:list"
    RECORD_ADD = "record:add"
    RECORD_DELETE = "record:delete"
    RECORD_EDIT = "record:edit"
    RECORD_EXPORT = "record:export"
    RECORD_LIST = "record:list"
    RECORD_REPORT = "record:report"
    RECORD_REVEAL = "record:reveal"
    RECORD_SHOW = "record:show"
    REVIEW_DECIDE = "review:decide"
    REVIEW_LIST = "review:list"
    ROUND_EDIT = "round:edit"
    ROUND_LIST = "round:list"
    SELF_EDIT = "self:edit"
    SELF_SHOW = "self:show"
    SELF_SUBMIT = "self:submit"
    STAND_IN_EDIT = "stand_in:edit"
    STAND_IN_LIST = "stand_in:list"
    TEACHER_ACCOUNT_EDIT = "teacher_account:edit"
    TEACHER_ACCOUNT_LIST = "teacher_account:list"
    UNIT_EDIT = "unit:edit"
    UNIT_LIST = "unit:list"

    @property
    def area(self) -> str:
        return self.value.partition(":")[0]

    @property
    def action(self) -> str:
        return self.value.partition(":")[2]
