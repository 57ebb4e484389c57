"""Before the login: how to reach the school's 系统管理员, and the own initial password. Off until switched on."""

import datetime as dt
import html
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.look_up_choices import save_choices, save_contact
from app.accounts.models import Account, InitialPassword, LoginThrottle, LookUpChoice
from app.accounts.password_rules import PasswordRules
from app.collection import look_ups
from app.collection.teacher_accounts import VERBS
from app.core import captcha
from app.core.actor import Actor
from app.core.db import db, utc_now
from app.core.errors import NotAllowed
from app.core.settings_log import SettingChange
from app.demo import PASSWORD
from app.organisations.models import Unit
from app.records.access import AccessLog
from app.records.teacher import Teacher
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import STRANGE_SCHOOL, Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
CONTACT, INITIAL = "/login/contact", "/login/initial-password"
SCHOOL_NAME = "青禾县第一中学"
REFUSED = "没有查到。"
PHONE, EMAIL = "13900001234", "zhao.lixin@example.cn"
NEW = "Ganlan-1-shu"


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captcha, "new_letters", lambda: "HK7A")


@pytest.fixture
def browser(client_as: Callable[[str], Client]) -> Client:
    """A browser that nobody has logged in with."""
    return client_as("")


def switch(app: Flask, *, contact: bool = False, password: bool = False, code: str = "") -> None:
    with looking(app) as session:
        unit = session.scalars(sa.select(Unit).where(Unit.code == code if code else Unit.name == SCHOOL_NAME)).one()
        session.merge(LookUpChoice(unit_id=unit.id, contact=contact, password=password))
        session.execute(
            sa.update(Account).where(Account.username == "yizhong_sys").values(contact_phone=PHONE, contact_email=EMAIL)
        )
        session.commit()


@pytest.fixture
def fresh(app: Flask, teachers: list[Teacher], actor_named: Callable[[str], Actor]) -> tuple[str, str, str, int]:
    """A teacher whose account was made and never used: name, number, initial password, account id."""
    with looking(app) as session:
        have = set(session.scalars(sa.select(Account.teacher_id)))
        person = next(teacher for teacher in teachers if teacher.id not in have)
        VERBS["make"](session, actor_named("yizhong_sys"), person.id, RULES, utc_now())
        account = session.scalars(sa.select(Account).where(Account.teacher_id == person.id)).one()
        password = session.get_one(InitialPassword, account.id).password
        session.commit()
        return person.name or "", person.id_number or "", password, account.id


def key(browser: Client, path: str) -> str:
    return browser.get(path).text.split('name="captcha_key" value="')[1].split('"')[0]


def ask(browser: Client, path: str, **typed: str) -> Any:
    return browser.post(path, {"captcha_key": key(browser, path), "captcha": "hk7a", **typed})


def logged(app: Flask) -> list[tuple[int | None, str, str]]:
    with looking(app) as session:
        query = sa.select(AccessLog).where(AccessLog.kind == "look-up").order_by(AccessLog.id)
        return [(look.teacher_id, look.actor_name, look.detail) for look in session.scalars(query)]


# ── off, on ──


