"""教师资格: one row for each certificate; registration fills in its results. Source: domain reference 1.8, 3.3."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, text
from app.core.sections.section import Problem, Row, Section
from app.core.validators import InvalidValue, certificate_century, certificate_no_warnings, check_certificate_no
from app.records.base import SectionRow

HAS_CERT = When("cert_type", except_for=("0",))
OTHER_SUBJECT = When("subject", among=("99",))
OLD_LENGTH = 15
TODAY = dt.date.today
CERTIFICATE = "见教师资格证书。"


class TeacherQualification(SectionRow):
    """One teacher certificate."""

    __tablename__ = "rec_teacher_qualification"
    section_name = "teacher_qualification"

    cert_type: Mapped[str | None] = code("教师资格证种类", "CERT_TYPE", required=True, in_list=True,
        help="与证书一致，每本证书填一条。", source=CERTIFICATE)  # fmt: skip
    cert_no: Mapped[str | None] = text("教师资格证号码", 20, required_when=HAS_CERT, applies_when=HAS_CERT,
        check="certificate_no", in_list=True, help="17 位；旧证 15 位的会在前面补上年份。",
        source=CERTIFICATE)  # fmt: skip
    subject: Mapped[str | None] = code("任教学科", "CERT_SUBJECT", required_when=HAS_CERT, applies_when=HAS_CERT,
        in_list=True, help="与证书一致，不是现教学科；没有写的选「无」。", source=CERTIFICATE)  # fmt: skip
    subject_other: Mapped[str | None] = text("其他任教学科名称", 50, required_when=OTHER_SUBJECT,
        applies_when=OTHER_SUBJECT, help="任教学科选「其他」时才填，照证书写。", source=CERTIFICATE)  # fmt: skip
    issue_date: Mapped[dt.date | None] = date("证书颁发日期", required_when=HAS_CERT, applies_when=HAS_CERT,
        in_list=True, help="证书上的签发日期，不是领证的日期。", source=CERTIFICATE)  # fmt: skip
    issue_org: Mapped[str | None] = text("颁发机构", 100, required_when=HAS_CERT, applies_when=HAS_CERT,
        help="照认定机构的公章写全称，不写现在改了的名字。", source="以证书上的公章为准。")  # fmt: skip
    first_registration_date: Mapped[dt.date | None] = date("首次注册日期", filled_by="D", help="由资格注册得出。")
    first_registration_result: Mapped[str | None] = code("首次注册结论", "REG_CONCLUSION", filled_by="D")
    latest_registration_date: Mapped[dt.date | None] = date("定期注册日期", filled_by="D")
    latest_registration_result: Mapped[str | None] = code("定期注册结论", "REG_CONCLUSION", filled_by="D",
        in_list=True)  # fmt: skip


def number_is_valid_and_fits_the_kind(row: Row) -> Iterator[Problem]:
    """号码 17 位；种类和省份只提示，两代证书的排法不同。性别在基本信息里，见 records/across.py。"""
    number = str(row.get("cert_no") or "")
    if not number:
        return
    try:
        checked = check_certificate_no(number, today=TODAY())
    except InvalidValue as error:
        yield Problem("cert_no", str(error))
        return
    if len(number) == OLD_LENGTH:
        yield Problem("cert_no", f"旧证号码是 15 位，请在前面加 {certificate_century(number)}，写成 17 位。")
    elif number != checked:
        yield Problem("cert_no", "号码里有空格，请去掉。")
    for warning in certificate_no_warnings(checked, kind=str(row.get("cert_type") or "")):
        yield Problem("cert_no", str(warning), "warning")


SECTION = Section(
    name="teacher_qualification",
    title="教师资格",
    model=TeacherQualification,
    required=True,
    unique=("cert_no",),
    may_be_none=True,
    none_when=When("cert_type", among=("0",)),
    intro="每本教师资格证填一条，注册结果由系统回填。",
    empty_hint="还没有教师资格证。没有证书的，填「无」。",
    order_by="issue_date",
    title_items=("cert_type", "subject"),
    rules=(number_is_valid_and_fits_the_kind,),
)
