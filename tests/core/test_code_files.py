"""The national code tables in seed/codes: complete, well formed, and every name means one code only."""

import csv
from pathlib import Path

import pytest

from app.core.text import clean, match_key
from app.core.validators import PROVINCES, SCHOOL_TYPES_BY_CATEGORY

FOLDER = Path(__file__).parents[2] / "seed" / "codes"
COLUMNS = "code name parent school_types valid_from valid_to sort selectable aliases certainty source".split()
# The longest text each column may hold in the database.
LENGTHS = {"code": 20, "name": 120, "parent": 20, "school_types": 10, "aliases": 400, "certainty": 20, "source": 200}
# These tables hang below another one.
PARENT_TABLE = {"DEGREE": "DEGREE_LEVEL", "POST_GRADE": "POST_CATEGORY"}
OWN_TABLES = (
    "GENDER YES_NO ETHNICITY POLITICAL MARITAL HEALTH ID_TYPE GATQW HUKOU_TYPE COUNTRY EDUCATION DEGREE_LEVEL DEGREE "
    "STUDY_MODE STUDY_FORM STUDY_ORG_TYPE DISCIPLINE STAFF_SOURCE_S STAFF_SOURCE_E STAFF_SOURCE_V STAFF_SOURCE_K "
    "STAFF_SOURCE_U STAFF_CATEGORY_S STAFF_CATEGORY_E STAFF_CATEGORY_V STAFF_CATEGORY_U STAFF_CATEGORY_K "
    "STAFF_CATEGORY EMPLOYMENT_FORM CONTRACT IT_SKILL FREE_NORMAL GRASSROOTS PSYCH_TEACHER ENTERPRISE_PRACTICE "
    "PERSONNEL_STATUS DUTY_STATUS STAFF_CURRENT_STATUS LEAVE_REASON TEACHER_CHANGE_STAT TEACHER_FLOW POST_CATEGORY "
    "SECOND_POST_CATEGORY POST_GRADE SCHOOL_DUTY DUTY_CATEGORY TITLE ORG_NATURE ACADEMIC_ORIGIN SCHOOL_CATEGORY "
    "PROVINCE URBAN_RURAL FOUNDER UNIT_STATUS GRADE "
    "REVIEW_RESULT CERT_TYPE CERT_SUBJECT REG_CONCLUSION ETHICS_RESULT HONOR_LEVEL HONOR_TITLE PENALTY_TYPE "
    "PENALTY_REASON TERM_S TERM_U TEACHING_STAGE TEACHING_STATUS COURSE_S COURSE_E COURSE_CATEGORY_V "
    "SUBJECT_CATEGORY_V COURSE_CATEGORY_U SIDE_JOB OTHER_WORK_E SUPERVISOR_TYPE MANDARIN INSURANCE PROJECT_TYPE "
    "PROJECT_ROLE RANK PROJECT_SOURCE PAPER_ROLE PAPER_INDEX BOOK_TYPE BOOK_ROLE AUTHOR_ROLE COMPLETER_ROLE "
    "PATENT_TYPE PATENT_ROLE ARTWORK_TYPE AWARD_TYPE AWARD_GRADE AWARD_LEVEL TUTOR_ROLE TALENT_PROGRAM "
    "TRAINING_LEVEL TRAINING_MODE TRAINING_IMPL CREDIT_TYPE LANGUAGE PROFICIENCY CERT_CATEGORY LANGUAGE_CERT "
    "ROTATION_TYPE ADMIN_DIV"
).split()
# Trees in which different branches use the same name: 朝阳区. What is shown there is the whole path.
NAMES_REPEAT = {"ADMIN_DIV"}


def load(table: str) -> list[dict[str, str]]:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(table: str) -> dict[str, str]:
    return {row["code"]: row["name"] for row in load(table)}


def path_of(row: dict[str, str], rows: dict[str, dict[str, str]]) -> str:
    above = rows.get(row["parent"])
    return (path_of(above, rows) if above else "") + row["name"]


TABLES = sorted(path.stem for path in FOLDER.glob("[A-Z]*.csv"))


def test_every_file_is_listed_once_with_a_title() -> None:
    listed = load("_tables")
    assert sorted(row["table"] for row in listed) == TABLES
    assert all(row["title"] and row["standard"] for row in listed)
    assert set(OWN_TABLES) <= set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_file_has_the_agreed_form(table: str) -> None:
    raw = (FOLDER / f"{table}.csv").read_bytes()
    assert b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\n")
    assert raw.decode("utf-8").splitlines()[0].split(",") == COLUMNS
    for row in load(table):
        assert None not in row and all(value == clean(value) for value in row.values())
        assert all(len(row[column]) <= length for column, length in LENGTHS.items())


