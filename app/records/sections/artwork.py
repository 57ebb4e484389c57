"""文艺作品: one row for each work of art. Source: domain reference 1.11 (6)."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import RESULTS, representative

HAS_ARTWORK = When("artwork_type", except_for=("0",))


class Artwork(SectionRow):
    """One work of art."""

    __tablename__ = "rec_artwork"
    section_name = "artwork"

    artwork_type: Mapped[str | None] = code("类别", "ARTWORK_TYPE", required=True, in_list=True,
        help="按作品的形式选；选「无」时其余各项不用填。")  # fmt: skip
    is_representative: Mapped[str | None] = representative(HAS_ARTWORK)
    name: Mapped[str | None] = text("名称", 200, required_when=HAS_ARTWORK, applies_when=HAS_ARTWORK, in_list=True,
        help="与出版、展览或演出时的名称一致。")  # fmt: skip
    role: Mapped[str | None] = code("本人角色", "COMPLETER_ROLE", applies_when=HAS_ARTWORK, in_list=True,
        help="第三完成人及以后选「其他」。")  # fmt: skip
    finish_date: Mapped[dt.date | None] = date("完成时间", applies_when=HAS_ARTWORK, in_list=True,
        help="作品完成或首次公开的日期。")  # fmt: skip
    place: Mapped[str | None] = text("完成地点", 100, applies_when=HAS_ARTWORK, help="创作、演出或展出的地方。")
    work_desc: Mapped[str | None] = text("本人工作描述", 500, applies_when=HAS_ARTWORK,
        help="本人做了哪些部分，500 字以内。")  # fmt: skip


SECTION = Section(
    name="artwork",
    title="文艺作品",
    model=Artwork,
    required=False,
    part=RESULTS,
    may_be_none=True,
    none_when=When("artwork_type", among=("0",)),
    empty_hint="还没有文艺作品。没有的可以不填。",
    order_by="finish_date",
    title_items=("artwork_type", "name"),
)
