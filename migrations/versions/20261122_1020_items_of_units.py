"""What is known of a unit, how its name sounds, and the changes of its name, code and superior."""

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime
from app.organisations.models import spelling

revision = "c47e10b96d2a"
down_revision = "5be27d91c4a6"
branch_labels = None
depends_on = None

LENGTHS = {
    "status": 10, "founder_type": 10, "urban_rural": 10, "admin_div": 10, "seat_code": 12, "aliases": 200,
    "former_names": 200, "principal": 50, "contact_name": 50, "contact_phone": 40, "address": 200, "postcode": 6,
}  # fmt: skip


def upgrade() -> None:
    op.add_column("unit", sa.Column("pinyin", sa.String(length=800), nullable=False, server_default=""))
    for name, length in LENGTHS.items():
        op.add_column("unit", sa.Column(name, sa.String(length=length), nullable=True))
    unit = sa.table("unit", sa.column("id"), sa.column("name"), sa.column("pinyin"))
    connection = op.get_bind()
    spelt = [
        {"key": key, "sound": spelling(name)} for key, name in connection.execute(sa.select(unit.c.id, unit.c.name))
    ]
    if spelt:
        found = sa.update(unit).where(unit.c.id == sa.bindparam("key"))
        connection.execute(found.values(pinyin=sa.bindparam("sound")), spelt)
    op.execute(sa.text("UPDATE unit SET status = '2' WHERE level <> 'department'"))
    with op.batch_alter_table("unit") as batch:
        batch.alter_column("pinyin", server_default=None)
    op.create_table(
        "unit_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("code", sa.String(length=12), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("old_name", sa.String(length=100), nullable=True),
        sa.Column("old_code", sa.String(length=12), nullable=True),
        sa.Column("old_parent_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_unit", sa.String(length=100), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.Column("refused", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["old_parent_id"], ["unit.id"], name=op.f("fk_unit_change_old_parent_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_change_parent_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_change_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_change")),
    )
    for name in ("unit_id", "code", "old_code"):
        op.create_index(op.f(f"ix_unit_change_{name}"), "unit_change", [name])
    op.create_table(
        "unit_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_plan")),
    )
    op.create_index(op.f("ix_unit_plan_user_id"), "unit_plan", ["user_id"])


def downgrade() -> None:
    op.drop_table("unit_plan")
    op.drop_table("unit_change")
    for name in (*LENGTHS, "pinyin"):
        op.drop_column("unit", name)
