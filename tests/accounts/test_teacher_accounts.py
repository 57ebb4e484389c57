"""Teachers' accounts: what a school may do with them, and how long an initial password is kept."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from app.accounts.models import Account, InitialPassword, PasswordHistory, ServerSession
from app.accounts.operations import INITIAL_LASTS
from app.accounts.password_rules import PasswordRules
from app.accounts.tidying import remove_expired
from app.collection.teacher_accounts import VERBS, initial_passwords
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import AppError, Conflict, NotAllowed, NotFound
from app.demo import PASSWORD
from app.records.access import AccessLog
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
NEW = "Ganlan-1-shu"


def account_of(session: Session, teacher_id: int) -> Account | None:
    session.rollback()
    return session.scalar(sa.select(Account).where(Account.teacher_id == teacher_id))


def without_account(session: Session, teachers: list[Teacher]) -> list[Teacher]:
    have = set(session.scalars(sa.select(Account.teacher_id)))
    return [teacher for teacher in teachers if teacher.id not in have]


def batch(client: Client, action: str, *chosen: Teacher, query: str = "", **more: Any) -> Any:
    form = {"action": action, "rowid": [str(teacher.id) for teacher in chosen], **more}
    answer = client.post(f"/accounts/teachers/batch{query}", form)
    return client.get(answer.location) if answer.status_code == 302 else answer


def listed(page: str, teacher: Teacher) -> bool:
    return f'name="rowid" value="{teacher.id}"' in page


def exported(client: Client, query: str = "") -> dict[str, tuple[str, ...]]:
    """The rows of the file by the person's name."""
    again = {"again_password": PASSWORD, "again_reason": "发给本人"}
    answer = client.post(f"/accounts/teachers/export{query}", again)
    rows = load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)
    assert next(rows) == ("学校", "姓名", "登录名提示", "初始密码", "状态")
    return {row[1]: tuple(cell or "" for cell in row) for row in rows}


# ── who may ──


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_but_the_own_school(
    app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher], strangers: list[Teacher], verb: str
) -> None:
    act, before = VERBS[verb], dump(app)
    others = ("wangjianguo", "yizhong_query", "qinghe_sys", "yunchuan_sys", "zhoumin", "shuxue", "shiqiao")
    with looking(app) as session:
        for target in (teachers[0], teachers[10]):
            for name in others:
                with pytest.raises(NotAllowed):
                    act(session, actor_named(name), target.id, RULES, utc_now())
        with pytest.raises(NotAllowed):
            act(session, actor_named("yizhong_sys"), strangers[0].id, RULES, utc_now())
        session.commit()
    assert changed_tables(before, dump(app, set())) == []


def test_a_foreign_teacher_is_not_found(
    session_as: Callable[[str], Session], actor_named: Callable[[str], Actor], strangers: list[Teacher]
) -> None:
    session = session_as("yizhong_sys")
    for act in VERBS.values():
        with pytest.raises(NotFound):
            act(session, actor_named("yizhong_sys"), strangers[0].id, RULES, utc_now())


def test_a_foreign_teacher_among_the_chosen_stops_all(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher], strangers: list[Teacher]
) -> None:
    client, before = client_as("yizhong_sys"), dump(app)
    for action in VERBS:
        assert batch(client, action, teachers[0], strangers[0]).status_code == 404
    assert changed_tables(before, dump(app)) == []


# ── the life of an account ──


