"""Sessions on the server: the cookie is a random number, everything else stays in the database.

A session ends by logout, by a password change, when idle, and after its longest life; then the cookie is worthless.
"""

import datetime as dt
import hashlib
import secrets
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, insert, select, update
from werkzeug.datastructures import CallbackDict

from app.accounts.models import ServerSession
from app.core.db import db, short_read, short_write, utc_now

TOUCH_EVERY = dt.timedelta(seconds=60)
TABLE = ServerSession.__table__
USER_KEY = "_user_id"
KNOWN_AT = "password_known_at"  # when the person last typed the password, see again_views.py


class StoredSession(CallbackDict[str, Any], SessionMixin):
    """The session dictionary of one request, and what is known of its stored row."""

    def __init__(self, data: dict[str, Any] | None = None, sid: str = "", seen_at: dt.datetime | None = None) -> None:
        def changed(_self: Any) -> None:
            self.modified = True

        super().__init__(data or {}, changed)
        self.sid = sid
        self.seen_at = seen_at
        self.new = not sid
        self.modified = False
        self.accessed = True
        self.expired_user: int | None = None  # whose session it was that has just run out
        self.drop_sid = ""

    def renew(self) -> None:
        """Begin a new session under a new number, empty. Called at login and logout."""
        self.drop_sid, self.sid = self.drop_sid or self.sid, ""
        self.clear()
        self.new = True


def stored_id(cookie: str) -> str:
    """The primary key of a cookie's session."""
    return hashlib.sha256(cookie.encode()).hexdigest()


# The first that is found wins: most browsers also call themselves by the names of others.
BROWSERS = {"MicroMessenger": "微信", "Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "安卓",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


def device_of(user_agent: str) -> str:
    """The families of browser and system, in words by which people know their own devices."""
    browser = next((shown for mark, shown in BROWSERS.items() if mark in user_agent), "其他浏览器")
    system = next((shown for mark, shown in SYSTEMS.items() if mark in user_agent), "其他设备")
    return f"{browser} · {system}"


class ServerSessions(SessionInterface):
    """Flask's session interface over the table server_session."""

    def __init__(self, idle_minutes: int, max_hours: int) -> None:
        self.idle = dt.timedelta(minutes=idle_minutes)
        self.longest = dt.timedelta(hours=max_hours)

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        if not cookie or len(cookie) > 100 or request.endpoint in STATELESS:
            return StoredSession()
        with short_read() as connection:
            row = connection.execute(select(TABLE).where(TABLE.c.id == stored_id(cookie))).one_or_none()
        if row is None:
            return StoredSession()
        now = utc_now()
        if now - row.seen_at > self.idle or now - row.created_at > self.longest:
            ended = StoredSession()
            ended.expired_user, ended.drop_sid = row.user_id, cookie
            return ended
        return StoredSession(dict(row.data), cookie, row.seen_at)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, StoredSession)
        response.headers.add("Vary", "Cookie")
        now = utc_now()
        # A script that asks again and again must not keep a computer logged in that its person has left.
        by_person = request.endpoint not in ASKED_BY_SCRIPTS
        stale = by_person and (session.seen_at is None or now - session.seen_at > TOUCH_EVERY)
        if not (session.modified or session.drop_sid or (session.sid and stale)):
            return
        db.session.close()  # the request is over; on SQLite an open write transaction would block the one below
        with short_write() as connection:
            if session.drop_sid:
                connection.execute(delete(TABLE).where(TABLE.c.id == stored_id(session.drop_sid)))
            if session.sid:
                values = {"seen_at": now, "data": dict(session), "user_id": _user_of(session)}
                connection.execute(update(TABLE).where(TABLE.c.id == stored_id(session.sid)).values(values))
            elif session:
                session.sid = secrets.token_urlsafe(32)
                connection.execute(
                    insert(TABLE).values(
                        id=stored_id(session.sid),
                        user_id=_user_of(session),
                        data=dict(session),
                        created_at=now,
                        seen_at=now,
                        device=device_of(request.user_agent.string),
                    )
                )
        if session.sid and (session.new or session.drop_sid):
            self._set_cookie(app, response, session.sid)
        elif not session.sid and session.drop_sid:
            response.delete_cookie(self.get_cookie_name(app), path=self.get_cookie_path(app))

    def _set_cookie(self, app: Flask, response: Response, sid: str) -> None:
        response.set_cookie(
            self.get_cookie_name(app),
            sid,
            httponly=True,
            secure=self.get_cookie_secure(app),
            samesite=self.get_cookie_samesite(app),
            path=self.get_cookie_path(app),
        )


STATELESS = frozenset({"static", "core.static", "appbuilder.static", "health.healthz"})
ASKED_BY_SCRIPTS = frozenset({"JobView.state", "ImportView.state"})


def _user_of(session: StoredSession) -> int | None:
    user = session.get(USER_KEY)
    return int(user) if user else None


def end_sessions_of(session: Any, user_id: int, *, but: str = "") -> None:
    """End every session of a user, in the caller's transaction. `but`: the stored id of one that goes on."""
    session.execute(delete(ServerSession).where(ServerSession.user_id == user_id, ServerSession.id != but))


def sessions_of(session: Any, user_id: int, since: dt.datetime) -> list[ServerSession]:
    """The sessions of a user that were used since a moment, the latest first."""
    query = select(ServerSession).where(ServerSession.user_id == user_id, ServerSession.seen_at > since)
    return list(session.scalars(query.order_by(ServerSession.created_at.desc(), ServerSession.id)))


def end_session(session: Any, user_id: int, key: str) -> bool:
    """End one session of a user by its stored id; False when there is none (any more)."""
    mine = (ServerSession.user_id == user_id, ServerSession.id == key)
    return bool(session.execute(delete(ServerSession).where(*mine)).rowcount)
