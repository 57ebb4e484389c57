"""代理审核: a colleague reviews from day to day, signs 「X 代 Y」, and gets nothing else by it."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Account, StandIn
from app.accounts.queries import account_by_id, actor_for
from app.accounts.roles import REVIEWING
from app.accounts.stand_ins import LONGEST
from app.collection import operations
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.errors import AppError
from app.core.flow import FlowLog
from app.permissions import Permission as P
from app.records.marks import open_marks
from app.records.teacher import Teacher
from tests.conftest import Client

ABSENT, PERSON, ADMIN = "wangjianguo", "yizhong_query", "yizhong_sys"
TODAY = utc_now().astimezone().date()


def form(since: int = 0, until: int = 3, absent: str = ABSENT, person: str = PERSON) -> dict[str, str]:
    days = {name: str(TODAY + dt.timedelta(days=number)) for name, number in (("since", since), ("until", until))}
    return {"absent": absent, "person": person, **days}


def rows(session: Session) -> list[StandIn]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(sa.select(StandIn).order_by(StandIn.id)))


@pytest.fixture
def actor_now(session_as: Callable[[str], Session]) -> Callable[[str], Actor]:
    def find(username: str) -> Actor:
        session = session_as("system")
        key = session.scalars(sa.select(Account.id).where(Account.username == username)).one()
        account = account_by_id(session, key)
        assert account is not None
        actor = actor_for(account)
        session.close()
        return actor

    return find


def test_the_stand_in_reviews_and_signs(
    client_as: Callable[[str], Client], at_school: list[Teacher], everything: Session, actor_now: Callable[[str], Actor]
) -> None:
    record, other = at_school[:2]
    before = actor_now(PERSON)
    stand_in = client_as(PERSON)
    assert stand_in.get("/review/list/").status_code == 403
    assert client_as(ABSENT).post("/stand-ins/add", form()).status_code == 302
    actor = actor_now(PERSON)
    assert actor.permissions - before.permissions == REVIEWING == actor.lent, "nothing but reviewing"
    assert "钱静 代 王建国 审核" in stand_in.get("/review/list/").get_data(as_text=True)
    assert stand_in.post(f"/review/desk/{record.id}/approve", {"version": record.version}).status_code == 302
    refusal = {"verdict://": "refused", "reason://": "wrong", "version": other.version}
    assert stand_in.post(f"/review/desk/{other.id}/reject", refusal).status_code == 302
    everything.rollback()
    signed = everything.scalars(sa.select(FlowLog.actor_name).order_by(FlowLog.id.desc()).limit(2)).all()
    assert set(signed) == {"钱静 代 王建国"} == {mark.by_name for mark in open_marks(everything, other.id)}
    for username in (PERSON, ABSENT):
        assert "钱静 代 王建国 审核" in client_as(username).get("/me/").get_data(as_text=True)


def test_neither_own_reports_nor_those_of_the_absent(
    client_as: Callable[[str], Client], at_school: list[Teacher], everything: Session, actor_now: Callable[[str], Actor]
) -> None:
    """Who stands in for the reporter would decide on the reporter's own report."""
    client_as(ADMIN).post("/stand-ins/add", form(absent="liyutong"))
    actor, record = actor_now(PERSON), at_school[0]
    with pytest.raises(AppError, match="请您代审的人报送"):
        operations.approve(everything, record.id, record.version, actor, utc_now())
    everything.rollback()
    page = client_as(PERSON).get("/review/list/").get_data(as_text=True)
    assert "请您代审的人" in page and "从第一份审起" not in page
    client_as(ADMIN).post("/stand-ins/add", form())
    everything.execute(sa.update(Teacher).where(Teacher.id == record.id).values(reported_by_id=actor.user_id))
    everything.commit()
    actor = actor_now(PERSON)
    with pytest.raises(AppError, match="您报送"):
        operations.approve(everything, record.id, record.version, actor, utc_now())


