"""Reasons for refusals: the nation's and those that units add, for themselves and the units below."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.collection.reasons import MOST, ReviewReason
from app.core.settings_log import SettingChange
from app.records.marks import REASONS, open_marks
from app.records.teacher import Teacher
from tests.conftest import Client

OWN = "公章看不清"


def reasons(session: Session) -> list[ReviewReason]:
    session.rollback()
    return list(session.scalars(sa.select(ReviewReason).order_by(ReviewReason.id)))


def options(client: Client, teacher: Teacher) -> dict[str, str]:
    page = client.get(f"/review/desk/{teacher.id}").get_data(as_text=True)
    first = page.split('<option value="">选退回原因</option>')[1].split("</select>")[0]
    return dict(re.findall(r'value="([^"]+)">([^<]+)<', first))


def test_added_reasons_reach_the_units_below_and_nobody_else(
    client_as: Callable[[str], Client], waiting: list[Teacher], at_school: list[Teacher], everything: Session
) -> None:
    added = {
        "yunchuan": "省里的",
        "zhoumin": OWN,
        "wangjianguo": "不该有",
        "yizhong_sys": "校里的",
        "shiqiao": "邻县的",
    }
    for username, words in added.items():
        client_as(username).post("/reasons/add", {"words": words})
    assert [reason.words for reason in reasons(everything)] == ["省里的", OWN, "校里的", "邻县的"]
    county, school = options(client_as("zhoumin"), waiting[0]), options(client_as("wangjianguo"), at_school[0])
    assert list(county.values()) == [*[*REASONS.values()][:-1], "省里的", OWN, REASONS["other"]]
    assert list(school.values()) == [*[*REASONS.values()][:-1], "省里的", OWN, "校里的", REASONS["other"]]


def test_a_mark_keeps_the_words_of_its_day(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    admin, reviewer, teacher = client_as("qinghe_sys"), client_as("zhoumin"), waiting[0]
    admin.post("/reasons/add", {"words": OWN})
    own = reasons(everything)[0]
    draft = {
        "version": teacher.version,
        "values": {"verdict://": "refused", "reason://": own.code, "note://": "看第二页"},
    }
    reviewer.post_json(f"/review/desk/{teacher.id}/draft", draft)
    form = {"version": teacher.version, **draft["values"]}  # type: ignore[dict-item]
    admin.post(f"/reasons/edit/{own.id}/retire")
    late = reviewer.post(f"/review/desk/{teacher.id}/reject", form)
    page = late.get_data(as_text=True)
    assert late.status_code == 400 and "现在不用了" in page and 'value="看第二页"' in page
    assert OWN not in options(reviewer, teacher).values() and open_marks(everything, teacher.id) == []
    admin.post(f"/reasons/edit/{own.id}/restore")
    assert reviewer.post(f"/review/desk/{teacher.id}/reject", form).status_code == 302
    admin.post(f"/reasons/edit/{own.id}", {"words": "改过的话"})
    everything.rollback()
    mark = open_marks(everything, teacher.id)[0]
    assert (mark.reason, mark.text) == (own.code, f"{OWN}：看第二页")
    changes = [change.changes for change in everything.scalars(sa.select(SettingChange).order_by(SettingChange.id))]
    assert changes[-1] == {"words": [OWN, "改过的话"]} and len(changes) == 4


@pytest.mark.parametrize("words", ["", "与证明材料不一致", OWN, "长" * 41])
def test_what_is_no_new_reason_is_not_stored(
    client_as: Callable[[str], Client], everything: Session, words: str
) -> None:
    client = client_as("zhoumin")
    client.post("/reasons/add", {"words": OWN})
    assert client.post("/reasons/add", {"words": words}).status_code == 400
    assert len(reasons(everything)) == 1


def test_other_units_reasons_are_not_changed(client_as: Callable[[str], Client], everything: Session) -> None:
    client_as("yunchuan").post("/reasons/add", {"words": OWN})
    own = reasons(everything)[0]
    county = client_as("zhoumin")
    page = county.get("/reasons/list/").get_data(as_text=True)
    assert OWN in page and "云川省教育厅" in page and f"/reasons/edit/{own.id}" not in page
    for path in (f"/reasons/edit/{own.id}", f"/reasons/edit/{own.id}/retire"):
        assert county.post(path, {"words": "别的话"}).status_code == 404
    assert [(reason.words, reason.active) for reason in reasons(everything)] == [(OWN, True)]


def test_a_unit_has_only_so_many(
    client_as: Callable[[str], Client], everything: Session, waiting: list[Teacher]
) -> None:
    unit_id = waiting[0].waiting_unit_id
    everything.add_all(ReviewReason(unit_id=unit_id, words=f"原因 {number}", active=True) for number in range(MOST))
    everything.commit()
    assert client_as("zhoumin").post("/reasons/add", {"words": OWN}).status_code == 400
    assert len(reasons(everything)) == MOST
