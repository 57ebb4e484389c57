"""教师资格: one row for each certificate; registration fills in its results. Source: domain reference 1.8, 3.3."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow

HAS_CERT = When("cert_type", except_for=("0",))
OTHER_SUBJECT = When("subject", among=("99",))
LENGTH, OLD_LENGTH = 17, 15
LAST_OLD_YEAR = 2001
KIND, OLD_KIND = 9, 10  # where the digit of the kind stands, in numbers of today and in old ones made 17 digits long


class TeacherQualification(SectionRow):
    """One teacher certificate."""

    __tablename__ = "rec_teacher_qualification"
    section_name = "teacher_qualification"

    cert_type: Mapped[str | None] = code("教师资格证种类", "CERT_TYPE", required=True, in_list=True,
        help="每本证书填一条。")  # fmt: skip
    cert_no: Mapped[str | None] = text("教师资格证号码", 20, required_when=HAS_CERT, applies_when=HAS_CERT,
        in_list=True, help="17 位；旧证 15 位的前面加 19。")  # fmt: skip
    subject: Mapped[str | None] = code("任教学科", "CERT_SUBJECT", required_when=HAS_CERT, applies_when=HAS_CERT,
        in_list=True, help="与证书一致；证书上没有的选「无」。")  # fmt: skip
    subject_other: Mapped[str | None] = text("其他任教学科名称", 50, required_when=OTHER_SUBJECT,
        applies_when=OTHER_SUBJECT)  # fmt: skip
    issue_date: Mapped[dt.date | None] = date("证书颁发日期", required_when=HAS_CERT, applies_when=HAS_CERT,
        in_list=True)  # fmt: skip
    issue_org: Mapped[str | None] = text("颁发机构", 100, required_when=HAS_CERT, applies_when=HAS_CERT,
        help="按证书上的公章填写。")  # fmt: skip
    first_registration_date: Mapped[dt.date | None] = date("首次注册日期", filled_by="D", help="由资格注册得出。")
    first_registration_result: Mapped[str | None] = code("首次注册结论", "REG_CONCLUSION", filled_by="D")
    latest_registration_date: Mapped[dt.date | None] = date("定期注册日期", filled_by="D")
    latest_registration_result: Mapped[str | None] = code("定期注册结论", "REG_CONCLUSION", filled_by="D",
        in_list=True)  # fmt: skip


def number_is_valid_and_fits_the_kind(row: Row) -> Iterator[Problem]:
    """号码是 17 位数字，其中有种类一位。种类只提示：两代证书的号码排法不同，2000 年前后并存。"""
    number, kind = str(row.get("cert_no") or ""), str(row.get("cert_type") or "")
    if not number:
        return
    if number.isdigit() and len(number) == OLD_LENGTH:
        yield Problem("cert_no", "旧证号码是 15 位，请在前面加 19。")
        return
    if not number.isdigit() or len(number) != LENGTH:
        yield Problem("cert_no", f"教师资格证号码是 17 位数字，现在是 {len(number)} 位，请对照证书。")
        return
    places = (KIND, OLD_KIND) if int(number[:4]) <= LAST_OLD_YEAR else (KIND,)
    if kind and kind not in {number[place] for place in places}:
        yield Problem("cert_no", "号码中的种类一位与所选的教师资格证种类不符，请核对。", "warning")


SECTION = Section(
    name="teacher_qualification",
    title="教师资格",
    model=TeacherQualification,
    required=True,
    may_be_none=True,
    unique=("cert_no",),
    intro="每本教师资格证填一条，注册结果由系统回填。",
    empty_hint="还没有教师资格证。没有证书的，选「无」。",
    order_by="issue_date",
    title_items=("cert_type", "subject"),
    rules=(number_is_valid_and_fits_the_kind,),
)
