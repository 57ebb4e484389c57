"""指导学生参加竞赛获奖: one row for each award won by students. Source: domain reference 1.11 (10)."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, month, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative

AWARD_CERTIFICATE = "见获奖证书。"


class StudentAward(SectionRow):
    """One award that students won under the teacher's guidance."""

    __tablename__ = "rec_student_award"
    section_name = "student_award"

    name: Mapped[str | None] = text("奖励名称", 200, required=True, in_list=True, help="与获奖证书一致，写竞赛全称。",
        source=AWARD_CERTIFICATE)  # fmt: skip
    is_representative: Mapped[str | None] = representative()
    role: Mapped[str | None] = code("本人角色", "TUTOR_ROLE", in_list=True, help="第三指导老师及以后选「其他」。",
        source=AWARD_CERTIFICATE)  # fmt: skip
    level: Mapped[str | None] = text("奖项等级", 50, in_list=True, help="照证书填写，如省级一等奖。",
        source=AWARD_CERTIFICATE)  # fmt: skip
    award_month: Mapped[str | None] = month("获奖年月", in_list=True, help="证书上的年月，不是比赛的年月。",
        source=AWARD_CERTIFICATE)  # fmt: skip
    work_desc: Mapped[str | None] = text("本人承担工作描述", 500, help="本人做了哪些指导工作，500 字以内。")


SECTION = Section(
    name="student_award",
    title="指导学生参加竞赛获奖",
    model=StudentAward,
    required=False,
    part=RESULTS,
    empty_hint="还没有指导学生参加竞赛获奖。没有的可以不填。",
    order_by="award_month",
    title_items=("name",),
)
