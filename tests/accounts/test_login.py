"""Logging in: names, guesses, locks, the forced change, and when a session ends."""

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import guesses, operations
from app.accounts.models import Account, LoginThrottle, ServerSession
from app.accounts.password_rules import PasswordRules
from app.accounts.roles import TEACHER
from app.core.db import db, transaction, utc_now
from app.demo import PASSWORD
from app.records.teacher import Teacher
from config import ROOT
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
NEW = "Anders#2026"
NOON = dt.datetime(2026, 11, 21, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def browser(client_as: Callable[[str], Client]) -> Client:
    """A browser that nobody has logged in with."""
    return client_as("")


@pytest.fixture(autouse=True)
def _no_captchas(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here guesses are counted up to the lock; captchas have a file of their own."""
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 99)
    monkeypatch.setattr(guesses, "ADDRESS_FAILURES", 999)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, dt.datetime]:
    """`clock["now"]` is the time for login and sessions."""
    time = {"now": NOON}
    monkeypatch.setattr("app.accounts.views.utc_now", lambda: time["now"])
    monkeypatch.setattr("app.accounts.sessions.utc_now", lambda: time["now"])
    return time


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were compared with a hash."""
    seen: list[str] = []
    check = operations.check_password_hash

    def counted(stored: str, password: str) -> bool:
        seen.append(password)
        return check(stored, password)

    monkeypatch.setattr(operations, "check_password_hash", counted)
    return seen


def number_of(app: Flask, *, must_change: bool = False) -> str:
    """The ID number of a teacher with an account, the last digit possibly X."""
    with looking(app) as session:
        query = sa.select(Teacher).join(Account, Account.teacher_id == Teacher.id)
        teacher = session.scalars(query.where(Account.must_change.is_(must_change)).order_by(Teacher.id)).first()
        assert teacher is not None and teacher.id_number is not None
        return teacher.id_number


def set_account(app: Flask, username: str, **values: Any) -> None:
    with looking(app) as session:
        session.execute(sa.update(Account).where(Account.username == username).values(**values))
        session.commit()


def sentence(response: Any) -> str:
    """The message of the login page."""
    found = re.search(r"(没有登录成功[^<]*|输错次数[^<]*)", response.get_data(as_text=True))
    return found.group(1) if found else ""


def inside(client: Client) -> bool:
    return bool(client.get("/session/alive").get_json()["login"])


def fail(client: Client, username: str, times: int) -> list[str]:
    return [sentence(client.login(username, f"wrong {number}")) for number in range(times)]


# ── who gets in ──


def test_the_right_password_leads_home(browser: Client) -> None:
    response = browser.login("liyutong")
    assert (response.status_code, response.location) == (302, "/")
    assert inside(browser)


@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled", "without a password"])
def test_every_refusal_says_the_same(app: Flask, browser: Client, case: str) -> None:
    username = "gibt.es.nicht" if case == "unknown" else "liyutong"
    if case == "disabled":
        set_account(app, username, active=False)
    if case == "without a password":
        set_account(app, username, password=None)
    response = browser.login(username, "Falsch@2026" if case == "wrong" else PASSWORD)
    assert response.status_code == 403
    assert sentence(response) == "没有登录成功：用户名或密码不对。密码区分大小写。还可以再试 4 次，之后锁定 10 分钟。"
    assert not inside(browser)


@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled"])
def test_every_refusal_computes_one_hash(app: Flask, browser: Client, hashes: list[str], case: str) -> None:
    if case == "disabled":
        set_account(app, "liyutong", active=False)
    browser.login("gibt.es.nicht" if case == "unknown" else "liyutong", "Falsch@2026")
    assert hashes == ["Falsch@2026"]


@pytest.mark.parametrize(
    "typed", ["liyutong", "LiYuTong", "LIYUTONG", " liyutong ", "ｌｉｙｕｔｏｎｇ", "ＬＩｙｕｔｏｎｇ\u3000"]
)
def test_administrators_names_ignore_case_width_and_spaces(browser: Client, typed: str) -> None:
    assert browser.login(typed).status_code == 302


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


@pytest.mark.parametrize(
    "spelling",
    [
        str,
        str.lower,
        lambda n: f"  {n} ",
        lambda n: f"{n[:6]} {n[6:14]} {n[14:]}",
        wide,
        lambda n: wide(n).lower(),
    ],
)
def test_teachers_may_type_their_number_in_any_spelling(
    app: Flask, browser: Client, spelling: Callable[[str], str]
) -> None:
    number = with_x(app)
    form = {"entry": "teacher", "username": spelling(number), "password": PASSWORD}
    assert browser.post("/login/", form).status_code == 302
    assert browser.get("/").location == "/my/"


def with_x(app: Flask) -> str:
    """A teacher whose number ends in X has an account."""
    with looking(app) as session:
        account = session.scalars(
            sa.select(Account).where(Account.teacher_id.is_not(None), Account.must_change.is_(False))
        ).first()
        assert account is not None
        teacher = session.get_one(Teacher, account.teacher_id)
        teacher.id_number = number = (teacher.id_number or "")[:17] + "X"
        account.username = operations.login_name("teacher", number)
        session.commit()
    return number


def test_a_teacher_does_not_get_in_at_the_administrators_entry(app: Flask, browser: Client) -> None:
    form = {"entry": "admin", "username": number_of(app), "password": PASSWORD}
    assert browser.post("/login/", form).status_code == 403


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"username": "", "password": "x"}, "请输入用户名或证件号。"),
        ({"username": "liyutong", "password": ""}, "请输入密码。"),
    ],
)
def test_an_empty_item_is_named(browser: Client, form: dict[str, str], message: str) -> None:
    response = browser.post("/login/", {"entry": "admin", **form})
    assert response.status_code == 400
    assert message in response.get_data(as_text=True)


