"""专利或软件著作权: one row for each patent or registered program. Source: domain reference 1.11 (5)."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, other_discipline, representative

HAS_PATENT = When("patent_type", except_for=("0",))
PATENT_CERTIFICATE = "见专利证书或软件著作权登记证书。"


class Patent(SectionRow):
    """One patent or registered program."""

    __tablename__ = "rec_patent"
    section_name = "patent"

    patent_type: Mapped[str | None] = code("类型", "PATENT_TYPE", required=True, in_list=True,
        help="与证书一致；选「无」时其余各项不用填。", source=PATENT_CERTIFICATE)  # fmt: skip
    is_representative: Mapped[str | None] = representative(HAS_PATENT)
    name: Mapped[str | None] = text("名称", 200, required_when=HAS_PATENT, applies_when=HAS_PATENT, in_list=True,
        help="与专利证书或登记证书一致。", source=PATENT_CERTIFICATE)  # fmt: skip
    discipline: Mapped[str | None] = code("学科领域", "DISCIPLINE", applies_when=HAS_PATENT,
        help="专利或软件所属的学科，没有列出的选「其他」。")  # fmt: skip
    discipline_other: Mapped[str | None] = other_discipline()
    grant_date: Mapped[dt.date | None] = date("批准日期", applies_when=HAS_PATENT, in_list=True,
        help="授权公告或登记的日期，不是申请的日期。", source=PATENT_CERTIFICATE)  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "PATENT_ROLE", applies_when=HAS_PATENT, in_list=True,
        help="第一位选「专利成果负责人」，其余选「参加人」。")  # fmt: skip
    patent_no: Mapped[str | None] = text("专利号（登记号）", 50, applies_when=HAS_PATENT, in_list=True,
        help="照证书填写，软件著作权填登记号。", source=PATENT_CERTIFICATE)  # fmt: skip


SECTION = Section(
    name="patent",
    title="专利或软件著作权",
    model=Patent,
    required=False,
    part=RESULTS,
    may_be_none=True,
    none_when=When("patent_type", among=("0",)),
    empty_hint="还没有专利或软件著作权。没有的可以不填。",
    order_by="grant_date",
    title_items=("patent_type", "name"),
)
