"""Many teachers at once: asked with the number, done once, told one by one; few in the request, many by a job."""

import datetime as dt
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.tidying import remove_expired
from app.collection import batch as module
from app.collection import batch_views, operations
from app.core.actor import Actor
from app.core.batches import KEEP, BatchAction, act, own_batch
from app.core.db import db, transaction, utc_now, writes
from app.core.flow import FlowLog
from app.core.jobs import CANCELLED, DONE, QUEUED, Job
from app.core.scope import set_scope
from app.demo import PASSWORD
from app.jobs.running import make_worker
from app.records.access import AccessLog
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import Client
from tests.test_races import all_at_once

CLERK = "liyutong"


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as(CLERK)


def ask(client: Client, action: str, *chosen: Teacher | int, query: str = "", **more: Any) -> Any:
    """What the bar over the list posts."""
    rows = [teacher if isinstance(teacher, int) else teacher.id for teacher in chosen]
    return client.post(f"/teachers/batch{query}", {"action": action, "rowid": rows, **more})


def number_on(page: str) -> int:
    found = re.search(r'name="count" value="(\d+)"', page)
    assert found
    return int(found[1])


def confirm(client: Client, address: str) -> Any:
    """Press the button of the question; where it leads."""
    count = number_on(client.get(address).text)
    return client.post(f"{address}/run", {"count": count})


def do(client: Client, action: str, *chosen: Teacher | int, **more: Any) -> str:
    """Ask, confirm, and the page that tells."""
    address = ask(client, action, *chosen, **more).location
    answer = confirm(client, address)
    assert answer.location == address
    page: str = client.get(address).text
    return page


def told(page: str, title: str) -> list[str]:
    """The names under one heading of the result."""
    found = re.search(rf'<section class="card" aria-label="{title}">(.*?)</section>', page, re.S)
    if not found:
        return []
    one_by_one = re.findall(r'<th scope="row">(.*?)</th>', found[1], re.S)
    together = re.search(r'<p class="card-b">(.*?)</p>', found[1], re.S)
    names = one_by_one or (together[1].split("、") if together else [])
    return [re.sub("<.*?>", "", name).strip() for name in names]


def states(session: Session) -> dict[int, str]:
    session.rollback()
    found = session.execute(sa.select(Teacher.id, Teacher.status)).all()
    session.rollback()
    return {key: status for key, status in found}


def reports(session: Session, ids: list[int]) -> int:
    session.rollback()
    query = sa.select(sa.func.count()).where(FlowLog.step == "report", FlowLog.row_id.in_(ids))
    found = session.scalar(query) or 0
    session.rollback()
    return found


@pytest.fixture
def mixed(everything: Session, teachers: list[Teacher]) -> dict[str, Teacher]:
    """One who can be reported, one who is not complete, one who is reported already."""
    everything.rollback()  # what was read before somebody logged in must not be written
    drafts = [teacher for teacher in teachers if teacher.status == "draft"]
    ready, incomplete = drafts[0], drafts[1]
    incomplete.it_skill = None
    for teacher, name in ((ready, "齐全"), (incomplete, "缺项")):
        teacher.name = name
    waiting = next(teacher for teacher in teachers if teacher.status == "in_review" and teacher.stage == 1)
    waiting.name = "在审"
    everything.commit()
    return {"ready": ready, "incomplete": incomplete, "waiting": waiting}


def test_it_is_asked_first_with_the_number(everything: Session, clerk: Client, mixed: dict[str, Teacher]) -> None:
    before = states(everything)
    address = ask(clerk, "report", *mixed.values()).location
    page = clerk.get(address).text
    assert "报送 3 位教师？" in page and "齐全" in page and number_on(page) == 3
    assert states(everything) == before
    assert not re.search(r"[^\x00-\x7f]", address), "nobody is named in the address"


def test_each_is_told_with_its_reason(everything: Session, clerk: Client, mixed: dict[str, Teacher]) -> None:
    ids = {name: teacher.id for name, teacher in mixed.items()}
    page = do(clerk, "report", *ids.values())
    assert "做好 1 人，跳过 1 人，没有做成 1 人。" in page
    assert (told(page, "做好了"), told(page, "跳过"), told(page, "没有做成")) == (["齐全"], ["在审"], ["缺项"])
    assert "不能报送" in page and "处要改" in page and f"/teachers/show/{ids['incomplete']}" in page
    after = states(everything)
    assert [after[key] for key in ids.values()] == ["in_review", "draft", "in_review"]


