"""教育教学: one row for each term. Source: domain reference 1.10, 2.7a."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, codes, flag, number, split_codes, text, year
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

SCHOOLS, HIGHER = "KSEV", "UH"
TERM = dict.fromkeys(SCHOOLS, "TERM_S") | dict.fromkeys(HIGHER, "TERM_U")
COURSE = {"S": "COURSE_S", "E": "COURSE_E"}
NO_STAGE = ["0"]
TEACHES = ("20", "21", "22", "23", "29")  # 任课, and its kinds at vocational schools
TEACHING = When("teaching_status", among=TEACHES)
OTHER_STATUS = When("teaching_status", among=("99",))
OTHER_SIDE_JOB = When("side_job", among=("99",))
OTHER_DISCIPLINE = When("discipline", among=("99",))


class Teaching(SectionRow):
    """What was taught in one term."""

    __tablename__ = "rec_teaching"
    section_name = "teaching"

    year: Mapped[str | None] = year("学年", required=True, in_list=True,
        help="填开始的年份：2025–2026 学年填 2025；高校填年度。")  # fmt: skip
    term: Mapped[str | None] = code("学期", TERM, required=True, in_list=True)
    teaching_stage: Mapped[str | None] = codes("任教学段", "TEACHING_STAGE", required=True, exclusive=("0",),
        school_types="SE", in_list=True, help="可多选；不任教的选「无」。")  # fmt: skip
    teaching_status: Mapped[str | None] = code("任课状况", "TEACHING_STATUS", required=True, school_types=SCHOOLS,
        in_list=True)  # fmt: skip
    teaching_status_desc: Mapped[str | None] = text("任课状况为其他情况的具体说明", 200, required_when=OTHER_STATUS,
        applies_when=OTHER_STATUS, school_types=SCHOOLS)  # fmt: skip
    course: Mapped[str | None] = codes("任教课程", COURSE, required_when=TEACHING, applies_when=TEACHING,
        school_types="SE", in_list=True, help="可多选。")  # fmt: skip
    course_category: Mapped[str | None] = code("任课课程类别", "COURSE_CATEGORY_V", required_when=TEACHING,
        applies_when=TEACHING, school_types="V", in_list=True)  # fmt: skip
    subject_category: Mapped[str | None] = code("任课学科类别", "SUBJECT_CATEGORY_V", required_when=TEACHING,
        applies_when=TEACHING, school_types="V")  # fmt: skip
    weekly_hours: Mapped[Decimal | None] = number("平均每周课堂教学课时数", 2, low=0, high=99, unit="课时",
        required_when=TEACHING, applies_when=TEACHING, school_types=SCHOOLS, in_list=True)  # fmt: skip
    other_work: Mapped[str | None] = codes("承担的其他工作", "OTHER_WORK_E", school_types="E", help="可多选。")
    other_weekly_hours: Mapped[Decimal | None] = number("平均每周其他工作折合教学课时数", 2, low=0, high=99,
        unit="课时", school_types=SCHOOLS)  # fmt: skip
    side_job: Mapped[str | None] = code("兼任工作", "SIDE_JOB", required=True, school_types=SCHOOLS,
        help="没有的选「无」。")  # fmt: skip
    side_job_name: Mapped[str | None] = text("兼任其他工作名称", 50, required_when=OTHER_SIDE_JOB,
        applies_when=OTHER_SIDE_JOB, school_types=SCHOOLS)  # fmt: skip
    supervisor_type: Mapped[str | None] = code("导师类别", "SUPERVISOR_TYPE", required=True, school_types="U",
        in_list=True, help="不是导师的选「无」。")  # fmt: skip
    discipline: Mapped[str | None] = code("现主要从事学科领域", "DISCIPLINE", school_types=HIGHER, in_list=True)
    discipline_other: Mapped[str | None] = text("其他学科领域名称", 50, required_when=OTHER_DISCIPLINE,
        applies_when=OTHER_DISCIPLINE, school_types=HIGHER)  # fmt: skip
    teaches_undergraduate: Mapped[str | None] = flag("是否为本科生上课", required=True, school_types="U")
    course_hours: Mapped[Decimal | None] = number("课程教学课时数", 4, low=0, high=9999, unit="课时",
        school_types=HIGHER, in_list=True, help="整个学期的课时数。")  # fmt: skip
    other_hours: Mapped[Decimal | None] = number("其他工作折合课时数", 4, low=0, high=9999, unit="课时",
        school_types=HIGHER)  # fmt: skip


def stage_agrees_with_status(row: Row) -> Iterator[Problem]:
    """任教学段选「无」的没有任课。"""
    if split_codes(str(row.get("teaching_stage") or "")) == NO_STAGE and row.get("teaching_status") in TEACHES:
        yield Problem("teaching_status", "任教学段是「无」，任课状况不能是「任课」。")


SECTION = Section(
    name="teaching",
    title="教育教学",
    model=Teaching,
    required=True,
    may_be_none=True,
    unique=("year", "term"),
    intro="每学期一条，从当前学期填起。",
    empty_hint="还没有教育教学。填当前学期的任课情况。",
    order_by="year",
    title_items=("year", "term"),
    rules=(stage_agrees_with_status,),
)
