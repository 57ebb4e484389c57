"""Plans of uploaded files in one table. They live a day: what waits is uploaded again."""

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision = "b72d9e41f0c8"
down_revision = "d27b6f41c0e9"
branch_labels = None
depends_on = None

OWN = {
    "code_plan": [("table_name", sa.String(length=40)), ("base_version", sa.Integer())],
    "unit_plan": [],
    "account_plan": [],
}


def upgrade() -> None:
    own = [("kind", sa.String(length=20)), ("about", sa.String(length=40)), ("choice", sa.String(length=20))]
    _create("file_plan", [*own, ("lines", sa.JSON())])
    op.create_index("ix_file_plan_at", "file_plan", ["at"])
    for table in OWN:
        op.drop_table(table)


def downgrade() -> None:
    for table, own in OWN.items():
        _create(table, own)
    op.drop_table("file_plan")


def _create(table: str, own: list[tuple[str, sa.types.TypeEngine[object]]]) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in own),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])
