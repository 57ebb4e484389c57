"""Migrations: both ways, and no difference to the models."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.core.db import db


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, db.metadata)
    return [entry for entry in found if "sqlite_" not in str(entry)]


def test_head_is_the_models(app: Flask) -> None:
    with app.app_context():
        assert differences() == []


def test_down_to_nothing_and_up_again(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="base")
        left = set(sa.inspect(db.engine).get_table_names())
        assert left == {"alembic_version"}
        upgrade()
        assert differences() == []