@pytest.mark.parametrize("username", ["a\0b", "x" * 5000, "' OR 1=1 --", "{{7*7}}", "\ud7ff\ufffe", "%s%n"])
def test_odd_names_are_refused_and_never_break(browser: Client, username: str) -> None:
    response = browser.post("/login/", {"entry": "admin", "username": username, "password": "x\0y"})
    assert response.status_code in (400, 403)
    assert "49" not in re.findall(r'value="([^"]*)"', response.get_data(as_text=True))


def test_one_place_only_lets_people_in() -> None:
    """Whatever logs somebody in would have to count guesses, too."""
    calls = [path for path in (ROOT / "app").rglob("*.py") if "login_user(" in path.read_text(encoding="utf-8")]
    assert [path.relative_to(ROOT).as_posix() for path in calls] == ["app/accounts/views.py"]


# ── guesses ──


def test_five_failures_lock_for_ten_minutes(browser: Client, clock: dict[str, dt.datetime]) -> None:
    told = fail(browser, "liyutong", 5)
    assert [re.findall(r"\d+", text) for text in told] == [["4", "10"], ["3", "10"], ["2", "10"], ["1", "10"], ["10"]]
    clock["now"] += dt.timedelta(minutes=9, seconds=59)
    response = browser.login("liyutong")
    assert (response.status_code, inside(browser)) == (403, False)
    assert sentence(response) == "输错次数太多，这个账号已锁定，请 1 分钟后再试，或请本单位管理员解锁。"
    clock["now"] += dt.timedelta(seconds=1)
    assert browser.login("liyutong").status_code == 302


def test_a_locked_account_computes_no_hash(browser: Client, hashes: list[str]) -> None:
    fail(browser, "liyutong", 5)
    del hashes[:]
    browser.login("liyutong")
    assert hashes == []


def test_an_unknown_name_is_locked_as_well(browser: Client) -> None:
    fail(browser, "gibt.es.nicht", 5)
    assert sentence(browser.login("gibt.es.nicht")).startswith("输错次数太多")


def test_another_account_logs_in_from_the_same_browser(browser: Client) -> None:
    fail(browser, "liyutong", 6)
    assert browser.login("wangjianguo").status_code == 302


def test_the_right_password_clears_the_count(browser: Client, client_as: Callable[[str], Client]) -> None:
    fail(browser, "liyutong", 4)
    client_as("liyutong")
    assert fail(browser, "liyutong", 4)[-1].endswith("还可以再试 1 次，之后锁定 10 分钟。")


