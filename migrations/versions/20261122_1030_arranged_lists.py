"""Lists as people arrange them: their columns, and saved views."""

import sqlalchemy as sa
from alembic import op

revision = "a61f0c2be847"
down_revision = "c47e10b96d2a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        sa.UniqueConstraint("list_name", "owner", "name", name="uq_saved_view_list_name_owner_name"),
    )
    op.create_table(
        "list_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=60), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("view_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["view_id"], ["saved_view.id"], name="fk_list_choice_view_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_list_choice"),
        sa.UniqueConstraint("user_id", "list_name", name="uq_list_choice_user_id_list_name"),
    )
    op.create_index("ix_list_choice_view_id", "list_choice", ["view_id"])


def downgrade() -> None:
    op.drop_table("list_choice")
    op.drop_table("saved_view")