@pytest.mark.parametrize("table", TABLES)
def test_values_are_well_formed(table: str) -> None:
    for row in load(table):
        assert row["code"] and row["name"] and row["source"]
        assert int(row["sort"]) >= 0
        assert row["selectable"] in ("0", "1")
        assert row["certainty"] in ("official", "assigned", "assumed")
        assert set(row["school_types"]) <= set("KSEVHU")


@pytest.mark.parametrize("table", TABLES)
def test_codes_are_unique_and_parents_exist(table: str) -> None:
    codes = [row["code"] for row in load(table)]
    assert len({code.casefold() for code in codes}) == len(codes) > 0
    above = set(names(PARENT_TABLE.get(table, table)))
    for row in load(table):
        assert not row["parent"] or row["parent"] in above
        assert table in PARENT_TABLE or row["parent"] != row["code"]


@pytest.mark.parametrize("table", TABLES)
def test_no_word_means_two_codes(table: str) -> None:
    meaning: dict[str, str] = {}
    by_code = {row["code"]: row for row in load(table)}
    for row in by_code.values():
        shown = path_of(row, by_code) if table in NAMES_REPEAT else row["name"]
        for word in (row["code"], shown, *filter(None, row["aliases"].split("|"))):
            assert meaning.setdefault(match_key(word), row["code"]) == row["code"], word
    for row in by_code.values():  # a short name is no other one's full name
        assert meaning.get(match_key(row["name"]), row["code"]) == row["code"], row["name"]


@pytest.mark.parametrize(
    ("table", "word", "code"),
    [
        ("ETHNICITY", "汉", "01"),
        ("ETHNICITY", "1", "01"),
        ("GENDER", "男性", "1"),
        ("EDUCATION", "本科", "21"),
        ("EDUCATION", "研究生", "14"),
        ("POLITICAL", "党员", "01"),
        ("POLITICAL", "团员", "03"),
        ("STUDY_MODE", "全日制", "1"),
        ("COUNTRY", "香港", "344"),
        ("TITLE", "中教一级", "053"),
        ("TITLE", "助教", "014"),
        ("PROVINCE", "云南", "53"),
        ("CERT_TYPE", "高中", "4"),
        ("TERM_S", "上学期", "1"),
        ("TEACHING_STAGE", "小学", "2"),
        ("TRAINING_LEVEL", "国培", "10"),
        ("LANGUAGE", "汉语", "zh"),
        ("LANGUAGE", "韩语", "ko"),
        ("MANDARIN", "二甲", "3"),
        ("LANGUAGE_CERT", "二甲", "13"),
        ("AWARD_GRADE", "一等奖", "2"),
        ("PAPER_INDEX", "SCI", "11"),
        ("ADMIN_DIV", "吉林", "220000"),
        ("ADMIN_DIV", "昆明", "530100"),
        ("ADMIN_DIV", "恩施州", "422800"),
        ("ADMIN_DIV", "石林县", "530126"),
        ("ADMIN_DIV", "浦东", "310115"),
    ],
)
def test_what_people_type_is_known(table: str, word: str, code: str) -> None:
    assert [row["code"] for row in load(table) if word in row["aliases"].split("|")] == [code]


@pytest.mark.parametrize(
    "table",
    [
        "EDUCATION",
        "STUDY_ORG_TYPE",
        "GRASSROOTS",
        "TITLE",
        "SCHOOL_CATEGORY",
        "CERT_SUBJECT",
        "SUBJECT_CATEGORY_V",
        "TALENT_PROGRAM",
        "ROTATION_TYPE",
        "ADMIN_DIV",
    ],
)
def test_group_headings_cannot_be_chosen(table: str) -> None:
    headings = {row["parent"] for row in load(table)} - {""}
    assert {row["code"] for row in load(table) if row["selectable"] == "0"} == headings


@pytest.mark.parametrize(
    "table", ["STAFF_SOURCE_U", "STAFF_SOURCE_K", "STAFF_CATEGORY_V", "ORG_NATURE", "COURSE_S", "BOOK_TYPE"]
)
def test_groups_may_be_chosen_where_the_standard_says_so(table: str) -> None:
    assert {row["selectable"] for row in load(table)} == {"1"}