def test_spellings_of_one_name_share_one_count(browser: Client) -> None:
    for name in ("liyutong", "LIYUTONG", "ｌｉｙｕｔｏｎｇ", " liyutong", "Liyutong"):
        fail(browser, name, 1)
    assert browser.login("liyutong").status_code == 403


def test_the_counter_names_nobody(app: Flask, browser: Client) -> None:
    fail(browser, "liyutong", 1)
    with looking(app) as session:
        counters = session.scalars(sa.select(LoginThrottle)).all()
    assert [throttle.failures for throttle in counters] == [1, 1], "the name and the address"
    assert all(re.fullmatch("[0-9a-f]{32}", throttle.key) for throttle in counters)


def test_counting_takes_the_time_as_an_argument(app: Flask) -> None:
    with app.app_context(), Session(db.engine) as session, transaction(session):
        for _ in range(5):
            assert guesses.count_attempt(session, "somebody", RULES, NOON) is None
        until = NOON + dt.timedelta(minutes=10)
        assert guesses.count_attempt(session, "somebody", RULES, NOON) == until
        assert guesses.count_attempt(session, "somebody", RULES, until - dt.timedelta(seconds=1)) == until
        assert guesses.count_attempt(session, "somebody", RULES, until) is None
        assert guesses.failures_left(session, "somebody", RULES) == 4


def test_simultaneous_guesses_are_all_counted(app: Flask, hashes: list[str]) -> None:
    clients = [Client(app.test_client()) for _ in range(8)]
    tokens = [client.token() for client in clients]
    statuses: list[int] = []

    def guess(client: Client, token: str) -> None:
        for number in range(5):
            form = {"entry": "admin", "username": "liyutong", "password": f"wrong {number}", "csrf_token": token}
            statuses.append(client.client.post("/login/", data=form).status_code)

    run_together([(guess, pair) for pair in zip(clients, tokens, strict=True)])
    assert statuses == [403] * 40
    assert len(hashes) <= 5
    assert clients[0].login("liyutong").status_code == 403


