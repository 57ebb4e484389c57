"""项目（课题）: one row for each research project. Source: domain reference 1.11 (1)."""

from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, month, number, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative

HAS_PROJECT = When("project_type", except_for=("0",))


class ResearchProject(SectionRow):
    """One research project."""

    __tablename__ = "rec_research_project"
    section_name = "research_project"

    project_type: Mapped[str | None] = code("项目类型", "PROJECT_TYPE", required=True, in_list=True,
        help="选「无」时其余各项不用填。")  # fmt: skip
    is_representative: Mapped[str | None] = representative(HAS_PROJECT)
    name: Mapped[str | None] = text("项目名称", 200, required_when=HAS_PROJECT, applies_when=HAS_PROJECT, in_list=True,
        help="与立项或结项文件一致。")  # fmt: skip
    approval_no: Mapped[str | None] = text("项目批准号", 50, applies_when=HAS_PROJECT, help="立项文件上的编号。")
    discipline: Mapped[str | None] = code("学科领域", "DISCIPLINE", applies_when=HAS_PROJECT)
    funding: Mapped[Decimal | None] = number("项目经费额度", 10, 2, applies_when=HAS_PROJECT, high=99999999, unit="元",
        help="以元计，不是万元；没有经费填 0。")  # fmt: skip
    start_month: Mapped[str | None] = month("开始年月", applies_when=HAS_PROJECT, in_list=True)
    end_month: Mapped[str | None] = month("结束年月", applies_when=HAS_PROJECT, earliest="start_month",
        may_be_future=True, in_list=True, help="还没有定的不填。")  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "PROJECT_ROLE", applies_when=HAS_PROJECT, in_list=True)
    rank: Mapped[str | None] = code("本人排名", "RANK", applies_when=HAS_PROJECT, help="第三名以后选「其他」。")
    client_org: Mapped[str | None] = text("项目委托单位", 100, applies_when=HAS_PROJECT, help="写单位全称。")
    source: Mapped[str | None] = code("项目来源", "PROJECT_SOURCE", applies_when=HAS_PROJECT)


SECTION = Section(
    name="research_project",
    title="项目（课题）",
    model=ResearchProject,
    required=False,
    part=RESULTS,
    empty_hint="还没有项目（课题）。没有的可以不填。",
    order_by="start_month",
    title_items=("project_type", "name"),
)
