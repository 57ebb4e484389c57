"""The department of a teacher."""

import sqlalchemy as sa
from alembic import op

revision = "f0a2c95d7b31"
down_revision = "d18f6b2c4e70"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("teacher", sa.Column("department", sa.String(length=20), nullable=True))
    op.create_index("ix_teacher_department", "teacher", ["department", "id"])


def downgrade() -> None:
    op.drop_index("ix_teacher_department", table_name="teacher")
    op.drop_column("teacher", "department")
