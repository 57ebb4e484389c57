"""Reviewing many at once: all that match, told honestly, at every level; killed in the middle, all or none."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.collection import batch as module
from app.collection import batch_views
from app.collection.models import ReviewLevel, Snapshot
from app.collection.queries import draft_key
from app.core.actor import Actor
from app.core.batches import BatchAction
from app.core.db import db, utc_now
from app.core.drafts import keep_draft
from app.core.flow import FlowLog
from app.core.jobs import DONE, Job
from app.jobs.running import make_worker
from app.records.marks import open_marks
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.collection.test_batch import confirm, number_on, told
from tests.conftest import Client

COUNTY = "zhoumin"


def ask(client: Client, action: str, *ids: int, query: str = "", **more: Any) -> Any:
    return client.post(f"/review/batch{query}", {"action": action, "rowid": [*ids], **more})


def do(client: Client, action: str, *ids: int, **more: Any) -> str:
    """Ask, confirm, and the page that tells."""
    address = ask(client, action, *ids, **more).location
    confirm(client, address)
    page: str = client.get(address).text
    return page


def facts(session: Session, ids: list[int]) -> dict[int, tuple[str, int, int]]:
    """State, snapshots and approvals of each: a record that was done by half would show."""
    session.rollback()
    status = dict(session.execute(sa.select(Teacher.id, Teacher.status).where(Teacher.id.in_(ids))).all())  # type: ignore[arg-type]

    def number(model: Any, *more: Any) -> dict[int, int]:
        query = sa.select(model.teacher_id, sa.func.count()).where(model.teacher_id.in_(ids), *more)
        return dict(session.execute(query.group_by(model.teacher_id)).all())  # type: ignore[arg-type]

    snapshots, final = number(Snapshot), number(FlowLog, FlowLog.to_state == "approved")
    session.rollback()
    return {key: (status[key], snapshots.get(key, 0), final.get(key, 0)) for key in ids}


def test_all_that_match_and_each_refusal_by_name(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    """Own reports and those that somebody judges are told, not done; the number is asked first."""
    own, judged = waiting[0].id, waiting[1].id
    everything.execute(sa.update(Teacher).where(Teacher.id == own).values(reported_by_id=_county(everything)))
    record = everything.get_one(Teacher, judged)
    keep_draft(everything, 9999, draft_key(judged), {"comment": "看到一半"}, record.version, utc_now())
    everything.commit()
    client, ids = client_as(COUNTY), [teacher.id for teacher in waiting]
    address = ask(client, "approve", query="?_flt_0_arrival=first&_oc_ReviewQueueView=unit", all_matching="1").location
    page = client.get(address).text
    assert number_on(page) == len(ids) and "来由：首次报送" in page
    confirm(client, address)
    page = client.get(address).text
    assert f"做好 {len(ids) - 2} 人，跳过 1 人，没有做成 1 人。" in page
    assert told(page, "跳过") == [waiting[1].name] and told(page, "没有做成") == [waiting[0].name]
    done = {key: ("approved", 1, 1) for key in ids[2:]}
    assert facts(everything, ids) == done | {own: ("in_review", 0, 0), judged: ("in_review", 0, 0)}


def _county(session: Session) -> int:
    return session.scalars(sa.select(Account.id).where(Account.username == COUNTY)).one()


def test_what_has_changed_since_it_was_asked_is_skipped(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    client, teacher = client_as(COUNTY), waiting[0]
    address = ask(client, "approve", teacher.id).location
    number_on(client.get(address).text)
    everything.rollback()
    everything.get_one(Teacher, teacher.id).remark = "后来改的"
    everything.commit()
    confirm(client, address)
    assert told(client.get(address).text, "跳过") == [teacher.name]
    assert facts(everything, [teacher.id]) == {teacher.id: ("in_review", 0, 0)}


@pytest.mark.parametrize(("level", "username"), [(1, "wangjianguo"), (2, COUNTY), (3, "nanping"), (4, "yunchuan")])
def test_at_every_level(
    client_as: Callable[[str], Client],
    waiting: list[Teacher],
    everything: Session,
    actor_named: Callable[[str], Actor],
    level: int,
    username: str,
) -> None:
    """What passes a level goes on to the next one; only the last one's approval is for good."""
    for name in ("city", "province"):
        everything.add(ReviewLevel(province_id=waiting[0].province_id, level=name, enabled=True))
    ids = [teacher.id for teacher in waiting[:2]]
    for key in ids:
        record = everything.get_one(Teacher, key)
        record.waiting_unit_id, record.stage = actor_named(username).unit_id, level
    everything.commit()
    assert "做好 2 人。" in do(client_as(username), "approve", *ids)
    end = ("approved", 1, 1) if level == 4 else ("in_review", 0, 0)
    assert facts(everything, ids) == dict.fromkeys(ids, end)
    stages = everything.scalars(sa.select(Teacher.stage).where(Teacher.id.in_(ids))).all()
    assert stages == ([0, 0] if level == 4 else [level + 1, level + 1])


