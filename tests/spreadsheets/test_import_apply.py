"""Confirming a plan, twice, too late, and taking it back."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core.actor import actor_of
from app.core.db import utc_now
from app.core.errors import Conflict
from app.core.history import BATCH, REASON, History
from app.core.sections.section import diff
from app.records import BY_NAME
from app.records.sections.contact import Contact, number_hash
from app.records.sections.education_history import EducationHistory
from app.records.sections.salary import Salary
from app.records.teacher import Teacher
from app.spreadsheets.models import ImportBlock, ImportPlan
from app.spreadsheets.operations import UndoResult, apply_plan, discard_plan, undo_plan
from tests.kinds import S
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import fill, known, number_of, person

DEGREE = {
    "获得学历": "21",
    "获得学历的院校或机构": "云川大学",
    "入学年月": "2008-09",
    "毕业年月": "2012-06",
    "学位层次": "4",
}
MASTER = {
    "获得学历": "11",
    "获得学历的院校或机构": "云川大学",
    "入学年月": "2012-09",
    "毕业年月": "2015-06",
    "学位层次": "3",
}


def undo(desk: Desk, plan: ImportPlan, now: dt.datetime | None = None) -> UndoResult:
    result = undo_plan(desk.session, desk.actor, plan.id, now or utc_now())
    desk.session.commit()
    return result


def contents(desk: Desk) -> Any:
    """All items of all records, without versions."""
    desk.session.expire_all()
    people = [
        (t.id, t.name, t.former_name, t.highest_education)
        for t in desk.session.scalars(sa.select(Teacher).order_by(Teacher.id))
    ]
    rows = desk.session.scalars(sa.select(EducationHistory))
    return people, sorted((r.teacher_id, str(r.education), str(r.education_school), str(r.end_month)) for r in rows)


# ── apply ──


def test_new_people_and_their_rows_are_written_with_the_batch(desk: Desk) -> None:
    plan = desk.write(
        基本信息=[person(1, "何静宜")], 学习经历=[person(1, "何静宜", **DEGREE), person(1, "何静宜", **MASTER)]
    )
    teacher = desk.teacher(number_of(1))
    studies = desk.studies(teacher)
    assert (teacher.status, teacher.unit_id, teacher.batch_id) == ("draft", desk.unit.id, plan.id)
    assert [(s.education, s.batch_id, s.school_id) for s in studies] == [
        ("21", plan.id, desk.unit.id),
        ("11", plan.id, desk.unit.id),
    ]
    assert (teacher.highest_education, teacher.highest_education_school) == ("11", "云川大学")


def test_a_change_leaves_history_with_reason_and_batch(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.write(基本信息=[known(open_teacher, 曾用名="小名")])
    (entry,) = desk.session.scalars(sa.select(History).where(History.batch_id == plan.id))
    assert (entry.reason, entry.changes, entry.actor_name) == (
        "Excel 导入：import.xlsx",
        {"former_name": ["无", "小名"]},
        desk.actor.name,
    )
    assert BATCH not in desk.session.info and REASON not in desk.session.info


def test_an_empty_cell_leaves_what_is_stored(desk: Desk, open_teacher: Teacher) -> None:
    ethnicity = open_teacher.ethnicity
    desk.write(基本信息=[known(open_teacher, 曾用名="小名", 民族="  ")])
    assert (open_teacher.former_name, open_teacher.ethnicity) == ("小名", ethnicity)


def test_a_second_confirmation_is_a_conflict_and_writes_nothing(desk: Desk) -> None:
    plan = desk.write(基本信息=[person(1, "何静宜")])
    before = desk.state()
    with pytest.raises(Conflict, match="已经写入过"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.rollback()
    assert desk.state() == before


def test_a_record_changed_since_the_preview_is_refused(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜"), known(open_teacher, 曾用名="小名")])
    open_teacher.remark = "同时改了"
    desk.session.commit()
    before = desk.state()
    with pytest.raises(Conflict, match=f"「{open_teacher.name}」的资料又有变动，什么都没有写入"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.rollback()
    assert desk.state() == before


def test_a_record_reported_since_the_preview_is_refused(desk: Desk, open_teacher: Teacher) -> None:
    study = desk.studies(open_teacher)[0]
    line = known(open_teacher, 获得学历=study.education, 获得学历的院校或机构=study.education_school, 所学专业="理科")
    plan = desk.plan(学习经历=[line])
    open_teacher.status = "in_review"
    desk.session.commit()
    with pytest.raises(Conflict, match="又有变动"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now())


def test_a_number_taken_since_the_preview_is_refused(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")])
    desk.write(基本信息=[person(1, "何静宜")])
    with pytest.raises(Conflict, match="「何静宜」的证件号刚刚已被录入"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now())


def test_a_discarded_plan_keeps_no_rows_and_cannot_be_confirmed(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")])
    discard_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.commit()
    assert desk.session.scalar(sa.select(sa.func.count(ImportBlock.id))) == 0
    with pytest.raises(Conflict, match="已经放弃"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now())


def test_a_plan_of_another_school_is_out_of_sight(desk: Desk, session_as: Callable[[str], Session]) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")])
    foreign = session_as("shiqiao1")
    with pytest.raises(Conflict, match="已经不在了"):
        apply_plan(foreign, actor_of(foreign), plan.id, utc_now())


# ── rows of people ──


def test_append_updates_what_is_meant_and_adds_the_rest(desk: Desk, open_teacher: Teacher) -> None:
    old = desk.studies(open_teacher)
    meant = {"获得学历": old[1].education, "获得学历的院校或机构": old[1].education_school}
    plan = desk.write(学习经历=[known(open_teacher, **meant, 所学专业="天文学"), known(open_teacher, **MASTER)])
    assert sorted(desk.actions(plan)) == ["create", "update"]
    new = desk.studies(open_teacher)
    assert [s.id for s in new[:2]] == [s.id for s in old]
    assert (new[1].major, new[2].education, open_teacher.highest_education) == ("天文学", "11", "11")


def test_two_courses_at_one_school_stay_two(desk: Desk) -> None:
    second = DEGREE | {"入学年月": "2013-09", "毕业年月": "2017-06"}
    people = [person(1, "何静宜")]
    desk.write(基本信息=people, 学习经历=[person(1, "何静宜", **DEGREE), person(1, "何静宜", **second)])
    plan = desk.plan(学习经历=[person(1, "何静宜", **second), person(1, "何静宜", **DEGREE)])
    assert desk.actions(plan) == ["same", "same"]


def test_replace_deletes_what_the_file_does_not_have(desk: Desk, open_teacher: Teacher) -> None:
    others = contents(desk)
    plan = desk.plan("replace", 学习经历=[known(open_teacher, **MASTER)])
    assert desk.actions(plan) == ["create", "delete", "delete"]
    desk.apply(plan)
    assert [s.education for s in desk.studies(open_teacher)] == ["11"]
    assert undo(desk, plan) == UndoResult(3, [])
    assert contents(desk) == others


def test_replace_without_the_sheet_deletes_nothing(desk: Desk, open_teacher: Teacher) -> None:
    assert desk.actions(desk.plan("replace", 基本信息=[known(open_teacher, 曾用名="小名")])) == ["update"]


# ── undo ──


def test_undo_takes_everything_back(desk: Desk, open_teacher: Teacher) -> None:
    before = contents(desk)
    plan = desk.write(
        基本信息=[person(1, "何静宜"), known(open_teacher, 曾用名="小名")],
        学习经历=[person(1, "何静宜", **DEGREE), known(open_teacher, **MASTER)],
    )
    assert undo(desk, plan) == UndoResult(4, [])
    assert contents(desk) == before
    assert plan.status == "undone"


@pytest.mark.parametrize("mode", ["append", "replace"])
def test_the_hash_of_a_phone_number_follows_file_and_undo(desk: Desk, open_teacher: Teacher, mode: str) -> None:
    """A person is found by the number that is stored, whoever stored it."""
    query = sa.select(Contact.mobile, Contact.mobile_hash).where(Contact.teacher_id == open_teacher.id)
    desk.session.scalars(sa.select(Contact).where(Contact.teacher_id == open_teacher.id)).one().mobile = "13900000001"
    desk.session.commit()
    plan = desk.write(mode, 联系方式=[known(open_teacher, 手机="13900000002")])
    assert desk.session.execute(query).all() == [("13900000002", number_hash("13900000002"))]
    assert not undo(desk, plan).conflicts
    assert desk.session.execute(query).all() == [("13900000001", number_hash("13900000001"))]


def test_undo_leaves_what_was_changed_since_and_names_it(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.write(基本信息=[known(open_teacher, 曾用名="小名"), person(1, "何静宜"), person(2, "段玉兰")])
    desk.teacher(number_of(1)).remark = "后来改的"
    desk.session.commit()
    result = undo(desk, plan)
    assert result == UndoResult(2, ["「基本信息」第 4 行 何静宜：写入后又改过，保持现状。"])
    assert (open_teacher.former_name, desk.teacher(number_of(1)).remark) == ("无", "后来改的")


def test_undo_keeps_a_new_person_who_got_rows_or_an_account(desk: Desk, everything: Session) -> None:
    plan = desk.write(基本信息=[person(1, "何静宜"), person(2, "段玉兰")], 学习经历=[person(1, "何静宜", **DEGREE)])
    first, second = desk.teacher(number_of(1)), desk.teacher(number_of(2))
    desk.session.add(EducationHistory(teacher=first, teacher_id=first.id, education="11"))
    account = desk.session.scalars(sa.select(Account).where(Account.teacher_id.is_not(None))).first()
    assert account is not None
    account.teacher_id = second.id
    desk.session.commit()
    result = undo(desk, plan)
    assert (result.undone, len(result.conflicts)) == (0, 2)
    assert "「基本信息」第 4 行 段玉兰：已经生成自助账号，保持现状。" in result.conflicts
    assert len(desk.studies(first)) == 2


def test_undo_respects_locks(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.write(学习经历=[known(open_teacher, **MASTER)])
    open_teacher.status = "in_review"
    desk.session.commit()
    result = undo(desk, plan)
    assert (result.undone, len(desk.studies(open_teacher))) == (0, 3)
    assert "审核期间不能改" in result.conflicts[0]


def test_undo_works_once_and_for_seven_days(desk: Desk) -> None:
    plan = desk.write(基本信息=[person(1, "何静宜")])
    assert plan.applied_at is not None
    with pytest.raises(Conflict, match="超过 7 天"):
        undo_plan(desk.session, desk.actor, plan.id, plan.applied_at + dt.timedelta(days=7, seconds=1))
    undo(desk, plan)
    with pytest.raises(Conflict, match="已经撤销"):
        undo_plan(desk.session, desk.actor, plan.id, utc_now())


# ── size ──


def test_queries_do_not_grow_with_the_rows(desk: Desk, count_queries: Any) -> None:
    def reads(statements: list[str]) -> int:
        return sum(statement.startswith("SELECT") for statement in statements)

    def measure(first: int, count: int) -> tuple[int, int]:
        people = [person(first + i, "何静宜") for i in range(count)]
        path = fill(desk.unit, desk.path, 基本信息=people, 学习经历=[p | DEGREE for p in people])
        with count_queries() as planning:
            plan = desk.plan_file(path)
        with count_queries() as applying:
            desk.apply(plan)
        return reads(planning), reads(applying)

    measure(1, 1)  # opens the connection
    assert measure(10, 40) == measure(100, 3)


def test_a_whole_school_is_planned_and_written_in_seconds(desk: Desk) -> None:
    people = [person(i, "何静宜", 民族="汉族", 曾用名="无", 参加工作年月="2012-08") for i in range(180)]
    studies = [line for p in people for line in (p | DEGREE, p | MASTER)]
    for line in studies:
        for label in ("民族", "曾用名", "参加工作年月"):
            line.pop(label)
    path = fill(desk.unit, desk.path, 基本信息=people, 学习经历=studies)
    started = time.perf_counter()
    plan = desk.plan_file(path)
    planned = time.perf_counter()
    desk.apply(plan)
    written = time.perf_counter()
    assert undo(desk, plan) == UndoResult(540, [])
    undone = time.perf_counter()
    print(f"planned {planned - started:.2f} s, written {written - planned:.2f} s, undone {undone - written:.2f} s")
    assert planned - started < 6  # the aim is 2 s and 3 s; a busy machine gets three times as much
    assert written - planned < 9


def test_of_two_people_who_confirm_at_once_one_writes(desk: Desk, session_as: Callable[[str], Session]) -> None:
    plan_id = desk.plan(基本信息=[person(1, "何静宜")]).id
    actor = desk.actor
    desk.session.close()
    start = threading.Barrier(2)

    def confirm(session: Session) -> str:
        start.wait()
        try:
            apply_plan(session, actor, plan_id, utc_now())
            session.commit()
        except Conflict as error:
            session.rollback()
            return error.message
        return "written"

    sessions = [session_as("liyutong") for _ in range(2)]
    for session in sessions:
        session.rollback()
    with ThreadPoolExecutor(2) as pool:  # a new thread's transactions are writing ones
        told = sorted(pool.map(confirm, sessions))
    assert told == ["written", "这次导入已经写入过，没有再写一遍。"]
    assert desk.teacher(number_of(1)).name == "何静宜"


def test_a_zero_is_an_answer_and_no_empty_cell(desk: Desk, open_teacher: Teacher) -> None:
    desk.write(基本待遇=[known(open_teacher, 年度="2024")])
    plan = desk.write(基本待遇=[known(open_teacher, 年度="2024", 津贴补贴="0")])
    assert desk.actions(plan) == ["update"]
    stored = desk.session.scalars(
        sa.select(Salary).where(Salary.teacher_id == open_teacher.id, Salary.year == "2024")
    ).one()
    assert stored.allowance == 0 and stored.base_salary == 0, "typed, and by default as in the school's own form"
    changes = diff(BY_NAME["salary"], {"allowance": None}, {"allowance": stored.allowance}, S)
    assert [(change.old, change.new) for change in changes] == [("", "0")]
