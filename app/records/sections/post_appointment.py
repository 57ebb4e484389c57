"""岗位聘任: one row for each post grade, from the present one back. Source: domain reference 1.4."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, codes, flag, month
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

NO_SECOND_POST = "0"
TECHNICAL = {"2": "1"}  # teachers and other technical staff have the same grades
HAS_SECOND_POST = When("has_second_post", among=("1",))
HAS_DUTY = When("school_duty", except_for=("00",))


class PostAppointment(SectionRow):
    """One appointment to a post."""

    __tablename__ = "rec_post_appointment"
    section_name = "post_appointment"

    post_category: Mapped[str | None] = code("岗位类别", "POST_CATEGORY", required=True, in_list=True,
        help="聘在哪一类就选哪一类，专任教师选「教师岗位」。", source="见聘用合同或岗位聘任文件。")  # fmt: skip
    post_grade: Mapped[str | None] = code("岗位等级", "POST_GRADE", required=True, in_list=True,
        code_parent="post_category", parent_alias=TECHNICAL,
        help="可问人事部门；试用期没有定级的选「未评」。", source="见岗位聘任文件。")  # fmt: skip
    start_month: Mapped[str | None] = month("聘任开始年月", required=True, in_list=True,
        help="未聘的填转正定级年月，见习期填招录年月。", source="见岗位聘任文件或转正定级表。")  # fmt: skip
    has_second_post: Mapped[str | None] = flag("是否兼任其他岗位", default="0", in_list=True,
        help="同时还聘在另一类岗位的选「是」，如教师兼管理。")  # fmt: skip
    second_post_category: Mapped[str | None] = code("兼任岗位类别", "SECOND_POST_CATEGORY",
        required_when=HAS_SECOND_POST, applies_when=HAS_SECOND_POST,
        help="另外那一类岗位，不能与岗位类别相同。")  # fmt: skip
    second_post_grade: Mapped[str | None] = code("兼任岗位等级", "POST_GRADE", required_when=HAS_SECOND_POST,
        code_parent="second_post_category", parent_alias=TECHNICAL,
        applies_when=HAS_SECOND_POST, help="兼任那一类岗位的等级，不是本岗位的等级。",
        source="见岗位聘任文件。")  # fmt: skip
    school_duty: Mapped[str | None] = codes("校级职务", "SCHOOL_DUTY", required=True, default="00", exclusive=("00",),
        in_list=True, help="可多选；班主任、教研组长填在教育教学。")  # fmt: skip
    duty_start_month: Mapped[str | None] = month("任职开始年月", applies_when=HAS_DUTY,
        help="任现在校级职务的年月，不是聘任岗位的年月。", source="见任职文件。")  # fmt: skip


def second_post_is_another(row: Row) -> Iterator[Problem]:
    """兼任的岗位是另一个类别的岗位。"""
    second = row.get("second_post_category")
    if row.get("has_second_post") != "1" or not second:
        return
    if second == NO_SECOND_POST:
        yield Problem("second_post_category", "已选兼任其他岗位，请选兼任的类别；没有兼任的，把「是否兼任」改为否。")
    elif second == row.get("post_category"):
        yield Problem("second_post_category", "兼任岗位类别不能和岗位类别相同。")


SECTION = Section(
    name="post_appointment",
    title="岗位聘任",
    model=PostAppointment,
    required=True,
    intro="从现在的岗位填起。",
    empty_hint="还没有岗位聘任。先填现在的岗位和等级。",
    order_by="start_month",
    title_items=("post_category", "post_grade"),
    rules=(second_post_is_another,),
)
