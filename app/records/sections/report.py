"""咨询报告或研究报告: one row for each report. Source: domain reference 1.11 (4)."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative


class ResearchReport(SectionRow):
    """One consulting or research report."""

    __tablename__ = "rec_report"
    section_name = "report"

    title: Mapped[str | None] = text("报告题目", 200, required=True, in_list=True, help="与报告封面一致。",
        source="见报告封面。")  # fmt: skip
    is_representative: Mapped[str | None] = representative()
    role: Mapped[str | None] = code("本人角色", "AUTHOR_ROLE", in_list=True, help="第三作者及以后选「其他」。",
        source="见报告的署名。")  # fmt: skip
    report_date: Mapped[dt.date | None] = date("报告时间", in_list=True, help="报告完成或提交的日期。",
        source="见报告封面或采纳证明。")  # fmt: skip
    client: Mapped[str | None] = text("委托方", 100, in_list=True, help="委托写报告的单位，写全称；没有委托方的不填。")


SECTION = Section(
    name="report",
    title="咨询报告或研究报告",
    model=ResearchReport,
    required=False,
    part=RESULTS,
    empty_hint="还没有咨询报告或研究报告。没有的可以不填。",
    order_by="report_date",
    title_items=("title",),
)
