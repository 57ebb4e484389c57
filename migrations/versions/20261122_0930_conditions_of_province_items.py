"""A province's item may be asked for only where an item of the nation has some code."""

import sqlalchemy as sa
from alembic import op

revision = "a9d41e7c3f58"
down_revision = "f0a2c95d7b31"
branch_labels = None
depends_on = None

COLUMNS = {"when_item": 40, "when_codes": 200}


def upgrade() -> None:
    for name, length in COLUMNS.items():
        with op.batch_alter_table("province_item", schema=None) as batch_op:
            batch_op.add_column(sa.Column(name, sa.String(length=length), server_default="", nullable=False))
        with op.batch_alter_table("province_item", schema=None) as batch_op:
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("province_item", schema=None) as batch_op:
        for name in reversed(COLUMNS):
            batch_op.drop_column(name)
