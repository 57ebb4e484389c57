"""The home page of each role: every number is that of its list, nothing leads to a page that refuses."""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account, LoginThrottle
from app.accounts.operations import NewTeacherAccount, make_teacher_accounts, new_account
from app.accounts.password_rules import PasswordRules
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.db import utc_now
from app.demo import PASSWORD
from app.organisations.models import Unit, UnitChange
from app.portal.home_cards import CARDS, cards_of
from app.portal.home_charts import SHOWN
from app.records.teacher import Teacher
from app.statistics.dimensions import BY_NAME
from app.statistics.operations import count_all
from tests.conftest import SCHOOL, Client
from tests.portal.conftest import Me

PEOPLE = (
    "liyutong", "wangjianguo", "yizhong_query", "yizhong_train", "yizhong_sys", "shuxue", "zhoumin", "qinghe_sys",
    "yunchuan", "yunchuan_sys", "moe_sys",
)  # fmt: skip
CARD = re.compile(r'<a class="card ([^"]*)" href="([^"]+)"><b>(\d+)</b><span>([^<]+)</span>')
COUNTED = re.compile(r"共\s*<b>(\d+)</b>")
QUERIES = 15
Clients = Callable[[str], Client]


def home(client: Client) -> str:
    page = client.get("/")
    assert page.status_code == 200
    return str(page.text.split("<main", 1)[1])


def cards(client: Client) -> dict[str, tuple[int, str, str]]:
    """By label: the number, its list, how it is coloured."""
    return {label: (int(n), url.replace("&amp;", "&"), kind) for kind, url, n, label in CARD.findall(home(client))}


def listed(client: Client, address: str) -> int:
    answer = client.get(address)
    assert answer.status_code == 200, address
    found = COUNTED.search(answer.text)
    return int(found[1]) if found else 0


def links(page: str) -> set[str]:
    return {url.replace("&amp;", "&") for url in re.findall(r'href="(/[^"#]*)"', page)}


def lock(session: Session, name: str) -> None:
    until = utc_now() + dt.timedelta(minutes=5)
    row = LoginThrottle(key=blind_index(name, "throttle"), failures=9, locked_until=until, since=utc_now())
    session.merge(row)


def change(session: Session, code: str, **values: Any) -> None:
    unit = session.scalars(sa.select(Unit).where(Unit.code == code)).one()
    who = {"made_at": utc_now(), "made_by_id": 1, "made_by": "甲", "made_unit": "乙"}
    session.add(UnitChange(unit_id=unit.id, effective_on=dt.date(2099, 1, 1), name="新名", **who, **values))


@pytest.fixture
def something_everywhere(everything: Session, teachers: list[Teacher]) -> None:
    """At least one of whatever a card counts."""
    teachers[0].status, teachers[0].waiting_unit_id = "submitted_to_school", None
    change(everything, SCHOOL)
    change(everything, "2153000102", refused="代码已经有单位在用")
    everything.commit()


@pytest.mark.usefixtures("something_everywhere")
def test_every_number_is_that_of_its_list(
    client_as: Clients, actor_named: Callable[[str], Actor], everything: Session, teachers: list[Teacher]
) -> None:
    clients = {who: client_as(who) for who in PEOPLE}
    names = sa.select(Account.username).where(Account.teacher_id.in_([one.id for one in teachers])).limit(1)
    for name in ("wangjianguo", everything.scalars(names).one()):
        lock(everything, name)  # who is logged in stays so
    everything.commit()
    counted: set[str] = set()
    for who, client in clients.items():
        actor = actor_named(who)
        found = cards(client)
        declared = cards_of(actor)
        assert {card.label for card in declared if not card.rare} <= set(found) <= {card.label for card in declared}
        for label, (number, address, kind) in found.items():
            assert listed(client, address) == number, (who, label)
            counted |= {label} if number else set()
            work = next(card for card in declared if card.label == label).work_of
            assert not kind.startswith(("hot", "bad")) or (number and work in actor.permissions), (who, label)
    assert counted == {card.label for card in CARDS}, "a card that counted nothing was not tested"


