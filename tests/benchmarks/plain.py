"""What the plain lists of bench_comparison show: the people of bench_lists with as many columns as our list."""

COLUMNS = (
    "name", "gender", "birth_date", "id_number_tail", "ethnicity", "unit", "staff_category", "highest_education",
    "personnel_status", "status", "updated_at",
)  # fmt: skip
# The items by which our list can be filtered.
CODED = """
gender ethnicity highest_education staff_category is_staffed department current_title personnel_status id_type
nationality native_place birth_place overseas_identity political_status marital_status health_status
highest_degree_level highest_degree staff_source academic_origin employment_form contract_type current_post_category
current_post_grade is_fulltime_normal_graduate is_fulltime_special_edu_graduate has_special_edu_training
has_special_edu_cert is_fulltime_preschool_graduate has_preschool_training it_skill free_normal_student
grassroots_program is_special_grade_teacher is_backbone_teacher psych_teacher is_dual_qualified
has_vocational_skill_cert enterprise_practice_length is_foreign_faculty
""".split()
PLACES = {"county": "county_id", "province": "province_id", "nation": None}  # whose people somebody may see
PAGE, PASSWORD = 50, "Plain@2026"


def username(level: str) -> str:
    """The login of somebody who sees the people of a level's unit."""
    return f"plain_{level}"
