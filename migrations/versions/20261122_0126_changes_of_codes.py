"""Changes of codes, and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "e82f5a5ac22e"
down_revision = "d611c1a80a28"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("unit_name", sa.String(length=100), nullable=False),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_change")),
    )
    with op.batch_alter_table("code_change", schema=None) as batch_op:
        batch_op.create_index("ix_code_change_code", ["table_name", "code", "id"], unique=False)

    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("edited", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.alter_column("edited", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.drop_column("edited")
    with op.batch_alter_table("code_change", schema=None) as batch_op:
        batch_op.drop_index("ix_code_change_code")

    op.drop_table("code_change")