def test_higher_education_sorts_higher() -> None:
    sort = {row["code"]: int(row["sort"]) for row in load("EDUCATION")}
    rising = "0 90 83 81 73 71 63 62 61 33 32 31 23 22 28 21 19 18 17 14 11".split()
    assert sorted(rising, key=sort.__getitem__) == rising
    assert sort["41"] == sort["44"] == sort["61"]
    assert sort["13"] < sort["12"] < sort["14"]


def test_degrees_hang_below_their_level() -> None:
    assert {row["parent"] for row in load("DEGREE")} == {"2", "3", "4"}
    assert all(row["code"].startswith(row["parent"]) for row in load("DEGREE"))


def test_all_countries_with_china_first() -> None:
    countries = sorted(load("COUNTRY"), key=lambda row: int(row["sort"]))
    assert len(countries) == 249
    assert [row["name"] for row in countries[:4]] == ["中国", "中国香港", "中国澳门", "中国台湾"]
    by_code = names("COUNTRY")
    corrected = {"116": "柬埔寨", "320": "危地马拉", "417": "吉尔吉斯斯坦", "074": "布韦岛", "258": "法属波利尼西亚"}
    assert {code: by_code[code] for code in corrected} == corrected


def test_staff_categories_differ_by_school_type() -> None:
    a2 = [names(f"STAFF_CATEGORY_{kind}")["A2"] for kind in "SEVU"]
    assert a2 == ["教辅人员", "教辅人员", "行政人员", "行政人员"]


def test_only_vocational_schools_detail_the_teaching_status() -> None:
    rows = load("TEACHING_STATUS")
    assert [row["code"] for row in rows if not row["school_types"]] == ["10", "20", "99"]
    assert {row["school_types"] for row in rows if row["parent"]} == {"V"}


def test_special_schools_know_the_ordinary_courses_too() -> None:
    ordinary, special = names("COURSE_S"), names("COURSE_E")
    assert set(ordinary.values()) <= set(special.values())
    assert all(special.get(f"1{code}", name) == name for code, name in ordinary.items())


def test_all_languages_with_chinese_first() -> None:
    languages = load("LANGUAGE")
    assert len(languages) == 138
    assert [row["code"] for row in languages[:2]] == ["zh", "en"] and languages[-1]["code"] == "ZZ"
    assert all(len(row["code"]) == 2 for row in languages if row["certainty"] == "official")


def test_the_whole_country_in_three_levels() -> None:
    rows = {row["code"]: row for row in load("ADMIN_DIV")}
    provinces = {code for code, row in rows.items() if not row["parent"]}
    assert {code[:2] for code in provinces} == set(names("PROVINCE")) - {"66"}
    assert len(rows) == 34 + 333 + 2974
    for code, row in rows.items():
        assert len(code) == 6 and code.isdigit()
        assert row["parent"] in ("", f"{code[:2]}0000", f"{code[:4]}00")


def test_counties_are_chosen_and_cities_without_counties() -> None:
    rows = {row["code"]: row for row in load("ADMIN_DIV")}
    whole = {code for code, row in rows.items() if row["selectable"] == "1" and code.endswith("00")}
    assert sorted(rows[code]["name"] for code in whole) == [
        "东莞市", "中山市", "儋州市", "台湾省", "嘉峪关市", "澳门特别行政区", "香港特别行政区"
    ]  # fmt: skip
    assert rows["110105"]["parent"] == "110000" and rows["419001"]["parent"] == "410000"


def test_what_only_statistics_knows_is_not_called_official() -> None:
    zones = {row["name"] for row in load("ADMIN_DIV") if row["certainty"] == "assigned"}
    assert len(zones) == 125 and {"苏州工业园区", "兰州新区", "大柴旦行政委员会"} <= zones


@pytest.mark.parametrize("table", TABLES)
def test_none_can_be_chosen_and_has_nothing_below(table: str) -> None:
    rows = load(table)
    for none in (row for row in rows if row["name"] == "无"):
        assert none["selectable"] == "1" and none["code"] not in {row["parent"] for row in rows}


def test_checks_of_numbers_know_the_same_codes() -> None:
    assert set(names("PROVINCE")) == PROVINCES
    allowed: dict[str, set[str]] = {}
    for row in load("SCHOOL_CATEGORY"):
        allowed.setdefault(row["code"][:2], set()).update(row["school_types"])
    assert allowed == {code: set(kinds) for code, kinds in SCHOOL_TYPES_BY_CATEGORY.items()}
