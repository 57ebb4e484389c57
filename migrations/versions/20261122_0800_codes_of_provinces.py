"""Codes and code tables of provinces; new versions of a table by file."""

import sqlalchemy as sa
from alembic import op

revision = "d18f6b2c4e70"
down_revision = "e4f1b86a2d93"
branch_labels = None
depends_on = None

TABLES = ("code", "code_table")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("province_id", sa.Integer(), server_default="0", nullable=False))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("province_id", server_default=None)
    op.create_table(
        "code_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("applied_at", sa.DateTime(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_plan")),
    )
    op.create_index("ix_code_plan_user_id", "code_plan", ["user_id"])


def downgrade() -> None:
    op.drop_table("code_plan")
    # Without the column a province's codes would be offered to all; records that use them show the bare code.
    op.execute(sa.text("DELETE FROM code WHERE province_id <> 0"))
    op.execute(sa.text("DELETE FROM code_table WHERE province_id <> 0"))
    for table in reversed(TABLES):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("province_id")
