"""国家标准或行业标准: one row for each published standard. Source: domain reference 1.11 (9)."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative

COVER = "见标准封面。"


class Standard(SectionRow):
    """One national or industry standard."""

    __tablename__ = "rec_standard"
    section_name = "standard"

    standard_no: Mapped[str | None] = text("标准号", 50, required=True, in_list=True,
        help="照标准封面填写，带年份，如 GB/T 2261.1—2003。", source=COVER)  # fmt: skip
    is_representative: Mapped[str | None] = representative()
    role: Mapped[str | None] = code("本人角色", "AUTHOR_ROLE", in_list=True, help="第三作者及以后选「其他」。",
        source="见标准前言中的起草人名单。")  # fmt: skip
    publish_date: Mapped[dt.date | None] = date("发布日期", in_list=True, help="发布的日期，不是实施的日期。",
        source=COVER)  # fmt: skip
    publish_org: Mapped[str | None] = text("发布单位", 100, in_list=True, help="发布标准的部门，写全称，不是起草单位。",
        source=COVER)  # fmt: skip


SECTION = Section(
    name="standard",
    title="国家标准或行业标准",
    model=Standard,
    required=False,
    part=RESULTS,
    empty_hint="还没有国家标准或行业标准。没有的可以不填。",
    order_by="publish_date",
    title_items=("standard_no",),
)
