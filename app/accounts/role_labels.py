"""The permissions in words, and who holds them where: the page on roles is drawn from here and from `roles.py`."""

from app.accounts.roles import ROLES, Role
from app.organisations.models import LEVELS
from app.permissions import Permission as P

AREAS = {
    "home": "工作台", "record": "教师信息", "import": "教师信息", "review": "审核", "progress": "审核", "chain": "审核",
    "round": "审核", "late": "审核", "reason": "审核", "stand_in": "审核", "account": "账号",
    "teacher_account": "账号", "unit": "单位",
    "department": "单位", "code": "数据字典", "item": "数据字典", "self": "本人档案", "job": "工作台", "list": "工作台",
    "me": "本人账号", "password": "本人账号",
}  # fmt: skip
LABELS = {
    P.ACCOUNT_CREATE: "在教师列表中生成教师账号",
    P.ACCOUNT_EDIT: "新增、修改、停用账号，重置密码，开通登录前查询",
    P.ACCOUNT_LIST: "查看账号、角色与权限",
    P.CHAIN_EDIT: "开启、关闭本省的市级和省级审核",
    P.CODE_EDIT: "维护代码",
    P.CODE_FIND: "填表时查找代码",
    P.CODE_LIST: "查看数据字典",
    P.DEPARTMENT_EDIT: "维护二级单位",
    P.DEPARTMENT_LIST: "查看二级单位",
    P.HOME_SHOW: "查看工作台",
    P.IMPORT_USE: "用 Excel 导入",
    P.ITEM_EDIT: "维护本省指标",
    P.ITEM_LIST: "查看本省指标",
    P.JOB_LIST: "查看自己的后台任务",
    P.LATE_LIST: "查看还没报完的学校",
    P.LATE_REMIND: "催下级学校报送",
    P.LIST_ARRANGE: "选列表的列，存自己的常用视图",
    P.LIST_SHARE: "维护本单位共用的常用视图",
    P.ME_SHOW: "查看个人空间，退出其他设备",
    P.PASSWORD_CHANGE: "修改自己的密码",
    P.PROGRESS_SHOW: "查看数据上报进展、队伍结构",
    P.REASON_EDIT: "增加、停用本单位的退回原因",
    P.REASON_LIST: "查看退回原因",
    P.RECORD_ADD: "新增教师档案",
    P.RECORD_DELETE: "删除教师档案",
    P.RECORD_EDIT: "修改教师档案",
    P.RECORD_EXPORT: "导出教师档案",
    P.RECORD_LIST: "查看教师列表",
    P.RECORD_REPORT: "报送教师档案",
    P.RECORD_REVEAL: "查看完整证件号和附件",
    P.RECORD_SHOW: "查看教师档案",
    P.REVIEW_DECIDE: "通过或驳回报送",
    P.REVIEW_LIST: "查看待审列表",
    P.ROUND_EDIT: "维护本单位的采集轮次",
    P.ROUND_LIST: "查看采集轮次",
    P.SELF_EDIT: "填写自己的档案",
    P.SELF_SHOW: "查看自己的档案",
    P.SELF_SUBMIT: "提交自己的档案",
    P.STAND_IN_EDIT: "请人代审，提前结束代审",
    P.STAND_IN_LIST: "查看代理审核",
    P.TEACHER_ACCOUNT_EDIT: "生成、停用、删除教师账号，导出初始密码",
    P.TEACHER_ACCOUNT_LIST: "查看教师账号",
    P.UNIT_EDIT: "新增、修改下级单位，办理变更",
    P.UNIT_LIST: "查看单位",
}
EVERYWHERE, NOT_AT_DEPARTMENT = "有", "二级单位除外"


def where(role: Role, permission: P) -> str:
    """In units of which levels a role holds a permission, in words; empty: nowhere."""
    levels = [level for level in LEVELS if permission in role.everywhere | role.added_at(level)]
    if set(levels) == set(LEVELS):
        return EVERYWHERE
    if set(levels) == set(LEVELS) - {"department"}:
        return NOT_AT_DEPARTMENT
    return "、".join(LEVELS[level] for level in levels)


def matrix() -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """The permissions in their areas, each with one cell for each role."""
    groups: dict[str, list[tuple[str, list[str]]]] = {label: [] for label in AREAS.values()}
    for permission, label in LABELS.items():
        groups[AREAS[permission.area]].append((label, [where(role, permission) for role in ROLES]))
    return list(groups.items())
