"""Who may touch whose account: all pairs of people, all verbs, against the rule written down a second time."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import administration as verbs
from app.accounts.administration import Issued, add_account
from app.accounts.models import Account, ServerSession
from app.accounts.password_rules import PasswordRules
from app.accounts.queries import account_by_id, actor_for
from app.core.actor import Actor
from app.core.codes import codes
from app.core.db import utc_now
from app.core.errors import AppError, NotAllowed
from app.core.settings_log import SettingChange
from tests.accounts import people as units
from tests.accounts.database import changed_tables, dump, looking
from tests.accounts.people import INFO, SYS, UNITS, Person, arrange_people, below
from tests.conftest import Client

RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)
LOCKED = {
    "change": lambda s, a, key: verbs.change_account(s, a, key, {"name": "陈思远"}, utc_now()),
    "disable": lambda s, a, key: verbs.disable(s, a, key, utc_now()),
    "unlock": lambda s, a, key: verbs.unlock(s, a, key, utc_now()),
    "reset": lambda s, a, key: verbs.reset_password(s, a, key, RULES, utc_now()),
}
DISABLED = {"enable": lambda s, a, key: verbs.enable(s, a, key, utc_now())}


def allowed(who: Person, whose: Person) -> bool:
    """The rule, as simply as it can be said."""
    if not who.is_sys or who.unit == units.MATHS or whose.kind == "teacher":
        return False
    if whose.is_sys:
        return below(who.unit, whose.unit)
    return who.unit == whose.unit or (whose.unit == units.MATHS and who.unit == units.UNIVERSITY)


def tried(session: Session, act: Callable[..., Any], who: Person, whose: Person) -> bool:
    """Whether the verb was carried out; then it is taken back. What a refused one left behind stays."""
    try:
        act(session, who.actor, whose.key)
    except NotAllowed:
        session.commit()
        return False
    session.rollback()
    return True


@pytest.mark.parametrize("acts", [LOCKED, DISABLED], ids=["enabled", "disabled"])
def test_all_pairs(app: Flask, acts: dict[str, Callable[..., Any]]) -> None:
    with looking(app) as session:
        everybody = arrange_people(session, active=acts is LOCKED)
        if acts is DISABLED:  # or a school's own would stand in the way of each
            session.execute(sa.update(Account).values(active=False))
            session.commit()
    before, wrong, done = dump(app, set()), [], 0
    with looking(app) as session:
        for who in everybody:
            for whose in everybody:
                for name, act in acts.items():
                    got = tried(session, act, who, whose)
                    done += got
                    if got != allowed(who, whose):
                        wrong.append((who.unit, who.kind, name, whose.unit, whose.kind))
    assert wrong == [] and done > 100
    assert changed_tables(before, dump(app, set())) == []


def test_nobody_touches_the_own_account(app: Flask) -> None:
    with looking(app) as session:
        everybody = arrange_people(session)
        before = dump(app)
        for act in LOCKED.values():
            assert not any(tried(session, act, who, who) for who in everybody)
    assert changed_tables(before, dump(app)) == []


NEW = {"name": "周雅文", "username": "zhouyawen"}


def test_new_accounts_of_all_pairs(app: Flask) -> None:
    """The own people get any role but one; a unit below gets its 系统管理员."""
    with looking(app) as session:
        everybody = arrange_people(session)
        session.execute(sa.update(Account).values(active=False))
        session.commit()
        before, wrong = dump(app), []
        for who in everybody:
            for unit in UNITS:
                texts = {**NEW, "unit": unit, "roles": "info_admin"}
                got = made(session, who.actor, texts, lower=True)
                may = who.is_sys and who.actor.level != "school" and below(who.unit, unit) and unit != units.MATHS
                if got != ((unit, [SYS, INFO]) if may else None):
                    wrong.append((who.unit, who.kind, unit))
            got = made(session, who.actor, {**NEW, "roles": "info_admin", "unit": units.NATION}, lower=False)
            if got != ((who.unit, [INFO]) if who.is_sys and who.unit != units.MATHS else None):
                wrong.append((who.unit, who.kind, "own"))
    assert wrong == []
    assert changed_tables(before, dump(app)) == []


def made(session: Session, actor: Actor, texts: dict[str, str], *, lower: bool) -> tuple[str, list[str]] | None:
    """Unit and roles of the account that was made; it is taken back."""
    try:
        issued, _ = add_account(session, actor, texts, RULES, utc_now(), lower=lower)
    except NotAllowed:
        session.commit()
        return None
    account = issued.account if issued else None
    told = (account.unit_id, verbs.role_names(account)) if account else None
    session.rollback() if told else session.commit()
    if told is None:
        return None
    return session.scalars(sa.select(units.Unit.code).where(units.Unit.id == told[0])).one(), told[1]


@pytest.mark.parametrize("roles", ["sys_admin", "系统管理员", "teacher", "教师", "info_admin,sys_admin"])
def test_nobody_gives_the_role_of_a_sys_admin_to_the_own_people(
    app: Flask, actor_named: Callable[[str], Actor], roles: str
) -> None:
    actor, before = actor_named("yizhong_sys"), dump(app)
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "wangjianguo")).one()
        issued, problems = add_account(session, actor, {**NEW, "roles": roles}, RULES, utc_now(), lower=False)
        assert issued is None and [p.item for p in problems] == ["roles"]
        assert [p.item for p in verbs.change_account(session, actor, key, {"roles": roles}, utc_now())] == ["roles"]
        session.commit()
    assert changed_tables(before, dump(app)) == []


def test_a_superior_cannot_turn_a_sys_admin_into_somebody_else(app: Flask, actor_named: Callable[[str], Actor]) -> None:
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "yizhong_sys")).one()
        actor = actor_named("qinghe_sys")
        assert verbs.change_account(session, actor, key, {"roles": "viewer"}, utc_now()) == []
        assert verbs.role_names(session.get_one(Account, key)) == [SYS, "信息查询员"]
        assert verbs.change_account(session, actor, key, {"roles": ""}, utc_now()) == []
        assert verbs.role_names(session.get_one(Account, key)) == [SYS]


def test_a_university_makes_accounts_there(app: Flask) -> None:
    with looking(app) as session:
        who = next(p for p in arrange_people(session) if p.unit == units.UNIVERSITY and p.kind == "sys")
        codes.refresh(session)
        texts = {**NEW, "roles": "entry_clerk", "department": units.MATHS}
        assert made(session, who.actor, texts, lower=False) == (units.MATHS, ["信息录入员"])
        assert made(session, who.actor, texts | {"department": units.SCHOOL}, lower=False) is None


# ── one enabled 系统管理员 for each school ──


def test_a_school_has_one_enabled_sys_admin(app: Flask, actor_named: Callable[[str], Actor]) -> None:
    county, texts = actor_named("qinghe_sys"), {**NEW, "unit": units.SCHOOL}
    with looking(app) as session:
        old = session.scalars(sa.select(Account.id).where(Account.username == "yizhong_sys")).one()
        issued, problems = add_account(session, county, texts, RULES, utc_now(), lower=True)
        assert issued is None and "只能有一个" in problems[0].message
        verbs.disable(session, county, old, utc_now())
        issued, problems = add_account(session, county, texts, RULES, utc_now(), lower=True)
        assert issued is not None and problems == []
        with pytest.raises(AppError, match="只能有一个"):
            verbs.enable(session, county, old, utc_now())
        verbs.disable(session, county, issued.account.id, utc_now())
        verbs.enable(session, county, old, utc_now())


def test_offices_may_have_several(app: Flask, actor_named: Callable[[str], Actor]) -> None:
    with looking(app) as session:
        texts = {**NEW, "unit": "青禾县教育体育局"}
        issued, _ = add_account(session, actor_named("yunchuan_sys"), texts, RULES, utc_now(), lower=True)
        assert issued is not None


# ── what the verbs do ──


@pytest.fixture
def reset(app: Flask, actor_named: Callable[[str], Actor]) -> Issued:
    """The clerk's password, given anew."""
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()
        issued = verbs.reset_password(session, actor_named("yizhong_sys"), key, RULES, utc_now())
        session.commit()
        return issued


