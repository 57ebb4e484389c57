"""Sessions on the server: what is stored, when it is written, when it ends."""

import datetime as dt
import hashlib
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Account, ServerSession
from app.accounts.sessions import KNOWN_AT, end_sessions_of, stored_id
from app.core.db import db, writes
from tests.accounts.database import looking
from tests.conftest import Client

NOON = dt.datetime(2026, 11, 21, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, dt.datetime]:
    """`clock["now"]` is the time for sessions."""
    time = {"now": NOON}
    monkeypatch.setattr("app.accounts.sessions.utc_now", lambda: time["now"])
    return time


def stored(app: Flask) -> list[ServerSession]:
    with looking(app) as session:
        return list(session.scalars(sa.select(ServerSession).order_by(ServerSession.created_at, ServerSession.id)))


def cookie_of(client: Client) -> str:
    cookie = client.client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def test_the_table_holds_the_hash_of_the_cookie(app: Flask, client_as: Callable[[str], Client]) -> None:
    cookie = cookie_of(client_as("liyutong"))
    [row] = stored(app)
    assert row.id == stored_id(cookie) == hashlib.sha256(cookie.encode()).hexdigest()
    assert cookie not in repr(row.data)
    assert re.fullmatch(r"[\w-]{43}", cookie)


def test_numbers_never_repeat(client_as: Callable[[str], Client]) -> None:
    assert len({cookie_of(client_as("liyutong")) for _ in range(20)}) == 20


def test_a_session_belongs_to_its_person(app: Flask, client_as: Callable[[str], Client]) -> None:
    client_as("liyutong")
    [row] = stored(app)
    with looking(app) as session:
        assert row.user_id == session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()


def test_a_session_holds_no_personal_data(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    client.get(client.post("/teachers/search/", {"q": "GEHEIM"}).location)
    client.get("/teachers/list/")
    [row] = stored(app)
    assert "GEHEIM" not in repr(row.data) and "/teachers" not in repr(row.data)
    assert set(row.data) <= {"_user_id", "_fresh", "_id", "csrf_token", "locale", "_flashes", "parked", "captcha"} | {
        KNOWN_AT
    }


@pytest.mark.parametrize("path", ["/healthz", "/static/core/css/base.css"])
def test_what_needs_no_session_makes_none(app: Flask, client_as: Callable[[str], Client], path: str) -> None:
    with client_as("").client.get(path) as response:
        assert "Set-Cookie" not in response.headers
    assert stored(app) == []


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 4000, "%00", "../../etc/passwd", "' OR 1=1 --"])
def test_an_unknown_cookie_is_nobody(app: Flask, client_as: Callable[[str], Client], cookie: str) -> None:
    client_as("liyutong")
    stranger = app.test_client()
    stranger.set_cookie("session", cookie)
    assert stranger.get("/teachers/list/").status_code == 302
    assert stranger.get("/session/alive").get_json()["login"] is False


def test_the_stored_key_is_no_cookie(app: Flask, client_as: Callable[[str], Client]) -> None:
    client_as("liyutong")
    stranger = app.test_client()
    stranger.set_cookie("session", stored(app)[0].id)
    assert stranger.get("/teachers/list/").status_code == 302


def test_reading_writes_the_session_at_most_once_a_minute(
    client_as: Callable[[str], Client],
    clock: dict[str, dt.datetime],
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    client = client_as("liyutong")
    client.get("/teachers/list/")
    for seconds, times in ((59, 0), (61, 1), (62, 0)):
        clock["now"] = NOON + dt.timedelta(seconds=seconds)
        with count_queries() as statements:
            client.get("/teachers/list/")
        written = [statement for statement in statements if not statement.startswith("SELECT")]
        assert (seconds, len(written)) == (seconds, times)


def test_an_ended_session_is_removed_with_its_cookie(
    app: Flask, client_as: Callable[[str], Client], clock: dict[str, dt.datetime]
) -> None:
    client = client_as("liyutong")
    old = stored_id(cookie_of(client))
    clock["now"] += dt.timedelta(minutes=31)
    client.get("/teachers/list/")
    assert old not in {row.id for row in stored(app)}


def test_the_longest_life_counts_from_login(client_as: Callable[[str], Client], clock: dict[str, dt.datetime]) -> None:
    client = client_as("")
    client.get("/login/")
    clock["now"] += dt.timedelta(minutes=20)
    client.login("liyutong")
    for number in range(1, 36):
        clock["now"] = NOON + dt.timedelta(minutes=20 + 20 * number)
        assert client.get("/session/alive").get_json()["login"] is True
    clock["now"] = NOON + dt.timedelta(hours=12, minutes=21)
    assert client.get("/session/alive").get_json()["login"] is False


def test_logout_removes_the_row_of_this_browser_only(app: Flask, client_as: Callable[[str], Client]) -> None:
    one, two = client_as("liyutong"), client_as("liyutong")
    gone, stays = stored_id(cookie_of(one)), stored_id(cookie_of(two))
    one.post("/logout/")
    ids = {row.id for row in stored(app)}
    assert gone not in ids and stays in ids
    assert two.get("/teachers/list/").status_code == 200


def test_all_sessions_of_a_person_can_be_ended(app: Flask, client_as: Callable[[str], Client]) -> None:
    clients = [client_as("liyutong"), client_as("liyutong"), client_as("wangjianguo")]
    with looking(app) as session:
        user_id = session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()
        end_sessions_of(session, user_id)
        session.commit()
    assert [client.get("/teachers/list/").status_code for client in clients] == [302, 302, 200]


def test_every_answer_with_a_session_varies_by_cookie(client_as: Callable[[str], Client]) -> None:
    for path in ("/", "/login/", "/nowhere"):
        assert "Cookie" in client_as("").get(path).headers["Vary"]


def test_a_failed_request_leaves_the_session_usable(
    app: Flask, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_as("liyutong")
    with monkeypatch.context() as patch:
        patch.setattr("app.portal.home.cards_of", None)
        assert client.get("/").status_code == 500
    assert client.get("/").status_code == 200


def test_a_page_waits_for_no_writer(app: Flask, client_as: Callable[[str], Client]) -> None:
    """Whose session it is must be known before the request can say that it only reads."""
    clerk, answers = client_as("liyutong"), []
    clerk.get("/teachers/list/")  # what the login has left to say is said
    reader = threading.Thread(target=lambda: answers.append(clerk.get("/teachers/list/").status_code))
    with app.app_context():
        engine = db.engine
    token = writes.set(True)
    with engine.connect() as writer:
        writer.execute(sa.update(Account).values(active=Account.active))
        reader.start()
        reader.join(10)
        seen = list(answers)
        writer.rollback()
    writes.reset(token)
    reader.join()
    assert seen == [200]
