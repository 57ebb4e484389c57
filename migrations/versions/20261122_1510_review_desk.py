"""The review desk: how a report came to where it waits, indexes of the queues, reasons by unit, stand-ins."""

import sqlalchemy as sa
from alembic import op

revision = "b7d2f4813c6e"
down_revision = "b72d9e41f0c8"
branch_labels = None
depends_on = None

WAITING = sa.text("waiting_unit_id IS NOT NULL")
QUEUES = {
    "ix_teacher_waiting": ["waiting_unit_id", "reported_at", "id"],
    "ix_teacher_waiting_school": ["waiting_unit_id", "unit_id", "id"],
}

REASONS = {
    "evidence": "与证明材料不一致", "missing": "缺少证明材料", "incomplete": "填写不完整", "wrong": "填写有误",
    "duplicate": "与其他记录重复", "other": "其他原因",
}  # fmt: skip

mark = sa.table("review_mark", sa.column("reason"), sa.column("words"))
teacher = sa.table("teacher", sa.column("id"), sa.column("status"), sa.column("arrival"))
log = sa.table("flow_log", sa.column("teacher_id"), sa.column("step"), sa.column("to_state"))


def upgrade() -> None:
    with op.batch_alter_table("teacher") as batch_op:
        batch_op.add_column(sa.Column("arrival", sa.String(length=10), nullable=True))
    op.drop_index("ix_teacher_waiting", table_name="teacher")
    for name, columns in QUEUES.items():
        op.create_index(name, "teacher", columns, sqlite_where=WAITING, postgresql_where=WAITING)
    ended = sa.or_(log.c.step == "reject", log.c.to_state == "approved")
    decided = sa.exists().where(log.c.teacher_id == teacher.c.id, ended)
    arrival = sa.case((decided, "again"), else_="first")
    op.execute(sa.update(teacher).where(teacher.c.status == "in_review").values(arrival=arrival))
    _reasons()
    op.create_table(
        "stand_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("absent_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_stand_in_unit_id"),
        sa.ForeignKeyConstraint(["absent_id"], ["ab_user.id"], name="fk_stand_in_absent_id"),
        sa.ForeignKeyConstraint(["person_id"], ["ab_user.id"], name="fk_stand_in_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_stand_in"),
    )
    for name in ("unit_id", "absent_id", "person_id"):
        op.create_index(f"ix_stand_in_{name}", "stand_in", [name])


def _reasons() -> None:
    op.create_table(
        "review_reason",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_review_reason_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_reason"),
    )
    op.create_index("ix_review_reason_unit_id", "review_reason", ["unit_id"])
    with op.batch_alter_table("review_mark") as batch_op:
        batch_op.add_column(sa.Column("words", sa.String(length=40), nullable=False, server_default=""))
    op.execute(sa.update(mark).values(words=sa.case(REASONS, value=mark.c.reason, else_=mark.c.reason)))
    with op.batch_alter_table("review_mark") as batch_op:
        batch_op.alter_column("words", server_default=None)


def downgrade() -> None:
    op.drop_table("stand_in")
    with op.batch_alter_table("review_mark") as batch_op:
        batch_op.drop_column("words")
    op.drop_table("review_reason")
    for name in QUEUES:
        op.drop_index(name, table_name="teacher")
    op.create_index("ix_teacher_waiting", "teacher", ["waiting_unit_id", "status"])
    with op.batch_alter_table("teacher") as batch_op:
        batch_op.drop_column("arrival")
