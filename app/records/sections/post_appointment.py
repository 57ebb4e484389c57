"""岗位聘任: one row for each post grade, from the present one back. Source: domain reference 1.4."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, codes, flag, month
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

NO_SECOND_POST = "0"
NOT_GRADED = ("998", "999")
GRADES_OF = {"1": "1", "2": "1", "3": "2", "4": "3"}  # post category → first digit of its grades
GRADE_WORDS = {
    "1": "专业技术岗位一级至十三级",
    "2": "管理岗位一级至十级",
    "3": "工勤技能岗位一级至五级或普通工",
}
HAS_SECOND_POST = When("has_second_post", among=("1",))
HAS_DUTY = When("school_duty", except_for=("00",))


class PostAppointment(SectionRow):
    """One appointment to a post."""

    __tablename__ = "rec_post_appointment"
    section_name = "post_appointment"

    post_category: Mapped[str | None] = code("岗位类别", "POST_CATEGORY", required=True, in_list=True)
    post_grade: Mapped[str | None] = code("岗位等级", "POST_GRADE", required=True, in_list=True,
        help="不清楚时向学校人事部门查询。")  # fmt: skip
    start_month: Mapped[str | None] = month("聘任开始年月", required=True, in_list=True,
        help="未聘的填转正定级年月，见习期填招录年月。")  # fmt: skip
    has_second_post: Mapped[str | None] = flag("是否兼任其他岗位", default="0", in_list=True)
    second_post_category: Mapped[str | None] = code("兼任岗位类别", "SECOND_POST_CATEGORY",
        required_when=HAS_SECOND_POST, applies_when=HAS_SECOND_POST)  # fmt: skip
    second_post_grade: Mapped[str | None] = code("兼任岗位等级", "POST_GRADE", required_when=HAS_SECOND_POST,
        applies_when=HAS_SECOND_POST)  # fmt: skip
    school_duty: Mapped[str | None] = codes("校级职务", "SCHOOL_DUTY", required=True, default="00", exclusive=("00",),
        in_list=True, help="可多选；没有的选「无」。")  # fmt: skip
    duty_start_month: Mapped[str | None] = month("任职开始年月", applies_when=HAS_DUTY, help="校级职务的任职年月。")


def grades_fit_their_categories(row: Row) -> Iterator[Problem]:
    """岗位等级按岗位类别选；未评的等级各类都可选。"""
    for category, grade in (("post_category", "post_grade"), ("second_post_category", "second_post_grade")):
        first = GRADES_OF.get(str(row.get(category) or ""))
        chosen = str(row.get(grade) or "")
        if first and chosen and chosen not in NOT_GRADED and chosen[0] != first:
            yield Problem(grade, f"与所选的岗位类别不符，请在{GRADE_WORDS[first]}中选，未评的选「未评」。")


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
    rules=(grades_fit_their_categories, second_post_is_another),
)
