"""联系方式: one row for each teacher. Source: domain reference 1.17, 2.7a."""

import re
from collections.abc import Iterator

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.crypto import blind_index
from app.core.sections.fields import secret, text
from app.core.sections.section import Problem, Row, Section
from app.core.validators import InvalidValue, check_mobile, is_email, whole_phone
from app.records.base import SectionRow
from app.records.following import follows

ABROAD = re.compile(r"\+(?!86)[0-9][0-9 -]{5,17}")


class Contact(SectionRow):
    """How to reach a teacher."""

    __tablename__ = "rec_contact"
    section_name = "contact"

    address: Mapped[str | None] = text("通讯地址", 200, in_list=True, help="能收到信件的地址，从省写到门牌号。")
    phone: Mapped[str | None] = secret("联系电话", "rec_contact.phone", 20, "phone", in_list=True,
        help="固定电话加区号，如 0871-00000000。")  # fmt: skip
    mobile: Mapped[str | None] = secret("手机", "rec_contact.mobile", 20, "phone", required=True, required_for="UH",
        in_list=True, help="本人在用的手机；境外号码以 + 和国家代码开头。")  # fmt: skip
    email: Mapped[str | None] = text("电子信箱", 100, required=True, required_for="UH", in_list=True,
        help="本人常看的邮箱，如 name@example.com。")  # fmt: skip
    other_contact: Mapped[str | None] = text("其他联系方式", 100, help="以上都联系不上时用的方式，没有可以不填。")
    emergency_contact: Mapped[str | None] = text("紧急联系人", 50, school_types="UH",
        help="有急事时找得到您的亲友，写姓名。")  # fmt: skip
    emergency_phone: Mapped[str | None] = secret("紧急联系人号码", "rec_contact.emergency_phone", 20, "phone",
        school_types="UH", help="这位亲友的号码，不要填您自己的。")  # fmt: skip

    # By these the teacher is found. None for the emergency number: it belongs to somebody else.
    phone_hash: Mapped[str | None] = mapped_column(String(32), index=True)
    mobile_hash: Mapped[str | None] = mapped_column(String(32), index=True)


def number_hash(text: str | None) -> str | None:
    """The keyed hash of a phone number; None for what is no whole number."""
    number = whole_phone(text or "")
    return blind_index(number, "phone") if number else None


follows(Contact, "phone", lambda value: {"phone_hash": number_hash(value)})
follows(Contact, "mobile", lambda value: {"mobile_hash": number_hash(value)})


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
    if email and not is_email(email):
        yield Problem("email", "电子信箱的格式不对，应像 name@example.com。")


SECTION = Section(
    name="contact",
    title="联系方式",
    model=Contact,
    required=True,
    single=True,
    intro="手机和联系电话至少填一个。",
    empty_hint="还没有联系方式。",
    title_items=("mobile", "phone"),
    rules=(can_be_reached, numbers_are_well_formed),
)
