"""Migrations: both ways, no difference to the models, and what they do to stored rows."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.orm import Session

from app.accounts.models import Account, InitialPassword
from app.core.db import db, utc_now
from app.records.sections.contact import Contact
from app.records.teacher import Teacher

# SQLite does not tell what an index over an expression is made of; PostgreSQL does, and there it is compared.
pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index")


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


ORDERS = "SELECT id, name_order FROM teacher ORDER BY id"


def rows(query: str) -> list[tuple[Any, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


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


def test_initial_passwords_keep_their_end(app: Flask, everything: Session) -> None:
    """A teacher's stands with the password; an administrator's had none, and ends 30 days later."""
    moment = dt.datetime(2026, 12, 1, 4, 0, tzinfo=dt.UTC)
    teacher, *_ = everything.scalars(sa.select(Account).where(Account.must_change.is_(True)).order_by(Account.id))
    clerk, other = everything.scalars(
        sa.select(Account).where(Account.username.in_(("liyutong", "zhoumin"))).order_by(Account.username)
    )
    teacher.initial_until, clerk.must_change = moment, True
    everything.add(InitialPassword(user_id=teacher.id, password="x"))
    everything.commit()
    keys = [teacher.id, clerk.id, other.id]
    everything.close()
    with app.app_context():
        downgrade(revision="c47e10b96d2a")
        with db.engine.connect() as connection:
            [stored] = connection.execute(sa.text("SELECT expires_at FROM initial_password"))
            assert str(stored[0]).startswith("2026-12-01 04:00")
        upgrade()
    ends = [everything.get_one(Account, key).initial_until for key in keys]
    assert ends[0] == moment and ends[2] is None
    assert ends[1] is not None and abs(ends[1] - utc_now() - dt.timedelta(days=30)) < dt.timedelta(minutes=5)


def test_stored_names_get_their_keys(app: Flask, everything: Session) -> None:
    first, second, *_ = everything.scalars(sa.select(Teacher).order_by(Teacher.id))
    first.name, second.name = "单雄信", None
    everything.commit()
    first_id, second_id = first.id, second.id
    everything.close()
    with app.app_context():
        before = [rows("SELECT * FROM name_key ORDER BY teacher_id, key"), rows(ORDERS)]
        assert [row[1] for row in before[0] if row[0] == first_id and row[1].isascii()] == [
            "danxiongxin", "danxx", "dxx", "shanxiongxin", "shanxx", "sxx",
        ]  # fmt: skip
        assert (second_id, "") in before[1] and second_id not in {row[0] for row in before[0]}
        downgrade(revision="c47e10b96d2a")
        assert not sa.inspect(db.engine).has_table("name_key")
        upgrade()
        assert [rows("SELECT * FROM name_key ORDER BY teacher_id, key"), rows(ORDERS)] == before