def test_a_second_click_changes_nothing_and_tells_the_same(
    everything: Session, clerk: Client, mixed: dict[str, Teacher]
) -> None:
    ids = [teacher.id for teacher in mixed.values()]
    page = do(clerk, "report", *ids)
    address = ask(clerk, "report", mixed["incomplete"].id).location
    with looking(clerk.client.application) as session:
        first = session.scalars(sa.select(BatchAction.id).where(BatchAction.lines.is_not(None))).one()
    before, count = states(everything), reports(everything, ids)
    for number in (3, 2, 0):
        answer = clerk.post(f"/teachers/batch/{first}/run", {"count": number})
        assert told(clerk.get(answer.location).text, "做好了") == told(page, "做好了") == ["齐全"]
    assert (states(everything), reports(everything, ids)) == (before, count)
    assert address != answer.location


def test_all_that_match_not_only_the_page(everything: Session, clerk: Client, teachers: list[Teacher]) -> None:
    drafts = {teacher.id for teacher in teachers if teacher.status == "draft"}
    everything.rollback()
    query = "?_flt_0_status=draft&psize_TeacherView=20&_oc_TeacherView=name&page_TeacherView=1"
    address = ask(clerk, "report", min(drafts), query=query, all_matching="1").location
    question = clerk.get(address).text
    assert number_on(question) == len(drafts) and "审核状态：未报送" in question
    confirm(clerk, address)
    after, page = states(everything), clerk.get(address).text
    done = {key for key in drafts if after[key] == "in_review"}
    assert len(told(page, "做好了")) == len(done) > 0
    assert len(told(page, "没有做成")) == len(drafts) - len(done)
    assert all(after[key] == "draft" for key in drafts - done)


def test_a_search_chooses_by_the_same_rules(clerk: Client, mixed: dict[str, Teacher]) -> None:
    query = "?" + clerk.post("/teachers/search/", {"q": "qiquan"}).location.split("?")[1]
    assert number_on(clerk.get(ask(clerk, "report", query=query, all_matching="1").location).text) == 1


@pytest.mark.parametrize("seen", ["", "1", "4", "x", "-3", "99999999999"])
def test_another_number_than_the_one_seen_asks_again(
    everything: Session, clerk: Client, mixed: dict[str, Teacher], seen: str
) -> None:
    address = ask(clerk, "report", *mixed.values()).location
    before = states(everything)
    clerk.post(f"{address}/run", {"count": seen})
    page = clerk.get(address).text
    assert "所选教师刚刚有变动，现在是 3 位，还没有办理" in page and number_on(page) == 3
    assert states(everything) == before


def test_who_stops_matching_meanwhile_is_not_touched(
    everything: Session, clerk: Client, mixed: dict[str, Teacher], teachers: list[Teacher]
) -> None:
    query = "?_flt_0_status=draft"
    address = ask(clerk, "report", query=query, all_matching="1").location
    count = number_on(clerk.get(address).text)
    everything.get_one(Teacher, mixed["ready"].id).status = "approved"
    everything.commit()
    before = states(everything)
    clerk.post(f"{address}/run", {"count": count})
    page = clerk.get(address).text
    assert "所选教师刚刚有变动" in page and number_on(page) == count - 1 and states(everything) == before
    confirm(clerk, address)
    assert states(everything)[mixed["ready"].id] == "approved"


def test_withdraw(everything: Session, clerk: Client, teachers: list[Teacher]) -> None:
    first = next(teacher for teacher in teachers if teacher.status == "in_review" and teacher.stage == 1)
    passed = next(teacher for teacher in teachers if teacher.status == "in_review" and teacher.stage == 2)
    ids = [first.id, passed.id]
    page = do(clerk, "withdraw", *ids)
    assert "做好 1 人，没有做成 1 人。" in page and "已有单位审核通过，不能撤回" in page
    assert [states(everything)[key] for key in ids] == ["submitted_to_school", "in_review"]


