"""学习经历: one row for each course of study, from senior high school to the highest. Source: domain reference 1.2."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, flag, month, text
from app.core.sections.section import Section
from app.records.base import SectionRow

CHINA = "156"
EDUCATED = When("education", except_for=("0",))
HAS_DEGREE = When("degree_level", except_for=("0",))


class EducationHistory(SectionRow):
    """One course of study."""

    __tablename__ = "rec_education_history"
    section_name = "education_history"

    education: Mapped[str | None] = code("获得学历", "EDUCATION", required=True, in_list=True,
        help="从高中或中专填到当前最高学历；在读的也可以先填。")  # fmt: skip
    education_country: Mapped[str | None] = code(
        "获得学历的国家（地区）", "COUNTRY", applies_when=EDUCATED, default=CHINA
    )
    education_school: Mapped[str | None] = text("获得学历的院校或机构", 100, required_when=EDUCATED,
        applies_when=EDUCATED, in_list=True, help="与毕业证书一致。")  # fmt: skip
    major: Mapped[str | None] = text("所学专业", 100, required_when=EDUCATED, applies_when=EDUCATED, in_list=True,
        help="高中填「无」。")  # fmt: skip
    is_normal_major: Mapped[str | None] = flag("是否师范类专业", required_when=EDUCATED, applies_when=EDUCATED,
        default="0", school_types="KSEV")  # fmt: skip
    start_month: Mapped[str | None] = month("入学年月", applies_when=EDUCATED, in_list=True)
    end_month: Mapped[str | None] = month("毕业年月", applies_when=EDUCATED, earliest="start_month", in_list=True,
        help="在读的不填。")  # fmt: skip
    degree_level: Mapped[str | None] = code("学位层次", "DEGREE_LEVEL", required=True, help="没有学位选「无」。")
    degree: Mapped[str | None] = code("学位名称", "DEGREE", required_when=HAS_DEGREE, applies_when=HAS_DEGREE,
        code_parent="degree_level", parent_alias={"1": "2"}, in_list=True)  # fmt: skip
    degree_country: Mapped[str | None] = code("获得学位的国家（地区）", "COUNTRY", required_when=HAS_DEGREE,
        applies_when=HAS_DEGREE, default=CHINA)  # fmt: skip
    degree_school: Mapped[str | None] = text(
        "获得学位的院校或机构", 100, required_when=HAS_DEGREE, applies_when=HAS_DEGREE
    )
    degree_month: Mapped[str | None] = month("学位授予年月", applies_when=HAS_DEGREE, earliest="start_month")
    study_mode: Mapped[str | None] = code("学习方式", "STUDY_MODE", required=True)
    study_org_type: Mapped[str | None] = code("在学单位类别", "STUDY_ORG_TYPE", required=True, required_for="UH")


SECTION = Section(
    name="education_history",
    title="学习经历",
    model=EducationHistory,
    required=True,
    intro="从高中（中专）填到最高学历，次序由系统按入学年月排。",
    empty_hint="还没有学习经历。从高中或中专填起。",
    order_by="start_month",
    title_items=("education", "education_school"),
)
