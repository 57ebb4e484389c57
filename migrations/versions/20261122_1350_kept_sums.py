"""Kept sums: people by school and state, and how the people of a school are made up."""

import sqlalchemy as sa
from alembic import op

revision = "5b0e7c91d2f4"
down_revision = "e19a6c0b7d43"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "teacher_count",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("waiting_unit_id", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["unit.id"], name="fk_teacher_count_school_id"),
        sa.ForeignKeyConstraint(["waiting_unit_id"], ["unit.id"], name="fk_teacher_count_waiting_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_teacher_count"),
    )
    op.create_index("ix_teacher_count_school_id", "teacher_count", ["school_id"])
    op.execute(
        "INSERT INTO teacher_count (school_id, department, status, waiting_unit_id, n)"
        " SELECT school_id, coalesce(department, ''), status, waiting_unit_id, count(*) FROM teacher"
        " GROUP BY school_id, coalesce(department, ''), status, waiting_unit_id"
    )
    op.create_table(
        "staff_figure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("dimension", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["unit.id"], name="fk_staff_figure_school_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_figure"),
        sa.UniqueConstraint("school_id", "department", "dimension", "code", name="uq_staff_figure"),
    )


def downgrade() -> None:
    op.drop_table("staff_figure")
    op.drop_table("teacher_count")