def test_only_what_may_go_is_deleted(everything: Session, clerk: Client, teachers: list[Teacher]) -> None:
    everything.rollback()
    have = set(everything.scalars(sa.select(Account.teacher_id).where(Account.teacher_id.is_not(None))))
    free = next(teacher for teacher in teachers if teacher.status == "draft" and teacher.id not in have)
    with_account = next(teacher for teacher in teachers if teacher.status == "draft" and teacher.id in have)
    reported = next(teacher for teacher in teachers if teacher.status == "in_review")
    free.name = "可删"
    everything.commit()
    ids = [free.id, with_account.id, reported.id]
    address = ask(clerk, "delete", *ids).location
    assert "删除档案 3 位教师？" in clerk.get(address).text and "btn-danger" in clerk.get(address).text
    confirm(clerk, address)
    page = clerk.get(address).text
    assert told(page, "做好了") == ["可删"] and len(told(page, "没有做成")) == 2
    assert "已有自助账号" in page and "报送过的档案不能删除" in page
    assert [key in states(everything) for key in ids] == [False, True, True]


@pytest.fixture
def without(everything: Session, teachers: list[Teacher]) -> list[Teacher]:
    """Teachers without an account."""
    everything.rollback()
    have = set(everything.scalars(sa.select(Account.teacher_id).where(Account.teacher_id.is_not(None))))
    return [teacher for teacher in teachers if teacher.id not in have]


def with_account(everything: Session) -> set[int | None]:
    everything.rollback()
    found = set(everything.scalars(sa.select(Account.teacher_id).where(Account.teacher_id.is_not(None))))
    everything.rollback()
    return found


def test_accounts_are_made_and_their_passwords_handed_out(
    everything: Session, clerk: Client, client_as: Callable[[str], Client], without: list[Teacher]
) -> None:
    new, nameless, had = without[0], without[1], with_account(everything)
    number, name, keys = str(new.id_number), str(new.name), (new.id, nameless.id)
    nameless.id_number = None
    everything.commit()
    address = ask(clerk, "accounts", *keys, min(filter(None, had))).location
    assert with_account(everything) == had, "nothing before it is confirmed"
    confirm(clerk, address)
    page = clerk.get(address).text
    assert "做好 1 人，跳过 1 人，没有做成 1 人。" in page and "已有账号" in page and "没有填身份证件号" in page
    assert with_account(everything) == had | {keys[0]}
    assert "再次输入密码" in clerk.post(f"{address}/strips").text
    answer = clerk.post(f"{address}/strips", {"again_password": PASSWORD, "again_reason": "发给本人"}).text
    [password] = re.findall(r"<code>(.*?)</code>", answer)
    assert name in answer and number not in answer
    assert client_as("").login(number, password).status_code == 302
    everything.rollback()
    assert everything.scalars(sa.select(AccessLog.detail).order_by(AccessLog.id.desc())).first() == (
        "initial passwords: 1 of 1 rows；发给本人"
    )
    other = ask(clerk, "report", keys[0]).location
    assert clerk.post(f"{other}/strips", {"again_password": PASSWORD, "again_reason": "看看"}).status_code == 404


def test_many_accounts_are_made_by_a_job(
    app: Flask, everything: Session, clerk: Client, without: list[Teacher], many: None
) -> None:
    ids, before = [teacher.id for teacher in without[:3]], with_account(everything)
    address = ask(clerk, "accounts", *ids).location
    confirm(clerk, address)
    assert "已交给后台" in clerk.get(address).text and with_account(everything) == before
    while make_worker(app).turn():
        pass
    job = last_job(app)
    assert (job.status, job.done) == (DONE, 3) and job.message.startswith("生成自助账号：做好 3 人")
    assert with_account(everything) == before | set(ids)
    assert "打印密码条" not in clerk.get(address).text, "those of a job are exported"


@pytest.mark.parametrize("action", ["report", "withdraw", "delete", "accounts"])
@pytest.mark.parametrize("username", ["zhoumin", "yizhong_query", "wangjianguo"])
def test_who_may_not_do_it_to_one_may_not_to_many(
    everything: Session, client_as: Callable[[str], Client], teachers: list[Teacher], username: str, action: str
) -> None:
    before = states(everything)
    assert ask(client_as(username), action, teachers[0].id).status_code == 403
    assert states(everything) == before


