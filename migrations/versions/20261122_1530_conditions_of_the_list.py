"""A rare code is found without looking through everybody."""

from alembic import op

revision = "d95f0b3c71a4"
down_revision = "c41e8a07d935"
branch_labels = None
depends_on = None

ITEMS = """
gender id_type nationality native_place birth_place ethnicity overseas_identity marital_status health_status
highest_education highest_degree_level highest_degree staff_source academic_origin staff_category is_staffed
employment_form contract_type current_post_category current_post_grade current_title personnel_status
is_fulltime_normal_graduate is_fulltime_special_edu_graduate has_special_edu_training has_special_edu_cert
is_fulltime_preschool_graduate has_preschool_training it_skill free_normal_student grassroots_program
is_special_grade_teacher is_backbone_teacher psych_teacher is_dual_qualified has_vocational_skill_cert
enterprise_practice_length is_foreign_faculty
""".split()


def upgrade() -> None:
    for item in ITEMS:
        op.create_index(f"ix_teacher_{item}", "teacher", [item])


def downgrade() -> None:
    for item in ITEMS:
        op.drop_index(f"ix_teacher_{item}", table_name="teacher")
