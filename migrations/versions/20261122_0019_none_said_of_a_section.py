"""「无」 of a section."""

import sqlalchemy as sa
from alembic import op

revision = "7fd9b7a9425f"
down_revision = "7e071be1f65e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rec_none_said",
        sa.Column("section", sa.String(length=40), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("province_id", sa.Integer(), nullable=True),
        sa.Column("city_id", sa.Integer(), nullable=True),
        sa.Column("county_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["unit.id"], name=op.f("fk_rec_none_said_city_id")),
        sa.ForeignKeyConstraint(["county_id"], ["unit.id"], name=op.f("fk_rec_none_said_county_id")),
        sa.ForeignKeyConstraint(["province_id"], ["unit.id"], name=op.f("fk_rec_none_said_province_id")),
        sa.ForeignKeyConstraint(["school_id"], ["unit.id"], name=op.f("fk_rec_none_said_school_id")),
        sa.ForeignKeyConstraint(["teacher_id"], ["teacher.id"], name=op.f("fk_rec_none_said_teacher_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rec_none_said")),
        sa.UniqueConstraint("teacher_id", "section", name=op.f("uq_rec_none_said_teacher_id_section")),
    )
    with op.batch_alter_table("rec_none_said", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rec_none_said_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rec_none_said_teacher_id"), ["teacher_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rec_none_said", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rec_none_said_teacher_id"))
        batch_op.drop_index(batch_op.f("ix_rec_none_said_batch_id"))

    op.drop_table("rec_none_said")