def run_together(jobs: list[tuple[Callable[..., None], Any]]) -> None:
    """Run jobs in threads of their own; an error in one is an error of the test."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[..., None], arguments: Any) -> None:
        try:
            barrier.wait()
            job(*arguments)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


# ── names are unique whatever their spelling ──


@pytest.mark.parametrize(
    "spelling", ["LIYUTONG", "LiYutong", "ｌｉｙｕｔｏｎｇ", " liyutong", "liyutong\u3000", "li yutong"]
)
def test_two_accounts_never_differ_only_by_spelling(app: Flask, spelling: str) -> None:
    before = dump(app)
    with looking(app) as session:
        unit_id = session.scalars(sa.select(Account.unit_id).where(Account.username == "liyutong")).one()
        account = {
            "name": "别人",
            "role": "信息查询员",
            "unit_id": unit_id,
            "password": NEW,
            "rules": RULES,
            "initial_from": None,
        }
        with pytest.raises(Exception):  # noqa: B017 - refused by us or by the database
            operations.new_account(session, username=spelling, **account)  # type: ignore[arg-type]
            session.commit()
    assert changed_tables(before, dump(app)) == []


def test_teachers_initial_passwords_are_good_and_must_be_changed(app: Flask) -> None:
    with looking(app) as session:
        have = sa.select(Account.teacher_id).where(Account.teacher_id.is_not(None))
        teacher = session.scalars(sa.select(Teacher).where(Teacher.id.not_in(have)).order_by(Teacher.id)).first()
        assert teacher is not None and teacher.id_number is not None
        person = operations.NewTeacherAccount(teacher.id, teacher.name or "", teacher.id_number, teacher.unit_id)
        made = operations.make_teacher_accounts(session, [person], RULES, utc_now())
        account = session.scalars(sa.select(Account).where(Account.teacher_id == teacher.id)).one()
        assert operations.password_defects(made[teacher.id], account, teacher.id_number) == []
        assert account.must_change and [role.name for role in account.roles] == [TEACHER]
        assert made[teacher.id] not in (account.password or "")
        assert operations.make_teacher_accounts(session, [person], RULES, utc_now()) == {}


# ── the forced change ──


def test_before_the_forced_change_nothing_else_is_reachable(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as(number_of(app, must_change=True))
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("static") or "<" in rule.rule:
            continue
        response = client.get(rule.rule)
        if rule.endpoint not in ("PasswordView.change", "AuthView.alive", "AuthView.login", "health.healthz"):
            assert (rule.rule, response.status_code, response.location) == (rule.rule, 302, "/password/")
    assert client.get("/password/").status_code == 200


def test_before_the_forced_change_nothing_can_be_written(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as(number_of(app, must_change=True))
    token, before = client.token(), dump(app)
    for path in ("/my/submit", "/my/basic_info", "/my/draft", "/teachers/add"):
        response = client.client.post(path, data={"csrf_token": token, "former_name": "x"})
        assert (path, response.status_code, response.location) == (path, 302, "/password/")
    assert changed_tables(before, dump(app)) == []


def change(client: Client, old: str = PASSWORD, new: str = NEW, repeat: str | None = None) -> Any:
    return client.post("/password/", {"old": old, "new": new, "repeat": new if repeat is None else repeat})


def test_after_the_forced_change_the_record_opens(app: Flask, client_as: Callable[[str], Client]) -> None:
    number = number_of(app, must_change=True)
    client = client_as(number)
    response = change(client)
    assert (response.status_code, response.location) == (302, "/login/?done=password")
    assert client.login(number, NEW).status_code == 302
    assert client.get("/my/").status_code == 200


# ── changing the password ──


@pytest.mark.parametrize(
    ("old", "new", "repeat", "said"),
    [
        ("Falsch@2026", NEW, NEW, "原密码不对。"),
        (PASSWORD, PASSWORD, PASSWORD, "新密码要与原密码不同。"),
        (PASSWORD, NEW, NEW + "x", "两次输入的新密码不一样。"),
        (PASSWORD, "Aa@2026", "Aa@2026", "长度要 8–64 位，现在是 7 位。"),
        (PASSWORD, "Aa@2" * 16 + "x", "Aa@2" * 16 + "x", "长度要 8–64 位，现在是 65 位。"),
        (PASSWORD, "alllower2026", "alllower2026", "四类里至少要有三类。"),
        (PASSWORD, "12345678901", "12345678901", "四类里至少要有三类。"),
        (PASSWORD, "LiYutong#2026", "LiYutong#2026", "不要包含自己的姓名、登录名或证件号。"),
        (PASSWORD, "李雨桐Abc2026", "李雨桐Abc2026", "不要包含自己的姓名、登录名或证件号。"),
        ("", NEW, NEW, "请输入原密码。"),
        (PASSWORD, "", "", "请输入新密码。"),
    ],
)
def test_each_rule_has_its_sentence(
    app: Flask, client_as: Callable[[str], Client], old: str, new: str, repeat: str, said: str
) -> None:
    client = client_as("liyutong")
    before = dump(app)
    response = change(client, old, new, repeat)
    assert response.status_code == 400
    assert said in response.get_data(as_text=True)
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize("new", ["Aa@20267", "Aa@2" * 16, "长城abcD2026", "Correct Horse 1"])
def test_passwords_within_the_rules_are_taken(client_as: Callable[[str], Client], new: str) -> None:
    client = client_as("liyutong")
    assert change(client, new=new).status_code == 302
    assert client.login("liyutong", new).status_code == 302


def test_a_teachers_number_may_not_be_part_of_the_password(app: Flask, client_as: Callable[[str], Client]) -> None:
    number = number_of(app)
    client = client_as(number)
    for part in (number, number[-6:]):
        response = change(client, new=f"Ab#{part}")
        assert (part, response.status_code) == (part, 400)
        assert "不要包含自己的姓名、登录名或证件号。" in response.get_data(as_text=True)


def test_the_change_ends_every_session(client_as: Callable[[str], Client]) -> None:
    one, two, three = (client_as("liyutong") for _ in range(3))
    other = client_as("wangjianguo")
    assert change(two).status_code == 302
    assert [inside(client) for client in (one, two, three, other)] == [False, False, False, True]


# ── when a session ends ──


def cookie_of(client: Client) -> str:
    cookie = client.client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def replay(app: Flask, cookie: str, path: str = "/teachers/list/") -> Any:
    thief = app.test_client()
    thief.set_cookie("session", cookie)
    return thief.get(path)


@pytest.mark.parametrize("end", ["logout", "password change", "disabling"])
def test_a_saved_cookie_is_worthless_afterwards(app: Flask, client_as: Callable[[str], Client], end: str) -> None:
    client = client_as("liyutong")
    cookie = cookie_of(client)
    assert replay(app, cookie).status_code == 200
    match end:
        case "logout":
            client.post("/logout/")
        case "password change":
            change(client)
        case _:
            set_account(app, "liyutong", active=False)
    response = replay(app, cookie)
    assert (response.status_code, response.location.split("?")[0]) == (302, "/login/")


def test_a_role_change_counts_from_the_next_request(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    assert client.get("/teachers/add").status_code == 200
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == "liyutong")).one()
        other = session.scalars(sa.select(Account).where(Account.username == "yizhong_query")).one()
        account.roles = list(other.roles)
        session.commit()
    assert client.get("/teachers/add").status_code == 403
    assert client.get("/teachers/list/").status_code == 200


def test_a_move_to_another_unit_counts_from_the_next_request(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    with looking(app) as session:
        own = session.scalars(sa.select(Teacher.id).where(Teacher.school_id == unit_of(session, "liyutong"))).first()
        strange = unit_of(session, "shiqiao1")
    assert client.get(f"/teachers/show/{own}").status_code == 200
    set_account(app, "liyutong", unit_id=strange)
    assert client.get(f"/teachers/show/{own}").status_code == 404


def unit_of(session: Session, username: str) -> int:
    return session.scalars(sa.select(Account.unit_id).where(Account.username == username)).one() or 0


@pytest.mark.parametrize(("minutes", "there"), [(29, True), (31, False)])
def test_an_idle_session_ends_after_half_an_hour(
    client_as: Callable[[str], Client], clock: dict[str, dt.datetime], minutes: int, there: bool
) -> None:
    client = client_as("liyutong")
    clock["now"] += dt.timedelta(minutes=minutes)
    assert inside(client) is there


def test_use_keeps_a_session_open_but_not_for_ever(
    client_as: Callable[[str], Client], clock: dict[str, dt.datetime]
) -> None:
    client, hours = client_as("liyutong"), 0.0
    while inside(client) and hours < 24:
        hours += 0.25
        clock["now"] = NOON + dt.timedelta(hours=hours)
    assert hours == 12.25


def test_number_and_token_change_at_login(browser: Client) -> None:
    token = browser.token()
    before = cookie_of(browser)
    browser.login("liyutong")
    assert cookie_of(browser) != before
    assert browser.token() != token
    assert browser.client.post("/teachers/search/", data={"csrf_token": token, "q": "x"}).status_code == 400


def test_a_planted_number_is_not_taken_over(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("")
    planted = "A" * 43
    client.client.set_cookie("session", planted)
    client.login("liyutong")
    assert cookie_of(client) != planted
    assert replay(app, planted).status_code == 302


def test_logout_tells_the_browser_to_forget(client_as: Callable[[str], Client]) -> None:
    response = client_as("liyutong").post("/logout/")
    assert response.location == "/login/"
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert response.headers["Cache-Control"] == "no-store"


# ── what was typed when the session ran out ──


@pytest.fixture
def expired(app: Flask, client_as: Callable[[str], Client], clock: dict[str, dt.datetime]) -> Iterator[Any]:
    """A clerk's browser whose form is posted one hour after it was opened: `(client, path, response)`."""
    client = client_as("liyutong")
    with looking(app) as session:
        school = unit_of(session, "liyutong")
        query = sa.select(Teacher.id).where(Teacher.school_id == school, Teacher.status == "draft")
        path = f"/teachers/edit/{session.scalars(query.order_by(Teacher.id)).first()}"
    token = client.token()
    clock["now"] += dt.timedelta(hours=1)
    before = dump(app)
    response = client.client.post(
        path, data={"csrf_token": token, "version": "1", "remark": "GETIPPT", "password": "x"}
    )
    assert changed_tables(before, dump(app)) == []
    yield client, path, response


