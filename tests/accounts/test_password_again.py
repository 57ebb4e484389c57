"""The password is asked again before exports, changes of accounts and whatever hands out initial passwords."""

import datetime as dt
import html
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook

from app.accounts.models import Account, InitialPassword, LoginThrottle, ServerSession
from app.accounts.sessions import KNOWN_AT
from app.core.db import utc_now
from app.core.sections.views import view_name
from app.demo import PASSWORD
from app.records import CHILD_SECTIONS
from app.records.access import AccessLog
from app.records.teacher import Teacher
from tests.accounts.database import EXEMPT, changed_tables, dump, looking
from tests.conftest import Client
from tests.test_every_route import PEOPLE, WRITING, Route, Samples

ASKS = "再次输入密码"
BAD = "Falsch@2026"
ALL = {
    "AccountView.add", "AccountView.add_lower", "AccountView.edit", "AccountView.verb", "AccountView.reset",
    "AccountImportView.confirm", "LookUpChoiceView.edit", "TeacherAccountView.batch", "TeacherAccountView.export",
    "TeacherView.batch", "TeacherView.strips", "MyContactView.edit",
    "TeacherView.export", *(f"{view_name(section)}.export" for section in CHILD_SECTIONS),
}  # fmt: skip
WITH_REASON = {"TeacherAccountView.export", "TeacherView.strips"}
ACCOUNTS = {"action": "accounts"}  # of the list of teachers only this batch action is meant


def stale(app: Flask) -> None:
    """All logins are an hour old, as far as the password goes."""
    with looking(app) as session:
        for row in session.scalars(sa.select(ServerSession)):
            row.data = row.data | {KNOWN_AT: (utc_now() - dt.timedelta(hours=1)).isoformat()}
        session.commit()


def asks(response: Any) -> bool:
    """Whether the answer is the page that asks, and not a file or another page."""
    return response.mimetype == "text/html" and ASKS in response.text


def declared(app: Flask) -> set[str]:
    return {name for name, view in app.view_functions.items() if hasattr(view, "asks_password")}


def able(route: Route) -> str:
    """Somebody who gets past the permission of an address."""
    found = {status: PEOPLE[who] for who, status in reversed(route.expected.items())}
    return next(found[status] for status in ("200", "302", "400", "409", "404") if status in found)


def fields(page: str) -> dict[str, list[str]]:
    """The hidden fields of the page that asks."""
    form = page.split('<section class="card again">')[1].split("</form>")[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form):
        found.setdefault(html.unescape(name), []).append(html.unescape(value))
    return found


def sensitive() -> Iterator[Route]:
    seen = set()
    for route in WRITING:
        if route.endpoint in ALL and route.endpoint not in seen:
            seen.add(route.endpoint)
            yield route


# ── which ──


def test_just_these_ask(app: Flask) -> None:
    assert declared(app) == ALL
    asking = {name for name in ALL if app.view_functions[name].asks_password.reason}  # type: ignore[attr-defined]
    assert asking == WITH_REASON


def test_whatever_hands_out_many_names_or_passwords_asks(app: Flask) -> None:
    """By their names: an export that somebody adds later is found here."""
    known = {"CodeView.export", "ProgressView.export"}  # codes are public; sums name nobody
    exports = {name for name in app.view_functions if name.endswith(".export")} - known
    assert exports - declared(app) == set()


@pytest.mark.parametrize("answer", [{}, {"again_password": BAD}, {"again_password": ""}, {"again_password": "\0"}])
def test_without_the_password_nothing_happens(
    app: Flask, client_as: Callable[[str], Client], answer: dict[str, str]
) -> None:
    samples, wrong = Samples(app), []
    clients = {login: client_as(login) for login in {able(route) for route in sensitive()}}
    tokens = {login: client.token() for login, client in clients.items()}
    stale(app)
    before = dump(app, EXEMPT - {"access_log"})
    for route in sensitive():
        form = samples.form(route) | (ACCOUNTS if route.endpoint == "TeacherView.batch" else {}) | answer
        login = able(route)
        response = clients[login].client.post(samples.url(route), data=form | {"csrf_token": tokens[login]})
        if not asks(response):
            wrong.append((route.endpoint, response.status_code))
        with looking(app) as session:
            session.execute(sa.delete(LoginThrottle))
            session.commit()
    assert wrong == []
    assert changed_tables(before, dump(app, EXEMPT - {"access_log"})) == []