@pytest.mark.parametrize("path", [CONTACT, INITIAL])
def test_without_a_school_that_wants_it_there_is_no_page(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 404
    assert browser.post(path, {"school": SCHOOL_NAME, "name": "x", "number": "y"}).status_code == 404
    assert path not in browser.get("/login/").text


@pytest.mark.parametrize(("on", "there", "missing"), [("contact", CONTACT, INITIAL), ("password", INITIAL, CONTACT)])
def test_each_is_switched_for_itself(app: Flask, browser: Client, on: str, there: str, missing: str) -> None:
    switch(app, **{on: True})
    page = browser.get("/login/").text
    assert there in page and missing not in page
    assert (browser.get(there).status_code, browser.get(missing).status_code) == (200, 404)


def test_a_school_switches_it_on(app: Flask, client_as: Callable[[str], Client], browser: Client) -> None:
    admin = client_as("yizhong_sys")
    assert "登录前查询" in admin.get("/accounts/list/").text
    first = admin.post("/accounts/look-ups/", {"contact": "1", "password": "0"})
    assert first.status_code == 400 and "请先在「个人空间」填写您的联系方式" in first.text
    admin.post("/me/contact/", {"contact_phone": PHONE, "contact_email": EMAIL})
    assert admin.post("/accounts/look-ups/", {"contact": "1", "password": "0"}).status_code == 302
    page = admin.get("/accounts/look-ups/").text
    assert "修改历史" in page and "赵立新" in page
    assert CONTACT in browser.get("/login/").text


def test_others_cannot_switch_it(app: Flask, actor_named: Callable[[str], Actor]) -> None:
    before = dump(app)
    with looking(app) as session:
        for name in ("liyutong", "qinghe_sys", "yunchuan_sys", "moe_sys", "wangjianguo"):
            with pytest.raises(NotAllowed):
                save_choices(session, actor_named(name), {"contact": "1", "password": "1"}, utc_now())
        session.commit()
    assert changed_tables(before, dump(app)) == []


def test_a_switch_is_for_the_own_school_alone(app: Flask, browser: Client, fresh: Any) -> None:
    switch(app, password=True, code=STRANGE_SCHOOL)
    assert REFUSED in ask(browser, INITIAL, name=fresh[0], number=fresh[1]).text


# ── one's own contact ──


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"contact_phone": "123"}, "要是手机号，或带区号的电话号码"),
        ({"contact_phone": "王"}, "要是手机号，或带区号的电话号码"),
        ({"contact_email": "x@y"}, "「电子信箱」的格式不对"),
        ({"contact_email": "x" * 120}, "最多 100 个字"),
    ],
)
def test_a_wrong_contact_is_named_and_stays(
    app: Flask, client_as: Callable[[str], Client], typed: dict[str, str], said: str
) -> None:
    client, before = client_as("yizhong_sys"), dump(app)
    answer = client.post("/me/contact/", typed)
    assert answer.status_code == 400 and said in answer.text and next(iter(typed.values())) in answer.text
    assert changed_tables(before, dump(app)) == []


def test_a_contact_is_stored_unreadably_and_shown_to_its_person(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("yizhong_sys")
    client.post("/me/contact/", {"contact_phone": PHONE, "contact_email": EMAIL})
    assert PHONE not in str(dump(app, set())) and EMAIL not in str(dump(app, set()))
    assert PHONE in client.get("/me/").text and PHONE in client.get("/me/contact/").text
    with looking(app) as session:
        assert [c.changes for c in session.scalars(sa.select(SettingChange))] == [{"changed": ["", "改了"]}]
    client.post("/me/contact/", {"contact_phone": "", "contact_email": ""})
    assert PHONE not in client.get("/me/").text


def test_a_teacher_has_no_such_form(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher], actor_named: Callable[[str], Actor]
) -> None:
    client = client_as(teachers[0].id_number or "")
    assert client.get("/me/contact/").status_code == 404 and "/me/contact/" not in client.get("/me/").text
    with looking(app) as session:
        name = session.scalars(sa.select(Account.username).where(Account.teacher_id == teachers[0].id)).one()
        with pytest.raises(NotAllowed):
            save_contact(session, actor_named(name), {"contact_phone": PHONE}, utc_now())


# ── the contact ──


@pytest.mark.parametrize("written", [SCHOOL_NAME, f" {SCHOOL_NAME}\u3000"])
def test_a_teacher_finds_the_contact(app: Flask, browser: Client, teachers: list[Teacher], written: str) -> None:
    switch(app, contact=True)
    page = ask(browser, CONTACT, school=written, number=(teachers[0].id_number or "").lower()).text
    assert "赵立新" in page and PHONE in page and EMAIL in page
    assert logged(app) == [(teachers[0].id, "登录前查询", "contact: shown")]


def refusals_of_contact(teachers: list[Teacher], strangers: list[Teacher]) -> dict[str, dict[str, str]]:
    number, strange = teachers[0].id_number or "", strangers[0].id_number or ""
    return {
        "unknown number": {"school": SCHOOL_NAME, "number": "530121199001011234"},
        "another school's teacher": {"school": SCHOOL_NAME, "number": strange},
        "a school that has it off": {"school": "石桥县第一中学", "number": strange},
        "an unknown school": {"school": "没有这所学校", "number": number},
        "a part of the name": {"school": "青禾县", "number": number},
        "a pattern": {"school": "%", "number": number},
    }


def test_all_that_is_not_found_is_the_same(
    app: Flask, browser: Client, teachers: list[Teacher], strangers: list[Teacher]
) -> None:
    switch(app, contact=True)
    told = set()
    for typed in refusals_of_contact(teachers, strangers).values():
        answer = ask(browser, CONTACT, **typed)
        told.add((answer.status_code, shape(answer.text, typed)))
    assert len(told) == 1 and REFUSED in next(iter(told))[1]
    assert [detail for _, _, detail in logged(app)] == ["contact: not found"] * 6


