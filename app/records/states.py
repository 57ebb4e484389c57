"""The states of a record and how they are shown: the words are the same on every screen."""

from typing import Any

from app.core.flow import State

STATES = {
    "draft": State("未报送", "draft"),
    "submitted_to_school": State("已交学校", "info"),
    "in_review": State("待审核", "wait"),
    "rejected": State("审核未通过", "no"),
    "approved": State("审核通过", "ok"),
}
WAITING = {
    "school": "待学校审核",
    "county": "待县级审核",
    "city": "待市级审核",
    "province": "待省级审核",
    "nation": "待部级审核",
}

# How a waiting report has come to the unit that reviews it.
FIRST_REPORT, REPORTED_AGAIN, SENT_BACK, TAKEN_BACK = "first", "again", "back", "taken"
ARRIVALS = {
    FIRST_REPORT: State("首次报送", "info"),
    REPORTED_AGAIN: State("退回后再报", "info"),
    SENT_BACK: State("退回重审", "no"),
    TAKEN_BACK: State("本单位撤回审核", "wait"),
}


def state_label(teacher: Any) -> str:
    """The state in words; a waiting record says at whom."""
    if teacher.status == "in_review" and teacher.waiting_unit is not None:
        return WAITING.get(teacher.waiting_unit.level, "待审核")
    return STATES[teacher.status].label


def state_tag(teacher: Any) -> dict[str, str]:
    """The state as a tag of the templates."""
    return {"label": state_label(teacher), "kind": STATES[teacher.status].kind}
