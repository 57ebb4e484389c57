"""获奖（奖励）: one row for each award. Source: domain reference 1.11 (7)."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, month, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative

CHINA = "156"
HAS_AWARD = When("award_type", except_for=("0",))
OTHER_LEVEL = When("level", among=("9",))
AWARD_CERTIFICATE = "见获奖证书。"


class Award(SectionRow):
    """One award."""

    __tablename__ = "rec_award"
    section_name = "award"

    award_type: Mapped[str | None] = code("奖励类别", "AWARD_TYPE", required=True, in_list=True,
        help="按颁奖的部门选；选「无」时其余各项不用填。", source=AWARD_CERTIFICATE)  # fmt: skip
    is_representative: Mapped[str | None] = representative(HAS_AWARD)
    award_month: Mapped[str | None] = month("获奖年月", applies_when=HAS_AWARD, in_list=True,
        help="证书上的年月，不是申报的年月。", source=AWARD_CERTIFICATE)  # fmt: skip
    name: Mapped[str | None] = text("奖励名称", 200, required_when=HAS_AWARD, applies_when=HAS_AWARD, in_list=True,
        help="与获奖证书一致，写全称。", source=AWARD_CERTIFICATE)  # fmt: skip
    level: Mapped[str | None] = code("奖励等级", "AWARD_GRADE", applies_when=HAS_AWARD, in_list=True,
        help="不分等级的选「未评等级」。", source=AWARD_CERTIFICATE)  # fmt: skip
    other_level: Mapped[str | None] = text("奖励其他等级", 50, required_when=OTHER_LEVEL, applies_when=OTHER_LEVEL,
        help="奖励等级选「其他」时才填，如金奖。", source=AWARD_CERTIFICATE)  # fmt: skip
    rank: Mapped[str | None] = code("本人排名", "RANK", applies_when=HAS_AWARD, help="第三名以后选「其他」。",
        source=AWARD_CERTIFICATE)  # fmt: skip
    country: Mapped[str | None] = code("授奖国家（地区）", "COUNTRY", applies_when=HAS_AWARD, default=CHINA,
        help="授奖单位所在的国家或地区，国内的选中国。")  # fmt: skip
    org: Mapped[str | None] = text("授奖单位", 100, applies_when=HAS_AWARD, in_list=True,
        help="授奖的单位，照公章写全称。", source="以证书上的公章为准。")  # fmt: skip


def other_level_needs_level(row: Row) -> Iterator[Problem]:
    """奖励等级空着（或随「无」清空）时，不能只有奖励其他等级。"""
    if row.get("other_level") and not row.get("level"):
        yield Problem("other_level", "「奖励等级」没有选「其他」，「奖励其他等级」不用填，请清空。")


SECTION = Section(
    name="award",
    title="获奖（奖励）",
    model=Award,
    required=False,
    part=RESULTS,
    may_be_none=True,
    none_when=When("award_type", among=("0",)),
    empty_hint="还没有获奖（奖励）。没有的可以不填。",
    order_by="award_month",
    title_items=("award_type", "name"),
    rules=(other_level_needs_level,),
)
