"""attachments and photos"""

import sqlalchemy as sa
from alembic import op

revision = "b3d5f0a9c214"
down_revision = "e82f5a5ac22e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("thumb_digest", sa.String(length=64), nullable=True),
        sa.Column("uploaded_by", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.Column("province_id", sa.Integer(), nullable=True),
        sa.Column("city_id", sa.Integer(), nullable=True),
        sa.Column("county_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["city_id"], ["unit.id"], name=op.f("fk_attachment_city_id")),
        sa.ForeignKeyConstraint(["county_id"], ["unit.id"], name=op.f("fk_attachment_county_id")),
        sa.ForeignKeyConstraint(["province_id"], ["unit.id"], name=op.f("fk_attachment_province_id")),
        sa.ForeignKeyConstraint(["school_id"], ["unit.id"], name=op.f("fk_attachment_school_id")),
        sa.ForeignKeyConstraint(["teacher_id"], ["teacher.id"], name=op.f("fk_attachment_teacher_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_place", "attachment", ["teacher_id", "section", "row_id"])
    op.create_index(op.f("ix_attachment_digest"), "attachment", ["digest"])
    op.create_index(op.f("ix_attachment_thumb_digest"), "attachment", ["thumb_digest"])
    op.add_column("teacher", sa.Column("photo_digest", sa.String(length=64), nullable=True))
    op.add_column("teacher", sa.Column("photo_at", sa.DateTime(), nullable=True))
    op.create_index(op.f("ix_teacher_photo_digest"), "teacher", ["photo_digest"])


def downgrade() -> None:
    # Column by column, not as a batch: SQLite would make the table anew, and every row of the record refers to it.
    op.drop_index(op.f("ix_teacher_photo_digest"), table_name="teacher")
    op.drop_column("teacher", "photo_at")
    op.drop_column("teacher", "photo_digest")
    op.drop_table("attachment")
