"""Passwords that were used before, and what the page of the change says."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import administration, operations
from app.accounts.models import Account, PasswordHistory
from app.accounts.operations import NOT_AGAIN, PasswordRules
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import AppError
from app.demo import PASSWORD
from tests.accounts.database import looking
from tests.conftest import Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)


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
