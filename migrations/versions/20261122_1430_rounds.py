"""Collection rounds, when a province lets report, and notices."""

import sqlalchemy as sa
from alembic import op

revision = "d27b6f41c0e9"
down_revision = "b27d4f9a10c6"
branch_labels = None
depends_on = None

SCOPE = ("province_id", "city_id", "county_id", "school_id")


def upgrade() -> None:
    op.create_table(
        "collection_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("school_kinds", sa.String(length=6), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("remind_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_collection_round_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_collection_round"),
    )
    op.create_index("ix_collection_round_unit_id", "collection_round", ["unit_id"])
    op.create_table(
        "reporting_choice",
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("only_in_rounds", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["province_id"], ["unit.id"], name="fk_reporting_choice_province_id"),
        sa.PrimaryKeyConstraint("province_id", name="pk_reporting_choice"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("permission", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(length=60), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("from_unit", sa.String(length=100), nullable=False),
        sa.Column("from_name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.Column("read_by", sa.String(length=64), nullable=False),
        sa.Column("once", sa.String(length=100), nullable=True),
        sa.Column("teacher_id", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in SCOPE),
        *(sa.ForeignKeyConstraint([name], ["unit.id"], name=f"fk_notice_{name}") for name in ("unit_id", *SCOPE)),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("once", name="uq_notice_once"),
    )
    op.create_index("ix_notice_unit_read", "notice", ["unit_id", "read_at"])
    op.create_index("ix_notice_account_read", "notice", ["account_id", "read_at"])
    op.create_index("ix_notice_topic_unit", "notice", ["topic", "unit_id"])
    op.create_index("ix_notice_at", "notice", ["at"])
    op.create_index("ix_notice_teacher_id", "notice", ["teacher_id"])


def downgrade() -> None:
    op.drop_table("notice")
    op.drop_table("reporting_choice")
    op.drop_table("collection_round")
