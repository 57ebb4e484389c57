"""语言能力: one row for each language, Chinese first. Source: domain reference 1.15."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow
from app.records.parts import SKILLS

CHINESE, FLUENT = "zh", "1"


class LanguageSkill(SectionRow):
    """One language."""

    __tablename__ = "rec_language_skill"
    section_name = "language_skill"

    language: Mapped[str | None] = code("语种", "LANGUAGE", required=True, in_list=True,
        help="汉语必须填一条，先填汉语再填其他语种。")  # fmt: skip
    proficiency: Mapped[str | None] = code("掌握程度", "PROFICIENCY", required=True, in_list=True,
        help="汉语选「精通」，其他语种按实际水平选。")  # fmt: skip


def chinese_is_fluent(row: Row) -> Iterator[Problem]:
    """汉语的掌握程度是精通；外籍教师可以不是，所以只提示。"""
    if row.get("language") == CHINESE and row.get("proficiency") not in (None, "", FLUENT):
        yield Problem("proficiency", "汉语的掌握程度一般选「精通」，请核对。", "warning")


def chinese_is_there(rows: Sequence[Row]) -> Iterator[tuple[int | None, Problem]]:
    """汉语（中文）必须有一条。"""
    if not any(row.get("language") == CHINESE for row in rows):
        yield None, Problem("", "还没有「汉语（中文）」这一条，请添加。")


SECTION = Section(
    name="language_skill",
    title="语言能力",
    model=LanguageSkill,
    part=SKILLS,
    required=True,
    unique=("language",),
    intro="先填汉语，再填其他语种。",
    empty_hint="还没有语言能力。先填汉语。",
    title_items=("language", "proficiency"),
    rules=(chinese_is_fluent,),
    rows_rules=(chinese_is_there,),
)
