"""论文: one row for each published paper. Source: domain reference 1.11 (2)."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, month, number, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, other_discipline, representative


class Paper(SectionRow):
    """One published paper."""

    __tablename__ = "rec_paper"
    section_name = "paper"

    title: Mapped[str | None] = text("论文名称", 300, required=True, in_list=True, help="与发表时的题目一致。",
        source="见发表的刊物。")  # fmt: skip
    is_representative: Mapped[str | None] = representative()
    journal: Mapped[str | None] = text("发表刊物名称", 200, in_list=True, help="写刊物全称，不写简称。",
        source="见刊物封面。")  # fmt: skip
    publish_month: Mapped[str | None] = month("发表年月", in_list=True, help="刊物出版的年月，不是录用的年月。",
        source="见刊物封面或版权页。")  # fmt: skip
    volume: Mapped[str | None] = text("卷号", 20, help="刊物没有卷号的不填。")
    issue: Mapped[str | None] = text("期号", 20, help="如 3、增刊 1；没有期号的不填。")
    start_page: Mapped[Decimal | None] = number("起始页码", 5, high=99999, help="论文第一页在刊物里的页码。")
    end_page: Mapped[Decimal | None] = number("结束页码", 5, high=99999,
        help="论文最后一页；只有一页的，与起始页码相同。")  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "PAPER_ROLE", in_list=True,
        help="一人写选「独立完成」，第二作者以后选「其他」。")  # fmt: skip
    discipline: Mapped[str | None] = code("学科领域", "DISCIPLINE", help="论文所属的学科，没有列出的选「其他」。")
    discipline_other: Mapped[str | None] = other_discipline()
    indexing: Mapped[str | None] = code("论文收录情况", "PAPER_INDEX", in_list=True, help="没有被收录的选「未收录」。",
        source="见收录证明。")  # fmt: skip


def pages_in_order(row: Row) -> Iterator[Problem]:
    """结束页码不小于起始页码。"""
    first, last = row.get("start_page"), row.get("end_page")
    if first not in (None, "") and last not in (None, "") and Decimal(str(last)) < Decimal(str(first)):
        yield Problem("end_page", f"「结束页码」{last} 小于「起始页码」{first}，请核对。")


SECTION = Section(
    name="paper",
    title="论文",
    model=Paper,
    required=False,
    part=RESULTS,
    empty_hint="还没有论文。没有的可以不填。",
    order_by="publish_month",
    title_items=("title",),
    rules=(pages_in_order,),
)
