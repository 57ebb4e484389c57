"""The working lives of the invented people: rows of every section that a teacher of each kind of school has."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.organisations.models import Unit
from app.records.base import SectionRow
from app.records.sections.annual_review import AnnualReview
from app.records.sections.certificate import Certificate
from app.records.sections.contact import Contact
from app.records.sections.domestic_training import DomesticTraining
from app.records.sections.ethics_review import EthicsReview
from app.records.sections.language_skill import LanguageSkill
from app.records.sections.none_said import NoneSaid
from app.records.sections.paper import Paper
from app.records.sections.post_appointment import PostAppointment
from app.records.sections.rotation import Rotation
from app.records.sections.salary import Salary
from app.records.sections.teacher_qualification import TeacherQualification
from app.records.sections.teaching import Teaching
from app.records.sections.title_appointment import TitleAppointment
from app.records.sections.work_history import WorkHistory
from app.records.teacher import HIGHER, SCHOOLS, Teacher

LAST_YEAR = 2025  # the demo stands in autumn 2026
TRAININGS = ("中小学教师信息技术应用能力提升", "新课标解读与课例研究", "师德师风专题研修", "班级管理与家校共育")
PAPERS = ("核心素养视域下的单元教学设计", "乡村学校课后服务的实践与思考", "问题导向的课堂提问策略研究")
HIGHER_TRAININGS = ("高校青年教师教学能力提升", "课程思政教学设计", "师德师风专题研修", "数字化教学资源建设")
HIGHER_PAPERS = ("新工科背景下的课程改革实践", "产教融合育人模式的探索", "过程性评价在大学课堂的应用")
ORGANISERS = ("云川省教师发展中心", "南屏市教师进修学校", "国家教师研修平台")


@dataclass(frozen=True)
class Kind:
    """What is usual at one kind of school."""

    titles: tuple[str, str, str]  # of beginners, of most, of the experienced
    cert_type: str
    cert_subject: str
    cert_issuer: str
    org_nature: str
    teaching: dict[str, Any]


CITY, PROVINCE = "南屏市教育局", "云川省教育厅"
_SCHOOL = {"teaching_status": "20", "weekly_hours": Decimal(12), "side_job": "0"}
KINDS = {
    "K": Kind(("514", "513", "512"), "1", "01", CITY, "231", _SCHOOL),
    "S": Kind(("514", "513", "512"), "4", "03", CITY, "233", _SCHOOL | {"teaching_stage": ",4,", "course": ",14,"}),
    "E": Kind(("514", "513", "512"), "2", "02", CITY, "232", _SCHOOL | {"teaching_stage": ",A,", "course": ",01,"}),
    "V": Kind(("024", "023", "022"), "5", "71", CITY, "234",
              _SCHOOL | {"teaching_status": "22", "course_category": "2", "subject_category": "71"}),
    "H": Kind(("014", "013", "012"), "7", "00", PROVINCE, "22", {"discipline": "08", "course_hours": Decimal(64)}),
    "U": Kind(("014", "013", "012"), "7", "00", PROVINCE, "22", {"discipline": "07", "course_hours": Decimal(64),
              "supervisor_type": "0", "teaches_undergraduate": "1"}),
}  # fmt: skip
YOUNG, EXPERIENCED = 6, 18  # years of service


def career(teacher: Teacher, school: Unit, chance: random.Random) -> Iterator[SectionRow]:
    """The rows of one teacher, unsaved. With basic information and courses of study the record is complete."""
    kind = KINDS[school.school_kind]
    entered = str(teacher.school_entry_month)
    years = LAST_YEAR + 1 - int(entered[:4])
    yield WorkHistory(teacher=teacher, org_name=school.name, start_month=entered, org_nature=kind.org_nature,
                      position="教师")  # fmt: skip
    yield from _posts(teacher, school, kind, years, entered)
    yield _certificate_of_teacher(teacher, kind, chance)
    yield from _teaching(teacher, kind)
    yield from _abilities(teacher, school, chance)
    yield from _of_school(teacher, school, chance)
    if school.school_kind in SCHOOLS:
        yield from _rotation(teacher, school, years, chance)
    number = f"{teacher.birth_date:%m%d}{chance.randrange(10000):04d}"
    higher = school.school_kind in HIGHER
    yield Contact(teacher=teacher, address=f"{school.name}教师公寓", mobile=f"139{number}",
                  email=f"t{number}@example.com" if higher else None)  # fmt: skip


def _posts(teacher: Teacher, school: Unit, kind: Kind, years: int, entered: str) -> Iterator[SectionRow]:
    level = 0 if years < YOUNG else 2 if years >= EXPERIENCED else 1
    since = entered if level == 0 else f"{LAST_YEAR - 2}-12"
    yield PostAppointment(teacher=teacher, post_category="1", post_grade=("112", "110", "107")[level],
                          start_month=since, has_second_post="0", school_duty=",00,")  # fmt: skip
    if years < 1:
        yield NoneSaid(teacher=teacher, section="title_appointment")
        return
    yield TitleAppointment(teacher=teacher, title=kind.titles[level], start_month=since, org_name=school.name,
                           has_same_level_cert="1" if school.school_kind in HIGHER else None)  # fmt: skip


def _certificate_of_teacher(teacher: Teacher, kind: Kind, chance: random.Random) -> SectionRow:
    """A certificate of 17 digits: year, agency, kind, sex, number."""
    year = max(int(str(teacher.work_start_month)[:4]), 2002)
    number = f"{year}53001{kind.cert_type}{teacher.gender}{chance.randrange(10**6):06d}"
    return TeacherQualification(teacher=teacher, cert_type=kind.cert_type, cert_no=number, subject=kind.cert_subject,
                                issue_date=dt.date(year, 6, 20), issue_org=kind.cert_issuer)  # fmt: skip


def _teaching(teacher: Teacher, kind: Kind) -> Iterator[SectionRow]:
    for term in "12":
        yield Teaching(teacher=teacher, year=str(LAST_YEAR), term=term, **kind.teaching)


def _abilities(teacher: Teacher, school: Unit, chance: random.Random) -> Iterator[SectionRow]:
    trainings, papers = (HIGHER_TRAININGS, HIGHER_PAPERS) if school.school_kind in HIGHER else (TRAININGS, PAPERS)
    for year in (LAST_YEAR - 1, LAST_YEAR):
        yield DomesticTraining(teacher=teacher, year=str(year), training_level=chance.choice(("20", "30", "40")),
                               name=chance.choice(trainings), org_name=chance.choice(ORGANISERS), mode="3",
                               hours=Decimal(chance.choice((24, 40, 72))))  # fmt: skip
    yield LanguageSkill(teacher=teacher, language="zh", proficiency="1")
    if chance.random() < 0.4:
        yield LanguageSkill(teacher=teacher, language="en", proficiency="3")
    yield Certificate(teacher=teacher, cert_category="2", language_cert=chance.choice(("13", "14")),
                      issue_month=str(teacher.work_start_month), issuer="云川省语言文字工作委员会")  # fmt: skip
    if teacher.has_vocational_skill_cert == "1":
        yield Certificate(teacher=teacher, cert_category="1", name="电工（高级工）",
                          issue_month=str(teacher.work_start_month), issuer="云川省职业技能鉴定中心")  # fmt: skip
    if chance.random() < 0.25:
        yield Paper(teacher=teacher, title=chance.choice(papers), is_representative="0", journal="云川教育研究",
                    publish_month=f"{LAST_YEAR - chance.randrange(4)}-05", role="1")  # fmt: skip


def _of_school(teacher: Teacher, school: Unit, chance: random.Random) -> Iterator[SectionRow]:
    """What the school enters: reviews and pay of last year."""
    yield AnnualReview(teacher=teacher, year=str(LAST_YEAR), result=chance.choice("1222"), org_name=school.name)
    yield EthicsReview(teacher=teacher, review_month=f"{LAST_YEAR}-12", review_result=chance.choice("1222"),
                       review_org=school.name)  # fmt: skip
    if school.school_kind in SCHOOLS:
        base = Decimal(3000 + 100 * chance.randrange(30))
        nothing = Decimal(0)
        yield Salary(teacher=teacher, year=str(LAST_YEAR), annual_income=base * 22, base_salary=base,
                     performance_salary=base / 2, other_allowance=nothing,
                     rural_allowance=None if school.school_kind == "V" else Decimal(400),
                     other_income=nothing, insurance_fund=",1,2,3,4,5,6,")  # fmt: skip


def _rotation(teacher: Teacher, school: Unit, years: int, chance: random.Random) -> Iterator[SectionRow]:
    if years < YOUNG or chance.random() < 0.7:
        yield NoneSaid(teacher=teacher, section="rotation")
        return
    begun = LAST_YEAR - 3
    yield Rotation(teacher=teacher, rotation_type="11", transfers_personnel="0", start_month=f"{begun}-09",
                   end_month=f"{begun + 1}-07", from_org=school.name,
                   to_org=f"{school.name[:3]}乡中心学校")  # fmt: skip
