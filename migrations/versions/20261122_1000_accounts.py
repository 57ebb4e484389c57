"""Passwords that were used before; the device of a session; initial passwords; imports."""

import sqlalchemy as sa
from alembic import op

revision = "c3b7e0f5a942"
down_revision = "a9d41e7c3f58"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "password_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_password_history"),
    )
    op.create_index("ix_password_history_user_id", "password_history", ["user_id"])
    op.create_table(
        "initial_password",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_initial_password"),
    )
    op.create_index("ix_initial_password_expires_at", "initial_password", ["expires_at"])
    op.create_table(
        "account_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("applied_at", sa.DateTime(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_plan"),
    )
    op.create_index("ix_account_plan_user_id", "account_plan", ["user_id"])
    op.add_column("server_session", sa.Column("device", sa.String(length=40), nullable=False, server_default=""))
    with op.batch_alter_table("server_session") as batch:
        batch.alter_column("device", server_default=None)


def downgrade() -> None:
    op.drop_column("server_session", "device")
    op.drop_table("account_plan")
    op.drop_table("initial_password")
    op.drop_table("password_history")
