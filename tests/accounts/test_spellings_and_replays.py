"""One name in many spellings is one account, and a saved cookie opens nothing any more."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.accounts.administration import add_account
from app.accounts.models import Account, ServerSession
from app.accounts.password_rules import PasswordRules
from app.core import captcha
from app.core.actor import Actor
from app.core.db import db, utc_now
from app.demo import PASSWORD
from app.records.teacher import Teacher
from config import Config
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
SPELLINGS = ("ZHANGSAN", "zhangsan", "ｚｈａｎｇｓａｎ", "zhang san")
NEW = {"name": "张三", "roles": "viewer"}


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


# ── names ──


@pytest.mark.parametrize("order", list(itertools.permutations(SPELLINGS)))
def test_in_every_order_just_one_is_taken(
    app: Flask, actor_named: Callable[[str], Actor], order: tuple[str, ...]
) -> None:
    with looking(app) as session:
        actor = actor_named("yizhong_sys")
        made = [
            add_account(session, actor, NEW | {"username": name}, RULES, utc_now(), lower=False)[0] for name in order
        ]
        assert [issued is not None for issued in made] == [True, False, False, False]
        assert made[0] is not None and made[0].account.username == "zhangsan"
        session.rollback()


@pytest.mark.parametrize(
    "name",
    [
        "LIYUTONG", "ＬｉＹｕＴｏｎｇ", "li yutong", "liyutong\u3000", "li\u200byutong", "liyu\u00adtong",
        "\ufeffliyutong",
        "liyutong\t", "ⓛiyutong",
    ],
)  # fmt: skip
def test_the_form_takes_no_second_liyutong(app: Flask, client_as: Callable[[str], Client], name: str) -> None:
    admin, before = client_as("yizhong_sys"), dump(app)
    response = admin.post("/accounts/add", NEW | {"username": name})
    assert response.status_code == 400 and "登录名" in response.text
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize("name", ["lіyutong", "liyut\u043eng", "liyutoɴg", "张三", "liyutöng", "liyuto\u0301ng"])
def test_letters_that_only_look_alike_are_refused(app: Flask, client_as: Callable[[str], Client], name: str) -> None:
    admin, before = client_as("yizhong_sys"), dump(app)
    response = admin.post("/accounts/add", NEW | {"username": name})
    assert response.status_code == 400 and "只用字母、数字和 . _ -" in response.text
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize(
    "typed", ["LiYuTong", wide("liyutong"), wide("LIYUTONG"), "li yu tong", "\u3000liyutong\u3000", "liyu\u200btong"]
)
def test_people_log_in_with_every_spelling(client_as: Callable[[str], Client], typed: str) -> None:
    assert client_as("").login(typed).status_code == 302


@pytest.mark.parametrize(
    "spell", [wide, str.lower, " ".join, lambda n: f"{n}\u200b", lambda n: f"\u3000{n[:6]} {n[6:]}"]
)
def test_a_number_in_another_spelling_is_counted_as_the_same(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher], spell: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 99)
    number, browser = str(teachers[0].id_number), client_as("")
    form = {"entry": "teacher", "password": "x"}
    for _ in range(5):
        browser.post("/login/", form | {"username": spell(number)})
    answer = browser.post("/login/", form | {"username": number, "password": PASSWORD})
    assert "输错次数太多" in answer.text


@pytest.mark.parametrize(
    "password", [wide(PASSWORD), PASSWORD.lower(), PASSWORD.upper(), f" {PASSWORD}", f"{PASSWORD} "]
)
def test_a_password_has_one_spelling(client_as: Callable[[str], Client], password: str) -> None:
    assert client_as("").login("liyutong", password).status_code == 403


# ── cookies ──


def by_reset(admin: Client, key: int) -> Any:
    return admin.post(f"/accounts/edit/{key}/reset")


def by_disabling(admin: Client, key: int) -> Any:
    return admin.post(f"/accounts/edit/{key}/disable")


@pytest.mark.parametrize("end", [by_reset, by_disabling])
def test_what_an_administrator_does_ends_saved_cookies(
    app: Flask, client_as: Callable[[str], Client], end: Callable[[Client, int], Any]
) -> None:
    victim, saved = client_as("liyutong"), app.test_client()
    cookie = victim.client.get_cookie("session")
    assert cookie is not None
    saved.set_cookie("session", cookie.value)
    assert saved.get("/teachers/list/").status_code == 200
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()
    assert end(client_as("yizhong_sys"), key).status_code in (200, 302)
    for _ in range(2):
        response = saved.get("/teachers/list/")
        assert (response.status_code, response.location.split("?")[0]) == (302, "/login/")
    with looking(app) as session:
        assert session.scalar(sa.select(sa.func.count()).where(ServerSession.user_id == key)) == 0


def test_enabling_again_does_not_revive_a_cookie(app: Flask, client_as: Callable[[str], Client]) -> None:
    victim, admin = client_as("liyutong"), client_as("yizhong_sys")
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()
    admin.post(f"/accounts/edit/{key}/disable")
    admin.post(f"/accounts/edit/{key}/enable")
    assert victim.get("/teachers/list/").status_code == 302


def test_a_cookie_of_before_the_login_is_not_logged_in(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("")
    client.get("/login/")
    before = client.client.get_cookie("session")
    assert before is not None
    client.login("liyutong")
    saved = app.test_client()
    saved.set_cookie("session", before.value)
    assert saved.get("/teachers/list/").status_code == 302


# ── several processes ──


def test_another_process_knows_captchas_and_counts(app: Flask, database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a login stands in the memory of the process that was asked first."""
    monkeypatch.setattr(captcha, "new_letters", lambda: "HK7A")
    environment = {"APP_ENV": "test", "DATABASE_URL": database.url.replace("+psycopg", ""),
                   "INSTANCE_PATH": app.config["INSTANCE_PATH"]}  # fmt: skip
    other = create_app(Config.from_env(environment))
    one, two = app.test_client(), other.test_client()
    form = {"entry": "admin", "username": "liyutong", "password": "x"}
    token = Client(one).token()
    for _ in range(2):
        page = one.post("/login/", data=form | {"csrf_token": token}).text
    key = page.split('name="captcha_key" value="')[1].split('"')[0]
    cookie = one.get_cookie("session")
    assert cookie is not None
    two.set_cookie("session", cookie.value)
    right = form | {"csrf_token": token, "password": PASSWORD}
    assert "请填验证码" in two.post("/login/", data=right).text
    assert two.post("/login/", data=right | {"captcha_key": key, "captcha": "hk7a"}).status_code == 302
    with other.app_context():
        db.engine.dispose()
