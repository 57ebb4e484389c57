"""Captchas, failures that are forgotten, how long an initial password lets in, and what is looked up before login."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision = "d81f3a6c27e5"
down_revision = "a61f0c2be847"
branch_labels = None
depends_on = None

LASTS = dt.timedelta(days=30)
CONTACT = ("contact_phone", "contact_email")

account = sa.table(
    "ab_user",
    sa.column("id", sa.Integer),
    sa.column("must_change", sa.Boolean),
    sa.column("initial_until", UtcDateTime()),
)
initial = sa.table("initial_password", sa.column("user_id", sa.Integer), sa.column("expires_at", UtcDateTime()))


def upgrade() -> None:
    now = dt.datetime.now(dt.UTC)
    op.add_column("login_throttle", sa.Column("since", UtcDateTime(), nullable=True))
    throttle = sa.table("login_throttle", sa.column("since", UtcDateTime()))
    op.execute(sa.update(throttle).values(since=now))
    with op.batch_alter_table("login_throttle") as batch:
        batch.alter_column("since", existing_type=UtcDateTime(), nullable=False)
    op.create_table(
        "captcha",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_captcha")),
    )
    op.create_index(op.f("ix_captcha_expires_at"), "captcha", ["expires_at"])
    op.add_column("ab_user", sa.Column("initial_until", UtcDateTime(), nullable=True))
    # Nobody knew of an end before: an initial password that stands nowhere else has the whole time from now on.
    known = sa.select(initial.c.expires_at).where(initial.c.user_id == account.c.id).scalar_subquery()
    ends = sa.func.coalesce(known, sa.literal(now + LASTS, UtcDateTime()))
    op.execute(sa.update(account).where(account.c.must_change.is_(True)).values(initial_until=ends))
    op.drop_index(op.f("ix_initial_password_expires_at"), table_name="initial_password")
    with op.batch_alter_table("initial_password") as batch:
        batch.drop_column("expires_at")
        batch.add_column(sa.Column("shown_at", UtcDateTime(), nullable=True))
    for name in CONTACT:
        op.add_column("ab_user", sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "look_up_choice",
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contact", sa.Boolean(), nullable=False),
        sa.Column("password", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_look_up_choice_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_look_up_choice")),
    )


def downgrade() -> None:
    now = dt.datetime.now(dt.UTC)
    op.drop_table("look_up_choice")
    for name in CONTACT:
        op.drop_column("ab_user", name)
    op.drop_column("initial_password", "shown_at")
    op.add_column("initial_password", sa.Column("expires_at", UtcDateTime(), nullable=True))
    known = sa.select(account.c.initial_until).where(account.c.id == initial.c.user_id).scalar_subquery()
    op.execute(sa.update(initial).values(expires_at=sa.func.coalesce(known, sa.literal(now, UtcDateTime()))))
    with op.batch_alter_table("initial_password") as batch:
        batch.alter_column("expires_at", existing_type=UtcDateTime(), nullable=False)
    op.create_index(op.f("ix_initial_password_expires_at"), "initial_password", ["expires_at"])
    op.drop_column("ab_user", "initial_until")
    op.drop_table("captcha")
    op.drop_column("login_throttle", "since")
