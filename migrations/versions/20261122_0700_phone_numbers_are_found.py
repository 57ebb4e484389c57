"""Phone numbers are found by a keyed hash."""

import sqlalchemy as sa
from alembic import op

from app.core.crypto import EncryptedText
from app.records.sections.contact import number_hash

revision = "e4f1b86a2d93"
down_revision = "c7a90d3e51b8"
branch_labels = None
depends_on = None

NUMBERS = ("phone", "mobile")
BATCH = 1000


def upgrade() -> None:
    for name in NUMBERS:
        op.add_column("rec_contact", sa.Column(f"{name}_hash", sa.String(length=32), nullable=True))
    _fill()
    for name in NUMBERS:
        op.create_index(op.f(f"ix_rec_contact_{name}_hash"), "rec_contact", [f"{name}_hash"])


def downgrade() -> None:
    # Column by column, not as a batch: SQLite would make the table anew, and copy every row.
    for name in reversed(NUMBERS):
        op.drop_index(op.f(f"ix_rec_contact_{name}_hash"), table_name="rec_contact")
        op.drop_column("rec_contact", f"{name}_hash")


def _fill() -> None:
    """The hash of every stored number, some rows at a time: the numbers of a whole country do not fit into memory."""
    numbers = (sa.column(name, EncryptedText(f"rec_contact.{name}")) for name in NUMBERS)
    table = sa.table("rec_contact", sa.column("id"), *numbers, *(sa.column(f"{name}_hash") for name in NUMBERS))
    query = sa.select(table.c.id, *(table.c[name] for name in NUMBERS)).order_by(table.c.id).limit(BATCH)
    change = table.update().where(table.c.id == sa.bindparam("row"))
    change = change.values({f"{name}_hash": sa.bindparam(f"of_{name}") for name in NUMBERS})
    connection, last = op.get_bind(), 0
    while rows := connection.execute(query.where(table.c.id > last)).mappings().all():
        found = [{"row": row["id"]} | {f"of_{name}": number_hash(row[name]) for name in NUMBERS} for row in rows]
        connection.execute(change, found)
        last = rows[-1]["id"]
