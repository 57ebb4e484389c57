"""基本待遇: one row for each finished year; the school enters it. Source: domain reference 1.6."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import codes, number, year
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

TODAY = dt.date.today
A_MONTH = "元/月"
PAYROLL = "见学校的工资发放表。"


class Salary(SectionRow):
    """The pay of one year."""

    __tablename__ = "rec_salary"
    section_name = "salary"

    year: Mapped[str | None] = year("年度", required=True, in_list=True, default_named="last_year",
        help="填上一年度；未满一年的下年度再填。")  # fmt: skip
    annual_income: Mapped[Decimal | None] = number("年工资收入", 10, 2, low=0, high=99999999, unit="元", required=True,
        default="0", in_list=True, help="全年工资收入合计，以元计，不是万元。", source=PAYROLL)  # fmt: skip
    base_salary: Mapped[Decimal | None] = number("基本工资", 8, 2, low=0, high=999999, unit=A_MONTH, required=True,
        default="0", in_list=True, help="每月的岗位工资与薪级工资之和。", source=PAYROLL)  # fmt: skip
    performance_salary: Mapped[Decimal | None] = number("绩效工资", 8, 2, low=0, high=999999, unit=A_MONTH,
        required=True, default="0", in_list=True, help="每月的绩效工资；按年发的除以 12，没有填 0。",
        source=PAYROLL)  # fmt: skip
    rural_allowance: Mapped[Decimal | None] = number("乡村教师生活补助", 8, 2, low=0, high=999999, unit=A_MONTH,
        required=True, default="0", school_types="KSE", help="每月的补助，不是全年的；没有填 0。",
        source=PAYROLL)  # fmt: skip
    allowance: Mapped[Decimal | None] = number("津贴补贴", 8, 2, low=0, high=999999, unit=A_MONTH,
        help="每月的津贴补贴合计，没有可以不填。", source=PAYROLL)  # fmt: skip
    other_allowance: Mapped[Decimal | None] = number("其他津贴补贴", 8, 2, low=0, high=999999, unit=A_MONTH,
        required=True, default="0", help="前面没有列出的津贴补贴，没有填 0。", source=PAYROLL)  # fmt: skip
    other_income: Mapped[Decimal | None] = number("其他", 8, 2, low=0, high=999999, unit=A_MONTH, required=True,
        default="0", help="以上各项都不包括的每月收入，没有填 0。", source=PAYROLL)  # fmt: skip
    insurance_fund: Mapped[str | None] = codes("五险一金", "INSURANCE", required=True, exclusive=("0",), in_list=True,
        help="学校缴的都选上，可多选；都没有的选「无」。", source="见社会保险和住房公积金的缴存记录。")  # fmt: skip


def year_is_over(row: Row) -> Iterator[Problem]:
    """年度不能是本年度及未来。"""
    chosen = row.get("year")
    if chosen and int(str(chosen)) >= TODAY().year:
        yield Problem("year", f"{chosen} 年度未满一年，请下年度填报。")


SECTION = Section(
    name="salary",
    title="基本待遇",
    model=Salary,
    school_types="KSEV",
    filled_by="A",
    unique=("year",),
    intro="由学校录入或导入，每年度一条。",
    empty_hint="还没有基本待遇。填上一年度的工资收入。",
    order_by="year",
    title_items=("year",),
    rules=(year_is_over,),
)
