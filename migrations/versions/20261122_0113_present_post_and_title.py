"""Present post and title, derived."""

import sqlalchemy as sa
from alembic import op

revision = "d611c1a80a28"
down_revision = "5c1d2be07a44"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("teacher", schema=None) as batch_op:
        batch_op.add_column(sa.Column("current_post_category", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("current_post_grade", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("current_title", sa.String(length=20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("teacher", schema=None) as batch_op:
        batch_op.drop_column("current_title")
        batch_op.drop_column("current_post_grade")
        batch_op.drop_column("current_post_category")
