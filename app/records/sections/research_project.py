"""项目（课题）: one row for each research project. Source: domain reference 1.11 (1)."""

from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, month, number, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, other_discipline, representative

HAS_PROJECT = When("project_type", except_for=("0",))


class ResearchProject(SectionRow):
    """One research project."""

    __tablename__ = "rec_research_project"
    section_name = "research_project"

    project_type: Mapped[str | None] = code("项目类型", "PROJECT_TYPE", required=True, in_list=True,
        help="按立项文件的性质选；选「无」时其余各项不用填。", source="见立项文件。")  # fmt: skip
    is_representative: Mapped[str | None] = representative(HAS_PROJECT)
    name: Mapped[str | None] = text("项目名称", 200, required_when=HAS_PROJECT, applies_when=HAS_PROJECT, in_list=True,
        help="与立项或结项文件一致。", source="见立项或结项文件。")  # fmt: skip
    approval_no: Mapped[str | None] = text("项目批准号", 50, applies_when=HAS_PROJECT,
        help="立项文件上的编号，没有编号的不填。", source="见立项文件。")  # fmt: skip
    discipline: Mapped[str | None] = code("学科领域", "DISCIPLINE", applies_when=HAS_PROJECT,
        help="项目所属的学科，没有列出的选「其他」。")  # fmt: skip
    discipline_other: Mapped[str | None] = other_discipline()
    funding: Mapped[Decimal | None] = number("项目经费额度", 10, 2, applies_when=HAS_PROJECT, high=99999999, unit="元",
        help="以元计，不是万元；没有经费填 0。", source="见立项文件或项目合同。")  # fmt: skip
    start_month: Mapped[str | None] = month("开始年月", applies_when=HAS_PROJECT, in_list=True,
        help="立项文件上的开始年月，不是申报的年月。", source="见立项文件。")  # fmt: skip
    end_month: Mapped[str | None] = month("结束年月", applies_when=HAS_PROJECT, earliest="start_month",
        may_be_future=True, in_list=True, help="已结项的填结项年月，没有结项的填计划年月。",
        source="见立项或结项文件。")  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "PROJECT_ROLE", applies_when=HAS_PROJECT, in_list=True,
        help="主持选「主要负责人」，参加选「主要参加者」。", source="见立项或结项文件中的成员名单。")  # fmt: skip
    rank: Mapped[str | None] = code("本人排名", "RANK", applies_when=HAS_PROJECT, help="第三名以后选「其他」。")
    client_org: Mapped[str | None] = text("项目委托单位", 100, applies_when=HAS_PROJECT,
        help="下达或委托项目的单位，写全称。", source="以立项文件或合同上的公章为准。")  # fmt: skip
    source: Mapped[str | None] = code("项目来源", "PROJECT_SOURCE", applies_when=HAS_PROJECT,
        help="按下达部门选，学校立项的选「学校自选项目」。")  # fmt: skip


SECTION = Section(
    name="research_project",
    title="项目（课题）",
    model=ResearchProject,
    required=False,
    part=RESULTS,
    may_be_none=True,
    none_when=When("project_type", among=("0",)),
    empty_hint="还没有项目（课题）。没有的可以不填。",
    order_by="start_month",
    title_items=("project_type", "name"),
)
