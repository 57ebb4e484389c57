"""教育教学: one row for each term. Source: domain reference 1.10, 2.7a."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, codes, flag, number, split_codes, text, year
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow
from app.records.parts import other_discipline

SCHOOLS, HIGHER = "KSEV", "UH"
TERM = dict.fromkeys(SCHOOLS, "TERM_S") | dict.fromkeys(HIGHER, "TERM_U")
COURSE = {"S": "COURSE_S", "E": "COURSE_E"}
NO_STAGE = ["0"]
TEACHES = ("20", "21", "22", "23", "29")  # 任课, and its kinds at vocational schools
TEACHING = When("teaching_status", among=TEACHES)
OTHER_STATUS = When("teaching_status", among=("99",))
OTHER_SIDE_JOB = When("side_job", among=("99",))
TIMETABLE = "见课程表。"


class Teaching(SectionRow):
    """What was taught in one term."""

    __tablename__ = "rec_teaching"
    section_name = "teaching"

    year: Mapped[str | None] = year("学年", required=True, in_list=True, help="学年填开始的那年，如 2025；高校填年度。")
    term: Mapped[str | None] = code("学期", TERM, required=True, in_list=True,
        help="九月开学的是秋季学期；高校按上半年、下半年选。")  # fmt: skip
    teaching_stage: Mapped[str | None] = codes("任教学段", "TEACHING_STAGE", required=True, exclusive=("0",),
        school_types="SE", in_list=True, help="这学期实际教的学段，可多选；不任教选「无」。")  # fmt: skip
    teaching_status: Mapped[str | None] = code("任课状况", "TEACHING_STATUS", required=True, school_types=SCHOOLS,
        in_list=True, help="这学期有课就选「任课」，进修、病休等没有课的选「未任课」。")  # fmt: skip
    teaching_status_desc: Mapped[str | None] = text("任课状况为其他情况的具体说明", 200, required_when=OTHER_STATUS,
        applies_when=OTHER_STATUS, school_types=SCHOOLS, help="任课状况选「其他」时才填，写明在做什么。")  # fmt: skip
    course: Mapped[str | None] = codes("任教课程", COURSE, required_when=TEACHING, applies_when=TEACHING,
        school_types="SE", in_list=True, help="这学期教的课都选上，可多选。", source=TIMETABLE)  # fmt: skip
    course_category: Mapped[str | None] = code("任课课程类别", "COURSE_CATEGORY_V", required_when=TEACHING,
        applies_when=TEACHING, school_types="V", in_list=True, help="公共文化课选「文化基础课」，不要选「专业课」。",
        source=TIMETABLE)  # fmt: skip
    subject_category: Mapped[str | None] = code("任课学科类别", "SUBJECT_CATEGORY_V", required_when=TEACHING,
        applies_when=TEACHING, school_types="V", help="专业课选专业大类，文化课选到具体学科。",
        source=TIMETABLE)  # fmt: skip
    weekly_hours: Mapped[Decimal | None] = number("平均每周课堂教学课时数", 2, low=0, high=99, unit="课时",
        required_when=TEACHING, applies_when=TEACHING, school_types=SCHOOLS, in_list=True,
        help="每周上课的节数，各周不同的取平均，填整数。", source=TIMETABLE)  # fmt: skip
    other_work: Mapped[str | None] = codes("承担的其他工作", "OTHER_WORK_E", school_types="E",
        help="教学以外承担的特教工作，可多选，没有可以不填。")  # fmt: skip
    other_weekly_hours: Mapped[Decimal | None] = number("平均每周其他工作折合教学课时数", 2, low=0, high=99,
        unit="课时", school_types=SCHOOLS, help="按学校的规定折算成每周课时，没有可以不填。")  # fmt: skip
    side_job: Mapped[str | None] = code("兼任工作", "SIDE_JOB", required=True, school_types=SCHOOLS,
        help="没有的选「无」，兼几项的选最主要的一项。")  # fmt: skip
    side_job_name: Mapped[str | None] = text("兼任其他工作名称", 50, required_when=OTHER_SIDE_JOB,
        applies_when=OTHER_SIDE_JOB, school_types=SCHOOLS, help="兼任工作选「其他」时才填，如图书管理。")  # fmt: skip
    supervisor_type: Mapped[str | None] = code("导师类别", "SUPERVISOR_TYPE", required=True, school_types="U",
        in_list=True, help="都带的选「博士、硕士导师」，不是选「无」。", source="见导师聘任文件。")  # fmt: skip
    discipline: Mapped[str | None] = code("现主要从事学科领域", "DISCIPLINE", school_types=HIGHER, in_list=True,
        help="现在主要教学、研究的学科，不是当年所学的专业。")  # fmt: skip
    discipline_other: Mapped[str | None] = other_discipline(school_types=HIGHER)
    teaches_undergraduate: Mapped[str | None] = flag("是否为本科生上课", required=True, school_types="U",
        help="给本科生上课选「是」，只带研究生选「否」。", source=TIMETABLE)  # fmt: skip
    course_hours: Mapped[Decimal | None] = number("课程教学课时数", 4, low=0, high=9999, unit="课时",
        school_types=HIGHER, in_list=True, help="整个学期的课时数，不是每周的。", source=TIMETABLE)  # fmt: skip
    other_hours: Mapped[Decimal | None] = number("其他工作折合课时数", 4, low=0, high=9999, unit="课时",
        school_types=HIGHER, help="带实习、论文等折合的课时，整个学期合计。")  # fmt: skip


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