def test_foreign_rows_and_foreign_batches_are_not_there(
    everything: Session, clerk: Client, client_as: Callable[[str], Client], teachers: list[Teacher],
    strangers: list[Teacher],
) -> None:  # fmt: skip
    assert ask(clerk, "report", teachers[0].id, strangers[0].id).status_code == 404
    assert ask(clerk, "report", teachers[0].id, 999_999).status_code == 404
    address = ask(clerk, "report", teachers[0].id).location
    before = states(everything)
    for username in ("wangjianguo", "shiqiao1", "zhoumin"):
        other = client_as(username)
        assert other.get(address).status_code == 404
        assert other.post(f"{address}/run", {"count": 1}).status_code == 404
    assert clerk.get("/teachers/batch/unknown").status_code == 404
    assert states(everything) == before


def test_nobody_chosen_and_no_such_action(clerk: Client, teachers: list[Teacher]) -> None:
    assert ask(clerk, "report").status_code == 400
    assert ask(clerk, "approve", teachers[0].id).status_code == 400
    assert ask(clerk, "report", query="?_flt_0_status=nothing", all_matching="1").status_code == 400
    assert clerk.post("/teachers/batch", {"action": "report", "rowid": "x"}).status_code == 404


def test_too_many_are_refused(clerk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_views, "MOST", 3)
    answer = ask(clerk, "report", all_matching="1")
    assert answer.status_code == 400 and "一次最多 3 位教师" in answer.text


def test_the_chosen_are_exported(everything: Session, clerk: Client, mixed: dict[str, Teacher]) -> None:
    answer = ask(clerk, "export", mixed["ready"], mixed["waiting"])
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True))
    assert {row[0] for row in rows} == {"姓名", "齐全", "在审"}
    everything.rollback()
    assert everything.scalars(sa.select(AccessLog.detail).order_by(AccessLog.id.desc())).first() == "2 chosen rows"
    everything.rollback()
    query = "?_flt_0_status=draft"
    answer, listed = ask(clerk, "export", query=query, all_matching="1"), clerk.post(f"/teachers/export{query}")
    sheets = [
        list(openpyxl.load_workbook(io.BytesIO(x.data)).active.iter_rows(values_only=True)) for x in (answer, listed)
    ]
    assert sheets[0] == sheets[1]


