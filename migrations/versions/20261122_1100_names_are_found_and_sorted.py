"""Names are found by their parts, pinyin and initials, and sorted as in a Chinese list; actions over many rows."""

import sqlalchemy as sa
from alembic import op

from app.core.person_names import name_keys, name_order

revision = "a93d5f20e7b1"
down_revision = "d81f3a6c27e5"
branch_labels = None
depends_on = None

BATCH = 1000
SCOPE = ("province_id", "city_id", "county_id", "school_id")
ORDERS = {
    "ix_teacher_city_id_id": ["city_id", "id"],
    "ix_teacher_province_id_id": ["province_id", "id"],
    "ix_teacher_county_name": ["county_id", "name_order", "id"],
    "ix_teacher_province_name": ["province_id", "name_order", "id"],
    "ix_teacher_name": ["name_order", "id"],
}


def _by_code_point(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("teacher", sa.Column("name_order", _by_code_point(80), nullable=False, server_default=""))
    op.create_table(
        "name_key",
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("key", _by_code_point(60), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in SCOPE),
        sa.ForeignKeyConstraint(["teacher_id"], ["teacher.id"], name=op.f("fk_name_key_teacher_id")),
        sa.PrimaryKeyConstraint("teacher_id", "key", name=op.f("pk_name_key")),
    )
    op.create_table(
        "batch_action",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=True),
        sa.Column("lines", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_action")),
    )
    op.create_index(op.f("ix_batch_action_user_id"), "batch_action", ["user_id"])
    op.create_index(op.f("ix_batch_action_at"), "batch_action", ["at"])
    _fill()
    op.create_index(
        "ix_name_key_area", "name_key", [sa.text("coalesce(county_id, city_id, province_id, 0)"), "key", "teacher_id"]
    )
    op.create_index("ix_unit_level", "unit", ["level"])
    for name, columns in ORDERS.items():
        op.create_index(name, "teacher", columns)


def downgrade() -> None:
    # Column by column, not as a batch: SQLite would make the table anew, and copy every row.
    op.drop_index("ix_unit_level", table_name="unit")
    op.drop_table("batch_action")
    op.drop_table("name_key")
    for name in reversed(ORDERS):
        op.drop_index(name, table_name="teacher")
    op.drop_column("teacher", "name_order")


def _fill() -> None:
    """The keys of everybody, some people at a time: those of a whole country do not fit into memory."""
    scope = [sa.column(name) for name in SCOPE]
    teacher = sa.table("teacher", sa.column("id"), sa.column("name"), sa.column("name_order"), *scope)
    key = sa.table("name_key", sa.column("teacher_id"), sa.column("key"), *(sa.column(name) for name in SCOPE))
    query = sa.select(teacher.c.id, teacher.c.name, *(teacher.c[name] for name in SCOPE))
    query = query.order_by(teacher.c.id).limit(BATCH)
    change = sa.update(teacher).where(teacher.c.id == sa.bindparam("row")).values(name_order=sa.bindparam("sound"))
    connection, last = op.get_bind(), 0
    while rows := connection.execute(query.where(teacher.c.id > last)).mappings().all():
        connection.execute(change, [{"row": row["id"], "sound": name_order(row["name"])} for row in rows])
        found = [
            {"teacher_id": row["id"], "key": key, **{name: row[name] for name in SCOPE}}
            for row in rows
            for key in name_keys(row["name"])
        ]
        if found:
            connection.execute(key.insert(), found)
        last = rows[-1]["id"]
