"""The teacher's own pages: what each state shows and allows, forged requests change nothing, nothing typed is lost."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from app.collection.operations import Refusal
from app.core.history import History
from app.portal.my_page import address
from app.records import sections_for
from app.records.marks import ReviewMark
from app.records.rows import rows_of
from app.records.sections.contact import Contact
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests import pictures
from tests.conftest import Client
from tests.kinds import S
from tests.portal.conftest import EDUCATION, Me, save
from tests.records.desk import send_quietly

MOST_QUERIES = 15


# ── overview ──


def test_incomplete_record_says_what_is_missing_and_refuses_submit(me: Me) -> None:
    me.set(work_start_month=None)
    page = me.page()
    assert "周老师，还差 1 处就能提交" in page
    assert "/my/basic_info#basic_info-work_start_month" in page
    assert 'aria-disabled="true"' in page and "现在不能提交" in page
    me.client.post("/my/submit")
    assert "还不能提交，有 1 处要改" in me.page()
    assert me.fresh().teacher.status == "draft"


def test_complete_record_is_submitted_once_and_recalled(me: Me) -> None:
    assert "已经填完整，可以提交给学校" in me.page()
    assert me.client.post("/my/submit").status_code == 302
    page = me.page()
    assert "已交学校，等学校报送" in page and "撤回提交" in page and "提交给学校</button>" not in page
    me.client.post("/my/submit")  # pressed twice, or by the back button
    assert "不能提交给学校" in me.page()
    assert me.fresh().teacher.status == "submitted_to_school"
    me.client.post("/my/recall")
    assert me.fresh().teacher.status == "draft"
    me.client.post("/my/recall")
    assert "不能撤回提交" in me.page()


def test_waiting_record_says_where_it_is_and_is_locked(me: Me) -> None:
    me.reported()
    page = me.page()
    assert me.teacher.waiting_unit is not None
    assert f"正在{me.teacher.waiting_unit.name}审核" in page
    assert "已锁定" in page and "提交给学校</button>" not in page and "撤回提交</button>" not in page
    form = me.page(me.row_url())
    assert "已报送，审核期间不能改。" in form and '<button class="btn btn-primary">保存' not in form
    assert "添加一条" not in me.page("/my/education_history")


def test_section_with_one_row_offers_no_second_one(me: Me) -> None:
    me.session.execute(sa.delete(Contact).where(Contact.teacher_id == me.teacher.id))
    me.session.commit()
    assert '/my/contact/add">' in me.page("/my/contact") and "添加一条" not in me.page("/my/contact")
    me.client.post("/my/contact/add", {"mobile": "13800000000"})
    page = me.page("/my/contact")
    assert "13800000000" in page and "/my/contact/add" not in page
    answer = me.client.post("/my/contact/add", {"mobile": "13900000000"})  # from a page left open
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400 and "请修改已有的那一条" in page and "13900000000" in page
    assert me.fresh().session.scalars(sa.select(Contact.mobile).where(Contact.teacher_id == me.teacher.id)).all() == [
        "13800000000"
    ]


def test_one_of_two_numbers_is_asked_for_before_it_is_missed(me: Me) -> None:
    """At schools neither has a star, and a row without both is not complete."""
    row = me.session.scalars(sa.select(Contact.id).where(Contact.teacher_id == me.teacher.id)).one()
    for path in ("/my/contact", f"/my/contact/{row}"):
        assert "手机和联系电话至少填一个" in me.page(path)


def test_bar_shows_no_gap_for_optional_sections_without_rows(me: Me) -> None:
    rows = rows_of(me.fresh().session, me.teacher)
    shown = [s for s in sections_for(S) if s.filled_by == "T" and (s.required or rows[s.name])]
    assert me.page().count('<li class="done"></li>') == len(shown) and '<li class="opt"></li>' not in me.page()


def test_approved_record_says_how_to_change_it(me: Me) -> None:
    me.reported()
    me.set(status="approved", waiting_unit_id=None)
    assert "审核通过" in me.page() and "申请信息变更" in me.page()


def test_returned_items_are_named_and_ticked_off_when_changed(me: Me) -> None:
    me.month_named()
    page = me.page()
    assert "学校退回了 1 项，请改好后重新提交" in page
    assert f"{me.row_url()}#education_history-end_month" in page
    assert "毕业证书上是 2007 年 6 月" in page and "退回 1 项" in page
    assert "毕业证书上是 2007 年 6 月" in me.page("/my/education_history")
    save(me, {"end_month": "2007-06"})
    page = me.page()
    assert "退回的 1 项都改了，可以重新提交" in page and "已改" in page


@pytest.mark.parametrize(("reason", "mended"), [("missing", True), ("wrong", False)])
def test_document_answers_a_refusal_that_asked_for_proof(me: Me, reason: str, mended: bool) -> None:
    me.returned(Refusal("education_history", me.row.id, "major", reason, "请核对"))
    assert (
        send_quietly(me.client, f"/my/attachments{me.row_url().removeprefix('/my')}", pictures.pdf()).status_code == 200
    )
    assert ("退回的 1 项都改了" in me.page()) is mended
    assert ("学校退回了 1 项" in me.page()) is not mended


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("周晓兰", "周老师"),
        ("欧阳明", "欧阳老师"),
        ("欧明", "欧老师"),
        ("阿依古丽·买买提", "阿依古丽·买买提老师"),
        ("Anna", "Anna老师"),
    ],
)
def test_people_are_addressed_by_their_surname(name: str, said: str) -> None:
    assert address(name) == said


# ── saving ──


def test_incomplete_row_is_saved_and_listed_as_missing(me: Me) -> None:
    answer = save(me, {"major": ""})
    assert answer.status_code == 302 and answer.location.endswith("/my/education_history")
    assert me.fresh().row.major is None
    assert "缺 1 项" in me.page("/my/education_history")
    assert "「学习经历」" not in me.page() and "所学专业" in me.page()


def test_unreadable_value_keeps_every_text(me: Me) -> None:
    answer = save(me, {"end_month": "去年夏天", "major": "应用数学"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert 'value="去年夏天"' in page and 'value="应用数学"' in page
    assert "#education_history-end_month" in page and "field-error" in page
    assert me.fresh().row.major == EDUCATION["major"]
    assert me.drafts()[0].texts["end_month"] == "去年夏天"
    assert 'value="去年夏天"' in me.page(me.row_url())  # after the browser was closed


def test_stale_form_is_refused_and_kept_as_draft(me: Me) -> None:
    answer = save(me, {"major": "应用数学", "version": "999"})
    assert answer.status_code == 302
    assert me.fresh().row.major == EDUCATION["major"]
    page = me.page(me.row_url())
    assert 'value="应用数学"' in page and "被别人改过" in page


def test_another_row_saved_meanwhile_is_no_conflict(me: Me) -> None:
    """Saving a row moves the version of the record, but changes nothing in the form of the basic information."""
    version = me.fresh().teacher.version
    save(me, {"major": "应用数学"})
    assert me.fresh().teacher.version > version
    me.client.post("/my/basic_info", {"version": str(version), "marital_status": "20"})
    assert me.fresh().teacher.marital_status == "20"
    me.client.post("/my/basic_info", {"version": str(version), "marital_status": "10"})
    assert me.fresh().teacher.marital_status == "20", "now the item itself has changed since"


def test_row_is_added_and_deleted(me: Me) -> None:
    form = {**EDUCATION, "education": "61", "education_school": "青禾县第一中学", "major": "无", "version": "0"}
    me.client.post("/my/education_history/add", form)
    added = (
        me.fresh()
        .session.scalars(
            sa.select(EducationHistory).where(
                EducationHistory.teacher_id == me.teacher.id, EducationHistory.id != me.row.id
            )
        )
        .one()
    )
    assert added.education_school == "青禾县第一中学"
    me.client.post(f"/my/education_history/{added.id}/delete")
    row_id = added.id
    assert me.fresh().session.get(EducationHistory, row_id) is None


def test_autosaved_draft_is_listed_holds_submit_back_and_can_be_dropped(me: Me) -> None:
    address = f"/my/draft?name=education_history&row_id={me.row.id}"
    answer = me.client.post_json(address, {"version": me.row.version, "values": {"major": "物理"}})
    assert answer.status_code == 200 and answer.get_json()["saved_at"]
    page = me.page()
    assert "填了没有保存" in page and "有填了没有保存的内容" in page
    me.client.post("/my/submit")
    assert me.fresh().teacher.status == "draft"
    assert "还有填了没有保存的内容" in me.page()
    me.client.post(f"/my/draft/drop?name=education_history&row_id={me.row.id}")
    assert me.drafts() == []
    me.client.post("/my/submit")
    assert me.fresh().teacher.status == "submitted_to_school"


# ── what a forged request cannot do ──


def test_locked_items_are_not_changed_by_a_forged_form(me: Me) -> None:
    me.client.post("/my/basic_info", {"version": str(me.teacher.version), "name": "假名", "personnel_status": "299",
        "highest_education": "11", "former_name": "周小兰", "status": "approved", "unit_id": "1"})  # fmt: skip
    teacher = me.fresh().teacher
    assert (teacher.name, teacher.personnel_status, teacher.status) == ("周晓兰", "100", "draft")
    assert teacher.highest_education != "11" and teacher.former_name == "周小兰"


@pytest.mark.parametrize("status", ["submitted_to_school", "in_review", "approved"])
def test_nothing_is_changed_while_the_record_is_locked(me: Me, status: str) -> None:
    me.set(status=status)
    row_id = me.row.id
    save(me, {"major": "物理"})
    save(me, {}, "/my/education_history/add")
    me.client.post("/my/basic_info", {"version": str(me.fresh().teacher.version), "former_name": "x"})
    me.client.post(f"/my/education_history/{row_id}/delete")
    values = {"version": me.fresh().row.version, "values": {"major": "物理"}}
    assert me.client.post_json(f"/my/draft?name=education_history&row_id={row_id}", values).status_code == 409
    rows = me.fresh().session.scalars(sa.select(EducationHistory).where(EducationHistory.teacher_id == me.teacher.id))
    assert [row.major for row in rows] == [EDUCATION["major"]] and me.teacher.former_name is None


def test_only_named_items_are_open_after_a_rejection(me: Me) -> None:
    me.month_named()
    row_id = me.row.id
    save(me, {"end_month": "2007-06", "major": "物理"})
    assert (me.fresh().row.end_month, me.row.major) == ("2007-06", EDUCATION["major"])
    save(me, {"education": "61"}, "/my/education_history/add")
    me.client.post(f"/my/education_history/{row_id}/delete")  # one named item does not open the row's removal
    me.client.post("/my/basic_info", {"version": str(me.fresh().teacher.version), "former_name": "x"})
    count = sa.select(sa.func.count(EducationHistory.id)).where(EducationHistory.teacher_id == me.teacher.id)
    assert me.fresh().session.scalar(count) == 1 and me.teacher.former_name is None
    page = me.page(me.row_url())
    assert "审核没有点名这一项，不用改。" in page and "删除这一条" not in page


def test_row_refused_as_a_whole_can_be_deleted(me: Me) -> None:
    me.returned(Refusal("education_history", me.row.id, "", "duplicate", ""))
    row_id = me.row.id
    assert "删除这一条" in me.page(me.row_url())
    me.client.post(f"/my/education_history/{row_id}/delete")
    assert me.fresh().session.get(EducationHistory, row_id) is None
    assert "/my/education_history" in me.page()  # the mark still leads somewhere


def test_foreign_rows_are_not_found_and_not_changed(me: Me, strangers: list[Teacher]) -> None:
    foreign = me.session.scalars(
        sa.select(EducationHistory).where(EducationHistory.teacher_id == strangers[0].id)
    ).first()
    assert foreign is not None
    row_id, before, version = foreign.id, foreign.major, foreign.version
    path = f"/my/education_history/{row_id}"
    assert me.client.get(path).status_code == 404
    assert save(me, {"major": "x", "version": str(version)}, path).status_code == 404
    assert me.client.post(f"{path}/delete").status_code == 404
    draft = {"version": version, "values": {"major": "x"}}
    assert me.client.post_json(f"/my/draft?name=education_history&row_id={row_id}", draft).status_code == 404
    stored = me.fresh().session.get(EducationHistory, row_id)
    assert stored is not None and stored.major == before and me.drafts() == []


@pytest.mark.parametrize(
    "path",
    ["/my/nothing", "/my/nothing/1", "/my/nothing/add", "/my/basic_info/add", "/my/basic_info/1",
     "/my/education_history/x", "/my/education_history/0",
     "/my/education_history/99999999999999999999", "/my/education_history/²"],
)  # fmt: skip
def test_unknown_addresses_are_not_found(me: Me, path: str) -> None:
    assert me.client.get(path).status_code == 404
    assert me.client.post(path).status_code == 404


def test_administrators_have_no_self_service(client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    assert client.get("/my/").status_code == 403
    assert client.post("/my/submit").status_code == 403


def test_history_and_marks_of_the_own_record_only(me: Me) -> None:
    me.month_named()
    save(me, {"end_month": "2007-06"})
    page = me.page()
    assert "办理过程" in page and "修改历史" in page and "2007-06" in page
    assert me.session.scalars(sa.select(ReviewMark).where(ReviewMark.teacher_id == me.teacher.id)).one()
    query = sa.select(History).where(History.section == "education_history", History.row_id == me.row.id)
    change = me.fresh().session.scalars(query).one()
    assert change.actor_name == "周晓兰" and list(change.changes) == ["end_month"]


# ── cost ──


def test_pages_cost_few_queries(me: Me, count_queries: Callable[[], AbstractContextManager[list[str]]]) -> None:
    me.month_named()
    for path in ("/my/", "/my/basic_info", "/my/education_history", me.row_url()):
        me.page(path)
        with count_queries() as statements:
            me.page(path)
        print(path, len(statements))
        assert len(statements) <= MOST_QUERIES, path


def test_saving_costs_few_queries(me: Me, count_queries: Callable[[], AbstractContextManager[list[str]]]) -> None:
    token = me.client.token()
    basic = {"csrf_token": token, "version": str(me.fresh().teacher.version), "former_name": "周小兰"}
    row = {"csrf_token": token, **EDUCATION, "version": str(me.row.version), "end_month": "2007-06"}
    url = me.row_url()
    me.session.rollback()
    for path, form in ((url, row), ("/my/education_history/add", {**row, "version": "0"})):
        with count_queries() as statements:
            assert me.client.client.post(path, data=form).status_code == 302
        print(path, len(statements))
        assert len(statements) <= MOST_QUERIES, path
    basic["version"] = str(me.fresh().teacher.version)
    me.session.rollback()
    with count_queries() as statements:
        assert me.client.client.post("/my/basic_info", data=basic).status_code == 302
    print("/my/basic_info", len(statements))
    assert me.fresh().teacher.former_name == "周小兰"
    assert len(statements) <= MOST_QUERIES


def test_texts_parked_by_a_lost_login_come_back_once(me: Me) -> None:
    texts = {**EDUCATION, "version": str(me.row.version), "major": "应用数学"}
    path = me.row_url()
    with me.client.client.session_transaction() as stored:
        stored["parked"] = {"path": path, "texts": texts, "user_id": str(me.actor.user_id)}
    page = me.page(path)
    assert 'value="应用数学"' in page and "登录过期前填的内容都在这里" in page
    assert 'value="应用数学"' not in me.page(path)
    with me.client.client.session_transaction() as stored:
        stored["parked"] = {"path": path, "texts": {**texts, "version": "0"}, "user_id": str(me.actor.user_id)}
    assert "这一条又被别人改过" in me.page(path)
