"""The sections' own rules: what a condition on one item cannot say. Each has a row that it finds and one it leaves."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app.core.sections.fields import Value
from app.core.sections.reading import read_row
from app.core.sections.section import contradictions, problems_among
from app.records import BY_NAME, SECTIONS
from tests.kinds import S

Values = dict[str, Value]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


THIS_YEAR = str(dt.date.today().year)  # noqa: DTZ011 - years are compared by the calendar on the wall
# rule, section, a row that is right, what makes it wrong, where that is said; a star for a mere warning
CASES: list[tuple[str, str, Values, Values, str]] = [
    ("number_is_valid_and_agrees", "basic_info", {"id_type": "1", "id_number": "11010519491231002X"},
     {"id_number": "110105194912310021"}, "id_number"),
    ("number_is_valid_and_agrees", "basic_info", {"id_type": "1", "id_number": "11010519491231002X", "gender": "2"},
     {"gender": "1"}, "gender*"),
    ("number_is_valid_and_agrees", "basic_info",
     {"id_type": "1", "id_number": "11010519491231002X", "birth_date": day("1949-12-31")},
     {"birth_date": day("1950-12-31")}, "birth_date*"),
    ("old_enough_to_work", "basic_info", {"birth_date": day("1990-08-31"), "work_start_month": "2006-08"},
     {"work_start_month": "2006-07"}, "work_start_month"),
    ("old_enough_to_work", "basic_info", {"birth_date": day("1990-08-31"), "work_start_month": "2012-08"},
     {"work_start_month": "1990-08"}, "work_start_month"),
    ("graduates_after_entering", "education_history", {"education": "21", "start_month": "2008-09",
     "end_month": "2008-10"}, {"end_month": "2008-09"}, "end_month"),
    ("second_post_is_another", "post_appointment",
     {"post_category": "1", "has_second_post": "1", "second_post_category": "3"},
     {"second_post_category": "1"}, "second_post_category"),
    ("second_post_is_another", "post_appointment",
     {"post_category": "1", "has_second_post": "1", "second_post_category": "3"},
     {"second_post_category": "0"}, "second_post_category"),
    ("year_is_over", "salary", {"year": "2020"}, {"year": THIS_YEAR}, "year"),
    ("number_is_valid_and_fits_the_kind", "teacher_qualification",
     {"cert_type": "4", "cert_no": "20145300141000123"}, {"cert_no": "2014530014100012"}, "cert_no"),
    ("number_is_valid_and_fits_the_kind", "teacher_qualification",
     {"cert_type": "4", "cert_no": "20145300141000123"}, {"cert_type": "3"}, "cert_no*"),
    ("number_is_valid_and_fits_the_kind", "teacher_qualification",
     {"cert_type": "4", "cert_no": "19985301004210012"}, {"cert_no": "985301004210012"}, "cert_no"),
    ("number_is_valid_and_fits_the_kind", "teacher_qualification",
     {"cert_type": "4", "cert_no": "20145300141000123"}, {"cert_no": "2014 5300141000123"}, "cert_no"),
    ("stage_agrees_with_status", "teaching", {"teaching_stage": ",0,", "teaching_status": "10"},
     {"teaching_status": "20"}, "teaching_status"),
    ("pages_in_order", "paper", {"start_page": Decimal(12), "end_page": Decimal(12)}, {"end_page": Decimal(9)},
     "end_page"),
    ("own_words_within_total", "book", {"book_type": "11", "total_words": Decimal(9000), "own_words": Decimal(9000)},
     {"own_words": Decimal(9001)}, "own_words"),
    ("isbn_looks_right", "book", {"book_type": "11", "isbn": "978-7-04-050694-5"}, {"isbn": "978-7-04-050694-4"},
     "isbn*"),
    ("other_level_needs_level", "award", {"award_type": "9", "level": "9", "other_level": "金奖"}, {"level": None},
     "other_level"),
    ("end_is_after_start", "overseas_study", {"has_experience": "1", "start_date": day("2019-03-01"),
     "end_date": day("2019-03-02")}, {"end_date": day("2019-03-01")}, "end_date"),
    ("country_is_abroad", "overseas_study", {"has_experience": "1", "country": "344"}, {"country": "156"}, "country"),
    ("chinese_is_fluent", "language_skill", {"language": "zh", "proficiency": "1"}, {"proficiency": "3"},
     "proficiency*"),
    ("language_certificate_has_one_name", "certificate", {"cert_category": "2", "language_cert": "13"},
     {"name": "普通话水平测试等级证书"}, "name"),
    ("language_certificate_has_one_name", "certificate",
     {"cert_category": "2", "language_cert": "9", "name": "雅思"}, {"name": None}, "name"),
    ("goes_to_another_school", "rotation", {"rotation_type": "2", "from_org": "云川一中", "to_org": "云川二中"},
     {"to_org": "云川一中"}, "to_org"),
    ("can_be_reached", "contact", {"phone": "0871-00000000"}, {"phone": None}, "phone"),
    ("numbers_are_well_formed", "contact", {"mobile": "13800001234"}, {"mobile": "1380000123"}, "mobile"),
    ("numbers_are_well_formed", "contact", {"mobile": "+44 20 7946 0000"}, {"mobile": "+44"}, "mobile"),
    ("numbers_are_well_formed", "contact", {"mobile": "13800001234", "email": "li@example.com"},
     {"email": "li@example"}, "email"),
]  # fmt: skip


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(("rule", "section", "right", "slip", "where"), CASES, ids=[f"{c[0]}-{c[4]}" for c in CASES])
def test_rule_finds_the_slip_and_leaves_the_rest(
    rule: str, section: str, right: Values, slip: Values, where: str
) -> None:
    assert rule in [r.__name__ for r in BY_NAME[section].rules]
    assert list(contradictions(BY_NAME[section], right, S)) == []
    found = list(contradictions(BY_NAME[section], right | slip, S))
    assert [f"{p.item}{'*' if p.level == 'warning' else ''}" for p in found] == [where]
    assert "。" in found[0].message


def test_every_rule_has_a_case() -> None:
    assert {rule.__name__ for section in SECTIONS for rule in section.rules} == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("category", "grade", "fits"),
    [("1", "110", True), ("2", "110", True), ("3", "205", True), ("4", "306", True), ("3", "998", True),
     ("1", "205", False), ("3", "110", False), ("4", "110", False)],
)  # fmt: skip
def test_grades_hang_on_the_category(everything: Session, category: str, grade: str, fits: bool) -> None:
    for prefix in ("", "second_"):
        row: Values = {"has_second_post": "1", f"{prefix}post_category": category, f"{prefix}post_grade": grade}
        said = [problem.item for problem in contradictions(BY_NAME["post_appointment"], row, S)]
        assert (f"{prefix}post_grade" not in said) == fits


def test_what_hangs_on_a_cleared_item_is_cleared_too(everything: Session) -> None:
    """奖励类别 → 奖励等级 → 奖励其他等级."""
    stored: Values = {"award_type": "1", "name": "教学成果奖", "level": "9", "other_level": "金奖"}
    reading = read_row(BY_NAME["award"], {"award_type": "0"}, S, stored)
    assert (reading.values["level"], reading.values["other_level"], reading.contradictions) == (None, None, [])


# ── rules among the rows of one person ──

ROWS_CASES: list[tuple[str, str, list[Values], list[Values], int | None]] = [
    ("only_one_goes_on", "work_history",
     [{"start_month": "2001-09", "end_month": "2010-08"}, {"start_month": "2010-09"}],
     [{"start_month": "2001-09"}, {"start_month": "2010-09"}], 0),
    ("chinese_is_there", "language_skill", [{"language": "en"}, {"language": "zh"}], [{"language": "en"}], None),
]  # fmt: skip


@pytest.mark.parametrize("case", ROWS_CASES, ids=lambda case: case[0])
def test_rule_among_rows_finds_the_slip(case: tuple[str, str, list[Values], list[Values], int | None]) -> None:
    name, section, right, wrong, index = case
    assert list(problems_among(BY_NAME[section], right)) == []
    assert [found for found, _ in problems_among(BY_NAME[section], wrong)] == [index], name


def test_every_rule_among_rows_has_a_case() -> None:
    assert {rule.__name__ for section in SECTIONS for rule in section.rows_rules} == {case[0] for case in ROWS_CASES}
