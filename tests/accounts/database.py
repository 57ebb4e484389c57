"""A look into the database between two requests; nothing stays open that a request could share."""

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


def dump(app: Flask, exempt: set[str] = EXEMPT) -> dict[str, Sequence[Any]]:
    """All rows of all tables as they are stored."""
    with app.app_context(), db.engine.connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name not in exempt]
        cursor = connection.connection.cursor()  # the driver's own: thousands of codes, hundreds of times
        found = {}
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"{_in_order(name)}')
            found[name] = cursor.fetchall()
        return found


def _in_order(name: str) -> str:
    """By the key: the database sorts thousands of codes faster than we would."""
    keys = [f'"{column.name}"' for column in db.metadata.tables[name].primary_key] if name in db.metadata.tables else []
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def changed_tables(before: dict[str, Sequence[Any]], after: dict[str, Sequence[Any]]) -> list[str]:
    """The names of the tables whose content differs."""
    return [name for name in before if before[name] != after.get(name)]
