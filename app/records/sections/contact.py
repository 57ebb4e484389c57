"""联系方式: one row for each teacher. Source: domain reference 1.17, 2.7a."""

import re
from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import text
from app.core.sections.section import Problem, Row, Section
from app.core.validators import InvalidValue, check_mobile
from app.records.base import SectionRow

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
ABROAD = re.compile(r"\+(?!86)[0-9][0-9 -]{5,17}")


class Contact(SectionRow):
    """How to reach a teacher."""

    __tablename__ = "rec_contact"
    section_name = "contact"

    address: Mapped[str | None] = text("通讯地址", 200, in_list=True, help="能收到信件的地址。")
    phone: Mapped[str | None] = text("联系电话", 20, in_list=True, help="固定电话加区号，如 0871-00000000。")
    mobile: Mapped[str | None] = text("手机", 20, required=True, required_for="UH", in_list=True,
        help="境外号码以 + 和国家代码开头。")  # fmt: skip
    email: Mapped[str | None] = text("电子信箱", 100, required=True, required_for="UH", in_list=True)
    other_contact: Mapped[str | None] = text("其他联系方式", 100)
    emergency_contact: Mapped[str | None] = text("紧急联系人", 50, school_types="UH")
    emergency_phone: Mapped[str | None] = text("紧急联系人号码", 20, school_types="UH")


def can_be_reached(row: Row) -> Iterator[Problem]:
    """板块必填，所以至少有一个电话。"""
    if not row.get("mobile") and not row.get("phone"):
        yield Problem("phone", "「手机」和「联系电话」至少填一个。")


def numbers_are_well_formed(row: Row) -> Iterator[Problem]:
    """手机和电子信箱的格式。"""
    mobile, email = str(row.get("mobile") or ""), str(row.get("email") or "")
    if mobile and not ABROAD.fullmatch(mobile):
        try:
            check_mobile(mobile)
        except InvalidValue as error:
            yield Problem("mobile", str(error))
    if email and not EMAIL.fullmatch(email):
        yield Problem("email", "电子信箱的格式不对，应像 name@example.com。")


SECTION = Section(
    name="contact",
    title="联系方式",
    model=Contact,
    required=True,
    single=True,
    empty_hint="还没有联系方式。",
    title_items=("mobile", "phone"),
    rules=(can_be_reached, numbers_are_well_formed),
)
