"""Passwords that were used before, and what the page of the change says."""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import administration, operations
from app.accounts.models import Account, InitialPassword, PasswordHistory
from app.accounts.operations import INITIAL_LASTS, NOT_AGAIN
from app.accounts.password_rules import PasswordRules
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import AppError
from app.demo import PASSWORD
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
NEW = "Ganlan-1-shu"
EXPIRED = "初始密码已过期"


@pytest.fixture
def clerk(everything: Session) -> Account:
    return everything.scalars(sa.select(Account).where(Account.username == "liyutong")).one()


def word(number: int) -> str:
    return f"Ganlan-{number}-shu"


def test_the_last_ones_may_not_be_used_again(everything: Session, clerk: Account) -> None:
    used = [PASSWORD, *map(word, range(NOT_AGAIN))]
    for old, new in pairwise(used):
        operations.change_password(everything, clerk, old, new, RULES)
    for old in used[:-1]:
        with pytest.raises(AppError, match="最近 5 次"):
            operations.change_password(everything, clerk, used[-1], old, RULES)
    operations.change_password(everything, clerk, used[-1], word(NOT_AGAIN), RULES)
    operations.change_password(everything, clerk, word(NOT_AGAIN), PASSWORD, RULES)


def test_only_the_last_ones_are_kept(everything: Session, clerk: Account) -> None:
    other = everything.scalars(sa.select(Account).where(Account.username == "wangjianguo")).one()
    operations.change_password(everything, other, PASSWORD, word(0), RULES)
    last = PASSWORD
    for number in range(NOT_AGAIN + 3):
        operations.change_password(everything, clerk, last, word(number), RULES)
        last = word(number)
    kept = everything.execute(sa.select(PasswordHistory.user_id, sa.func.count()).group_by(PasswordHistory.user_id))
    assert dict(kept.all()) == {clerk.id: NOT_AGAIN, other.id: 1}  # type: ignore[arg-type]


def test_a_reset_is_no_way_back_to_the_old_one(app: Flask, actor_named: Callable[[str], Actor]) -> None:
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == "liyutong")).one()
        actor = actor_named("yizhong_sys")
        issued = administration.reset_password(session, actor, account.id, RULES, utc_now())
        with pytest.raises(AppError, match="最近 5 次"):
            operations.change_password(session, issued.account, issued.password, PASSWORD, RULES)


def test_the_page_says_the_rules_without_a_script(client_as: Callable[[str], Client]) -> None:
    page = client_as("liyutong").get("/password/").text
    assert "8–64 个字符" in page and "最近 5 次没有用过" in page and "data-strength-box" in page


def test_the_page_names_what_is_wrong(client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    new = {"new": word(1), "repeat": word(1)}
    assert client.post("/password/", {"old": PASSWORD, **new}).status_code == 302
    again = client_as("")
    again.login("liyutong", word(1))
    answer = again.post("/password/", {"old": word(1), "new": PASSWORD, "repeat": PASSWORD})
    assert answer.status_code == 400 and "最近 5 次用过的密码不能再用" in answer.text


# ── an initial password ends ──


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.timedelta], None]:
    """`later(days)`: the login's clock is that much ahead."""

    def set_clock(ahead: dt.timedelta) -> None:
        for module in ("views", "sessions", "captcha_views"):
            monkeypatch.setattr(f"app.accounts.{module}.utc_now", lambda: utc_now() + ahead)

    return set_clock


def reset_for(app: Flask, actor: Actor, username: str) -> str:
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == username)).one()
        issued = administration.reset_password(session, actor, key, RULES, utc_now())
        session.commit()
        return issued.password


@pytest.mark.parametrize(("ahead", "there"), [(-1, True), (1, False)])
def test_it_lets_in_for_thirty_days(
    app: Flask, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], later: Any, ahead: int,
    there: bool,
) -> None:  # fmt: skip
    password = reset_for(app, actor_named("yizhong_sys"), "liyutong")
    later(INITIAL_LASTS + dt.timedelta(minutes=ahead))
    client = client_as("")
    answer = client.login("liyutong", password)
    assert (answer.status_code == 302, EXPIRED in answer.text) == (there, not there)
    assert client.get("/session/alive").get_json()["login"] is there


def test_only_who_knows_it_learns_that_it_has_ended(
    app: Flask, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], later: Any
) -> None:
    password = reset_for(app, actor_named("yizhong_sys"), "liyutong")
    later(INITIAL_LASTS + dt.timedelta(days=1))
    guess = client_as("").login("liyutong", "Falsch@2026")
    assert EXPIRED not in guess.text and "没有登录成功：" in guess.text
    for _ in range(6):
        assert EXPIRED in client_as("").login("liyutong", password).text, "no guess: it is never locked by it"
    with looking(app) as session:
        assert session.scalars(sa.select(Account.last_login).where(Account.username == "liyutong")).one() is None


def test_another_one_lets_in_again(
    app: Flask, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], later: Any
) -> None:
    reset_for(app, actor_named("yizhong_sys"), "liyutong")
    with looking(app) as session:
        session.execute(sa.update(Account).where(Account.username == "liyutong").values(initial_until=utc_now()))
        session.commit()
    password = reset_for(app, actor_named("yizhong_sys"), "liyutong")
    assert client_as("").login("liyutong", password).status_code == 302


def test_the_own_password_never_ends(
    app: Flask, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor], later: Any
) -> None:
    password = reset_for(app, actor_named("yizhong_sys"), "liyutong")
    client = client_as("")
    client.login("liyutong", password)
    assert client.post("/password/", {"old": password, "new": NEW, "repeat": NEW}).status_code == 302
    later(dt.timedelta(days=400))
    assert client_as("").login("liyutong", NEW).status_code == 302


def test_a_teachers_ends_too_and_the_list_says_so(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher], later: Any
) -> None:
    admin, number, key = client_as("yizhong_sys"), teachers[0].id_number or "", teachers[0].id
    admin.post("/accounts/teachers/batch", {"action": "reset", "rowid": str(key)})
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.teacher_id == key)).one()
        password = session.get_one(InitialPassword, account.id).password
        account.initial_until = utc_now()
        session.commit()
    answer = client_as("").login(number, password)
    assert (answer.status_code, "请联系学校的系统管理员" in answer.text) == (403, True)
    assert "已过期" in admin.get("/accounts/teachers/list/").text


def test_the_account_page_says_how_long(
    app: Flask, client_as: Callable[[str], Client], actor_named: Callable[[str], Actor]
) -> None:
    reset_for(app, actor_named("yizhong_sys"), "liyutong")
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == "liyutong")).one()
    page = f"/accounts/edit/{account.id}"
    assert "初始密码还没有修改" in client_as("yizhong_sys").get(page).text
    with looking(app) as session:
        session.execute(sa.update(Account).where(Account.id == account.id).values(initial_until=utc_now()))
        session.commit()
    assert "初始密码已过期，请重置" in client_as("yizhong_sys").get(page).text
