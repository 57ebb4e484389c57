"""国家医药证书: one row for each national medicine certificate. Source: domain reference 1.11 (8) and 2.7a."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative

APPROVAL = "见证书或批件。"


class MedicalCert(SectionRow):
    """One national medicine certificate."""

    __tablename__ = "rec_medical_cert"
    section_name = "medical_cert"

    name: Mapped[str | None] = text("证书名称", 200, required=True, in_list=True, help="与证书或批件一致。",
        source=APPROVAL)  # fmt: skip
    is_representative: Mapped[str | None] = representative()
    cert_no: Mapped[str | None] = text("证书（批件）号", 50, in_list=True, help="照证书或批件填写，字母和括号照写。",
        source=APPROVAL)  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "COMPLETER_ROLE", in_list=True, help="第三完成人及以后选「其他」。")
    approve_date: Mapped[dt.date | None] = date("颁布或批准时间", in_list=True,
        help="证书或批件上的日期，不是申请的日期。", source=APPROVAL)  # fmt: skip
    valid_until: Mapped[dt.date | None] = date("有效期", may_be_future=True, earliest="approve_date", in_list=True,
        open_ended=True, help="有效期的最后一天；长期有效的不填。", source=APPROVAL)  # fmt: skip


SECTION = Section(
    name="medical_cert",
    title="国家医药证书",
    model=MedicalCert,
    required=False,
    part=RESULTS,
    empty_hint="还没有国家医药证书。没有的可以不填。",
    order_by="approve_date",
    title_items=("name",),
)