def test_with_the_password_it_happens(app: Flask, client_as: Callable[[str], Client]) -> None:
    samples, wrong = Samples(app), []
    for route in sensitive():
        client = client_as(able(route))
        token = client.token()
        stale(app)
        more = ACCOUNTS if route.endpoint == "TeacherView.batch" else {}
        asked = client.client.post(samples.url(route), data=samples.form(route) | more | {"csrf_token": token})
        answer = {"again_password": PASSWORD, "again_reason": "发给本人", "csrf_token": token}
        response = client.client.post(samples.url(route), data=fields(asked.text) | answer)
        expected = route.expected[next(who for who, login in PEOPLE.items() if login == able(route))]
        if route.endpoint == "TeacherView.strips":
            expected = "404"  # the question comes first, and there is no such batch
        led_back = response.status_code == 302 and expected in ("400", "409")  # with the sentence
        if not (led_back or str(response.status_code) == expected) or asks(response):
            wrong.append((route.endpoint, response.status_code, expected))
    assert wrong == []


def test_reading_asks_nothing(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("yizhong_sys")
    stale(app)
    assert ASKS not in admin.get("/accounts/add").text


def test_other_batch_actions_do_not_ask(app: Flask, client_as: Callable[[str], Client]) -> None:
    clerk, samples = client_as("liyutong"), Samples(app)
    token = clerk.token()
    stale(app)
    form = {"csrf_token": token, "action": "report", "rowid": samples.own["second"].pk}
    assert clerk.client.post("/teachers/batch", data=form).status_code == 302


def test_who_may_not_is_not_asked(app: Flask, client_as: Callable[[str], Client]) -> None:
    clerk = client_as("liyutong")
    token = clerk.token()
    stale(app)
    response = clerk.client.post("/accounts/add", data={"csrf_token": token})
    assert (response.status_code, asks(response)) == (403, False)


# ── how long it counts ──


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, dt.datetime]:
    time = {"now": utc_now()}
    monkeypatch.setattr("app.accounts.again_views.utc_now", lambda: time["now"])
    return time


@pytest.mark.parametrize(("minutes", "asked"), [(9, False), (11, True)])
def test_a_login_counts_for_ten_minutes(
    client_as: Callable[[str], Client], clock: dict[str, dt.datetime], minutes: int, asked: bool
) -> None:
    admin = client_as("liyutong")
    clock["now"] += dt.timedelta(minutes=minutes)
    assert asks(admin.post("/teachers/export")) is asked


def test_an_answer_counts_for_ten_minutes_in_this_session(
    client_as: Callable[[str], Client], clock: dict[str, dt.datetime]
) -> None:
    admin, elsewhere = client_as("liyutong"), client_as("liyutong")
    clock["now"] += dt.timedelta(minutes=30)
    assert "Content-Disposition" in admin.post("/teachers/export", {"again_password": PASSWORD}).headers
    clock["now"] += dt.timedelta(minutes=9)
    assert "Content-Disposition" in admin.post("/teachers/export").headers
    assert asks(elsewhere.post("/teachers/export"))
    clock["now"] += dt.timedelta(minutes=2)
    assert asks(admin.post("/teachers/export")), "using it does not prolong it"


# ── what was typed ──


def test_what_was_typed_goes_on_with_the_password(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("yizhong_sys")
    token = admin.token()
    stale(app)
    typed = {"name": "陈<b>思</b>源", "username": "chen.siyuan", "roles": ["reviewer", "viewer"], "csrf_token": token}
    headers = {"Referer": "http://localhost/accounts/add"}
    page = admin.client.post("/accounts/add?x=1", data=typed, headers=headers).text
    assert 'action="/accounts/add?x=1"' in page and "<b>思" not in page
    assert fields(page) == {
        "name": ["陈<b>思</b>源"], "username": ["chen.siyuan"], "roles": ["reviewer", "viewer"],
        "again_back": ["/accounts/add"], "csrf_token": [fields(page)["csrf_token"][0]],
    }  # fmt: skip
    wrong = admin.client.post("/accounts/add?x=1", data=fields(page) | {"again_password": BAD})
    assert wrong.status_code == 403 and "还可以再试 4 次" in wrong.text
    assert {**fields(wrong.text), "csrf_token": []} == {**fields(page), "csrf_token": []}
    good = fields(wrong.text) | {"name": "陈思源", "again_password": PASSWORD}
    assert "账号已建好" in admin.client.post("/accounts/add?x=1", data=good).text
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == "chen.siyuan")).one()
        assert sorted(role.name for role in account.roles) == ["信息审核员", "信息查询员"]


