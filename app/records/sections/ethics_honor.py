"""师德荣誉: one row for each honour; the school enters it. Source: domain reference 1.9."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import ETHICS

HONOURED = When("honor_level", except_for=("0",))
OTHER_TITLE = When("honor_title", among=("99",))
COMMENDATION = "见荣誉证书或表彰文件。"


class EthicsHonor(SectionRow):
    """One honour."""

    __tablename__ = "rec_ethics_honor"
    section_name = "ethics_honor"

    honor_level: Mapped[str | None] = code("荣誉级别", "HONOR_LEVEL", required=True, required_for="UH", in_list=True,
        help="按授予单位选，学校的选「基层单位荣誉称号」。", source=COMMENDATION)  # fmt: skip
    honor_title: Mapped[str | None] = code("获得荣誉称号", "HONOR_TITLE", required_when=HONOURED, applies_when=HONOURED,
        in_list=True, help="没有列出的选「其他」，再填名称。", source=COMMENDATION)  # fmt: skip
    honor_title_other: Mapped[str | None] = text("其他荣誉称号名称", 100, required_when=OTHER_TITLE,
        applies_when=OTHER_TITLE, help="荣誉称号选「其他」时才填，与证书一致。", source=COMMENDATION)  # fmt: skip
    honor_date: Mapped[dt.date | None] = date("荣誉发生日期", required_when=HONOURED, applies_when=HONOURED,
        in_list=True, help="证书或表彰文件上的日期。", source=COMMENDATION)  # fmt: skip
    honor_desc: Mapped[str | None] = text("荣誉记录描述", 500, required_when=HONOURED, applies_when=HONOURED,
        help="因什么事迹受表彰，500 字以内。")  # fmt: skip
    honor_org: Mapped[str | None] = text("荣誉授予单位名称", 100, required_when=HONOURED, applies_when=HONOURED,
        in_list=True, help="表彰的单位，照公章写全称。", source="以证书上的公章为准。")  # fmt: skip


SECTION = Section(
    name="ethics_honor",
    title="师德荣誉",
    model=EthicsHonor,
    part=ETHICS,
    filled_by="A",
    may_be_none=True,
    none_when=When("honor_level", among=("0",)),
    intro="由学校填写，教师可以查看。",
    empty_hint="还没有师德荣誉。",
    order_by="honor_date",
    title_items=("honor_level", "honor_title"),
)
