"""个人空间: the own account, and its sessions on other devices."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import ServerSession
from app.accounts.sessions import device_of
from app.core.db import utc_now
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import Client


def keys(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('name="key" value="')[1:]]


@pytest.mark.parametrize(
    "agent, shown",
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/130 MicroMessenger/8.0", "微信 · 安卓"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("<script>" * 999, "其他浏览器 · 其他设备"),
    ],
)
def test_devices_are_known_by_family_only(agent: str, shown: str) -> None:
    assert device_of(agent) == shown


def test_it_shows_the_own_account(client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    assert "个人空间" in client.get("/").text
    page = client.get("/me/").text
    assert all(f">{text}<" in page for text in ("李雨桐", "liyutong", "青禾县第一中学", "信息管理员"))


def test_a_teacher_has_one_too(client_as: Callable[[str], Client], teachers: list[Teacher]) -> None:
    number = teachers[0].id_number or ""
    page = client_as(number).get("/me/").text
    assert f">{teachers[0].name}<" in page and ">教师<" in page and "我的档案" in page
    assert number not in page and number[6:14] not in page


def test_another_session_is_ended(client_as: Callable[[str], Client]) -> None:
    here, there, further = (client_as("liyutong") for _ in range(3))
    page = here.get("/me/").text
    assert len(keys(page)) == 2 and page.count("正在使用") == 1
    assert here.post("/me/end", {"key": keys(page)[0]}).location == "/me/"
    inside = [client.get("/me/").status_code for client in (here, there, further)]
    assert sorted(inside) == [200, 200, 302] and inside[0] == 200
    assert here.post("/me/end", {"key": keys(page)[0]}).status_code == 404


def test_all_others_are_ended(client_as: Callable[[str], Client]) -> None:
    here, there, stranger = client_as("liyutong"), client_as("liyutong"), client_as("wangjianguo")
    here.post("/me/end-others")
    assert [client.get("/me/").status_code for client in (here, there, stranger)] == [200, 302, 200]


def test_a_foreign_session_and_the_present_one_are_not_found(app: Flask, client_as: Callable[[str], Client]) -> None:
    client, other = client_as("liyutong"), client_as("wangjianguo")
    token = client.token()
    with looking(app) as session:
        every = session.scalars(sa.select(ServerSession.id).where(ServerSession.user_id.is_not(None))).all()
    assert len(every) == 2
    before = dump(app, set())["server_session"]
    for key in (*every, "", "x", "%"):
        answer = client.client.post("/me/end", data={"key": key, "csrf_token": token})
        assert answer.status_code == 404
    assert len(dump(app, set())["server_session"]) == len(before)
    assert other.get("/me/").status_code == client.get("/me/").status_code == 200


def test_ended_ones_are_not_listed(app: Flask, client_as: Callable[[str], Client]) -> None:
    client, _ = client_as("liyutong"), client_as("liyutong")
    assert len(keys(client.get("/me/").text)) == 1
    with looking(app) as session:
        old = sa.update(ServerSession).where(ServerSession.id == keys(client.get("/me/").text)[0])
        session.execute(old.values(seen_at=utc_now() - dt.timedelta(days=1)))
        session.commit()
    assert keys(client.get("/me/").text) == []


def test_looking_changes_nothing(app: Flask, client_as: Callable[[str], Client], count_queries: Any) -> None:
    client = client_as("liyutong")
    before = dump(app)
    with count_queries() as statements:
        client.get("/me/")
    assert changed_tables(before, dump(app)) == [] and len(statements) <= 15
