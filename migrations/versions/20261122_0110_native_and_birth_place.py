"""native place and birth place of teachers"""

import sqlalchemy as sa
from alembic import op

revision = "c58e0f34d716"
down_revision = "b41c7d2e9a05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("teacher", sa.Column("native_place", sa.String(length=20), nullable=True))
    op.add_column("teacher", sa.Column("birth_place", sa.String(length=20), nullable=True))


def downgrade() -> None:
    # Not in a batch: that would make the table anew, and on SQLite drop the one that other rows point to.
    op.drop_column("teacher", "birth_place")
    op.drop_column("teacher", "native_place")
