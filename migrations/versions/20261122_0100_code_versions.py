"""version of a code table, pinyin of codes by syllables"""

import sqlalchemy as sa
from alembic import op

revision = "b41c7d2e9a05"
down_revision = "c52d8b0f3e16"
branch_labels = None
depends_on = None

CODE = sa.table("code", sa.column("pinyin", sa.String))


def upgrade() -> None:
    with op.batch_alter_table("code_table", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("code_table", schema=None) as batch_op:
        batch_op.alter_column("version", server_default=None)
    op.execute(CODE.update().values(pinyin=""))  # derived from the names; `flask deploy` writes it again


def downgrade() -> None:
    op.execute(CODE.update().values(pinyin=""))
    with op.batch_alter_table("code_table", schema=None) as batch_op:
        batch_op.drop_column("version")
