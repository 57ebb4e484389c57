"""Administrators' accounts by file: a trial first, the same rules as the form, passwords in one file."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook

from app.accounts.account_import import template
from app.accounts.administration import role_names
from app.accounts.models import Account
from app.core.excel import export_rows
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import Client

HEADS = ["姓名", "登录名", "单位", "角色"]


def sent(client: Client, *rows: tuple[str, ...]) -> Any:
    file = io.BytesIO(export_rows(HEADS, rows, "账号"))
    answer = client.post("/accounts/add/file/upload", {"file": (file, "a.xlsx")})
    return client.get(answer.location), answer.location


def accounts(app: Flask, *logins: str) -> dict[str, tuple[str, list[str]]]:
    with looking(app) as session:
        found = session.scalars(sa.select(Account).where(Account.username.in_(logins)))
        return {account.username: (str(account.unit), role_names(account)) for account in found}


def test_the_template_has_the_columns() -> None:
    assert [cell.value for cell in next(load_workbook(io.BytesIO(template())).active.iter_rows())] == HEADS


def test_a_school_makes_its_accounts(app: Flask, client_as: Callable[[str], Client]) -> None:
    client, before = client_as("yizhong_sys"), dump(app)
    page, plan = sent(
        client, ("周雅文", "zhouyawen", "", "信息录入员、信息查询员"), ("孙丽", "SunLi", "", "信息审核员")
    )
    assert "确认生成" in page.text and changed_tables(before, dump(app)) == ["file_plan"]
    rows = list(load_workbook(io.BytesIO(client.post(f"{plan}/confirm").data)).active.iter_rows(values_only=True))
    school = "青禾县第一中学"
    assert [row[:3] for row in rows] == [
        ("单位", "姓名", "登录名"), (school, "周雅文", "zhouyawen"), (school, "孙丽", "sunli"),
    ]  # fmt: skip
    made = accounts(app, "zhouyawen", "sunli")
    assert made == {"zhouyawen": (school, ["信息录入员", "信息查询员"]), "sunli": (school, ["信息审核员"])}
    other = client_as("")
    assert other.login("zhouyawen", rows[1][3]).status_code == 302 and other.get("/").location == "/password/"
    assert client.post(f"{plan}/confirm").status_code == 409 and rows[1][3] not in str(dump(app, set()))


def test_a_county_makes_those_below_and_its_own(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("qinghe_sys")
    _, plan = sent(client, ("周雅文", "zhouyawen", "青禾县实验小学", ""), ("孙丽", "sunli", "", "信息审核员"))
    assert client.post(f"{plan}/confirm").status_code == 200
    made = {"zhouyawen": ("青禾县实验小学", ["系统管理员"]), "sunli": ("青禾县教育体育局", ["信息审核员"])}
    assert accounts(app, "zhouyawen", "sunli") == made


@pytest.mark.parametrize(
    "rows, message",
    [
        ([("周雅文", "zhouyawen", "石桥县初级中学", "")], "下级单位里没有"),
        ([("周雅文", "zhouyawen", "青禾县第一中学", "")], "只能有一个"),
        ([("周雅文", "a1b", "青禾县实验小学", ""), ("孙丽", "a2b", "青禾县实验小学", "")], "只能有一个"),
        ([("周雅文", "zhouyawen", "", "信息审核员"), ("孙丽", "ZhouYaWen", "", "信息审核员")], "已经有人用了"),
        ([("周雅文", "zhouyawen", "", "系统管理员")], "角色"),
        ([("周雅文", "zhouyawen", "", "")], "角色"),
        ([("", "zhouyawen", "", "信息审核员")], "姓名"),
    ],
)
def test_mistakes_are_named_and_nothing_is_made(
    app: Flask, client_as: Callable[[str], Client], rows: list[tuple[str, ...]], message: str
) -> None:
    client, before = client_as("qinghe_sys"), dump(app)
    page, plan = sent(client, *rows)
    assert message in page.text and "要改的地方" in page.text
    assert client.post(f"{plan}/confirm").status_code == 400
    assert changed_tables(before, dump(app)) == ["file_plan"]


def test_what_changed_meanwhile_stops_all(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("yizhong_sys")
    rows = ("孙丽", "sunli", "", "信息审核员"), ("周雅文", "zhouyawen", "", "信息查询员")
    _, plan = sent(client, *rows)
    client.post("/accounts/add", {"name": "周雅文", "username": "zhouyawen", "roles": "viewer"})
    before = dump(app)
    assert client.post(f"{plan}/confirm").status_code == 409
    assert changed_tables(before, dump(app)) == []


def test_the_plan_of_somebody_else_is_not_found(client_as: Callable[[str], Client]) -> None:
    _, plan = sent(client_as("yizhong_sys"), ("周雅文", "zhouyawen", "", "信息审核员"))
    other = client_as("qinghe_sys")
    assert other.get(plan).status_code == other.post(f"{plan}/confirm").status_code == 404


@pytest.mark.parametrize(
    "rows, said",
    [
        ([], "只有表头"),
        ([("", "", "", "")], "只有表头"),
        ([("周", f"a{n}bc", "", "") for n in range(101)], "一次最多 100 行"),
    ],
)
def test_too_few_and_too_many(client_as: Callable[[str], Client], rows: list[tuple[str, ...]], said: str) -> None:
    file = io.BytesIO(export_rows(HEADS, rows, "账号"))
    answer = client_as("yizhong_sys").post("/accounts/add/file/upload", {"file": (file, "a.xlsx")})
    assert answer.status_code == 400 and said in answer.text
