"""国内培训: one row for each training, many of them from the credit business. Source: domain reference 1.13."""

from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, number, text, year
from app.core.sections.section import Section
from app.records.base import SectionRow

COMPLETION = "见结业证书或学分（学时）登记表。"


class DomesticTraining(SectionRow):
    """One training."""

    __tablename__ = "rec_domestic_training"
    section_name = "domestic_training"

    year: Mapped[str | None] = year("培训年度", required=True, in_list=True, help="参加培训的年份，与结业证书一致。",
        source=COMPLETION)  # fmt: skip
    training_level: Mapped[str | None] = code("培训类别", "TRAINING_LEVEL", required=True, in_list=True,
        help="按组织培训的部门级别选，校本研修选「校级」。", source=COMPLETION)  # fmt: skip
    name: Mapped[str | None] = text("培训项目名称", 100, required=True, in_list=True, help="与结业证书一致。",
        source=COMPLETION)  # fmt: skip
    org_name: Mapped[str | None] = text("培训机构名称", 100, required=True, required_for="UH",
        help="承办培训的学校或机构，写全称。", source="以结业证书上的公章为准。")  # fmt: skip
    mode: Mapped[str | None] = code("培训方式", "TRAINING_MODE", required=True,
        help="脱产一个月以上选长期，线上学习选「网络研修」。")  # fmt: skip
    hours: Mapped[Decimal | None] = number("培训获得学时", 5, low=0, high=99999, unit="学时", required=True,
        in_list=True, help="填整数学时，不是天数；学分填在下一项。", source=COMPLETION)  # fmt: skip
    credits: Mapped[Decimal | None] = number("培训获得学分", 6, 1, low=0, high=99999, unit="学分", in_list=True,
        help="与学时分开填，只发学时的不填。", source=COMPLETION)  # fmt: skip


SECTION = Section(
    name="domestic_training",
    title="国内培训",
    model=DomesticTraining,
    required=True,
    may_be_none=True,
    intro="每次培训一条；已确认的学时由系统写入。",
    empty_hint="还没有国内培训。没有参加过的，填「无」。",
    order_by="year",
    title_items=("year", "name"),
)
