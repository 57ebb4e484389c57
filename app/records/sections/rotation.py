"""交流轮岗: one row for each time at another school. Source: domain reference 1.16."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, flag, month, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

ROTATED = When("rotation_type", except_for=("0",))


class Rotation(SectionRow):
    """One time at another school."""

    __tablename__ = "rec_rotation"
    section_name = "rotation"

    rotation_type: Mapped[str | None] = code("交流轮岗类型", "ROTATION_TYPE", required=True, in_list=True)
    transfers_personnel: Mapped[str | None] = flag("是否调动人事关系", required_when=ROTATED, applies_when=ROTATED,
        in_list=True)  # fmt: skip
    start_month: Mapped[str | None] = month("开始年月", required_when=ROTATED, applies_when=ROTATED, in_list=True)
    end_month: Mapped[str | None] = month("结束年月", applies_when=ROTATED, earliest="start_month", in_list=True,
        help="还没有结束的不填。")  # fmt: skip
    from_org: Mapped[str | None] = text("原单位名称", 100, required_when=ROTATED, applies_when=ROTATED, in_list=True,
        help="交流前的学校。")  # fmt: skip
    to_org: Mapped[str | None] = text("交流轮岗单位名称", 100, required_when=ROTATED, applies_when=ROTATED,
        in_list=True)  # fmt: skip


def goes_to_another_school(row: Row) -> Iterator[Problem]:
    """交流轮岗单位不得与原单位相同。"""
    if row.get("to_org") and row.get("to_org") == row.get("from_org"):
        yield Problem("to_org", "交流轮岗单位名称不能与原单位名称相同。")


SECTION = Section(
    name="rotation",
    title="交流轮岗",
    model=Rotation,
    required=True,
    school_types="KSEV",
    may_be_none=True,
    intro="以往的交流轮岗每次一条；系统内办理的由系统写入。",
    empty_hint="还没有交流轮岗。没有参加过的，选「无」。",
    order_by="start_month",
    title_items=("rotation_type", "to_org"),
    rules=(goes_to_another_school,),
)
