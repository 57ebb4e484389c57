"""The database: base class, session, and the two rules that make SQLite safe for many users."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flask_appbuilder import Model
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, String, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Database(SQLAlchemy):
    """Flask-SQLAlchemy; its `session` is a proxy that stands for the session of this request."""

    if TYPE_CHECKING:
        session: Session  # type: ignore[assignment]


db = Database(metadata=Model.metadata, disable_autonaming=True)

SQLITE_BUSY_MS = 30_000

# Whether the next transaction will write. SQLite must be told at BEGIN: a reader that becomes a writer fails at once
# when another writer was faster. Requests that only read set it to False so that they never wait for a writer.
writes: ContextVar[bool] = ContextVar("writes", default=True)


class Base(Model):  # type: ignore[misc]
    """Base of our tables. Two classes with one table name are an error, not a silent merge."""

    __abstract__ = True
    __table_args__: Any = {}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment in UTC. Naive values are refused; both databases give aware values back."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)


def by_code_point(length: int) -> String:
    """The type of texts that both databases compare by their characters' numbers, whatever language is set."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def utc_now() -> dt.datetime:
    """The present moment in UTC. The only clock of the application: tests replace it by arguments."""
    return dt.datetime.now(dt.UTC)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None  # BEGIN is ours, see below
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={SQLITE_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


@event.listens_for(Engine, "connect")
def _prepare_postgresql(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """The planner's default is meant for disks that seek. With it, a page of a large province may be looked for along
    the keys of the whole country instead of in the province's own index."""
    if type(connection).__module__.startswith("psycopg"):
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("SET random_page_cost = 1.1")
        connection.commit()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes.get() else "BEGIN")


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """One user action: everything inside is committed together or not at all."""
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def insert_unless_there(session: Session, model: Any, **values: Any) -> bool:
    """Insert a row unless its key is taken, also by somebody who has not committed yet; whether it was inserted."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    [key] = model.__mapper__.primary_key
    made = insert(model).values(**values).on_conflict_do_nothing().returning(key)
    return session.scalar(made) is not None


@contextmanager
def short_write(engine: Engine | None = None) -> Iterator[Connection]:
    """A transaction of its own for what is not part of a user action (login counters, sessions, access log, jobs).

    The caller's session must not hold a write transaction on SQLite: it would wait for itself.
    engine: where there is no application around it.
    """
    token = writes.set(True)
    try:
        with (engine or db.engine).begin() as connection:
            yield connection
    finally:
        writes.reset(token)


@contextmanager
def short_read(engine: Engine | None = None) -> Iterator[Connection]:
    """A look of its own, before the request has said whether it writes or beside its session; it waits for no writer.

    engine: that of a session where there is no application around it.
    """
    token = writes.set(False)
    try:
        with (engine or db.engine).connect() as connection:
            yield connection
    finally:
        writes.reset(token)
