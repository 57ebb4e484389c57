"""海外研修（访学）: one row for each stay of three months and more. Source: domain reference 1.14."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, flag, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

CHINA = "156"
STUDIED = When("has_experience", among=("1",))


class OverseasStudy(SectionRow):
    """One stay abroad."""

    __tablename__ = "rec_overseas_study"
    section_name = "overseas_study"

    has_experience: Mapped[str | None] = flag("是否有海外研修（访学）经历", required=True, default="1",
        help="满三个月的才填；海外学历填在学习经历。")  # fmt: skip
    start_date: Mapped[dt.date | None] = date("开始日期", applies_when=STUDIED, in_list=True,
        help="研修（访学）开始的日期，不是批准的日期。", source="见邀请函或派出文件。")  # fmt: skip
    # The rule below compares days, so `earliest` would say it twice.
    end_date: Mapped[dt.date | None] = date("结束日期", applies_when=STUDIED, in_list=True, open_ended=True,
        help="必须晚于开始日期，还没有结束的不填。", source="见派出文件或回国证明。")  # fmt: skip
    country: Mapped[str | None] = code("国家（地区）", "COUNTRY", applies_when=STUDIED, in_list=True,
        help="研修（访学）所在的国家或地区，不能选中国。")  # fmt: skip
    org_name: Mapped[str | None] = text("研修（访学）机构名称", 100, applies_when=STUDIED, in_list=True,
        help="接收您的学校或机构，写全称。", source="见邀请函。")  # fmt: skip
    project_name: Mapped[str | None] = text("项目名称", 100, applies_when=STUDIED,
        help="派出项目的名称，自行联系的不填。", source="见派出文件。")  # fmt: skip
    organizer: Mapped[str | None] = text("项目组织单位名称", 100, applies_when=STUDIED,
        help="派出或资助的单位，自费的不填。")  # fmt: skip


def end_is_after_start(row: Row) -> Iterator[Problem]:
    """结束日期必须晚于开始日期。"""
    start, end = row.get("start_date"), row.get("end_date")
    if isinstance(start, dt.date) and isinstance(end, dt.date) and end <= start:
        yield Problem("end_date", f"「结束日期」{end} 应晚于「开始日期」{start}，请核对。")


def country_is_abroad(row: Row) -> Iterator[Problem]:
    """国家（地区）不能是中国。"""
    if row.get("country") == CHINA:
        yield Problem("country", "海外研修（访学）的国家（地区）不能是中国；国内的填在国内培训。")


SECTION = Section(
    name="overseas_study",
    title="海外研修（访学）",
    model=OverseasStudy,
    may_be_none=True,
    none_when=When("has_experience", among=("0",)),
    intro="选填，每次一条。",
    empty_hint="还没有海外研修（访学）。",
    order_by="start_date",
    title_items=("country", "org_name"),
    rules=(end_is_after_start, country_is_abroad),
)