def test_a_post_after_the_end_leads_to_the_login_page(expired: Any) -> None:
    _client, path, response = expired
    assert (response.status_code, response.location) == (302, f"/login/?next={path}&entry=admin")


def test_what_was_typed_comes_back_to_the_same_person(expired: Any) -> None:
    client, path, _response = expired
    assert (
        client.post("/login/", {"entry": "admin", "username": "liyutong", "password": PASSWORD, "next": path}).location
        == path
    )
    assert "GETIPPT" in client.get(path).get_data(as_text=True)


def test_what_was_typed_is_not_shown_to_another(app: Flask, expired: Any) -> None:
    client, path, _response = expired
    with looking(app) as session:
        role = session.scalars(sa.select(Account).where(Account.username == "liyutong")).one().roles
        session.scalars(sa.select(Account).where(Account.username == "yizhong_query")).one().roles = list(role)
        session.commit()
    client.login("yizhong_query")
    response = client.get(path)
    assert response.status_code == 200
    assert "GETIPPT" not in response.get_data(as_text=True)


def test_what_was_typed_does_not_stay_for_a_third(expired: Any) -> None:
    client, path, _response = expired
    client.login("wangjianguo")
    client.post("/logout/")
    client.login("liyutong")
    assert "GETIPPT" not in client.get(path).get_data(as_text=True)