def shape(page: str, typed: dict[str, str]) -> str:
    page = re.sub(r'(name="(csrf-token|csrf_token|captcha_key)" (content|value)=")[^"]*', r"\1", page)
    page = re.sub(r"data:image/png;base64,[^\"]*", "", page)
    page = re.sub(r'(name="(school|name|number)" value=")[^"]*', r"\1", page)
    return html.unescape(page)


@pytest.mark.parametrize("without", ["contact", "account"])
def test_nobody_to_be_reached_is_not_found_either(
    app: Flask, browser: Client, teachers: list[Teacher], without: str
) -> None:
    switch(app, contact=True)
    with looking(app) as session:
        gone = {"contact_phone": None, "contact_email": None} if without == "contact" else {"active": False}
        session.execute(sa.update(Account).where(Account.username == "yizhong_sys").values(gone))
        session.commit()
    assert REFUSED in ask(browser, CONTACT, school=SCHOOL_NAME, number=teachers[0].id_number or "").text


# ── the initial password ──


def test_it_is_shown_once_and_lets_in(app: Flask, browser: Client, fresh: Any, client_as: Any) -> None:
    name, number, password, account_id = fresh
    switch(app, password=True)
    page = ask(browser, INITIAL, name=f" {name} ", number=number)
    assert password in page.text and page.headers["Cache-Control"] == "no-store"
    assert REFUSED in ask(browser, INITIAL, name=name, number=number).text
    assert [detail for _, _, detail in logged(app)] == ["initial password: shown", "initial password: not found"]
    teacher = client_as("")
    assert teacher.login(number, password).status_code == 302
    told = teacher.get("/password/").text
    assert "在登录页查询过" in told and "不是您本人查的" in told
    assert teacher.get("/my/").location == "/password/", "it must be changed first"
    teacher.post("/password/", {"old": password, "new": NEW, "repeat": NEW})
    with looking(app) as session:
        assert session.get(InitialPassword, account_id) is None
    assert REFUSED in ask(browser, INITIAL, name=name, number=number).text


def test_the_school_sees_that_it_was_looked_up(app: Flask, browser: Client, fresh: Any, client_as: Any) -> None:
    switch(app, password=True)
    admin = client_as("yizhong_sys")
    assert "登录前查过" not in admin.get("/accounts/teachers/list/").text
    ask(browser, INITIAL, name=fresh[0], number=fresh[1])
    assert "未修改，登录前查过" in admin.get("/accounts/teachers/list/?psize_TeacherAccountView=100").text


CASES = ("wrong name", "unknown", "logged in", "changed", "expired", "disabled", "off", "nobody's number", "no account")


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_as_it_has_to_be_is_not_found(
    app: Flask, browser: Client, fresh: Any, strangers: list[Teacher], case: str
) -> None:
    name, number, password, account_id = fresh
    switch(app, password=True)
    values: dict[str, Any] = {
        "logged in": {"last_login": dt.datetime(2026, 1, 1)},  # noqa: DTZ001 - Flask-AppBuilder's have no zone
        "changed": {"must_change": False},
        "expired": {"initial_until": utc_now()},
        "disabled": {"active": False},
    }.get(case, {})
    with looking(app) as session:
        if values:
            session.execute(sa.update(Account).where(Account.id == account_id).values(values))
        if case == "off":
            session.execute(sa.update(LookUpChoice).values(password=False))
            session.merge(LookUpChoice(unit_id=strangers[0].unit_id, contact=False, password=True))
        session.commit()
    typed = {
        "wrong name": {"name": "别人", "number": number},
        "unknown": {"name": name, "number": "530121199001011234"},
        "nobody's number": {"name": name, "number": "%"},
        "no account": {"name": strangers[0].name or "", "number": strangers[0].id_number or ""},
    }.get(case, {"name": name, "number": number})
    answer = ask(browser, INITIAL, **typed)
    assert (answer.status_code, password in answer.text) == (404, False)
    expected = ask(browser, INITIAL, name="没有这个人", number="530121198001011234")
    assert shape(answer.text, typed) == shape(expected.text, {})
    with looking(app) as session:
        assert session.scalar(sa.select(sa.func.count()).where(InitialPassword.shown_at.is_not(None))) == 0


def test_found_and_not_found_cost_about_the_same(app: Flask, fresh: Any, count_queries: Any) -> None:
    name, number, *_ = fresh
    switch(app, password=True)
    spent: dict[str, list[float]] = {"known": [], "unknown": []}
    counts = set()
    for _ in range(30):
        for kind, typed in (("known", number), ("unknown", "530121199001011234")):
            with app.app_context(), Session(db.engine) as session, count_queries() as statements:
                begun = time.process_time()
                look_ups.find_initial_password(session, "别人", typed, utc_now())
                spent[kind].append(time.process_time() - begun)
                session.rollback()
            counts.add(len([s for s in statements if not s.startswith(("SAVEPOINT", "RELEASE"))]))
    assert len(counts) == 1
    one, two = (statistics.median(times) for times in spent.values())
    assert abs(one - two) < 0.25 * max(one, two)
    assert name


