"""退回上一级 and 撤回审核: between which units they are possible, for whom, and what they leave behind."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.collection import operations
from app.collection.desk import came_back, open_desk
from app.collection.models import ReviewLevel, Snapshot
from app.collection.queries import draft_key, review_chain
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.drafts import keep_draft
from app.core.errors import AppError
from app.core.flow import FlowLog
from app.organisations.models import Unit
from app.records.marks import open_marks
from app.records.states import ARRIVALS, FIRST_REPORT, REPORTED_AGAIN, SENT_BACK, TAKEN_BACK
from app.records.teacher import Teacher
from tests.conftest import Client

REASON = "学历证书看不清，请再核对。"


@pytest.fixture
def chain(everything: Session, teachers: list[Teacher]) -> list[Unit]:
    """School, county, city, province: every level reviews."""
    for level in ("city", "province"):
        everything.add(ReviewLevel(province_id=teachers[0].province_id, level=level, enabled=True))
    everything.commit()
    return review_chain(everything, teachers[0].unit)


@pytest.fixture
def reviewers(chain: Sequence[Unit], actor_named: Callable[[str], Actor]) -> list[Actor]:
    """One reviewer for each unit of the chain, none of whom has reported."""
    model = actor_named("wangjianguo")
    return [
        replace(model, user_id=9000 + unit.id, unit_id=unit.id, unit_name=unit.name, level=unit.level) for unit in chain
    ]


@pytest.fixture
def record(at_school: list[Teacher], everything: Session) -> Teacher:
    return everything.get_one(Teacher, at_school[0].id)


@pytest.fixture
def clerk(actor_named: Callable[[str], Actor]) -> Actor:
    return actor_named("liyutong")


def brought_to(session: Session, record: Teacher, reviewers: Sequence[Actor], level: int) -> None:
    for actor in reviewers[:level]:
        operations.approve(session, record.id, record.version, actor, utc_now())


def state(record: Teacher) -> tuple[object, ...]:
    return record.status, record.waiting_unit_id, record.stage, record.arrival, record.version


def steps(session: Session, record: Teacher) -> list[str]:
    return list(session.scalars(sa.select(FlowLog.step).where(FlowLog.row_id == record.id).order_by(FlowLog.id)))


@pytest.mark.parametrize(("level", "who"), [*itertools.product(range(5), range(4))])
def test_every_level_against_every_reviewer(
    everything: Session, record: Teacher, reviewers: list[Actor], level: int, who: int
) -> None:
    """`level` units have approved (4: for good). Whose turn it is sends back, who approved last takes back."""
    brought_to(everything, record, reviewers, level)
    actor, before, log = reviewers[who], state(record), steps(everything, record)
    verbs = {
        "send_back": lambda: operations.send_back(everything, record.id, record.version, REASON, actor, utc_now()),
        "take_back": lambda: operations.take_back(everything, record.id, actor, utc_now()),
    }
    possible = {"send_back": who == level > 0, "take_back": who == level - 1 < 3}
    for name, verb in verbs.items():
        if not possible[name]:
            with pytest.raises(AppError):
                verb()
            assert (state(record), steps(everything, record)) == (before, log)
            continue
        verb()
        arrival = SENT_BACK if name == "send_back" else TAKEN_BACK
        assert state(record)[:4] == ("in_review", reviewers[level - 1].unit_id, level, arrival)
        assert open_marks(everything, record.id) == [], "nothing is unlocked"
        operations.approve(everything, record.id, record.version, reviewers[level - 1], utc_now())
        assert (record.waiting_unit_id, record.stage) == (reviewers[level].unit_id, level + 1)
        before, log = state(record), steps(everything, record)


def test_arrival_tells_how_it_came(everything: Session, record: Teacher, reviewers: list[Actor], clerk: Actor) -> None:
    assert record.arrival == FIRST_REPORT
    brought_to(everything, record, reviewers, 1)
    assert record.arrival == FIRST_REPORT
    whole = [operations.Refusal("", None, "", "wrong", "")]
    operations.reject(everything, record.id, record.version, whole, "", reviewers[1], utc_now())
    assert record.arrival is None
    operations.report(everything, record.id, clerk, utc_now())
    assert record.arrival == REPORTED_AGAIN
    brought_to(everything, record, reviewers, 1)
    assert record.arrival == REPORTED_AGAIN
    brought_to(everything, record, reviewers[1:], 3)
    assert (record.status, record.arrival) == ("approved", None)
    assert set(ARRIVALS) == {FIRST_REPORT, REPORTED_AGAIN, SENT_BACK, TAKEN_BACK}


def test_nobody_decides_on_the_own_report_by_a_way_round(
    everything: Session, record: Teacher, reviewers: list[Actor]
) -> None:
    """The reporter may neither review what came back, nor take back what a colleague approved."""
    reporter = replace(reviewers[0], user_id=record.reported_by_id or 0)
    brought_to(everything, record, reviewers, 1)
    with pytest.raises(AppError, match="您报送"):
        operations.take_back(everything, record.id, reporter, utc_now())
    operations.send_back(everything, record.id, record.version, REASON, reviewers[1], utc_now())
    with pytest.raises(AppError, match="您报送"):
        operations.approve(everything, record.id, record.version, reporter, utc_now())
    assert (record.waiting_unit_id, record.stage) == (record.unit_id, 1)


def test_a_reason_and_the_seen_version_are_needed(everything: Session, record: Teacher, reviewers: list[Actor]) -> None:
    brought_to(everything, record, reviewers, 1)
    before = state(record)
    for comment, version in (("  ", record.version), (REASON, record.version - 1)):
        with pytest.raises(AppError):
            operations.send_back(everything, record.id, version, comment, reviewers[1], utc_now())
    assert state(record) == before


def test_what_the_next_unit_has_begun_stays_there(everything: Session, record: Teacher, reviewers: list[Actor]) -> None:
    brought_to(everything, record, reviewers, 1)
    keep_draft(everything, 9999, draft_key(record.id), {"comment": "看到一半"}, record.version, utc_now())
    with pytest.raises(AppError, match="已经开始审核"):
        operations.take_back(everything, record.id, reviewers[0], utc_now())
    assert record.stage == 2


def test_a_unit_that_has_left_the_chain_gets_nothing_back(
    everything: Session, record: Teacher, reviewers: list[Actor]
) -> None:
    """It would be the last one then, and its approval the end."""
    brought_to(everything, record, reviewers, 3)
    everything.execute(sa.update(ReviewLevel).where(ReviewLevel.level == "city").values(enabled=False))
    with pytest.raises(AppError, match="不参加审核"):
        operations.take_back(everything, record.id, reviewers[2], utc_now())
    operations.send_back(everything, record.id, record.version, REASON, reviewers[3], utc_now())
    assert record.waiting_unit_id == reviewers[1].unit_id, "the level before of today"


def test_the_second_look_after_it_came_back(everything: Session, record: Teacher, reviewers: list[Actor]) -> None:
    brought_to(everything, record, reviewers, 1)
    operations.send_back(everything, record.id, record.version, REASON, reviewers[1], utc_now())
    desk = open_desk(everything, reviewers[0], record)
    told = came_back(desk)
    assert told is not None and told["text"] == REASON and reviewers[1].unit_name in told["title"]
    assert not desk.comparison.first and not any(
        line.changed for block in desk.comparison.blocks for line in block.lines
    )
    operations.approve(everything, record.id, record.version, reviewers[0], utc_now())
    desk = open_desk(everything, reviewers[1], record)
    assert came_back(desk) is None
    assert not desk.comparison.first, "the county has looked before, though it decided nothing"


def test_each_level_sees_what_a_later_one_refused(
    everything: Session, record: Teacher, reviewers: list[Actor], clerk: Actor
) -> None:
    """The city refuses; school and county then see whether it was mended, also after the school has approved again."""
    brought_to(everything, record, reviewers, 2)
    place = ("basic_info", record.id, "staff_no")
    operations.reject(
        everything,
        record.id,
        record.version,
        [operations.Refusal(*place, "wrong", "请核对")],
        "",
        reviewers[2],
        utc_now(),
    )
    operations.report(everything, record.id, clerk, utc_now())
    for level in range(3):
        blocks = open_desk(everything, reviewers[level], record).comparison.blocks
        flags = [flag.text for block in blocks for line in block.lines for flag in line.flags]
        assert any("上次退回后没有改" in text for text in flags), reviewers[level].unit_name
        operations.approve(everything, record.id, record.version, reviewers[level], utc_now())
    blocks = open_desk(everything, reviewers[3], record).comparison.blocks
    assert any("上次退回" in flag.text for block in blocks for line in block.lines for flag in line.flags)
    operations.approve(everything, record.id, record.version, reviewers[3], utc_now())
    assert everything.scalar(sa.select(sa.func.count(Snapshot.id)).where(Snapshot.teacher_id == record.id)) == 1


# ── on the desk ──


def test_by_way_of_the_desk(client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session) -> None:
    record, other = waiting[:2]
    county, school = client_as("zhoumin"), client_as("wangjianguo")
    desk = county.get(f"/review/desk/{record.id}").get_data(as_text=True)
    assert "data-send-back" in desk and "由青禾县第一中学重新审核" in desk
    refused = f"basic_info/{record.id}/name"
    form = {"version": record.version, f"verdict:{refused}": "refused", f"reason:{refused}": "evidence"}
    nothing = county.post(f"/review/desk/{record.id}/send-back", {"version": record.version})
    assert nothing.status_code == 400 and "请写明原因" in nothing.get_data(as_text=True)
    answer = county.post(f"/review/desk/{record.id}/send-back", form)
    assert "退回青禾县第一中学重新审核" in county.get(answer.location).get_data(as_text=True)
    page = school.get(f"/review/desk/{record.id}").get_data(as_text=True)
    assert "基本信息 · 姓名：与证明材料不一致" in page and "请重新审核" in page and "data-send-back" not in page
    # The school takes back what it has approved and the county has not begun with.
    assert "撤回审核" in school.get(f"/review/desk/{other.id}").get_data(as_text=True)
    assert client_as("liyutong").post(f"/review/desk/{other.id}/take-back").status_code == 403
    taken = school.post(f"/review/desk/{other.id}/take-back")
    assert "回到本单位待审" in school.get(taken.location).get_data(as_text=True)
    everything.rollback()
    assert everything.get_one(Teacher, other.id).arrival == TAKEN_BACK
    assert county.post(f"/review/desk/{other.id}/send-back", {"version": 1, "comment": "x"}).status_code == 409


def test_strangers_find_nothing(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    before = waiting[0].version
    for verb in ("send-back", "take-back"):
        form = {"version": before, "comment": "x"}
        assert client_as("shiqiao").post(f"/review/desk/{waiting[0].id}/{verb}", form).status_code == 404
        assert client_as("yizhong_query").post(f"/review/desk/{waiting[0].id}/{verb}", form).status_code == 403
    everything.rollback()
    assert everything.get_one(Teacher, waiting[0].id).version == before