def test_a_new_account_logs_in_and_must_change(app: Flask, client_as: Callable[[str], Client]) -> None:
    page = client_as("yizhong_sys").post("/accounts/add", {**NEW, "roles": ["info_admin", "viewer"]}).text
    password = page.split("<code>")[1].split("<")[0]
    client = client_as("")
    assert client.login("zhouyawen", password).status_code == 302
    assert client.get("/").location == "/password/"
    with looking(app) as session:
        account = session.scalars(sa.select(Account).where(Account.username == "zhouyawen")).one()
        found = account_by_id(session, account.id)
        assert found and actor_for(found).role_label == "信息管理员、信息查询员"


@pytest.mark.parametrize("verb", ["disable", "reset"])
def test_it_ends_all_sessions(app: Flask, client_as: Callable[[str], Client], verb: str) -> None:
    clerk, admin = client_as("liyutong"), client_as("yizhong_sys")
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()
    admin.post(f"/accounts/edit/{key}/{verb}")
    assert clerk.get("/").location.startswith("/login/")
    with looking(app) as session:
        assert session.scalar(sa.select(ServerSession.id).where(ServerSession.user_id == key)) is None
    assert client_as("").login("liyutong").status_code == 403
    assert admin.get("/").status_code == 200


def test_unlocking(app: Flask, client_as: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "LOGIN_CAPTCHA_AFTER", 99)
    for _ in range(5):
        client_as("").login("liyutong", "Wrong@2026")
    assert client_as("").login("liyutong").status_code == 403
    admin = client_as("yizhong_sys")
    assert "锁定" in admin.get("/accounts/list/?_flt_0_state=locked").text
    with looking(app) as session:
        key = session.scalars(sa.select(Account.id).where(Account.username == "liyutong")).one()
    assert "解锁" in admin.get(f"/accounts/edit/{key}").text
    assert admin.post(f"/accounts/edit/{key}/unlock").status_code == 302
    assert client_as("").login("liyutong").status_code == 302
    assert admin.post(f"/accounts/edit/{key}/unlock").status_code == 409


