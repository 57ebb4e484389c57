"""师德考核: one row for each review; the school enters it. Source: domain reference 1.9."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, month, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import ETHICS


class EthicsReview(SectionRow):
    """One review of professional ethics."""

    __tablename__ = "rec_ethics_review"
    section_name = "ethics_review"

    review_month: Mapped[str | None] = month("师德考核时间", required=True, in_list=True, default_named="this_month",
        help="作出结论的年月，不是被考核的学年。", source="见师德考核表。")  # fmt: skip
    review_result: Mapped[str | None] = code("师德考核结论", "ETHICS_RESULT", required=True, default="2", in_list=True,
        help="与师德考核表的结论一致。", source="见师德考核表。")  # fmt: skip
    review_org: Mapped[str | None] = text("师德考核单位名称", 100, in_list=True, default_named="own_school",
        help="作出结论的单位，一般是本校。", source="以考核表上的公章为准。")  # fmt: skip


SECTION = Section(
    name="ethics_review",
    title="师德考核",
    model=EthicsReview,
    part=ETHICS,
    filled_by="A",
    intro="由学校填写，教师可以查看。",
    empty_hint="还没有师德考核。每次考核填一条。",
    order_by="review_month",
    title_items=("review_month", "review_result"),
)