def test_the_pages_cost_few_queries(
    clerk: Client, mixed: dict[str, Teacher], count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    address = ask(clerk, "report", *mixed.values()).location
    clerk.get(address)
    for _ in range(2):
        with count_queries() as statements:
            assert clerk.get(address).status_code == 200
        assert len(statements) <= 15, "\n".join(statements)
        confirm(clerk, address) if number_on_page(clerk, address) else None


def number_on_page(client: Client, address: str) -> bool:
    return 'name="count"' in client.get(address).text


# ── many: by a job ──


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are too many for a request, and a chunk has two."""
    monkeypatch.setattr(batch_views, "AT_ONCE", 1)
    monkeypatch.setattr(module, "CHUNK", 2)


def last_job(app: Flask) -> Job:
    with looking(app) as session:
        return session.scalars(sa.select(Job).order_by(Job.id.desc()).limit(1)).one()


def hand_over(clerk: Client, ids: list[int]) -> str:
    address: str = ask(clerk, "report", *ids).location
    confirm(clerk, address)
    assert "已交给后台" in clerk.get(address).text
    return address


@pytest.fixture
def six(everything: Session, mixed: dict[str, Teacher], teachers: list[Teacher]) -> list[int]:
    """The mixed ones, and three more."""
    others = [teacher for teacher in teachers if teacher.status == "draft" and teacher not in mixed.values()]
    return sorted([*(teacher.id for teacher in mixed.values()), *(teacher.id for teacher in others[:3])])


def test_a_job_does_the_same(app: Flask, everything: Session, clerk: Client, six: list[int], many: None) -> None:
    before = states(everything)
    address = hand_over(clerk, six)
    confirmed = clerk.post(f"{address}/run", {"count": 6})
    assert confirmed.location == address, "a second click"
    with looking(app) as session:
        assert session.scalar(sa.select(sa.func.count(Job.id))) == 1
    assert states(everything) == before and last_job(app).status == QUEUED
    while make_worker(app).turn():
        pass
    job = last_job(app)
    assert job.status == DONE and job.done == job.total == 6, job.message
    after = states(everything)
    done = [key for key in six if before[key] != after[key]]
    assert f"做好 {len(done)} 人，跳过 1 人" in job.message and len(done) >= 3
    sheet = openpyxl.load_workbook(io.BytesIO(clerk.get(f"/jobs/{job.id}/result").data)).active
    lines = list(sheet.iter_rows(values_only=True))[1:]
    assert len(lines) == 6 and [line[1] for line in lines if line[0] == "齐全"] == ["做好"]
    assert [line[:2] for line in lines if line[0] == "在审"] == [("在审", "跳过")]
    assert "处要改" in next(line[2] for line in lines if line[0] == "缺项")
    assert reports(everything, done) == len(done)


def test_a_worker_that_dies_leaves_each_chunk_whole_and_another_goes_on(
    app: Flask, everything: Session, clerk: Client, six: list[int], many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = states(everything)
    hand_over(clerk, six)
    calls = []

    def dying(session: Session, key: int, actor: Actor, now: Any) -> None:
        calls.append(key)
        if len(calls) == 4:
            raise KeyboardInterrupt
        operations.report(session, key, actor, now)

    action = module.ACTIONS["report"]
    monkeypatch.setitem(module.ACTIONS, "report", module.Action(action.label, dying, action.permission, action.text))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        make_worker(app).turn()
    halfway = states(everything)
    assert [key for key in six[2:] if halfway[key] != before[key]] == [], "the chunk in which it died left nothing"
    assert [key for key in six[:2] if halfway[key] != before[key]]
    monkeypatch.setitem(module.ACTIONS, "report", action)  # type: ignore[arg-type]
    with looking(app) as session:
        session.execute(sa.update(Job).values(heartbeat_at=sa.text("'2020-01-01 00:00:00'")))
        session.commit()
    while make_worker(app).turn():
        pass
    job = last_job(app)
    done = [key for key in six if states(everything)[key] != before[key]]
    assert job.status == DONE and f"做好 {len(done)} 人" in job.message and reports(everything, done) == len(done)


def test_a_cancelled_job_stops_between_chunks(
    app: Flask, everything: Session, clerk: Client, six: list[int], many: None
) -> None:
    before = states(everything)
    hand_over(clerk, six)
    clerk.post(f"/jobs/{last_job(app).id}/cancel")
    assert not make_worker(app).turn()
    assert last_job(app).status == CANCELLED and states(everything) == before


# ── at the same moment ──


def run_batch(session: Session, actor: Actor, batch_id: str, *, lock: bool) -> None:
    with transaction(session):
        batch = own_batch(session, actor, batch_id, lock=lock)
        assert batch is not None
        if batch.status == "asked":
            batch.lines = [*act(session, [(1, "")], count_once, actor, utc_now())]
            batch.status = "ended"


def count_once(session: Session, key: int, actor: Actor, now: Any) -> None:
    """Something that may be done twice, unlike a report: the number of times counts."""
    session.add(AccessLog(at=now, actor_id=actor.user_id, actor_name="", unit_id=1, kind="batch"))
    session.flush()


@pytest.mark.parametrize("naive", [False, True])
def test_confirmed_twice_at_the_same_moment(
    app: Flask, clerk: Client, actor_named: Callable[[str], Actor], teachers: list[Teacher], naive: bool
) -> None:
    """Without the lock several would find the question open."""
    actor = actor_named(CLERK)
    batch_id = ask(clerk, "report", teachers[0].id).location.rsplit("/", 1)[1]

    def twice(session: Session, barrier: Any) -> None:
        if naive:
            writes.set(False)
            open_still = own_batch(session, actor, batch_id)
            assert open_still is not None and open_still.status == "asked"
            session.rollback()
            barrier.wait()
            writes.set(True)
            with transaction(session):
                act(session, [(1, "")], count_once, actor, utc_now())
            return
        barrier.wait()
        run_batch(session, actor, batch_id, lock=True)

    all_at_once(app, actor, twice)
    with app.app_context(), Session(db.engine) as check:
        set_scope(check, actor.scope)
        times = check.scalar(sa.select(sa.func.count(AccessLog.id)).where(AccessLog.kind == "batch"))
        assert (times == 1) is not naive


def test_a_question_runs_out(everything: Session, clerk: Client, teachers: list[Teacher]) -> None:
    address = ask(clerk, "report", teachers[0].id).location
    everything.rollback()
    for age, status in ((KEEP - dt.timedelta(hours=1), 200), (KEEP + dt.timedelta(hours=1), 404)):
        remove_expired(everything, utc_now() + age, dt.timedelta(days=30))
        everything.commit()
        assert clerk.get(address).status_code == status