# ── limits ──


@pytest.mark.parametrize("path", [CONTACT, INITIAL])
def test_the_captcha_is_always_asked_for(app: Flask, browser: Client, fresh: Any, path: str) -> None:
    switch(app, contact=True, password=True)
    typed = {"name": fresh[0], "school": SCHOOL_NAME, "number": fresh[1]}
    for more in ({}, {"captcha": "hk7a"}, {"captcha_key": "x", "captcha": "hk7a"}):
        answer = browser.post(path, typed | more)
        assert answer.status_code == 403 and fresh[2] not in answer.text and PHONE not in answer.text
        assert f'value="{fresh[1]}"' in answer.text, "what was typed stays"
    wrong = browser.post(path, typed | {"captcha_key": key(browser, path), "captcha": "xxxx"})
    assert "验证码不对或已过期" in wrong.text
    assert logged(app) == []


def test_a_number_is_asked_for_five_times_a_day(app: Flask, browser: Client, fresh: Any) -> None:
    """Known or not."""
    switch(app, password=True)
    for number in (fresh[1], "530121199001011234"):
        statuses = [ask(browser, INITIAL, name="别人", number=number).status_code for _ in range(6)]
        assert statuses == [404] * 5 + [429]
    assert "查得太频繁了" in ask(browser, INITIAL, name=fresh[0], number=fresh[1]).text
    assert [detail for _, _, detail in logged(app)].count("too often") == 3


def test_an_address_asks_thirty_times_an_hour(
    app: Flask, browser: Client, fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(app, password=True)
    monkeypatch.setattr(look_ups, "FROM_ADDRESS", 3)
    numbers = [f"53012119900101{n}" for n in range(1000, 1003)]
    assert [ask(browser, INITIAL, name="x", number=n).status_code for n in numbers] == [404] * 3
    answer = ask(browser, INITIAL, name=fresh[0], number=fresh[1])
    assert (answer.status_code, fresh[2] in answer.text) == (429, False)
    other = Client(app.test_client())
    other.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert fresh[2] in ask(other, INITIAL, name=fresh[0], number=fresh[1]).text


def test_neither_address_nor_log_nor_counter_knows_the_number(
    app: Flask, browser: Client, fresh: Any, caplog: pytest.LogCaptureFixture
) -> None:
    switch(app, password=True)
    caplog.set_level("DEBUG")
    ask(browser, INITIAL, name=fresh[0], number=fresh[1])
    with looking(app) as session:
        stored = [*session.scalars(sa.select(LoginThrottle.key)), *session.scalars(sa.select(AccessLog.detail))]
    assert fresh[1] not in caplog.text + str(stored) and fresh[2] not in caplog.text + str(stored)


@pytest.mark.parametrize("missing", ["name", "number"])
def test_an_empty_item_is_named_beside_it(app: Flask, browser: Client, fresh: Any, missing: str) -> None:
    switch(app, password=True)
    typed = {"name": fresh[0], "number": fresh[1]} | {missing: ""}
    answer = ask(browser, INITIAL, **typed)
    assert answer.status_code == 400 and f'id="look-{missing}-e"' in answer.text


@pytest.mark.parametrize("odd", ["\0", "x" * 5000, "' OR 1=1 --", "{{7*7}}", "\ud7ff", "<script>"])
def test_odd_texts_find_nothing_and_never_break(app: Flask, browser: Client, odd: str) -> None:
    switch(app, contact=True, password=True)
    for path in (CONTACT, INITIAL):
        answer = ask(browser, path, name=odd, school=odd, number=odd)
        assert answer.status_code in (400, 404) and "<script>" not in answer.text.split("<main")[1]


def test_another_picture_keeps_what_was_typed(app: Flask, browser: Client) -> None:
    switch(app, password=True)
    answer = ask(browser, INITIAL, name="陈思源", number="5301", captcha_new="question")
    assert answer.status_code == 200 and 'value="陈思源"' in answer.text and "请填数字" in answer.text


def test_the_page_is_not_for_reading_machines(app: Flask, browser: Client, fresh: Any) -> None:
    """What is found comes by a post alone: an address with parameters finds nothing."""
    switch(app, password=True)
    assert fresh[2] not in browser.get(f"{INITIAL}?name=x&number=y").text
    assert PASSWORD not in browser.get(INITIAL).text
