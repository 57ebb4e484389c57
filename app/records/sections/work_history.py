"""工作经历: one row for each post held, the present one without an end. Source: domain reference 1.3, 2.7a."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, month, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow


class WorkHistory(SectionRow):
    """One post at one employer."""

    __tablename__ = "rec_work_history"
    section_name = "work_history"

    # The board is required (2.7a), so a row says at least where and since when.
    org_name: Mapped[str | None] = text("任职单位名称", 100, required=True, in_list=True,
        help="写全称，与公章一致；高校要写到二级单位。", source="以单位公章为准。")  # fmt: skip
    start_month: Mapped[str | None] = month("任职开始年月", required=True, in_list=True,
        help="第一份工作填招录时间，调动填调入时间。", source="见录用文件或调动文件。")  # fmt: skip
    end_month: Mapped[str | None] = month("任职结束年月", earliest="start_month", in_list=True, open_ended=True,
        help="现在的单位不填，表示至今。")  # fmt: skip
    org_nature: Mapped[str | None] = code("单位性质类别", "ORG_NATURE", required=True, required_for="UH",
        help="中小学点开「事业单位」选「普通中小学」。")  # fmt: skip
    position: Mapped[str | None] = text("任职岗位", 50, required=True, required_for="UH", in_list=True,
        help="一般填「教师」，行政人员填具体职务。")  # fmt: skip


def only_one_goes_on(rows: Sequence[Row]) -> Iterator[tuple[int | None, Problem]]:
    """没有结束年月表示至今，一般只有一条，以开始最晚的为准；兼职的可以不止，所以只提示。"""
    going_on = [i for i, row in enumerate(rows) if row.get("start_month") and not row.get("end_month")]
    latest = max(going_on, key=lambda i: str(rows[i]["start_month"]), default=None)
    for index in going_on:
        if index != latest:
            yield index, Problem("end_month", "后来的单位另有一条，请补上任职结束年月；仍在兼职的不必改。", "warning")


SECTION = Section(
    name="work_history",
    title="工作经历",
    model=WorkHistory,
    required=True,
    intro="次序由系统按开始年月排。",
    empty_hint="还没有工作经历。至少填现在的单位。",
    order_by="start_month",
    title_items=("org_name", "position"),
    rows_rules=(only_one_goes_on,),
)
