"""证书: one row for each certificate of skill or language. Source: domain reference 1.15."""

from collections.abc import Iterator

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, month, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow
from app.records.parts import SKILLS

LANGUAGE, OTHER_LANGUAGE_CERT = "2", "9"
HAS_CERT = When("cert_category", except_for=("0",))
OF_LANGUAGE = When("cert_category", among=(LANGUAGE,))
NOT_OF_LANGUAGE = When("cert_category", except_for=("0", LANGUAGE))
ORIGINAL = "见证书原件。"


class Certificate(SectionRow):
    """One certificate."""

    __tablename__ = "rec_certificate"
    section_name = "certificate"

    cert_category: Mapped[str | None] = code("证书类型", "CERT_CATEGORY", required=True, default=LANGUAGE, in_list=True,
        help="先填语言证书，再填其他；教师资格证不填在这里。")  # fmt: skip
    language_cert: Mapped[str | None] = code("语言证书名称", "LANGUAGE_CERT", required_when=OF_LANGUAGE,
        applies_when=OF_LANGUAGE, in_list=True, help="普通话等选到等级，外语选「其他语言证书」。",
        source=ORIGINAL)  # fmt: skip
    name: Mapped[str | None] = text("证书名称", 100, required_when=NOT_OF_LANGUAGE, applies_when=HAS_CERT, in_list=True,
        help="语言证书已选名称的不填，其他证书照证书写。", source=ORIGINAL)  # fmt: skip
    issue_month: Mapped[str | None] = month("发证年月", applies_when=HAS_CERT, in_list=True,
        help="证书上的年月，不是考试的年月。", source=ORIGINAL)  # fmt: skip
    issuer: Mapped[str | None] = text("发证单位", 100, applies_when=HAS_CERT, help="按证书上的公章填写。",
        source="以证书上的公章为准。")  # fmt: skip
    cert_no: Mapped[str | None] = text("证书编号", 100, applies_when=HAS_CERT, help="照证书填写，没有编号的不填。",
        source=ORIGINAL)  # fmt: skip


def language_certificate_has_one_name(row: Row) -> Iterator[Problem]:
    """语言证书选了名称就不再填，选「其他语言证书」的要填。"""
    chosen, name = row.get("language_cert"), row.get("name")
    if row.get("cert_category") != LANGUAGE or not chosen:
        return
    if chosen == OTHER_LANGUAGE_CERT and not name:
        yield Problem("name", "「证书名称」没有填（选了其他语言证书时必填）。")
    elif chosen != OTHER_LANGUAGE_CERT and name:
        yield Problem("name", "「语言证书名称」已选，「证书名称」不用填，请清空。")


SECTION = Section(
    name="certificate",
    title="证书",
    model=Certificate,
    part=SKILLS,
    required=True,
    may_be_none=True,
    none_when=When("cert_category", among=("0",)),
    intro="先填语言证书，再填其他证书。",
    empty_hint="还没有证书。没有的，填「无」。",
    order_by="issue_month",
    title_items=("cert_category", "language_cert", "name"),
    rules=(language_certificate_has_one_name,),
)
