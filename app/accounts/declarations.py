"""What a 系统管理员 fills in about somebody's account, and the words in which its changes are listed."""

from dataclasses import replace

from app.accounts.roles import given_roles
from app.core.codes import codes
from app.core.sections.fields import Field
from app.core.sections.settings import Settings
from app.organisations.models import DEPARTMENT_TABLE

LOG = "account"
ROLE_TABLE = "ACCOUNT_ROLE"
codes.declare(ROLE_TABLE, "角色", {role.key: role.name for role in given_roles()})

NAME = Field(name="name", label="姓名", kind="text", length=50, check="person_name", required=True,
             help="真实姓名，一人一个账号。")  # fmt: skip
LOGIN = Field(name="username", label="登录名", kind="text", length=30, required=True,
              help="3–30 位字母、数字或 . _ -，不分大小写。建好后不能改。")  # fmt: skip
PART = Field(name="department", label="二级单位", kind="code", code_table=DEPARTMENT_TABLE, of_school=True,
             help="不选就是学校本身的账号。建好后不能改。")  # fmt: skip
BELOW = Field(name="unit", label="下级单位", kind="text", length=100, required=True,
              help="单位代码或全称。建好后不能改。")  # fmt: skip
ROLES = Field(name="roles", label="角色", kind="codes", code_table=ROLE_TABLE, required=True,
              help="可以选几个。各角色能做什么，见「角色与权限」。")  # fmt: skip
ALSO = replace(ROLES, label="兼任角色", required=False, help="本单位系统管理员同时做的其他工作，没有就不选。")

# Two kinds of accounts, each with its form: the own people, and the 系统管理员 of a unit below.
OWN = Settings(name=LOG, title="账号", items=(NAME, ROLES))
NEW_OWN = Settings(name=LOG, title="账号", items=(NAME, LOGIN, ROLES))
NEW_OWN_OF_SCHOOL = Settings(name=LOG, title="账号", items=(NAME, LOGIN, PART, ROLES))
LOWER = Settings(name=LOG, title="下级系统管理员", items=(NAME, ALSO))
NEW_LOWER = Settings(name=LOG, title="下级系统管理员", items=(BELOW, NAME, LOGIN, ALSO))

TOLD = Settings(
    name=LOG,
    title="账号",
    items=(
        LOGIN,
        NAME,
        replace(BELOW, label="单位"),
        Field(name="role_names", label="角色", kind="text", length=200),
        Field(name="active", label="启用", kind="bool", code_table="YES_NO"),
        Field(name="lock", label="锁定", kind="text", length=20),
        Field(name="password", label="密码", kind="text", length=20),
    ),
)
