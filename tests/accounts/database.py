"""A look into the database between two requests; nothing stays open that a request could share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.scope import EVERYTHING, set_scope

# What every request may write: sessions, counters of guesses, the log of looks, typed searches.
EXEMPT = {"server_session", "login_throttle", "access_log", "stored_search"}


@contextmanager
def looking(app: Flask) -> Iterator[Session]:
    """A session that sees everything; it may arrange and commit."""
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        set_scope(session, EVERYTHING)
        yield session


def dump(app: Flask, exempt: set[str] = EXEMPT) -> dict[str, list[Any]]:
    """All rows of all tables as they are stored."""
    with app.app_context(), db.engine.connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name not in exempt]
        found = {name: connection.execute(sa.text(f'SELECT * FROM "{name}"')).all() for name in names}
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def changed_tables(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[str]:
    """The names of the tables whose content differs."""
    return [name for name in before if before[name] != after.get(name)]
