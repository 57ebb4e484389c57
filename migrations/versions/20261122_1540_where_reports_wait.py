"""Whose report waits at which level is found without looking through everybody."""

import sqlalchemy as sa
from alembic import op

revision = "e8a1c46f0b27"
down_revision = "d95f0b3c71a4"
branch_labels = None
depends_on = None

LEVELS = ("school", "county", "city", "province")


def upgrade() -> None:
    for level in LEVELS:
        here = sa.text(f"waiting_unit_id = {level}_id")
        op.create_index(
            f"ix_teacher_waits_at_{level}", "teacher", ["id", "province_id"], sqlite_where=here, postgresql_where=here
        )


def downgrade() -> None:
    for level in LEVELS:
        op.drop_index(f"ix_teacher_waits_at_{level}", table_name="teacher")
