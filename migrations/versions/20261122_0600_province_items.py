"""Items that provinces add at run time, and what they settle about the nation's."""

import sqlalchemy as sa
from alembic import op

revision = "c7a90d3e51b8"
down_revision = "b3d5f0a9c214"
branch_labels = None
depends_on = None

EXTENDED = """
    teacher
    rec_annual_review rec_artwork rec_award rec_book rec_certificate rec_contact rec_domestic_training
    rec_education_history rec_ethics_honor rec_ethics_penalty rec_ethics_review rec_language_skill
    rec_medical_cert rec_none_said rec_other_skill rec_overseas_study rec_paper rec_patent
    rec_post_appointment rec_report rec_research_project rec_rotation rec_salary rec_standard
    rec_student_award rec_talent_program rec_teacher_qualification rec_teaching rec_title_appointment
    rec_work_history
"""


def upgrade() -> None:
    op.create_table(
        "province_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("code_table", sa.String(length=40), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("low", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("high", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("school_types", sa.String(length=10), nullable=False),
        sa.Column("filled_by", sa.String(length=1), nullable=False),
        sa.Column("help", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("item_group", sa.String(length=40), nullable=False),
        sa.Column("in_list", sa.Boolean(), nullable=False),
        sa.Column("in_filter", sa.Boolean(), nullable=False),
        sa.Column("may_be_future", sa.Boolean(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["province_id"], ["unit.id"], name=op.f("fk_province_item_province_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_province_item")),
        sa.UniqueConstraint("province_id", "section", "label", name=op.f("uq_province_item_province_id_section_label")),
    )
    op.create_table(
        "province_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("filled_by", sa.String(length=1), nullable=False),
        sa.ForeignKeyConstraint(["province_id"], ["unit.id"], name=op.f("fk_province_rule_province_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_province_rule")),
        sa.UniqueConstraint("province_id", "section", "item", name=op.f("uq_province_rule_province_id_section_item")),
    )
    for table in EXTENDED.split():
        op.add_column(table, sa.Column("extra", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    # Column by column, not as a batch: SQLite would make the tables anew, and rows refer to them.
    for table in reversed(EXTENDED.split()):
        op.drop_column(table, "extra")
    op.drop_table("province_rule")
    op.drop_table("province_item")
