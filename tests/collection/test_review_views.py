"""The review desk, as a reviewer's browser sees it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.collection.models import Snapshot
from app.core.drafts import Draft
from app.core.flow import FlowLog
from app.records.marks import ReviewMark, open_marks
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests.conftest import Client

COUNTY, REVIEWER, CLERK = "zhoumin", "wangjianguo", "liyutong"


def fresh(session: Session, teacher: Teacher) -> Teacher:
    session.rollback()
    session.expire_all()
    return session.get_one(Teacher, teacher.id)


def degree_id(session: Session, teacher: Teacher) -> int:
    query = sa.select(EducationHistory.id).where(
        EducationHistory.teacher_id == teacher.id, EducationHistory.education == "21"
    )
    return session.scalars(query).one()


def refuse(key: str, reason: str = "evidence", note: str = "证书上是 7 月") -> dict[str, str]:
    return {f"verdict:{key}": "refused", f"reason:{key}": reason, f"note:{key}": note}


# ── approve ──


def test_approve_opens_the_next(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    first, second = waiting[:2]
    answer = client_as(COUNTY).post(f"/review/desk/{first.id}/approve", {"version": first.version})
    assert answer.status_code == 302 and answer.location == f"/review/desk/{second.id}"
    assert fresh(everything, first).status == "approved"
    assert everything.scalar(sa.select(sa.func.count(Snapshot.id)).where(Snapshot.teacher_id == first.id)) == 1


def test_the_last_one_leads_back_to_the_queue(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    client = client_as(COUNTY)
    for teacher in waiting:
        answer = client.post(f"/review/desk/{teacher.id}/approve", {"version": teacher.version})
    assert answer.location == "/review/list/"
    assert "没有更多" in client.get(answer.location).get_data(as_text=True)


def test_approval_of_the_school_goes_on_to_the_county(
    client_as: Callable[[str], Client], at_school: list[Teacher], everything: Session
) -> None:
    teacher = at_school[0]
    client = client_as(REVIEWER)
    answer = client.post(f"/review/desk/{teacher.id}/approve", {"version": teacher.version})
    assert "转青禾县教育体育局审核" in client.get(answer.location).get_data(as_text=True)
    after = fresh(everything, teacher)
    assert (after.status, after.stage) == ("in_review", 2)


def test_refused_items_keep_the_whole_from_passing(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    form = {"version": teacher.version, **refuse(f"basic_info/{teacher.id}/name", note="与身份证不符")}
    answer = client_as(COUNTY).post(f"/review/desk/{teacher.id}/approve", form)
    assert answer.status_code == 400
    assert "与身份证不符" in answer.get_data(as_text=True)
    assert fresh(everything, teacher).status == "in_review"


# ── reject ──


def test_reject_unlocks_exactly_what_is_named(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    row = degree_id(everything, teacher)
    form = {
        "version": teacher.version,
        "comment": "其余无误",
        **refuse(f"education_history/{row}/end_month"),
        **refuse("education_history//", "incomplete", "缺硕士"),
        f"verdict:basic_info/{teacher.id}/name": "passed",
    }
    answer = client_as(COUNTY).post(f"/review/desk/{teacher.id}/reject", form)
    assert answer.location == f"/review/desk/{waiting[1].id}"
    assert fresh(everything, teacher).status == "rejected"
    marks = {(m.section, m.row_id, m.item, m.reason, m.note) for m in open_marks(everything, teacher.id)}
    assert marks == {
        ("education_history", row, "end_month", "evidence", "证书上是 7 月"),
        ("education_history", None, "", "incomplete", "缺硕士"),
    }
    log = everything.scalars(sa.select(FlowLog).where(FlowLog.teacher_id == teacher.id).order_by(FlowLog.id)).all()[-1]
    assert (log.step, log.comment) == ("reject", "其余无误")
    client = client_as(CLERK)
    page = client.get(f"/teachers/edit/{teacher.id}").get_data(as_text=True)
    assert "审核没有点名这一项" in page


def test_a_sentence_alone_is_reason_enough(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    form = {"version": teacher.version, **refuse("//", "", "请整份核对")}
    assert client_as(COUNTY).post(f"/review/desk/{teacher.id}/reject", form).status_code == 302
    everything.rollback()
    mark = open_marks(everything, teacher.id)[-1]
    assert (mark.section, mark.row_id, mark.item, mark.reason) == ("", None, "", "other")


@pytest.mark.parametrize(
    ("reason", "note", "words"),
    [("", "", "还没有写原因"), ("other", "", "请写一句说明"), ("wrong", "长" * 301, "最多 300 个字")],
)
def test_missing_reason_keeps_what_was_typed(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session, reason: str, note: str, words: str
) -> None:
    teacher = waiting[0]
    row = degree_id(everything, teacher)
    form = {
        "version": teacher.version,
        "comment": "总的话",
        **refuse(f"education_history/{row}/end_month", reason, note),
        **refuse(f"education_history/{row}/major", "wrong", "专业以证书为准"),
    }
    answer = client_as(COUNTY).post(f"/review/desk/{teacher.id}/reject", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400 and words in page
    assert 'value="专业以证书为准"' in page and 'value="总的话"' in page
    assert fresh(everything, teacher).status == "in_review"
    assert everything.scalar(sa.select(sa.func.count(ReviewMark.id)).where(ReviewMark.teacher_id == teacher.id)) == 0


def test_nothing_named_is_refused(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    form = {"version": teacher.version, "comment": "不行"}
    answer = client_as(COUNTY).post(f"/review/desk/{teacher.id}/reject", form)
    assert answer.status_code == 400 and 'value="不行"' in answer.get_data(as_text=True)
    assert fresh(everything, teacher).status == "in_review"


def bad_forms(teacher: Teacher) -> list[dict[str, str]]:
    name = f"basic_info/{teacher.id}/name"
    return [
        refuse("nowhere/1/name"),
        refuse("education_history/999999/major"),
        refuse(f"basic_info/{teacher.id}/status"),
        refuse(f"basic_info/{teacher.id}/highest_education"),
        refuse("basic_info//name"),
        refuse(name, "because"),
        refuse(name) | {f"verdict:{name}": "maybe"},
        refuse(name) | {"note:whatever": "x"},
        refuse(""),
    ]


def test_unknown_keys_and_reasons_are_bad_requests(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    client = client_as(COUNTY)
    for form in bad_forms(teacher):
        answer = client.post(f"/review/desk/{teacher.id}/reject", {"version": teacher.version, **form})
        assert answer.status_code == 400, form
    for version in ("", "x", "-1", "99999999999"):
        form = {"version": version, **refuse("//")}
        assert client.post(f"/review/desk/{teacher.id}/reject", form).status_code == 400
    assert fresh(everything, teacher).status == "in_review"
    assert open_marks(everything, teacher.id) == []


# ── conflicts, rights, scope ──


def test_wrong_version_is_a_conflict_and_keeps_the_words(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    client = client_as(COUNTY)
    form = {
        "version": teacher.version - 1,
        **refuse("//", "wrong", "写了很久的话"),
        "note:education_history/9/major": "旧行的话",
    }
    for verb in ("reject", "approve"):
        answer = client.post(f"/review/desk/{teacher.id}/{verb}", form)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 409 and "有变动" in page
        assert 'value="写了很久的话"' in page and "旧行的话" in page
    assert fresh(everything, teacher).status == "in_review"


def test_the_second_decision_is_told_that_it_came_too_late(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    client = client_as(COUNTY)
    client.post(f"/review/desk/{teacher.id}/approve", {"version": teacher.version})
    form = {"version": teacher.version, **refuse("//", "wrong", "太晚了")}
    answer = client.post(f"/review/desk/{teacher.id}/reject", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409 and "现在是「审核通过」" in page and "太晚了" in page
    assert "data-approve" not in page
    assert fresh(everything, teacher).status == "approved" and open_marks(everything, teacher.id) == []


def test_own_report_needs_another_person(
    client_as: Callable[[str], Client], at_school: list[Teacher], everything: Session
) -> None:
    teacher = at_school[0]
    client = client_as(CLERK)
    listing = client.get("/review/list/").get_data(as_text=True)
    assert "要由另一位审核" in listing and "从第一份审起" not in listing
    page = client.get(f"/review/desk/{teacher.id}").get_data(as_text=True)
    assert "要由另一位审核" in page and "data-approve" not in page and "verdict:" not in page
    answer = client.post(f"/review/desk/{teacher.id}/approve", {"version": teacher.version})
    assert answer.status_code == 409
    batch = client.post("/review/batch", {"action": "approve", "rowid": teacher.id}).location
    client.post(f"{batch}/run", {"count": 1})
    assert "没有做成 1 人" in client.get(batch).get_data(as_text=True)
    assert fresh(everything, teacher).stage == 1


def test_record_elsewhere_is_shown_with_the_reason(
    client_as: Callable[[str], Client], at_school: list[Teacher], teachers: list[Teacher], everything: Session
) -> None:
    client = client_as(COUNTY)
    page = client.get(f"/review/desk/{at_school[0].id}").get_data(as_text=True)
    assert "现在由青禾县第一中学审核" in page and "data-approve" not in page
    draft = next(teacher for teacher in teachers if teacher.status == "draft")
    assert "不在审核中" in client.get(f"/review/desk/{draft.id}").get_data(as_text=True)
    answer = client.post(f"/review/desk/{at_school[0].id}/approve", {"version": at_school[0].version})
    assert answer.status_code == 409
    assert fresh(everything, at_school[0]).stage == 1


def test_foreign_records_are_not_found(
    client_as: Callable[[str], Client], strangers: list[Teacher], everything: Session
) -> None:
    client = client_as(COUNTY)
    teacher = strangers[0]
    assert client.get(f"/review/desk/{teacher.id}").status_code == 404
    for verb in ("approve", "reject"):
        answer = client.post(f"/review/desk/{teacher.id}/{verb}", {"version": teacher.version, **refuse("//")})
        assert answer.status_code == 404
    payload = {"version": teacher.version, "values": {"comment": "x"}}
    assert client.post_json(f"/review/desk/{teacher.id}/draft", payload).status_code == 404
    for pk in ("0", "x", "-1", "99999999999999999999"):
        assert client.get(f"/review/desk/{pk}").status_code == 404
    assert fresh(everything, teacher).status == "in_review"


def test_who_may_not_review_gets_nothing(client_as: Callable[[str], Client], waiting: list[Teacher]) -> None:
    client = client_as("yizhong_query")
    assert client.get("/review/list/").status_code != 200
    assert client.get(f"/review/desk/{waiting[0].id}").status_code != 200
    answer = client.post(f"/review/desk/{waiting[0].id}/approve", {"version": waiting[0].version})
    assert answer.status_code in (302, 403)


# ── desk ──


def test_desk_reads_little_and_says_where_it_is(
    client_as: Callable[[str], Client],
    waiting: list[Teacher],
    count_queries: Callable[[], AbstractContextManager[list]],
) -> None:
    client = client_as(COUNTY)
    client.get("/review/list/")
    with count_queries() as statements:
        answer = client.get(f"/review/desk/{waiting[1].id}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert len(statements) <= 20, len(statements)
    assert f"<b>2</b> / {len(waiting)} 份" in page
    assert f'href="/review/desk/{waiting[0].id}"' in page and f'href="/review/desk/{waiting[2].id}"' in page
    assert "通过后即生效" in page and "<style" not in page and 'style="' not in page
    assert waiting[1].id_number not in page


def test_judgements_are_kept_until_they_are_sent(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    teacher = waiting[0]
    client = client_as(COUNTY)
    key = f"basic_info/{teacher.id}/name"
    payload = {
        "version": teacher.version,
        "values": {**refuse(key, "wrong", "还没写完"), "csrf_token": "x", "junk": "y"},
    }
    assert client.post_json(f"/review/desk/{teacher.id}/draft", payload).status_code == 200
    assert 'value="还没写完"' in client.get(f"/review/desk/{teacher.id}").get_data(as_text=True)
    everything.rollback()
    kept = everything.scalars(sa.select(Draft).where(Draft.key == f"review/{teacher.id}")).one()
    assert set(kept.texts) == {f"verdict:{key}", f"reason:{key}", f"note:{key}"}
    stale = {"version": teacher.version - 1, "values": {}}
    assert client.post_json(f"/review/desk/{teacher.id}/draft", stale).status_code == 409
    client.post(f"/review/desk/{teacher.id}/reject", {"version": teacher.version, **refuse(key)})
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(Draft.id)).where(Draft.key == f"review/{teacher.id}")) == 0
