"""Phone numbers are encrypted, like ID numbers."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from app.core.crypto import decrypt, encrypt

revision = "5c1d2be07a44"
down_revision = "c58e0f34d716"
branch_labels = None
depends_on = None

COLUMNS = {"phone": 20, "mobile": 20, "emergency_phone": 20}


def upgrade() -> None:
    with op.batch_alter_table("rec_contact", schema=None) as batch_op:
        for name, length in COLUMNS.items():
            batch_op.alter_column(name, existing_type=sa.String(length), type_=sa.Text(), existing_nullable=True)
    _rewrite(encrypt)


def downgrade() -> None:
    _rewrite(decrypt)
    with op.batch_alter_table("rec_contact", schema=None) as batch_op:
        for name, length in COLUMNS.items():
            batch_op.alter_column(name, existing_type=sa.Text(), type_=sa.String(length), existing_nullable=True)


def _rewrite(change: Callable[[str, str], str]) -> None:
    """Every stored number, changed in place."""
    table = sa.table("rec_contact", sa.column("id"), *(sa.column(name) for name in COLUMNS))
    connection = op.get_bind()
    for row in connection.execute(sa.select(table)).mappings().all():
        values = {name: change(row[name], f"rec_contact.{name}") for name in COLUMNS if row[name]}
        if values:
            connection.execute(table.update().where(table.c.id == row["id"]).values(values))
