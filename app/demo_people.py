"""The invented people: basic information and courses of study, as each kind of school asks for them.

The ID numbers are valid in form; their area codes end in 00, which is never given to a person.
"""

import datetime as dt
import random
from collections.abc import Iterator

from app.core.codes import codes
from app.core.sections.fields import Value
from app.core.validators import citizen_check_digit
from app.organisations.models import Unit
from app.records.operations import new_teacher
from app.records.sections.education_history import EducationHistory
from app.records.teacher import HIGHER, IN_SERVICE, Teacher
from app.records.teacher import SECTION as BASIC_INFO

AREA = "530000"
SURNAMES = "陈杨黄吴刘周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡"
GIVEN = (
    "秋实 若溪 一鸣 静宜 文斌 志远 晓岚 长青 玉兰 守业 思源 雨涵 子轩 佳怡 "
    "建军 丽华 海燕 国强 雪梅 俊杰 婷婷 明辉 春燕 立群 小燕"
).split()
UNIVERSITIES = ("云川师范大学", "南屏学院", "云川大学", "滇东师范学院")
SUBJECTS = ("数学与应用数学", "汉语言文学", "英语", "物理学", "化学", "历史学", "学前教育", "小学教育")
FURTHER_SUBJECTS = ("应用数学", "计算机科学与技术", "机械工程", "课程与教学论", "中国现当代文学")

# 五华区, 麒麟区, 红塔区, 隆阳区, 昭阳区, 大理市, 楚雄市, 长沙县, 重庆市万州区, 吉林省长春市朝阳区
PLACES = ("530102", "530302", "530402", "530502", "530602", "532901", "532301", "430121", "500101", "220104")
BACHELOR_AT, MASTER_TAKES = 22, 3  # the age, and years of study


def person(school: Unit, number: int, chance: random.Random) -> Teacher:
    """A new teacher with basic information, unsaved. The same chances in the same order give the same person."""
    higher = school.school_kind in HIGHER
    # Who studied longer began later: nobody begins in a year that has not come.
    born = dt.date(1966 + chance.randrange(30 if higher else 34), 1 + chance.randrange(12), 1 + chance.randrange(28))
    gender = chance.choice("12")
    serial = f"{(number * 2) % 998 + (gender == '1'):03d}"
    first17 = f"{AREA}{born:%Y%m%d}{serial}"
    studied_until = born.year + BACHELOR_AT + (MASTER_TAKES if higher else 0)
    start = f"{studied_until + chance.randrange(3)}-0{7 + chance.randrange(3)}"
    staffed = chance.choice("11110")
    values: dict[str, Value] = {
        "name": SURNAMES[number % len(SURNAMES)] + chance.choice(GIVEN),
        "former_name": "无",
        "gender": gender,
        "id_type": "1",
        "id_number": first17 + citizen_check_digit(first17),
        "birth_date": born,
        "nationality": "156",
        "native_place": PLACES[number % len(PLACES)],
        "birth_place": PLACES[number % len(PLACES) if number % 3 else 0],
        "ethnicity": chance.choice(("01", "01", "01", "01", "03", "08", "07")),
        "political_status": chance.choice((",13,", ",01,", ",03,", ",13,")),
        "health_status": "1",
    }
    values |= _work(school, start, staffed, chance) | _abilities(school, number, chance)
    if higher:
        values |= _at_university(school, number, start)
    asked = {field.name for field in BASIC_INFO.fields_for(school.indicator_set)}
    return new_teacher(school, {name: value for name, value in values.items() if name in asked})


def _work(school: Unit, start: str, staffed: str, chance: random.Random) -> dict[str, Value]:
    kind = school.school_kind
    graduate, transferred = ("12", "31") if kind in HIGHER else ("101", "30")
    return {
        "work_start_month": start,
        "special_edu_start_month": start,
        "school_entry_month": start,
        "staff_source": graduate if chance.random() < 0.7 else transferred,
        "staff_category": "04" if kind == "K" else chance.choice(("A1", "A1", "A1", "A1", "A3", "A2")),
        "is_staffed": staffed,
        "employment_form": None if staffed == "1" else "9",
        "contract_type": "1" if staffed == "1" else "2",
        "personnel_status": IN_SERVICE[kind],
    }


def _abilities(school: Unit, number: int, chance: random.Random) -> dict[str, Value]:
    special, skilled = school.school_kind == "E", str(number % 2)
    return {
        "it_skill": chance.choice("123"),
        "free_normal_student": "0",
        "grassroots_program": "0",
        "psych_teacher": "0",
        "is_special_grade_teacher": "0",
        "is_backbone_teacher": chance.choice("0001"),
        "is_fulltime_normal_graduate": chance.choice("01"),
        "is_fulltime_special_edu_graduate": skilled if special else "0",
        "has_special_edu_training": "1" if special else "0",
        "has_special_edu_cert": skilled if special else "0",
        "is_fulltime_preschool_graduate": "1",
        "has_preschool_training": "1",
        "is_dual_qualified": skilled,
        "has_vocational_skill_cert": skilled,
        "enterprise_practice_length": "3" if skilled == "1" else "1",
    }


def _at_university(school: Unit, number: int, start: str) -> dict[str, Value]:
    departments = codes[BASIC_INFO.fields["department"].table_for(school.indicator_set)].offered(school.indicator_set)
    return {
        "department": departments[number % len(departments)].code,
        "staff_no": f"{start[:4]}{number:04d}",
        "marital_status": "10" if number % 4 == 0 else "20",
        "academic_origin": "2",
        "teaching_start_month": start,
        "is_foreign_faculty": "0",
    }


def studies(teacher: Teacher, school: Unit, chance: random.Random) -> Iterator[EducationHistory]:
    """Senior high school, the bachelor's degree, and for those at universities the master's."""
    assert teacher.birth_date is not None
    higher = school.school_kind in HIGHER
    begun = teacher.birth_date.year + BACHELOR_AT - 7
    # A school of the province has no county whose senior high school its people would have gone to.
    town = school.name[:3] if school.parent is not None and school.parent.level != "province" else "南屏市"
    yield EducationHistory(
        teacher=teacher, education="61", education_country="156", education_school=f"{town}高级中学",
        major="无", is_normal_major=None if higher else "0", start_month=f"{begun}-09", end_month=f"{begun + 3}-06",
        degree_level="0", study_mode="1", study_org_type="12" if higher else None,
    )  # fmt: skip
    yield EducationHistory(
        teacher=teacher, education="21", education_country="156", education_school=chance.choice(UNIVERSITIES),
        major=chance.choice(SUBJECTS), is_normal_major=None if higher else "1", start_month=f"{begun + 3}-09",
        end_month=f"{begun + 7}-06", degree_level="4", degree="404", degree_country="156",
        degree_school=chance.choice(UNIVERSITIES), degree_month=f"{begun + 7}-06", study_mode="1",
        study_org_type="14" if higher else None,
    )  # fmt: skip
    if higher:
        # Not at the own school: 学缘结构 says 外校.
        yield EducationHistory(
            teacher=teacher, education="14", education_country="156", education_school="滇东师范学院",
            major=chance.choice(FURTHER_SUBJECTS), start_month=f"{begun + 7}-09",
            end_month=f"{begun + 7 + MASTER_TAKES}-06", degree_level="3", degree="308", degree_country="156",
            degree_school="滇东师范学院", degree_month=f"{begun + 7 + MASTER_TAKES}-06", study_mode="1",
            study_org_type="14",
        )  # fmt: skip
