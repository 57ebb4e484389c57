"""年度考核: one row for each year; the school enters it. Source: domain reference 1.7."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, text, year
from app.core.sections.section import Section
from app.records.base import SectionRow


class AnnualReview(SectionRow):
    """The review of one year."""

    __tablename__ = "rec_annual_review"
    section_name = "annual_review"

    year: Mapped[str | None] = year("考核年度", required=True, in_list=True, default_named="this_year",
        help="考核的是哪一年就填哪一年，不是公布结果的年份。", source="见年度考核表。")  # fmt: skip
    result: Mapped[str | None] = code("考核结果", "REVIEW_RESULT", required=True, in_list=True,
        help="与年度考核表一致，没有参加的选「未参加考核」。", source="见年度考核表。")  # fmt: skip
    org_name: Mapped[str | None] = text("考核单位名称", 100, in_list=True, default_named="own_school",
        help="作出考核结论的单位，一般是本校。", source="以考核表上的公章为准。")  # fmt: skip


SECTION = Section(
    name="annual_review",
    title="年度考核",
    model=AnnualReview,
    filled_by="A",
    unique=("year",),
    intro="由学校录入或导入，每年度一条。",
    empty_hint="还没有年度考核。每年度填一条结果。",
    order_by="year",
    title_items=("year", "result"),
)