def test_a_browser_without_a_session_parks_nothing(app: Flask, browser: Client) -> None:
    token = browser.token()
    browser.client.post("/teachers/add", data={"csrf_token": token, "remark": "GETIPPT"})
    with looking(app) as session:
        assert all("parked" not in row.data for row in session.scalars(sa.select(ServerSession)))


# ── answers to the open page ──


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_json_request_without_login_gets_401(browser: Client, method: str) -> None:
    response = browser.client.open("/teachers/draft", method=method, headers={"Accept": "application/json"})
    assert response.status_code in ((405,) if method == "GET" else (401,))
    page = browser.client.get("/teachers/list/", headers={"Accept": "application/json"})
    assert (page.status_code, page.get_json()) == (401, {"message": "登录已过期，请重新登录。"})


def test_a_json_body_without_login_gets_401(browser: Client) -> None:
    response = browser.client.post("/teachers/draft", json={"values": {}})
    assert (response.status_code, response.get_json()["message"]) == (401, "登录已过期，请重新登录。")


def test_alive_says_whether_the_page_is_logged_in(browser: Client) -> None:
    before = browser.get("/session/alive").get_json()
    assert before["login"] is False and before["csrf_token"], "the open page logs in again with this token"
    browser.login("liyutong")
    answer = browser.get("/session/alive").get_json()
    assert answer["login"] is True
    assert browser.client.post("/teachers/search/", data={"csrf_token": answer["csrf_token"]}).status_code == 302


def test_login_in_the_open_page_answers_with_a_new_token(browser: Client) -> None:
    form = {"csrf_token": browser.token(), "entry": "admin", "username": "liyutong", "password": PASSWORD}
    response = browser.client.post("/login/", data=form, headers={"Accept": "application/json"})
    assert response.status_code == 200
    token = response.get_json()["csrf_token"]
    assert browser.client.post("/teachers/search/", data={"csrf_token": token}).status_code == 302


def test_a_wrong_login_in_the_open_page_gets_the_sentence(browser: Client) -> None:
    form = {"csrf_token": browser.token(), "entry": "admin", "username": "liyutong", "password": "Falsch@2026"}
    response = browser.client.post("/login/", data=form, headers={"Accept": "application/json"})
    assert response.status_code == 403
    assert response.get_json()["message"].startswith("没有登录成功")


def test_a_login_is_noted(app: Flask, browser: Client, clock: dict[str, dt.datetime]) -> None:
    browser.login("liyutong")
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == "liyutong")).one()
        assert (account.last_login, account.login_count) == (NOON.replace(tzinfo=None), 1)


def test_the_clock_of_the_application_knows_its_zone() -> None:
    assert utc_now().tzinfo is dt.UTC