def test_from_the_record_to_the_login_and_back(
    client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    admin, person = client_as("yizhong_sys"), without_account(everything, teachers)[0]
    name, number, key = person.name or "", person.id_number or "", person.id
    assert exported(admin)[name][3:] == ("", "没有账号")
    assert "做好了 1 人" in batch(admin, "make", person).text
    school, _, hint, password, state = exported(admin)[name]
    assert (school, state) == ("青禾县第一中学", "从未登录") and number[6:14] not in hint and len(password) == 12
    client = client_as("")
    assert client.login(number, password).status_code == 302
    assert exported(admin)[name][3] == password, "until it is changed it can be exported again"
    client.post("/password/", {"old": password, "new": NEW, "repeat": NEW})
    assert exported(admin)[name][3:] == ("", "启用")
    batch(admin, "reset", person)
    again = exported(admin)[name][3]
    assert again and again != password and client_as("").login(number, NEW).status_code == 403
    batch(admin, "delete", person)
    assert account_of(everything, key) is None and everything.get(Teacher, key) is not None
    assert client_as("").login(number, again).status_code == 403
    batch(admin, "make", person)
    assert account_of(everything, key) is not None


def test_deleting_leaves_nothing_behind(
    app: Flask, client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    admin, key = client_as("yizhong_sys"), teachers[0].id
    account = account_of(everything, key)
    assert account is not None
    user_id = account.id
    teacher = client_as(teachers[0].id_number or "")
    batch(admin, "reset", teachers[0])
    teacher.login(teachers[0].id_number or "", exported(admin)[teachers[0].name or ""][3])
    record = {name: rows for name, rows in dump(app).items() if name.startswith("rec_") or name == "teacher"}
    batch(admin, "delete", teachers[0])
    with looking(app) as session:
        for table in (InitialPassword, PasswordHistory, ServerSession):
            assert session.scalar(sa.select(sa.func.count()).where(table.user_id == user_id)) == 0
    assert changed_tables(record, dump(app)) == []
    assert teacher.get("/my").status_code in (302, 308)


def test_disabling_ends_the_session(client_as: Callable[[str], Client], teachers: list[Teacher]) -> None:
    admin, number = client_as("yizhong_sys"), teachers[0].id_number or ""
    teacher = client_as(number)
    batch(admin, "disable", teachers[0])
    assert teacher.get("/me/").location.startswith("/login/")
    assert client_as("").login(number).status_code == 403
    batch(admin, "enable", teachers[0])
    assert client_as("").login(number).status_code == 302


def test_unlocking(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 99)
    admin, number = client_as("liyutong"), teachers[0].id_number or ""
    for _ in range(5):
        client_as("").login(number, "Wrong@2026")
    assert listed(admin.get("/accounts/teachers/list/?_flt_0_state=locked").text, teachers[0])
    batch(admin, "unlock", teachers[0])
    assert client_as("").login(number).status_code == 302


# ── many at once ──


def test_a_batch_says_what_it_did_and_why_not(
    client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    free = without_account(everything, teachers)
    free[1].id_number = free[1].id_number_hash = free[1].id_number_tail = None
    everything.commit()
    page = batch(client_as("yizhong_sys"), "make", teachers[0], free[0], free[1]).text
    assert "做好了 1 人" in page
    assert f"跳过 1 人：已有账号（{teachers[0].name}）" in page
    assert f"没有做成 1 人：没有填身份证件号（{free[1].name}）" in page


def test_all_that_match_the_conditions(
    client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    count = len(without_account(everything, teachers))
    everything.rollback()
    page = batch(client_as("yizhong_sys"), "make", query="?_flt_0_state=none&psize_TeacherAccountView=20",
                 all_matching="1").text  # fmt: skip
    assert f"做好了 {count} 人" in page and count > 20
    assert without_account(everything, teachers) == []


@pytest.mark.parametrize("action, status", [("make", 400), ("fly", 400), ("", 400)])
def test_nothing_chosen(client_as: Callable[[str], Client], action: str, status: int) -> None:
    assert batch(client_as("yizhong_sys"), action).status_code == status


def test_too_many_at_once(
    client_as: Callable[[str], Client], teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    monkeypatch.setattr("app.collection.teacher_account_views.MOST_HASHED", 2)
    client, before = client_as("yizhong_sys"), dump(app)
    assert batch(client, "make", *teachers[:3]).status_code == 400
    assert batch(client, "make", all_matching="1").status_code == 400
    assert changed_tables(before, dump(app)) == []


# ── initial passwords ──


def test_they_are_not_readable_in_the_database(
    app: Flask, client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    admin, person = client_as("yizhong_sys"), without_account(everything, teachers)[0]
    batch(admin, "make", person)
    password = exported(admin)[person.name or ""][3]
    assert password not in str(dump(app, set()))
    assert password not in admin.get("/accounts/teachers/list/").text


def test_they_expire(app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher]) -> None:
    actor, now = actor_named("yizhong_sys"), utc_now()
    with looking(app) as session:
        VERBS["reset"](session, actor, teachers[0].id, RULES, now)
        session.flush()
        soon, late = now + INITIAL_LASTS - dt.timedelta(minutes=1), now + INITIAL_LASTS + dt.timedelta(minutes=1)
        assert list(initial_passwords(session, actor, [teachers[0].id], "", soon)) == [teachers[0].id]
        assert initial_passwords(session, actor, [teachers[0].id], "", late) == {}
        remove_expired(session, soon, dt.timedelta(days=99))
        assert session.scalar(sa.select(sa.func.count(InitialPassword.user_id))) == 1
        remove_expired(session, late, dt.timedelta(days=99))
        assert session.scalar(sa.select(sa.func.count(InitialPassword.user_id))) == 0


def test_every_export_is_logged(
    app: Flask, client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher]
) -> None:
    admin, person = client_as("yizhong_sys"), teachers[0]
    batch(admin, "reset", person)
    exported(admin, "?_flt_0_state=initial")
    everything.rollback()
    looks = everything.scalars(sa.select(AccessLog).where(AccessLog.kind == "account").order_by(AccessLog.id)).all()
    assert [look.teacher_id for look in looks] == [person.id, person.id, None]
    assert looks[0].detail == "reset" and looks[-1].actor_name == "赵立新"
    assert looks[-1].detail.endswith("发给本人")


def test_the_passwords_of_another_school_are_not_given(
    app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher]
) -> None:
    with looking(app) as session:
        VERBS["reset"](session, actor_named("yizhong_sys"), teachers[0].id, RULES, utc_now())
        stranger = actor_named("xiaoxue")
        assert initial_passwords(session, stranger, [teachers[0].id], "", utc_now()) == {}
        for name in ("qinghe_sys", "wangjianguo", "yizhong_query"):
            with pytest.raises(AppError):
                initial_passwords(session, actor_named(name), [teachers[0].id], "", utc_now())


# ── the list ──


@pytest.mark.parametrize("state", ["none", "active", "disabled", "locked", "never", "unused", "initial"])
def test_filters_agree_with_what_is_shown(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher], state: str
) -> None:
    with looking(app) as session:
        accounts = session.scalars(sa.select(Account).where(Account.teacher_id.is_not(None)).order_by(Account.id)).all()
        accounts[0].active = False
        accounts[1].last_login = dt.datetime(2025, 1, 1)  # noqa: DTZ001 - Flask-AppBuilder's have no zone
        have = {a.teacher_id: a for a in accounts}
        session.commit()
    wanted: dict[str, Callable[[Account | None], bool]] = {
        "none": lambda a: a is None,
        "active": lambda a: bool(a and a.active),
        "disabled": lambda a: bool(a and not a.active),
        "locked": lambda a: False,
        "never": lambda a: bool(a and a.active and a.last_login is None),
        "unused": lambda a: bool(a and a.last_login),
        "initial": lambda a: bool(a and a.must_change),
    }
    page = client_as("yizhong_sys").get(f"/accounts/teachers/list/?_flt_0_state={state}").text
    shown = [t for t in teachers if listed(page, t)]
    assert shown == [t for t in teachers if wanted[state](have.get(t.id))]


def test_only_the_own_teachers_are_listed(
    client_as: Callable[[str], Client], teachers: list[Teacher], strangers: list[Teacher]
) -> None:
    page = client_as("yizhong_sys").get("/accounts/teachers/list/?psize_TeacherAccountView=100").text
    assert [t for t in strangers if listed(page, t)] == [] and any(listed(page, t) for t in teachers)


def test_numbers_stay_masked(client_as: Callable[[str], Client], teachers: list[Teacher]) -> None:
    page = client_as("yizhong_sys").get("/accounts/teachers/list/").text
    assert [t.id for t in teachers if t.id_number and t.id_number in page] == []


def test_unknown_states_are_refused(client_as: Callable[[str], Client]) -> None:
    assert client_as("yizhong_sys").get("/accounts/teachers/list/?_flt_0_state=x").status_code == 400


def test_the_list_is_cheap(client_as: Callable[[str], Client], count_queries: Any) -> None:
    client = client_as("yizhong_sys")
    with count_queries() as statements:
        client.get("/accounts/teachers/list/")
    assert len(statements) <= 15


def test_doing_it_twice_is_said(app: Flask, actor_named: Callable[[str], Actor], teachers: list[Teacher]) -> None:
    actor = actor_named("yizhong_sys")
    with looking(app) as session:
        for name in ("make", "enable", "unlock"):
            with pytest.raises(Conflict):
                VERBS[name](session, actor, teachers[0].id, RULES, utc_now())
        VERBS["disable"](session, actor, teachers[0].id, RULES, utc_now())
        with pytest.raises(Conflict):
            VERBS["disable"](session, actor, teachers[0].id, RULES, utc_now())
