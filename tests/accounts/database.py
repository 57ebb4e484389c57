"""A look into the database between two requests; nothing stays open that a request could share."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.scope import EVERYTHING, set_scope

# What every request may write: sessions, captchas, counters of guesses, the log of looks, typed searches.
EXEMPT = {"server_session", "captcha", "login_throttle", "access_log", "stored_search"}


@contextmanager
def looking(app: Flask) -> Iterator[Session]:
    """A session that sees everything; it may arrange and commit."""
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        set_scope(session, EVERYTHING)
        yield session


Dump = dict[str, Sequence[Any]]
_watchers: dict[str, sqlite3.Connection] = {}
_last: dict[str, tuple[Any, Dump]] = {}  # by database: where it stood, and what stood in it


def dump(app: Flask, exempt: set[str] = EXEMPT) -> Dump:
    """All rows of all tables as they are stored. They are read again when anything at all was committed since."""
    with app.app_context(), db.engine.connect() as connection:
        url, stands = str(connection.engine.url), _position(connection)
        if url not in _last or _last[url][0] != stands:
            _last[url] = (stands, _read(connection))
    return {name: rows for name, rows in _last[url][1].items() if name not in exempt}


def _position(connection: sa.Connection) -> Any:
    """What moves with every commit of anybody: SQLite tells a connection that only watches, PostgreSQL has its log."""
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn()").scalar()
    path = connection.engine.url.database or ""
    if path not in _watchers:
        _watchers[path] = sqlite3.connect(path, check_same_thread=False)
    return _watchers[path].execute("PRAGMA data_version").fetchone()[0]


def _read(connection: sa.Connection) -> Dump:
    cursor = connection.connection.cursor()  # the driver's own: thousands of codes, hundreds of times
    found = {}
    for name in sa.inspect(connection).get_table_names():
        cursor.execute(f'SELECT * FROM "{name}"{_in_order(name)}')
        found[name] = cursor.fetchall()
    return found


def _in_order(name: str) -> str:
    """By the key: the database sorts thousands of codes faster than we would."""
    keys = [f'"{column.name}"' for column in db.metadata.tables[name].primary_key] if name in db.metadata.tables else []
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def changed_tables(before: Dump, after: Dump) -> list[str]:
    """The names of the tables whose content differs."""
    return [name for name in before if before[name] != after.get(name)]
