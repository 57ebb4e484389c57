"""The page of roles tells what the table of roles says."""

from collections.abc import Callable

from app.accounts.role_labels import AREAS, LABELS, matrix, where
from app.accounts.roles import BY_NAME, ROLES, permissions_of
from app.organisations.models import LEVELS
from app.permissions import Permission
from tests.conftest import Client


def test_every_permission_has_its_words() -> None:
    assert set(LABELS) == set(Permission)
    assert {permission.area for permission in Permission} == set(AREAS)
    assert len(set(LABELS.values())) == len(LABELS)


def test_it_tells_where_a_role_holds_a_permission() -> None:
    said = {
        ("信息管理员", Permission.RECORD_ADD): "学校",
        ("信息审核员", Permission.REVIEW_DECIDE): "二级单位除外",
        ("系统管理员", Permission.CODE_EDIT): "国家、省",
        ("信息查询员", Permission.RECORD_LIST): "有",
        ("信息查询员", Permission.RECORD_EDIT): "",
    }
    assert {key: where(BY_NAME[key[0]], key[1]) for key in said} == said


def test_it_agrees_with_what_is_granted() -> None:
    for role in ROLES:
        for permission in Permission:
            told = where(role, permission)
            for level, name in LEVELS.items():
                listed = told == "有" or (told == "二级单位除外" and level != "department") or name in told.split("、")
                assert listed == (permission in permissions_of([role.name], level)), (role.name, permission, level)


def test_the_page_has_all_of_it(client_as: Callable[[str], Client]) -> None:
    page = client_as("yizhong_sys").get("/accounts/roles").text
    assert all(f">{role.name}<" in page for role in ROLES)
    assert all(f">{label}<" in page for _, rows in matrix() for label, _ in rows)
