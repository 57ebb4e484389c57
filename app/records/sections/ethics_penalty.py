"""师德惩处: one row for each penalty; the school enters it. Source: domain reference 1.9."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.core.sections.fields import When, code, date, text
from app.core.sections.section import Section
from app.records.base import SectionRow
from app.records.parts import ETHICS

PENALISED = When("penalty_type", except_for=("0",))
DECISION = "见处分决定书。"


class EthicsPenalty(SectionRow):
    """One penalty, and its end."""

    __tablename__ = "rec_ethics_penalty"
    section_name = "ethics_penalty"

    penalty_type: Mapped[str | None] = code("处分类别", "PENALTY_TYPE", required=True, in_list=True,
        help="与处分决定一致，没有受过处分的不用添加。", source=DECISION)  # fmt: skip
    penalty_reason: Mapped[str | None] = code("处分原因", "PENALTY_REASON", required_when=PENALISED,
        applies_when=PENALISED, in_list=True, help="按处分决定认定的事实，选最主要的一条。",
        source=DECISION)  # fmt: skip
    penalty_event_date: Mapped[dt.date | None] = date("处分发生日期", required_when=PENALISED, applies_when=PENALISED,
        in_list=True, default_named="today", help="事情发生的日期，不是作出处分的日期。", source=DECISION)  # fmt: skip
    penalty_desc: Mapped[str | None] = text("处分记录描述", 500, applies_when=PENALISED,
        help="照处分决定写明事实，500 字以内。", source=DECISION)  # fmt: skip
    penalty_org: Mapped[str | None] = text("处分单位名称", 100, applies_when=PENALISED,
        help="作出处分决定的单位，写全称。", source="以处分决定书上的公章为准。")  # fmt: skip
    penalty_date: Mapped[dt.date | None] = date("处分日期", applies_when=PENALISED, earliest="penalty_event_date",
        in_list=True, help="作出处分决定的日期。", source=DECISION)  # fmt: skip
    penalty_revoke_date: Mapped[dt.date | None] = date("处分撤销日期", applies_when=PENALISED, earliest="penalty_date",
        in_list=True, help="已撤销处分的才填，填撤销决定上的日期。", source="见撤销处分的决定。")  # fmt: skip
    penalty_revoke_reason: Mapped[str | None] = text("处分撤销原因", 200, applies_when=PENALISED,
        help="已撤销处分的才填，照撤销决定写。", source="见撤销处分的决定。")  # fmt: skip


SECTION = Section(
    name="ethics_penalty",
    title="师德惩处",
    model=EthicsPenalty,
    part=ETHICS,
    filled_by="A",
    may_be_none=True,
    none_when=When("penalty_type", among=("0",)),
    intro="由学校填写，教师可以查看。",
    empty_hint="没有师德惩处。",
    order_by="penalty_event_date",
    title_items=("penalty_type", "penalty_reason"),
)
