"""Migrations: both ways, no difference to the models, and what they do to stored rows."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.orm import Session

from app.core.db import db
from app.records.sections.contact import Contact


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


def phone_hashes() -> list[tuple[str | None, ...]]:
    with db.engine.connect() as connection:
        query = "SELECT id, phone_hash, mobile_hash FROM rec_contact ORDER BY id"
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_stored_phone_numbers_get_their_hash(app: Flask, everything: Session) -> None:
    first, second, *_ = everything.scalars(sa.select(Contact).order_by(Contact.id))
    first.phone, second.mobile = "0871-65100000", "135"
    everything.commit()
    everything.close()
    with app.app_context():
        before = phone_hashes()
        assert None not in before[0] and before[1][2] is None and len({row[2] for row in before}) == len(before)
        downgrade(revision="c7a90d3e51b8")
        assert not [c for c in sa.inspect(db.engine).get_columns("rec_contact") if c["name"].endswith("_hash")]
        upgrade()
        assert phone_hashes() == before
