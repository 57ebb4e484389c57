"""the form of study of an education"""

import sqlalchemy as sa
from alembic import op

revision = "b41c7a9e2d05"
down_revision = "7fd9b7a9425f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("rec_education_history", schema=None) as batch_op:
        batch_op.add_column(sa.Column("study_form", sa.String(length=20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("rec_education_history", schema=None) as batch_op:
        batch_op.drop_column("study_form")
