"""其他技能: one row for each skill. Source: domain reference 1.15."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import SKILLS


class OtherSkill(SectionRow):
    """One skill that is not a language."""

    __tablename__ = "rec_other_skill"
    section_name = "other_skill"

    name: Mapped[str | None] = text("其他技能名称", 100, required=True, in_list=True,
        help="如书法、编程；有证书的，证书填在「证书」板块。")  # fmt: skip
    proficiency: Mapped[str | None] = code("掌握程度", "PROFICIENCY", required=True, in_list=True,
        help="按实际水平选，不看学了几年。")  # fmt: skip


SECTION = Section(
    name="other_skill",
    title="其他技能",
    model=OtherSkill,
    part=SKILLS,
    intro="选填，每项技能一条。",
    empty_hint="还没有其他技能。",
    title_items=("name", "proficiency"),
)
