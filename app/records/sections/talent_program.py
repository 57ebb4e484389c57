"""入选人才项目: one row for each programme. Source: domain reference 1.12."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, year
from app.core.sections.section import Section
from app.records.base import SectionRow

SELECTED = When("program", except_for=("00",))


class TalentProgram(SectionRow):
    """One programme a teacher was chosen for."""

    __tablename__ = "rec_talent_program"
    section_name = "talent_program"

    program: Mapped[str | None] = code("入选人才项目名称", "TALENT_PROGRAM", required=True, in_list=True,
        help="选到具体一项，没有列出的选「其他专家」。", source="见入选文件或证书。")  # fmt: skip
    year: Mapped[str | None] = year("入选年份", applies_when=SELECTED, in_list=True,
        help="入选文件上的年份，不是申报的年份。", source="见入选文件或证书。")  # fmt: skip


SECTION = Section(
    name="talent_program",
    title="入选人才项目",
    model=TalentProgram,
    may_be_none=True,
    none_when=When("program", among=("00",)),
    intro="选填，每个项目一条。",
    empty_hint="还没有入选人才项目。",
    order_by="year",
    title_items=("program", "year"),
)