def test_every_change_is_listed_and_no_password_is_kept(app: Flask, reset: Issued) -> None:
    with looking(app) as session:
        change = session.scalars(sa.select(SettingChange).order_by(SettingChange.id.desc())).first()
        assert change is not None and (change.table_name, change.code) == ("account", str(reset.account.id))
        assert change.changes == {"password": ["", "重置"]} and change.actor_name == "赵立新"
    assert reset.password not in str(dump(app, set()))


@pytest.mark.parametrize("login", ["ab", "王建国", "a，b", "53012119900101001x", "liyutong", "LiYuTong", "a@b.cn"])
def test_login_names(app: Flask, client_as: Callable[[str], Client], login: str) -> None:
    client, before = client_as("yizhong_sys"), dump(app)
    answer = client.post("/accounts/add", {"name": "周雅文", "username": login, "roles": "viewer"})
    assert answer.status_code == 400
    assert "登录名" in answer.text
    assert changed_tables(before, dump(app)) == []


# ── the pages ──


def test_the_list_shows_who_may_be_seen(app: Flask, client_as: Callable[[str], Client]) -> None:
    with looking(app) as session:
        everybody = arrange_people(session)
    for login, unit in (("yizhong_sys", units.SCHOOL), ("qinghe_sys", units.COUNTY), ("yunchuan_sys", units.PROVINCE)):
        page = client_as(login).get("/accounts/list/?psize_AccountView=100").text
        for person in everybody:
            own = person.unit == unit or (person.unit == units.MATHS and unit == units.UNIVERSITY)
            seen = own or (person.is_sys and below(unit, person.unit))
            assert (f">{person.kind}_{person.unit}<" in page) == seen, person


def test_foreign_accounts_are_not_found(app: Flask, client_as: Callable[[str], Client]) -> None:
    with looking(app) as session:
        everybody = arrange_people(session)
    client = client_as("yizhong_sys")
    before = dump(app)
    for person in everybody:
        if person.unit != units.SCHOOL:
            assert client.get(f"/accounts/edit/{person.key}").status_code == 404
            for verb in ("enable", "disable", "unlock", "reset"):
                assert client.post(f"/accounts/edit/{person.key}/{verb}").status_code == 404
        elif person.kind != "info":
            assert client.get(f"/accounts/edit/{person.key}").status_code == 403
            assert client.post(f"/accounts/edit/{person.key}/reset").status_code == 403
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize(
    "query, names",
    [
        ("_flt_0_role=reviewer", {"王建国"}),
        ("_flt_0_state=disabled", {"钱静"}),
        ("_flt_0_state=never", {"王建国", "吴芳", "李雨桐"}),
        ("_flt_0_state=unused", set()),
        ("_flt_0_state=locked", set()),
    ],
)
def test_filters(app: Flask, client_as: Callable[[str], Client], query: str, names: set[str]) -> None:
    with looking(app) as session:
        session.execute(sa.update(Account).where(Account.username == "yizhong_query").values(active=False))
        session.commit()
    page = client_as("yizhong_sys").get(f"/accounts/list/?{query}").text
    own = {"王建国", "钱静", "吴芳", "李雨桐"}
    assert {name for name in own if f">{name}<" in page} == names


def test_a_search_finds_name_and_login(client_as: Callable[[str], Client]) -> None:
    client = client_as("yizhong_sys")
    for typed in ("建国", "WangJian"):
        page = client.get(client.post("/accounts/search/", {"q": typed}).location).text
        assert ">王建国<" in page and ">李雨桐<" not in page


@pytest.mark.parametrize("query", ["_flt_0_role=x", "_flt_0_state=x", "_flt_0_unit=1"])
def test_unknown_filters_are_refused(client_as: Callable[[str], Client], query: str) -> None:
    assert client_as("yizhong_sys").get(f"/accounts/list/?{query}").status_code == 400


def test_the_list_is_cheap(app: Flask, client_as: Callable[[str], Client], count_queries: Any) -> None:
    with looking(app) as session:
        arrange_people(session)
    client = client_as("yunchuan_sys")
    with count_queries() as statements:
        assert client.get("/accounts/list/").status_code == 200
    assert len(statements) <= 15
