"""Runs the migrations on the application's own engine."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeDecorator

from app.core.db import db


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as what the database stores: a migration must not depend on today's classes."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def no_empty_revision(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Models and database agree: write no file."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def run() -> None:
    """Migrate inside one connection. SQLite rebuilds tables, which must not set off cascades."""
    with db.engine.connect() as connection:
        keep_references(connection, "OFF")
        arguments = dict(current_app.extensions["migrate"].configure_args)
        arguments.setdefault("process_revision_directives", no_empty_revision)
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=render_item,
            include_object=ours,
            **arguments,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        keep_references(connection, "ON")


def keep_references(connection: Connection, state: str) -> None:
    """Switch SQLite's check of references. The pragma does nothing inside a transaction, so it goes past SQLAlchemy."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.execute(f"PRAGMA foreign_keys={state}")


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """SQLite's own tables are not ours."""
    return not (kind == "table" and name is not None and name.startswith("sqlite_"))


run()