def test_one_reason_for_all(client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session) -> None:
    client, ids = client_as(COUNTY), [teacher.id for teacher in waiting[:2]]
    address = ask(client, "reject", *ids).location
    for wrong, words in (({}, "请选退回原因"), ({"reason": "other"}, "请写一句说明"), ({"reason": "x"}, "从列表里选"),
                         ({"note": "长" * 301}, "最多 300")):  # fmt: skip
        answer = client.post(f"{address}/run", {"count": 2, **wrong})
        assert answer.status_code == 400 and words in answer.text
        assert wrong.get("note", "") in answer.text
    assert facts(everything, ids) == dict.fromkeys(ids, ("in_review", 0, 0))
    client.post(f"{address}/run", {"count": 2, "reason": "missing", "note": "缺学历证书"})
    assert "做好 2 人。" in client.get(address).text
    everything.rollback()
    for key in ids:
        assert [(mark.section, mark.text) for mark in open_marks(everything, key)] == [("", "缺少证明材料：缺学历证书")]


def test_who_may_not_review_one_may_not_review_many(
    client_as: Callable[[str], Client], waiting: list[Teacher], strangers: list[Teacher], everything: Session
) -> None:
    key = waiting[0].id
    for action in ("approve", "reject"):
        assert ask(client_as("yizhong_query"), action, key).status_code == 403
        assert ask(client_as("shiqiao"), action, key).status_code == 404
        assert ask(client_as(COUNTY), action, strangers[0].id).status_code == 404
        school = client_as("wangjianguo")
        address = ask(school, action, key).location
        school.post(f"{address}/run", {"count": 1, "reason": "wrong"})
        assert told(school.get(address).text, "没有做成") == [waiting[0].name], "it waits at the county"
        # What is asked on one list is not answered on another, where other rights hold.
        batch_id = address.rsplit("/", 1)[1]
        assert school.post(f"/teachers/batch/{batch_id}/run", {"count": 1}).status_code in (403, 404)
    assert client_as("liyutong").post("/teachers/batch", {"action": "approve", "rowid": key}).status_code == 400
    assert facts(everything, [key]) == {key: ("in_review", 0, 0)}


# ── killed ──


def dying_after(calls: int) -> module.Action:
    """The approval that kills its process when it has stored the given number, before anything is committed."""
    action, seen = module.ACTIONS["approve"], []

    def dying(session: Session, key: int, actor: Actor, now: Any, told: module.Told) -> None:
        action.verb(session, key, actor, now, told=told)
        session.flush()
        seen.append(key)
        if len(seen) == calls:
            os.kill(os.getpid(), signal.SIGKILL)

    return replace(action, verb=dying)


def killed(app: Flask, session: Session, work: Callable[[], Any]) -> None:
    """Run `work` in a process of its own, which must die of the signal."""
    session.close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by signal")
def test_kill_nine_in_a_job_leaves_whole_chunks_and_is_gone_on_with(
    app: Flask,
    client_as: Callable[[str], Client],
    waiting: list[Teacher],
    everything: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_views, "AT_ONCE", 1)
    monkeypatch.setattr(module, "CHUNK", 2)
    client, ids = client_as(COUNTY), [teacher.id for teacher in waiting[:5]]
    assert "已交给后台" in do(client, "approve", *ids)
    with monkeypatch.context() as patch:
        patch.setitem(module.ACTIONS, "approve", dying_after(3))  # type: ignore[arg-type]
        killed(app, everything, lambda: make_worker(app).turn())
    whole, none = ("approved", 1, 1), ("in_review", 0, 0)
    assert facts(everything, ids) == dict.fromkeys(ids[:2], whole) | dict.fromkeys(ids[2:], none)
    with looking(app) as session:
        session.execute(sa.update(Job).values(heartbeat_at=sa.text("'2020-01-01 00:00:00'")))
        session.commit()
    while make_worker(app).turn():
        pass
    assert facts(everything, ids) == dict.fromkeys(ids, whole)
    with looking(app) as session:
        job = session.scalars(sa.select(Job)).one()
        assert job.status == DONE and f"做好 {len(ids)} 人。" in job.message


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by signal")
def test_kill_nine_in_a_request_leaves_nothing_and_the_question_open(
    app: Flask,
    client_as: Callable[[str], Client],
    waiting: list[Teacher],
    everything: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, ids = client_as(COUNTY), [teacher.id for teacher in waiting[:4]]
    address = ask(client, "approve", *ids).location
    with monkeypatch.context() as patch:
        patch.setitem(module.ACTIONS, "approve", dying_after(3))  # type: ignore[arg-type]
        killed(app, everything, lambda: confirm(client, address))
    assert facts(everything, ids) == dict.fromkeys(ids, ("in_review", 0, 0))
    with looking(app) as session:
        assert session.scalars(sa.select(BatchAction.status)).one() == "asked"
    confirm(client, address)
    assert "做好 4 人。" in client.get(address).text
    assert facts(everything, ids) == dict.fromkeys(ids, ("approved", 1, 1))
