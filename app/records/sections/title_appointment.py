"""专业技术职务聘任: one row for each title held; the school enters it. Source: domain reference 1.5."""

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, flag, month, text
from app.core.sections.section import Section
from app.records.base import SectionRow

HAS_TITLE = When("title", except_for=("0",))
LETTER = "见聘书或聘任文件。"


class TitleAppointment(SectionRow):
    """One appointment to a professional title."""

    __tablename__ = "rec_title_appointment"
    section_name = "title_appointment"

    title: Mapped[str | None] = code("聘任专业技术职务", "TITLE", required=True, in_list=True,
        help="填已经聘任的职务，评上还没有聘的不填。", source=LETTER)  # fmt: skip
    start_month: Mapped[str | None] = month("聘任开始年月", required_when=HAS_TITLE, applies_when=HAS_TITLE,
        in_list=True, help="聘书上的开始年月，不是取得资格的年月。", source=LETTER)  # fmt: skip
    end_month: Mapped[str | None] = month("聘任结束年月", applies_when=HAS_TITLE, earliest="start_month", in_list=True,
        open_ended=True, help="聘期结束或改聘的年月，仍在聘的不填。", source=LETTER)  # fmt: skip
    org_name: Mapped[str | None] = text("聘任单位名称", 100, applies_when=HAS_TITLE, in_list=True,
        default_named="own_school", help="聘书上盖章的单位，一般是本校。", source="以聘书上的公章为准。")  # fmt: skip
    has_same_level_cert: Mapped[str | None] = flag("是否已获得同级别专业技术资格证书", applies_when=HAS_TITLE,
        school_types="UH", help="有与所聘职务同级的专业技术资格证书选「是」。",
        source="见专业技术资格证书。")  # fmt: skip


SECTION = Section(
    name="title_appointment",
    title="专业技术职务聘任",
    model=TitleAppointment,
    required=True,
    filled_by="A",
    may_be_none=True,
    none_when=When("title", among=("0",)),
    intro="由学校填写，教师可以查看。",
    empty_hint="还没有专业技术职务聘任。从未聘任的，填「无」。",
    order_by="start_month",
    title_items=("title", "org_name"),
)