@pytest.mark.parametrize("who", ["liyutong", "yunchuan", "yunchuan_sys"])
def test_whatever_the_page_leads_to_opens(client_as: Clients, everything: Session, who: str) -> None:
    count_all(everything, dt.date(2026, 11, 22), everything.commit)
    client = client_as(who)
    found = links(home(client))
    assert found
    assert {link: status for link in found if (status := client.get(link).status_code) != 200} == {}


def test_what_is_whose(client_as: Clients) -> None:
    pages = {who: home(client_as(who)) for who in ("liyutong", "yizhong_query", "yizhong_train", "yizhong_sys")}
    assert "培训计划和学分管理还没有开放" in pages["yizhong_train"]
    assert not any("还没有开放" in pages[who] for who in pages if who != "yizhong_train")
    for who in ("yizhong_query", "yizhong_train"):  # figures: nothing that calls for them
        assert not re.search(r'class="card (hot|bad)', pages[who]) and "没有要办的事" not in pages[who]
    for hidden in ("上报进展", "最近办理", "待本单位审核", "审核未通过"):
        assert hidden not in pages["yizhong_sys"] and hidden in pages["liyutong"]
    assert all("近期期限" in page for page in pages.values())


def test_who_reported_it_is_not_called_to_review_it(client_as: Clients, everything: Session, school: Unit) -> None:
    assert "hot" not in cards(client_as("liyutong"))["待本单位审核"][2]
    assert "hot" in cards(client_as("wangjianguo"))["待本单位审核"][2]
    everything.rollback()  # the requests have written since
    oldest = everything.scalars(sa.select(Teacher).where(Teacher.waiting_unit_id == school.id)).first()
    assert oldest is not None
    oldest.reported_at = utc_now() - dt.timedelta(days=5, minutes=1)
    everything.commit()
    assert "最早一份等了 5 天" in home(client_as("wangjianguo"))


@pytest.mark.parametrize(
    ("today", "said", "late"),
    [
        ((2026, 2, 1), "还有 58 天", False),
        ((2026, 3, 28), "还有 3 天", True),
        ((2026, 3, 31), "今天截止", True),
        ((2026, 4, 20), "72 天后开始", False),
    ],
)
def test_deadlines_warn_when_they_are_near(
    client_as: Clients, monkeypatch: pytest.MonkeyPatch, today: Any, said: str, late: bool
) -> None:
    monkeypatch.setattr("app.portal.home.TODAY", lambda: dt.date(*today))
    client = client_as("liyutong")
    page = home(client)
    assert f'<span class="tag {"wait" if late else ""} plain">{said}</span>' in page
    unreported = sum(number for label, (number, _, _) in cards(client).items() if label in ("未报送", "审核未通过"))
    assert (f"还有 {unreported} 位没有报送" in page) is (today != (2026, 4, 20))


def test_a_teacher_is_told_until_when(me: Me, monkeypatch: pytest.MonkeyPatch) -> None:
    told = re.compile(
        r'<p class="(ink2|warnc)"><i [^>]*></i> 学校要在 3 月 31 日前报送「2025 年度信息全面更新」，([^，]*)，'
    )
    for day, expected in ((1, ("ink2", "还有 30 天")), (28, ("warnc", "还有 3 天"))):
        monkeypatch.setattr("app.portal.my.TODAY", lambda day=day: dt.date(2026, 3, day))
        assert told.findall(me.page()) == [expected]
    me.reported()
    assert "学校要在" not in me.page()


@pytest.fixture
def new_school(everything: Session, school: Unit, app: Flask) -> Unit:
    """A school where nobody has done anything, and its 信息管理员 xinxiao."""
    place = {name: getattr(school, name) for name in ("province_id", "city_id", "county_id", "parent_id")}
    unit = Unit(code="3453000188", name="青禾县新学校", level="school", school_kind="S", **place)
    everything.add(unit)
    everything.flush()
    rules = PasswordRules(app.config["FAB_PASSWORD_HASH_METHOD"], 5, 10)
    new_account(
        everything, username="xinxiao", name="新校", role="信息管理员", unit_id=unit.id, password=PASSWORD,
        rules=rules, initial_from=None,
    )  # fmt: skip
    everything.commit()
    return unit


