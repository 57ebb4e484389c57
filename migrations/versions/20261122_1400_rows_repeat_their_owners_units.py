"""Rows of the record no longer refer to units themselves: the person does, and they repeat the columns."""

from alembic import op

revision = "b27d4f9a10c6"
down_revision = "5b0e7c91d2f4"
branch_labels = None
depends_on = None

TABLES = (
    "annual_review", "artwork", "award", "book", "certificate", "contact", "domestic_training", "education_history",
    "ethics_honor", "ethics_penalty", "ethics_review", "language_skill", "medical_cert", "none_said", "other_skill",
    "overseas_study", "paper", "patent", "post_appointment", "report", "research_project", "rotation", "salary",
    "standard", "student_award", "talent_program", "teacher_qualification", "teaching", "title_appointment",
    "work_history",
)  # fmt: skip
COLUMNS = ("province_id", "city_id", "county_id", "school_id")


def upgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(f"rec_{name}") as table:
            for column in COLUMNS:
                table.drop_constraint(f"fk_rec_{name}_{column}", type_="foreignkey")


def downgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(f"rec_{name}") as table:
            for column in COLUMNS:
                table.create_foreign_key(f"fk_rec_{name}_{column}", "unit", [column], ["id"])
