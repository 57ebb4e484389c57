"""What the plain lists of bench_comparison show: the people of bench_lists with as many columns as our list."""

COLUMNS = (
    "name", "gender", "birth_date", "id_number_tail", "ethnicity", "unit", "staff_category", "highest_education",
    "personnel_status", "status", "updated_at",
)  # fmt: skip
PLACES = {"county": "county_id", "province": "province_id", "nation": None}  # whose people somebody may see
PAGE, PASSWORD = 50, "Plain@2026"


def username(level: str) -> str:
    """The login of somebody who sees the people of a level's unit."""
    return f"plain_{level}"
