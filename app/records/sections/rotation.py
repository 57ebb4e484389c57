"""交流轮岗: one row for each time at another school. Source: domain reference 1.16."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, flag, month, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

ROTATED = When("rotation_type", except_for=("0",))
DISPATCH = "见交流轮岗的派出文件。"


class Rotation(SectionRow):
    """One time at another school."""

    __tablename__ = "rec_rotation"
    section_name = "rotation"

    rotation_type: Mapped[str | None] = code("交流轮岗类型", "ROTATION_TYPE", required=True, in_list=True,
        help="按派出文件选到具体一类，支教另有选项。", source=DISPATCH)  # fmt: skip
    transfers_personnel: Mapped[str | None] = flag("是否调动人事关系", required_when=ROTATED, applies_when=ROTATED,
        in_list=True, help="编制和档案随人转走选「是」，只去任教选「否」。", source=DISPATCH)  # fmt: skip
    start_month: Mapped[str | None] = month("开始年月", required_when=ROTATED, applies_when=ROTATED, in_list=True,
        help="派出文件上的开始年月。", source=DISPATCH)  # fmt: skip
    end_month: Mapped[str | None] = month("结束年月", applies_when=ROTATED, earliest="start_month", in_list=True,
        open_ended=True, help="实际结束的年月，还没有结束的不填。", source=DISPATCH)  # fmt: skip
    from_org: Mapped[str | None] = text("原单位名称", 100, required_when=ROTATED, applies_when=ROTATED, in_list=True,
        default_named="own_school",
        help="交流前的学校，写全称。", source="以派出文件上的公章为准。")  # fmt: skip
    to_org: Mapped[str | None] = text("交流轮岗单位名称", 100, required_when=ROTATED, applies_when=ROTATED,
        in_list=True, help="交流去的学校，写全称，不能与原单位相同。", source=DISPATCH)  # fmt: skip


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
    none_when=When("rotation_type", among=("0",)),
    intro="以往的交流轮岗每次一条；系统内办理的由系统写入。",
    empty_hint="还没有交流轮岗。没有参加过的，填「无」。",
    order_by="start_month",
    title_items=("rotation_type", "to_org"),
    rules=(goes_to_another_school,),
)
