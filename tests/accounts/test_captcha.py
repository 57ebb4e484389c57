"""Captchas: when they are asked for, how they are answered, and what they must not tell."""

import base64
import datetime as dt
import html
import io
import random
import re
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from app.accounts import captchas, guesses
from app.accounts.models import Captcha, LoginThrottle
from app.accounts.tidying import remove_expired
from app.core import captcha
from app.core.db import utc_now
from app.demo import PASSWORD
from tests.accounts.database import looking
from tests.conftest import Client

NOON = dt.datetime(2026, 11, 21, 4, 0, tzinfo=dt.UTC)
ANSWER = "HK7A"
BAD, UNKNOWN = "Falsch@2026", "gibt.es.nicht"
QUESTION = captcha.new_question
ASKS, WRONG = "请填验证码，再输一次密码。", "验证码不对或已过期，请按新的填写。"


@pytest.fixture
def browser(client_as: Callable[[str], Client]) -> Client:
    """A browser that nobody has logged in with."""
    return client_as("")


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every picture shows the same letters, every question is 三加五."""
    monkeypatch.setattr(captcha, "new_letters", lambda: ANSWER)
    monkeypatch.setattr(captcha, "new_question", lambda: ("三加五等于几？请填数字。", "8"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, dt.datetime]:
    time_of = {"now": NOON}
    for module in ("views", "sessions", "captcha_views"):
        monkeypatch.setattr(f"app.accounts.{module}.utc_now", lambda: time_of["now"])
    return time_of


def key_in(page: str) -> str:
    found = re.search(r'name="captcha_key" value="([^"]+)"', page)
    return found.group(1) if found else ""


def guess(client: Client, username: str = "liyutong", password: str = BAD, **more: str) -> Any:
    return client.post("/login/", {"entry": "admin", "username": username, "password": password, **more})


def failed(client: Client, username: str = "liyutong", times: int = 2) -> str:
    """The number of the captcha that the page shows after some wrong guesses."""
    pages = [guess(client, username).text for _ in range(times)]
    assert [bool(key_in(page)) for page in pages] == [False] * (times - 1) + [True]
    return key_in(pages[-1])


def failures(app: Flask, username: str = "liyutong") -> int:
    with looking(app) as session:
        row = session.get(LoginThrottle, guesses.blind_index(username, guesses.LOGIN))
        return row.failures if row else 0


# ── when ──


def test_the_login_page_begins_without_one(browser: Client) -> None:
    assert key_in(browser.get("/login/").text) == ""


def test_two_failures_ask_for_one(app: Flask, browser: Client) -> None:
    failed(browser)
    answer = guess(browser, password=PASSWORD)
    assert (answer.status_code, failures(app)) == (403, 2)
    assert ASKS in answer.text, "the right password alone is not looked at"
    assert key_in(browser.get("/login/").text), "the page goes on asking"


def test_another_browser_is_asked_too(app: Flask, browser: Client, client_as: Callable[[str], Client]) -> None:
    failed(browser)
    answer = guess(client_as(""), password=PASSWORD)
    assert (answer.status_code, ASKS in answer.text, failures(app)) == (403, True, 2)


def test_it_opens_with_the_right_password(browser: Client) -> None:
    key = failed(browser)
    assert guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).status_code == 302
    assert browser.get("/session/alive").get_json()["login"] is True


def test_afterwards_it_is_not_asked_for_again(app: Flask, browser: Client) -> None:
    key = failed(browser)
    guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER)
    browser.post("/logout/")
    assert key_in(browser.get("/login/").text) == "" and failures(app) == 0
    assert guess(browser, password=PASSWORD).status_code == 302


def test_after_a_lock_it_is_asked_for_at_once(app: Flask, browser: Client, clock: dict[str, dt.datetime]) -> None:
    key = failed(browser)
    for _ in range(3):
        key = key_in(guess(browser, captcha_key=key, captcha=ANSWER).text)
    assert "输错次数太多" in guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).text
    clock["now"] += dt.timedelta(minutes=11)
    answer = guess(browser, password=PASSWORD)
    assert (answer.status_code, ASKS in answer.text) == (403, True)
    key = key_in(answer.text)
    assert guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).status_code == 302


def test_failures_are_forgotten_after_a_day(app: Flask, browser: Client, clock: dict[str, dt.datetime]) -> None:
    failed(browser)
    clock["now"] += dt.timedelta(days=1, minutes=1)
    fresh = Client(app.test_client())
    assert guess(fresh, password=PASSWORD).status_code == 302


def test_it_can_be_asked_for_always(app: Flask, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 0)
    key = key_in(browser.get("/login/").text)
    assert ASKS in guess(Client(app.test_client()), password=PASSWORD).text
    assert guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).status_code == 302


def test_it_can_be_switched_off(app: Flask, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 6)
    assert [bool(key_in(guess(browser).text)) for _ in range(5)] == [False] * 5


# ── an address ──


def test_many_names_from_one_address(app: Flask, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "ADDRESS_FAILURES", 3)
    for number in range(3):
        guess(browser, f"nobody{number}")
    innocent = Client(app.test_client())
    assert key_in(innocent.get("/login/").text), "told before anything is typed"
    assert ASKS in guess(innocent, password=PASSWORD).text
    key = key_in(innocent.get("/login/").text)
    assert guess(innocent, password=PASSWORD, captcha_key=key, captcha=ANSWER).status_code == 302


def test_other_addresses_do_not_notice(app: Flask, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "ADDRESS_FAILURES", 3)
    for number in range(3):
        guess(browser, f"nobody{number}")
    other = Client(app.test_client())
    other.client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    assert guess(other, password=PASSWORD).status_code == 302


def test_an_address_is_forgiven_after_an_hour(
    app: Flask, browser: Client, clock: dict[str, dt.datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "ADDRESS_FAILURES", 3)
    for number in range(3):
        guess(browser, f"nobody{number}")
    clock["now"] += dt.timedelta(minutes=61)
    assert key_in(Client(app.test_client()).get("/login/").text) == ""


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_addresses_are_counted_by_network(address: str, counted: str) -> None:
    assert guesses.coarse(address) == counted


def test_counters_name_no_address(app: Flask, browser: Client) -> None:
    guess(browser)
    with looking(app) as session:
        assert all(re.fullmatch("[0-9a-f]{32}", row.key) for row in session.scalars(sa.select(LoginThrottle)))


# ── answers ──


@pytest.mark.parametrize("typed", [ANSWER.lower(), "ＨＫ７Ａ", " h K 7 a ", ANSWER])
def test_case_width_and_spaces_do_not_count(browser: Client, typed: str) -> None:
    key = failed(browser)
    assert guess(browser, password=PASSWORD, captcha_key=key, captcha=typed).status_code == 302


@pytest.mark.parametrize("typed", ["", "   ", "HK7", "HK7AA", "x" * 60, "\0", "{{7*7}}", "\ud7ff"])
def test_a_wrong_answer_is_no_guess(app: Flask, browser: Client, typed: str) -> None:
    key = failed(browser)
    answer = guess(browser, password=PASSWORD, captcha_key=key, captcha=typed)
    assert (answer.status_code, failures(app)) == (403, 2)
    assert WRONG in answer.text or "请填验证码。" in answer.text
    assert 'value="liyutong"' in answer.text, "the name stays"
    assert key_in(answer.text) not in ("", key), "another picture"


def test_an_answer_counts_once(app: Flask, browser: Client) -> None:
    key = failed(browser)
    assert "没有登录成功：" in guess(browser, captcha_key=key, captcha=ANSWER).text
    again = guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER)
    assert (again.status_code, WRONG in again.text, failures(app)) == (403, True, 3)


def test_a_wrong_answer_uses_it_up(browser: Client) -> None:
    key = failed(browser)
    guess(browser, password=PASSWORD, captcha_key=key, captcha="AAAA")
    assert WRONG in guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).text


def test_of_many_answers_at_once_one_counts(app: Flask, browser: Client) -> None:
    key, token = failed(browser), browser.token()
    form = {"entry": "admin", "username": "liyutong", "password": "x", "captcha_key": key, "captcha": ANSWER}
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    barrier, pages = threading.Barrier(6), list[str]()

    def send() -> None:
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        barrier.wait()
        pages.append(client.post("/login/", data=form | {"csrf_token": token}).text)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("没有登录成功：" in page for page in pages) == 1
    assert sum(WRONG in page for page in pages) == 5
    assert failures(app) == 3


def test_it_belongs_to_the_browser_that_saw_it(browser: Client, client_as: Callable[[str], Client]) -> None:
    key = failed(browser)
    assert WRONG in guess(client_as(""), password=PASSWORD, captcha_key=key, captcha=ANSWER).text
    assert guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).status_code == 302


def test_it_expires(browser: Client, clock: dict[str, dt.datetime]) -> None:
    key = failed(browser)
    clock["now"] += captchas.LASTS
    assert WRONG in guess(browser, password=PASSWORD, captcha_key=key, captcha=ANSWER).text


def test_two_tabs_have_one_each(browser: Client) -> None:
    one = failed(browser)
    two = key_in(browser.get("/login/").text)
    assert one != two
    assert guess(browser, password=PASSWORD, captcha_key=one, captcha=ANSWER).status_code == 302


def test_one_that_was_shown_must_be_answered(app: Flask, browser: Client) -> None:
    """The page said so; another name may not need it."""
    key = failed(browser)
    answer = guess(browser, "wangjianguo", PASSWORD, captcha_key=key, captcha="AAAA")
    assert (answer.status_code, failures(app, "wangjianguo")) == (403, 0)


def test_they_go_when_their_time_is_over(app: Flask, browser: Client) -> None:
    failed(browser)
    with looking(app) as session:
        assert session.scalar(sa.select(sa.func.count(Captcha.key))) == 1
        remove_expired(session, utc_now() + captchas.LASTS, dt.timedelta(hours=1))
        assert session.scalar(sa.select(sa.func.count(Captcha.key))) == 0


def test_counters_go_when_nobody_needs_them(app: Flask, browser: Client) -> None:
    failed(browser)
    with looking(app) as session:
        remove_expired(session, utc_now(), dt.timedelta(hours=1))
        assert session.scalar(sa.select(sa.func.count(LoginThrottle.key))) == 2, "the name and the address"
        remove_expired(session, utc_now() + dt.timedelta(days=2), dt.timedelta(days=9))
        assert session.scalar(sa.select(sa.func.count(LoginThrottle.key))) == 0


# ── another one, and the way without a picture ──


def test_another_picture_keeps_what_was_typed(browser: Client) -> None:
    """Without the script the button sends the form."""
    key = failed(browser)
    page = guess(browser, captcha_key=key, captcha_new="picture").text
    assert 'value="liyutong"' in page and key_in(page) not in ("", key) and "没有登录成功：" not in page


def test_another_one_for_the_script(browser: Client) -> None:
    failed(browser)
    answer = browser.post("/login/captcha", {"captcha_new": "picture"}).get_json()
    assert answer["image"].startswith("data:image/png;base64,") and answer["question"] == answer["message"] == ""
    assert guess(browser, password=PASSWORD, captcha_key=answer["key"], captcha=ANSWER).status_code == 302


def test_a_question_in_words(browser: Client) -> None:
    failed(browser)
    answer = browser.post("/login/captcha", {"captcha_new": "question"}).get_json()
    assert answer["image"] == "" and answer["question"].startswith("三加五")
    assert guess(browser, password=PASSWORD, captcha_key=answer["key"], captcha="８ ").status_code == 302


def test_a_question_without_the_script(browser: Client) -> None:
    key = failed(browser)
    page = guess(browser, captcha_key=key, captcha_new="question").text
    assert "三加五等于几" in page
    assert guess(browser, password=PASSWORD, captcha_key=key_in(page), captcha="8").status_code == 302


def test_questions_are_given_sparingly(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captchas, "QUESTIONS_AN_HOUR", 2)
    failed(browser)
    answers = [browser.post("/login/captcha", {"captcha_new": "question"}).get_json() for _ in range(3)]
    assert [bool(answer["question"]) for answer in answers] == [True, True, False]
    assert answers[2]["image"] and "文字题要得太频繁" in answers[2]["message"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_is_not_fetched_by_reading(browser: Client, method: str) -> None:
    assert browser.client.open("/login/captcha", method=method).status_code == 405


def test_it_needs_the_token(app: Flask, browser: Client) -> None:
    assert browser.client.post("/login/captcha").status_code == 400
    with looking(app) as session:
        assert session.scalar(sa.select(sa.func.count(Captcha.key))) == 0


def test_login_in_the_open_page_gets_one_with_the_sentence(browser: Client) -> None:
    def ask(**more: str) -> Any:
        form = {"csrf_token": browser.token(), "entry": "admin", "username": "liyutong", "password": "x", **more}
        return browser.client.post("/login/", data=form, headers={"Accept": "application/json"})

    assert ask().get_json()["captcha"] is None
    shown = ask().get_json()["captcha"]
    assert shown["image"].startswith("data:image/png")
    done = ask(captcha_key=shown["key"], captcha=ANSWER, password=PASSWORD)
    assert done.status_code == 200 and done.get_json()["csrf_token"]


# ── what it must not tell ──


def shape(page: str) -> str:
    """A page without what differs each time anyway, and without the name itself."""
    page = re.sub(r'(name="(csrf-token|csrf_token|captcha_key)" (content|value)=")[^"]*', r"\1", page)
    page = re.sub(r"data:image/png;base64,[^\"]*", "", page)
    return html.unescape(page.replace("liyutong", "NAME").replace(UNKNOWN, "NAME"))


def test_known_and_unknown_names_get_the_same_at_every_step(app: Flask) -> None:
    told: dict[str, list[tuple[int, str]]] = {}
    for name in ("liyutong", UNKNOWN):
        client, key, told[name] = Client(app.test_client()), "", []
        for step in range(9):
            more = {"captcha_key": key, "captcha": ANSWER if step % 2 else "AAAA"} if key else {}
            answer = guess(client, name, **more)
            told[name].append((answer.status_code, shape(answer.text)))
            key = key_in(answer.text)
    assert told["liyutong"] == told[UNKNOWN]
    assert len({text for _, text in told[UNKNOWN]}) >= 5, "the steps themselves differ"


def test_known_and_unknown_names_take_the_same_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 99)
    monkeypatch.setitem(app.config, "LOGIN_MAX_FAILURES", 99)
    client = Client(app.test_client())
    token, spent = client.token(), dict[str, list[float]](liyutong=[], **{UNKNOWN: []})
    for _ in range(40):
        for name, times in spent.items():
            form = {"csrf_token": token, "entry": "admin", "username": name, "password": "x"}
            begun = time.process_time()
            client.client.post("/login/", data=form)
            times.append(time.process_time() - begun)
    one, two = (statistics.median(times) for times in spent.values())
    assert abs(one - two) < 0.25 * max(one, two)


def test_neither_cookie_nor_page_knows_the_answer(app: Flask, browser: Client) -> None:
    failed(browser)
    page = browser.get("/login/")
    without_picture = re.sub(r"data:image/png;base64,[^\"]*", "", page.text)
    assert ANSWER not in without_picture and ANSWER.lower() not in without_picture
    with looking(app) as session:
        stored = [(row.key, row.owner, row.answer) for row in session.scalars(sa.select(Captcha))]
    assert stored and not [row for row in stored if ANSWER in "".join(row)]


# ── the picture ──


def test_a_picture_is_drawn_anew_each_time() -> None:
    one, two = captcha.picture(ANSWER), captcha.picture(ANSWER)
    assert one != two
    for drawn in (one, two):
        image = Image.open(io.BytesIO(drawn))
        assert (image.format, image.size) == ("PNG", (captcha.WIDTH, captcha.HEIGHT)) and len(drawn) < 6_000


def test_the_letters_are_really_on_it() -> None:
    """Dark ink, more of it the more letters there are."""

    def ink(letters: str) -> float:
        image = Image.open(io.BytesIO(captcha.picture(letters))).convert("L")
        return sum(image.histogram()[:90])

    assert ink("HKRM") > 3 * max(ink("J"), 200)


def test_letters_that_look_alike_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not set(captcha.LETTERS) & set("0O1IL2Z5S6G8BQV")
    assert len(set(captcha.LETTERS)) == len(captcha.LETTERS)


def test_the_page_shows_the_picture(browser: Client) -> None:
    failed(browser)
    page = browser.get("/login/").text
    [drawn, *_] = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert Image.open(io.BytesIO(base64.b64decode(drawn))).size == (captcha.WIDTH, captcha.HEIGHT)


@pytest.mark.parametrize(
    ("number", "words"), [(2, "二"), (10, "十"), (15, "十五"), (20, "二十"), (21, "二十一"), (99, "九十九")]
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert captcha.number_in_words(number) == words


READ = {captcha.number_in_words(number): number for number in range(100)}


@pytest.mark.parametrize("seed", range(60))
def test_every_question_has_its_answer(seed: int) -> None:
    said, answer = QUESTION(random.Random(seed))
    if "最大" in said:
        assert int(answer) == max(READ[word] for word in said.split("，")[0].split("、"))
    else:
        one, sign, two = re.fullmatch("(.+)([加减])(.+)等于几？请填数字。", said).groups()  # type: ignore[union-attr]
        assert int(answer) == READ[one] + READ[two] * (1 if sign == "加" else -1) > 0