@pytest.mark.parametrize(
    ("change", "value"), [("since", 1), ("until", -1), ("ended_at", 0), ("disabled", 0), ("no_role", 0)]
)
def test_it_holds_only_while_it_should(
    client_as: Callable[[str], Client], everything: Session, actor_now: Callable[[str], Actor], change: str, value: int
) -> None:
    """Before its first day, after its last, when it was ended, and when the absent one may not review any more."""
    client_as(ABSENT).post("/stand-ins/add", form())
    assert actor_now(PERSON).may(P.REVIEW_DECIDE)
    everything.rollback()
    absent = everything.scalars(sa.select(Account).where(Account.username == ABSENT)).one()
    row = everything.scalars(sa.select(StandIn)).one()
    if change == "disabled":
        absent.active = False
    elif change == "no_role":
        absent.roles = []
    elif change == "ended_at":
        row.ended_at = utc_now()
    else:
        setattr(row, change, TODAY + dt.timedelta(days=value))
    everything.commit()
    actor = actor_now(PERSON)
    assert not actor.may(P.REVIEW_DECIDE) and not actor.lent and actor.signature(P.REVIEW_DECIDE) == "钱静"


@pytest.mark.parametrize(
    ("username", "posted", "status"),
    [
        (ABSENT, form(person=ABSENT), 400),
        (ABSENT, form(absent="liyutong"), 400),
        (ABSENT, form(person="zhoumin"), 400),
        (ABSENT, form(person="liyutong"), 400),
        (ABSENT, form(since=-1), 400),
        (ABSENT, form(since=2, until=1), 400),
        (ABSENT, form(until=LONGEST), 400),
        (ADMIN, form(person=ADMIN), 400),
        (ADMIN, form(absent=PERSON, person="yizhong_train"), 400),
        (ADMIN, form(absent="zhoumin"), 400),
        ("qinghe_sys", form(), 400),
        (PERSON, form(), 403),
    ],
)
def test_nobody_raises_own_rights(
    client_as: Callable[[str], Client], everything: Session, username: str, posted: dict[str, str], status: int
) -> None:
    """Not oneself, nobody outside of the unit, nobody who reviews already, for nobody else but as 系统管理员."""
    assert client_as(username).post("/stand-ins/add", posted).status_code == status
    assert rows(everything) == []


def test_a_lent_right_is_not_handed_on(client_as: Callable[[str], Client], everything: Session) -> None:
    client_as(ABSENT).post("/stand-ins/add", form())
    assert client_as(PERSON).post("/stand-ins/add", form(absent=PERSON, person="yizhong_train")).status_code == 403
    row = rows(everything)[0]
    for path in (f"/stand-ins/edit/{row.id}", f"/stand-ins/edit/{row.id}/end"):
        assert client_as(PERSON).post(path, {"until": form(until=9)["until"]}).status_code == 403
        assert client_as("liyutong").post(path, {"until": form(until=9)["until"]}).status_code == 404
        assert client_as("qinghe_sys").post(path, {"until": form(until=9)["until"]}).status_code == 404
    assert [(r.until, r.ended_at) for r in rows(everything)] == [(TODAY + dt.timedelta(days=3), None)]


def test_longer_shorter_and_over(client_as: Callable[[str], Client], everything: Session) -> None:
    client = client_as(ABSENT)
    client.post("/stand-ins/add", form())
    assert client.post("/stand-ins/add", form(since=2, until=5)).status_code == 400, "the same two, the same days"
    row = rows(everything)[0]
    assert "钱静" in client.get(f"/stand-ins/edit/{row.id}").get_data(as_text=True)
    client.post(f"/stand-ins/edit/{row.id}", form(since=5, until=8, person="yizhong_train"))
    row = rows(everything)[0]
    assert (row.since, row.until, row.person.username) == (TODAY, TODAY + dt.timedelta(days=8), PERSON)
    assert client_as(ADMIN).post(f"/stand-ins/edit/{row.id}/end").status_code == 302
    assert rows(everything)[0].ended_at is not None
    assert client.post(f"/stand-ins/edit/{row.id}/end").status_code == 409
    assert client.post("/stand-ins/add", form()).status_code == 302


def test_who_stands_in_for_nobody_costs_no_query(
    everything: Session, count_queries: Callable[[], AbstractContextManager[list]]
) -> None:
    key = everything.scalars(sa.select(Account.id).where(Account.username == PERSON)).one()
    with count_queries() as statements:
        account = account_by_id(everything, key)
        assert account is not None and not actor_for(account).lent
    assert len(statements) == 2, statements
