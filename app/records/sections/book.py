"""著作: one row for each book. Source: domain reference 1.11 (3)."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Mapped
from stdnum import isbn as isbn_number

from app.core.sections.fields import When, code, date, number, text
from app.core.sections.section import Problem, Row, Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, other_discipline, representative

HAS_BOOK = When("book_type", except_for=("00",))
COPYRIGHT_PAGE = "见版权页。"


class Book(SectionRow):
    """One book."""

    __tablename__ = "rec_book"
    section_name = "book"

    book_type: Mapped[str | None] = code("著作类别", "BOOK_TYPE", required=True, in_list=True,
        help="按书的性质选；选「无」时其余各项不用填。", source=COPYRIGHT_PAGE)  # fmt: skip
    is_representative: Mapped[str | None] = representative(HAS_BOOK)
    title: Mapped[str | None] = text("著作名称", 200, required_when=HAS_BOOK, applies_when=HAS_BOOK, in_list=True,
        help="与版权页一致，副书名也写上。", source=COPYRIGHT_PAGE)  # fmt: skip
    discipline: Mapped[str | None] = code("学科领域", "DISCIPLINE", applies_when=HAS_BOOK,
        help="书所属的学科，没有列出的选「其他」。")  # fmt: skip
    discipline_other: Mapped[str | None] = other_discipline()
    publish_date: Mapped[dt.date | None] = date("出版日期", applies_when=HAS_BOOK, in_list=True,
        help="版权页只有年月的，日填 01。", source=COPYRIGHT_PAGE)  # fmt: skip
    publisher: Mapped[str | None] = text("出版社名称", 100, applies_when=HAS_BOOK, in_list=True,
        help="写全称，与版权页一致。", source=COPYRIGHT_PAGE)  # fmt: skip
    isbn: Mapped[str | None] = text("出版号", 30, applies_when=HAS_BOOK, help="书号（ISBN）见版权页或封底。",
        source=COPYRIGHT_PAGE)  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "BOOK_ROLE", applies_when=HAS_BOOK, in_list=True,
        help="与版权页的署名一致，一人写成的选「独著」。", source=COPYRIGHT_PAGE)  # fmt: skip
    total_words: Mapped[Decimal | None] = number("总字数（字）", 9, applies_when=HAS_BOOK, high=999999999,
        help="以字计，不是千字；见版权页。", source=COPYRIGHT_PAGE)  # fmt: skip
    own_words: Mapped[Decimal | None] = number("本人撰写字数（字）", 9, applies_when=HAS_BOOK, high=999999999,
        help="以字计，不多于总字数。")  # fmt: skip


def own_words_within_total(row: Row) -> Iterator[Problem]:
    """本人撰写字数不多于总字数。"""
    own, total = row.get("own_words"), row.get("total_words")
    if own not in (None, "") and total not in (None, "") and Decimal(str(own)) > Decimal(str(total)):
        yield Problem("own_words", f"「本人撰写字数」{own} 多于「总字数」{total}，请核对。")


def isbn_looks_right(row: Row) -> Iterator[Problem]:
    """出版号按 ISBN-10 或 ISBN-13 校验；音像、软件等另有编号，所以只提示。"""
    typed = str(row.get("isbn") or "")
    if typed and not isbn_number.is_valid(typed.upper().removeprefix("ISBN").lstrip(":： ")):
        yield Problem("isbn", f"「{typed}」不是正确的 ISBN，请对照版权页；不是书号的不必理会。", level="warning")


SECTION = Section(
    name="book",
    title="著作",
    model=Book,
    required=False,
    part=RESULTS,
    may_be_none=True,
    none_when=When("book_type", among=("00",)),
    empty_hint="还没有著作。没有的可以不填。",
    order_by="publish_date",
    title_items=("book_type", "title"),
    rules=(own_words_within_total, isbn_looks_right),
)