def test_a_new_school_is_led_from_the_template_to_the_report(
    client_as: Clients, everything: Session, new_school: Unit, app: Flask
) -> None:
    def steps() -> list[tuple[bool, str]]:
        found = re.findall(r"<li( aria-current=\"step\")?><span class=\"(okc|mute)\">.*?<b>(.*?)</b>", home(client))
        nexts = [title for current, _, title in found if current]
        return [(kind == "okc", title) for _, kind, title in found] + [(False, title) for title in nexts]

    client = client_as("xinxiao")
    titles = ["下载模板", "导入教师", "生成账号", "报送"]
    assert steps() == [*((False, title) for title in titles), (False, "下载模板")]
    assert "没有要办的事" not in home(client) and "还没有教师" in home(client)
    person = Teacher(unit_id=new_school.id, unit=new_school, status="draft", stage=0, name="周新")
    everything.add(person)
    everything.commit()
    assert steps() == [(True, titles[0]), (True, titles[1]), (False, titles[2]), (False, titles[3]), (False, titles[2])]
    rules = PasswordRules(app.config["FAB_PASSWORD_HASH_METHOD"], 5, 10)
    number = "530101198503010027"
    make_teacher_accounts(everything, [NewTeacherAccount(person.id, "周新", number, new_school.id)], rules, utc_now())
    everything.commit()
    assert steps()[2:] == [(True, titles[2]), (False, titles[3]), (False, titles[3])]
    person.status, person.waiting_unit_id = "in_review", new_school.parent_id
    everything.commit()
    assert steps() == []


def test_the_charts_say_what_the_page_of_the_structure_says(client_as: Clients, everything: Session) -> None:
    client = client_as("zhoumin")
    assert "还没有统计过" in home(client)
    everything.rollback()  # the requests have written since
    count_all(everything, dt.date(2026, 11, 22), everything.commit)
    page, whole = home(client), client.get("/structure/").text
    row = re.compile(
        r'<tr><th scope="row">([^<]+)</th><td>.*?</td><td class="num">(\d+)</td><td class="num mute">', re.S
    )
    for name in SHOWN:
        label = BY_NAME[name].label
        drawn, full = (
            row.findall(text.split(f'aria-label="{label}"')[1].split("</section>")[0]) for text in (page, whole)
        )
        assert drawn and sum(int(n) for _, n in drawn) == sum(int(n) for _, n in full)
        assert drawn == full or "其余" in drawn[-1][0]
    columns = page.split('<svg class="chart"')[1].split("</svg>")[0]
    assert columns.count("<rect") == len(row.findall(page.split('aria-label="年龄"')[1].split("</section>")[0]))


def test_few_queries_however_many_there_are(
    client_as: Clients, everything: Session, school: Unit,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:  # fmt: skip
    count_all(everything, dt.date(2026, 11, 22), everything.commit)
    clients = {who: client_as(who) for who in PEOPLE}

    def asked(client: Client) -> int:
        with count_queries() as statements:
            home(client)
        return len(statements)

    def counts() -> dict[str, int]:
        found = {}
        for who, client in clients.items():
            found[who] = min(asked(client) for _ in range(2))  # now and then codes and the session are looked at
        return found

    before = counts()
    place = {name: getattr(school, name) for name in ("province_id", "city_id", "county_id", "parent_id")}
    units = [
        Unit(code=f"34530009{n:02}", name=f"第{n}学校", level="school", school_kind="S", **place) for n in range(20)
    ]
    everything.add_all(units)
    everything.flush()
    for unit in (*units, school):
        everything.add_all(Teacher(unit_id=unit.id, unit=unit, status="draft", stage=0, name="张三") for _ in range(2))
    everything.commit()
    assert counts() == before
    assert max(before.values()) <= QUERIES, before
