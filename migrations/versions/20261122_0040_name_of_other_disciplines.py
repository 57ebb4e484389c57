"""the name of a discipline that is not in the table"""

import sqlalchemy as sa
from alembic import op

revision = "c52d8b0f3e16"
down_revision = "b41c7a9e2d05"
branch_labels = None
depends_on = None

TABLES = ("rec_research_project", "rec_paper", "rec_book", "rec_patent")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("discipline_other", sa.String(length=50), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("discipline_other")