def test_a_refusal_leads_back_to_the_page_before(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("yizhong_sys")
    token = admin.token()
    stale(app)
    form = {"action": "fly", "csrf_token": token}
    page = admin.client.post(
        "/accounts/teachers/batch", data=form, headers={"Referer": "http://localhost/accounts/teachers/list/"}
    )
    sent = fields(page.text) | {"again_password": PASSWORD}
    headers = {"Referer": "http://localhost/accounts/teachers/batch"}
    response = admin.client.post("/accounts/teachers/batch", data=sent, headers=headers)
    assert (response.status_code, response.location) == (302, "/accounts/teachers/list/")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example"])
def test_the_way_back_never_leads_to_another_site(app: Flask, client_as: Callable[[str], Client], back: str) -> None:
    admin = client_as("liyutong")
    token = admin.token()
    stale(app)
    page = admin.client.post("/teachers/export", data={"again_back": back, "csrf_token": token}).text
    assert fields(page)["again_back"] == ["/"] and "evil" not in page and "javascript:" not in page


def test_the_password_is_not_parked_when_the_login_is_over(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("liyutong")
    token = admin.token()
    with looking(app) as session:
        session.execute(sa.update(ServerSession).values(seen_at=utc_now() - dt.timedelta(hours=1)))
        session.commit()
    admin.client.post("/teachers/export", data={"csrf_token": token, "again_password": "GEHEIM", "x": "y"})
    with looking(app) as session:
        stored = str([row.data for row in session.scalars(sa.select(ServerSession))])
    assert "parked" in stored and "GEHEIM" not in stored


def test_a_script_gets_a_sentence(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("liyutong")
    token = admin.token()
    stale(app)
    headers = {"Accept": "application/json"}
    response = admin.client.post("/teachers/export", data={"csrf_token": token}, headers=headers)
    assert (response.status_code, response.get_json()) == (403, {"message": "请先再次输入密码。"})


# ── guesses ──


def test_guesses_are_counted_apart_from_logins(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("liyutong")
    stale(app)
    told = [admin.post("/teachers/export", {"again_password": BAD}).text for _ in range(6)]
    assert ["还可以再试" in page for page in told] == [True] * 5 + [False]
    assert "输错次数太多" in told[5]
    assert "输错次数太多" in admin.post("/teachers/export", {"again_password": PASSWORD}).text
    assert client_as("").login("liyutong").status_code == 302, "the person at the own desk is not locked out"


def test_failed_logins_outside_lock_nobody_who_is_inside(
    app: Flask, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 99)
    admin = client_as("liyutong")
    stale(app)
    for _ in range(5):
        client_as("").login("liyutong", BAD)
    assert client_as("").login("liyutong").status_code == 403
    assert "Content-Disposition" in admin.post("/teachers/export", {"again_password": PASSWORD}).headers


def test_the_right_password_clears_the_count(app: Flask, client_as: Callable[[str], Client]) -> None:
    admin = client_as("liyutong")
    for _ in range(3):
        stale(app)
        for _ in range(4):
            admin.post("/teachers/export", {"again_password": BAD})
        assert "Content-Disposition" in admin.post("/teachers/export", {"again_password": PASSWORD}).headers


# ── with a reason ──


def test_initial_passwords_ask_each_time_and_for_a_reason(
    app: Flask, client_as: Callable[[str], Client], teachers: list[Teacher]
) -> None:
    admin, key = client_as("yizhong_sys"), str(teachers[0].id)
    admin.post("/accounts/teachers/batch", {"action": "reset", "rowid": key})
    with looking(app) as session:
        looks = session.scalar(sa.select(sa.func.count(AccessLog.id)))
    for form, said in (
        ({}, ASKS),
        ({"again_password": PASSWORD}, "请写明原因"),
        ({"again_password": PASSWORD, "again_reason": "  "}, "请写明原因"),
        ({"again_password": PASSWORD, "again_reason": "长" * 61}, "请写明原因"),
        ({"again_password": BAD, "again_reason": "发给本人"}, "密码不对"),
    ):
        answer = admin.post("/accounts/teachers/export", form)
        assert said in answer.text and "Content-Disposition" not in answer.headers
    with looking(app) as session:
        assert session.scalar(sa.select(sa.func.count(AccessLog.id))) == looks
    good = {"again_password": PASSWORD, "again_reason": "发给本人"}
    first = admin.post("/accounts/teachers/export", good)
    with looking(app) as session:
        [password] = session.scalars(sa.select(InitialPassword.password))
        assert session.scalars(sa.select(AccessLog.detail).order_by(AccessLog.id.desc())).first().endswith("；发给本人")  # type: ignore[union-attr]
    book = load_workbook(io.BytesIO(first.data))
    assert book.sheetnames == ["赵立新 导出"]
    assert password in [row[3] for row in book.active.iter_rows(values_only=True)]
    assert asks(admin.post("/accounts/teachers/export")), "and again the next time"


def test_the_reason_stays_when_the_password_is_wrong(client_as: Callable[[str], Client]) -> None:
    form = {"again_password": BAD, "again_reason": "发给<本人>"}
    page = client_as("yizhong_sys").post("/accounts/teachers/export", form).text
    assert 'value="发给&lt;本人&gt;"' in page


def test_it_is_cheap(client_as: Callable[[str], Client], app: Flask, count_queries: Any) -> None:
    admin = client_as("yizhong_sys")
    token = admin.token()
    stale(app)
    with count_queries() as statements:
        admin.client.post("/accounts/teachers/export", data={"csrf_token": token})
    assert len(statements) <= 8
