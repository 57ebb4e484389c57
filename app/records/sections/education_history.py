"""学习经历: one row for each course of study, from senior high school to the highest. Source: domain reference 1.2."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, flag, month, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

CHINA = "156"
EDUCATED = When("education", except_for=("0",))
HAS_DEGREE = When("degree_level", except_for=("0",))
DIPLOMA = "见毕业证书。"
DEGREE_CERTIFICATE = "见学位证书。"


class EducationHistory(SectionRow):
    """One course of study."""

    __tablename__ = "rec_education_history"
    section_name = "education_history"

    education: Mapped[str | None] = code("获得学历", "EDUCATION", required=True, in_list=True,
        help="从高中或中专填到最高学历，在读的也可以填。", source=DIPLOMA)  # fmt: skip
    education_country: Mapped[str | None] = code("获得学历的国家（地区）", "COUNTRY", required=True, required_for="UH",
        applies_when=EDUCATED, default=CHINA, help="学校所在的国家或地区，国内学校选中国。")  # fmt: skip
    education_school: Mapped[str | None] = text("获得学历的院校或机构", 100, required_when=EDUCATED,
        applies_when=EDUCATED, in_list=True, help="与毕业证书一致，校名改过的写毕业时的校名。",
        source=DIPLOMA)  # fmt: skip
    major: Mapped[str | None] = text("所学专业", 100, required_when=EDUCATED, applies_when=EDUCATED, in_list=True,
        help="与毕业证书一致，高中填「无」。", source=DIPLOMA)  # fmt: skip
    is_normal_major: Mapped[str | None] = flag("是否师范类专业", required_when=EDUCATED, applies_when=EDUCATED,
        default="0", school_types="KSEV", help="师范大学的非师范专业，选「否」。")  # fmt: skip
    start_month: Mapped[str | None] = month("入学年月", required=True, required_for="UH", applies_when=EDUCATED,
        in_list=True, help="开始就读的年月，证书上有学习起止时间。", source=DIPLOMA)  # fmt: skip
    # The rule below compares strictly, so `earliest` would say it twice.
    end_month: Mapped[str | None] = month("毕业年月", applies_when=EDUCATED, in_list=True, open_ended=True,
        help="证书上的毕业年月，在读的不填。", source=DIPLOMA)  # fmt: skip
    degree_level: Mapped[str | None] = code("学位层次", "DEGREE_LEVEL", required=True,
        help="没有学位选「无」；只有毕业证书也选「无」。", source=DEGREE_CERTIFICATE)  # fmt: skip
    degree: Mapped[str | None] = code("学位名称", "DEGREE", required_when=HAS_DEGREE, applies_when=HAS_DEGREE,
        code_parent="degree_level", parent_alias={"1": "2"}, in_list=True,
        help="先选层次再选名称；专业学位不要选成学术学位。", source=DEGREE_CERTIFICATE)  # fmt: skip
    degree_country: Mapped[str | None] = code("获得学位的国家（地区）", "COUNTRY", required_when=HAS_DEGREE,
        applies_when=HAS_DEGREE, default=CHINA, help="授予学位的学校所在的国家或地区。")  # fmt: skip
    degree_school: Mapped[str | None] = text("获得学位的院校或机构", 100, required_when=HAS_DEGREE,
        applies_when=HAS_DEGREE, help="与学位证书一致，不一定是毕业的学校。", source=DEGREE_CERTIFICATE)  # fmt: skip
    degree_month: Mapped[str | None] = month("学位授予年月", applies_when=HAS_DEGREE, earliest="start_month",
        help="学位证书上的年月，可能晚于毕业年月。", source=DEGREE_CERTIFICATE)  # fmt: skip
    study_mode: Mapped[str | None] = code("学习方式", "STUDY_MODE", required=True,
        help="全日制选「全脱产」，函授一般选「不脱产」。")  # fmt: skip
    study_form: Mapped[str | None] = code("学习形式", "STUDY_FORM", help="如普通高等学校、函授，没有把握的不填。",
        source=DIPLOMA)  # fmt: skip
    study_org_type: Mapped[str | None] = code("在学单位类别", "STUDY_ORG_TYPE", required=True, required_for="UH",
        help="按就读机构选，大学选「全日制高等学校」。")  # fmt: skip


def graduates_after_entering(row: Row) -> Iterator[Problem]:
    """毕业年月必须晚于入学年月。"""
    start, end = str(row.get("start_month") or ""), str(row.get("end_month") or "")
    if start and end and end <= start:
        yield Problem("end_month", f"「毕业年月」{end} 应晚于「入学年月」{start}，请对照毕业证书核对。")


SECTION = Section(
    name="education_history",
    title="学习经历",
    model=EducationHistory,
    required=True,
    intro="从高中（中专）填到最高学历，次序由系统按入学年月排。",
    empty_hint="还没有学习经历。从高中或中专填起。",
    order_by="start_month",
    title_items=("education", "education_school"),
    rules=(graduates_after_entering,),
)
