"""What a browser can send and see: parameters, pages, headers, cookies, redirects, errors."""

import html
import logging
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask, url_for

from app.accounts.models import Account, ServerSession
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.ui.base_view import ScopedModelView
from app.core.validators import mask_id
from app.organisations.models import Unit
from app.permissions import Permission
from app.portal.home import HomeView
from app.records.access import AccessLog
from app.records.place_filters import UNIT, WAITS_AT
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from config import Config
from tests.accounts.database import EXEMPT, changed_tables, dump, looking
from tests.conftest import SCHOOL, Client
from tests.test_config import PRODUCTION

CANARY = "\"'><img src=x onerror=K>{{7*7}}"
# A refusal is then a sentence instead of a page: thousands of them are asked for.
BRIEFLY = {"Accept": "application/json"}
LIBRARIES = ("werkzeug", "flask", "sqlalchemy", "jinja", "python", "appbuilder", "psycopg", "sqlite", "wtforms")


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


@pytest.fixture
def people(app: Flask) -> list[Teacher]:
    """The teachers of 青禾县第一中学, read before the requests."""
    with looking(app) as session:
        query = sa.select(Teacher).join(Unit, Teacher.unit_id == Unit.id).where(Unit.code == SCHOOL)
        return list(session.scalars(query.order_by(Teacher.id)))


def lists(app: Flask) -> list[ScopedModelView]:
    """All list views."""
    return [v for v in app.appbuilder.baseviews if isinstance(v, ScopedModelView)]  # type: ignore[attr-defined]


def filters(app: Flask) -> list[tuple[ScopedModelView, str]]:
    """All filters of all lists."""
    return [(view, column) for view in lists(app) for column in view.search_columns]


def list_url(app: Flask, view: ScopedModelView, **parameters: Any) -> str:
    with app.test_request_context():
        return url_for(f"{view.endpoint}.list", **parameters)


# Conditions that are no columns of the table, though one has the name of a relation.
MORE = {"TeacherView": (UNIT, WAITS_AT)}
LOGINS = ("liyutong", "yizhong_sys", "yunchuan_sys")


@pytest.fixture
def looker(
    client_as: Callable[[str], Client], actor_named: Callable[[str], Actor]
) -> Callable[[ScopedModelView], Client]:
    """Somebody who may open a list: the clerk where it is theirs, else an administrator."""
    clients: dict[str, Client] = {}
    people = [actor_named(name) for name in LOGINS]

    def find(view: ScopedModelView) -> Client:
        wanted = Permission(f"{view.class_permission_name}:list")
        name = next(login for login, actor in zip(LOGINS, people, strict=True) if actor.may(wanted))
        if name not in clients:
            clients[name] = client_as(name)
        return clients[name]

    return find


def columns_of(view: ScopedModelView) -> list[str]:
    """Everything that could be asked for: columns, relations, and the columns of related tables."""
    model = view.datamodel.obj
    own = sa.inspect(model).all_orm_descriptors.keys()
    relations = sa.inspect(model).relationships
    return [*own, *(f"{r.key}.{column.key}" for r in relations for column in r.mapper.column_attrs)]


def visible(page: str) -> str:
    """The text of a page without its markup."""
    return html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style|head).*?</\1>", " ", page)))


def walk(client: Client, start: tuple[str, ...] = ("/",), limit: int = 150) -> dict[str, Any]:
    """Every page that can be reached by links."""
    waiting, seen = list(start), {}
    while waiting and len(seen) < limit:
        path = waiting.pop()
        if path in seen or "/static/" in path:
            continue
        response = client.get(path)
        seen[path] = response
        if response.status_code == 302:
            waiting.append(response.location)
        links = re.findall(r'href="(/[^"#]*|\?[^"#]*)', response.get_data(as_text=True))
        waiting += [urljoin(path, html.unescape(link)) for link in links]
    return seen


# ── parameters of lists ──


def test_only_declared_columns_sort(app: Flask, looker: Callable[[ScopedModelView], Client]) -> None:
    wrong = {}
    for view in lists(app):
        name = type(view).__name__
        for column in [*columns_of(view), "password", "created_by.password", "1", "id desc", "", "x" * 300]:
            url = list_url(app, view, **{f"_oc_{name}": column, f"_od_{name}": "asc"})
            status = looker(view).get(url, headers=BRIEFLY).status_code
            if status != (200 if column in view.order_columns else 400):
                wrong[name, column] = status
    assert wrong == {}


def test_only_declared_columns_filter(app: Flask, looker: Callable[[ScopedModelView], Client]) -> None:
    wrong = {}
    for view in lists(app):
        for column in [*columns_of(view), "password", "created_by.password", "teacher.id_number", "", "x" * 300]:
            url = list_url(app, view, **{f"_flt_0_{column}": "1"})
            status = looker(view).get(url, headers=BRIEFLY).status_code
            if status != (200 if column in {*view.search_columns, *MORE.get(type(view).__name__, ())} else 400):
                wrong[type(view).__name__, column] = status
    assert wrong == {}


def test_only_equality_filters(app: Flask, looker: Callable[[ScopedModelView], Client]) -> None:
    for view, column in filters(app):
        for operator in range(1, 12):
            url = list_url(app, view, **{f"_flt_{operator}_{column}": "1"})
            assert looker(view).get(url, headers=BRIEFLY).status_code == 400, url


JUNK = ["-1", "0x10", "1e3", "1.5", "x", "١", "%00", "\0", "9" * 30, "99999999999999999999", " 1", "1;", "' OR 1=1 --"]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("parameter", ["page_{}", "psize_{}", "_od_{}", "_oc_{}", "unknown", "page", "q"])
def test_junk_is_a_bad_request(
    app: Flask, looker: Callable[[ScopedModelView], Client], parameter: str, junk: str
) -> None:
    for view in lists(app):
        name = parameter.format(type(view).__name__)
        response = looker(view).get(list_url(app, view, **{name: junk}), headers=BRIEFLY)
        assert response.status_code == 400, (view, name)


@pytest.mark.parametrize("size", ["1", "0", "21", "1000", "1000000", "-5"])
def test_only_offered_page_sizes(app: Flask, looker: Callable[[ScopedModelView], Client], size: str) -> None:
    for view in lists(app):
        url = list_url(app, view, **{f"psize_{type(view).__name__}": size})
        assert looker(view).get(url, headers=BRIEFLY).status_code == 400


@pytest.mark.parametrize("value", ["\0", "x" * 201, "x" * 5000])
def test_filter_values_that_cannot_be_are_refused(
    app: Flask, looker: Callable[[ScopedModelView], Client], value: str
) -> None:
    for view, column in filters(app):
        url = list_url(app, view, **{f"_flt_0_{column}": value})
        assert looker(view).get(url, headers=BRIEFLY).status_code == 400


@pytest.mark.parametrize("value", ["' OR '1'='1", "%", "_", "\\", "{{7*7}}", "-1", "9" * 20, "٣", "\ud7ff"])
def test_odd_filter_values_find_nothing_and_never_break(
    app: Flask, looker: Callable[[ScopedModelView], Client], value: str
) -> None:
    for view, column in filters(app):
        response = looker(view).get(list_url(app, view, **{f"_flt_0_{column}": value}))
        assert response.status_code in (200, 400), (view, column)
        assert "/show/" not in response.get_data(as_text=True)


def test_a_page_far_behind_the_end_is_empty(app: Flask, looker: Callable[[ScopedModelView], Client]) -> None:
    for view in lists(app):
        response = looker(view).get(list_url(app, view, **{f"page_{type(view).__name__}": "9999"}))
        assert response.status_code == 200
        assert "/show/" not in response.get_data(as_text=True)


def test_unknown_parameters_do_not_change_the_rows(app: Flask, clerk: Client) -> None:
    with_secret = clerk.get("/teachers/list/?_flt_0_id_number_tail=0001")
    assert with_secret.status_code == 400
    assert "/teachers/show/" not in with_secret.get_data(as_text=True)


@pytest.mark.parametrize("search", ["%", "_", "\\", "'", '"', "*", "x" * 5000, "\0\0", "{{7*7}}", "-- ", "😀"])
def test_odd_searches_find_nothing_and_never_break(
    app: Flask, looker: Callable[[ScopedModelView], Client], search: str
) -> None:
    for view in lists(app):
        if "search" not in view.include_route_methods:
            continue
        with app.test_request_context():
            url = url_for(f"{view.endpoint}.search")
        response = looker(view).post(url, {"q": search})
        assert response.status_code == 302
        page = looker(view).get(response.location)
        assert page.status_code == 200
        if search != "\0\0":  # nothing is left of it: the whole list
            assert "/show/" not in page.get_data(as_text=True)


# ── one request never sees another's ──


def test_two_people_searching_at_once_get_their_own_results(app: Flask, client_as: Callable[[str], Client]) -> None:
    searches = {"liyutong": name_at(app, "liyutong"), "shiqiao": name_at(app, "shiqiao")}
    clients = {username: client_as(username) for username in searches}
    addresses = {u: clients[u].post("/teachers/search/", {"q": text}).location for u, text in searches.items()}
    wrong: list[str] = []

    def look(username: str, other: str) -> None:
        for _ in range(25):
            text = visible(clients[username].get(addresses[username]).get_data(as_text=True))
            if searches[username] not in text or searches[other] in text:
                wrong.append(username)

    pairs = [("liyutong", "shiqiao"), ("shiqiao", "liyutong")]
    threads = [threading.Thread(target=look, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def name_at(app: Flask, username: str) -> str:
    """The name of somebody that only this person's units have."""
    with looking(app) as session:
        unit = session.scalars(sa.select(Account).where(Account.username == username)).one().unit
        assert unit is not None
        inside = Teacher.county_id == unit.id if unit.level == "county" else Teacher.school_id == unit.id
        names = set(session.scalars(sa.select(Teacher.name).where(inside)))
        others = set(session.scalars(sa.select(Teacher.name).where(sa.not_(sa.func.coalesce(inside, sa.false())))))
        return min(str(name) for name in names - others)


def test_a_search_belongs_to_who_typed_it(clerk: Client, client_as: Callable[[str], Client]) -> None:
    location = clerk.post("/teachers/search/", {"q": "陈"}).location
    assert clerk.get(location).status_code == 200
    assert client_as("zhoumin").get(location).status_code == 400


# ── personal data stays where it belongs ──


def test_a_search_text_never_stands_in_an_address_or_cookie(clerk: Client, people: list[Teacher]) -> None:
    number = people[0].id_number or ""
    for text in (number, people[0].name or "", "GEHEIM"):
        response = clerk.post("/teachers/search/", {"q": text})
        page = clerk.get(response.location)
        everything = f"{response.location} {response.headers} {page.headers}"
        assert text not in everything and quote(text) not in everything
        links = re.findall(r'(?:href|action|src)="([^"]*)"', page.get_data(as_text=True))
        assert not [link for link in links if text in link or quote(text) in link]


def test_a_search_by_the_whole_number_finds_the_person(clerk: Client, people: list[Teacher]) -> None:
    response = clerk.post("/teachers/search/", {"q": people[3].id_number})
    found = re.findall(r"/teachers/show/(\d+)", clerk.get(response.location).get_data(as_text=True))
    assert set(found) == {str(people[3].id)}


@pytest.mark.parametrize("username", ["liyutong", "wangjianguo", "yizhong_query", "zhoumin"])
def test_a_walk_shows_no_whole_number_and_logs_none(
    app: Flask, client_as: Callable[[str], Client], caplog: pytest.LogCaptureFixture, username: str
) -> None:
    caplog.set_level(logging.DEBUG)
    numbers = all_numbers(app)
    client = client_as(username)
    seen = walk(client)
    assert len(seen) > 30
    assert {path: r.status_code for path, r in seen.items() if r.status_code >= 400} == {}
    assert [path for path, r in seen.items() if numbers & found_numbers(r.get_data(as_text=True))] == []
    assert not [path for path, r in seen.items() if numbers & found_numbers(path + str(r.headers))]
    assert numbers & found_numbers(caplog.text) == set()


def all_numbers(app: Flask) -> set[str]:
    with looking(app) as session:
        return {str(number) for number in session.scalars(sa.select(Teacher.id_number))}


def found_numbers(text: str) -> set[str]:
    return set(re.findall(r"\d{17}[\dX]", text))


def test_the_teachers_own_pages_show_the_own_number_only(app: Flask, client_as: Callable[[str], Client]) -> None:
    number, others = number_with_account(app), all_numbers(app)
    seen = walk(client_as(number), ("/my/",))
    assert len(seen) >= 5
    assert {path: r.status_code for path, r in seen.items() if r.status_code >= 400} == {}
    shown = {path: others & found_numbers(r.get_data(as_text=True)) for path, r in seen.items()}
    assert {path: found for path, found in shown.items() if found} == {"/my/basic_info": {number}}
    assert not [path for path, r in seen.items() if number in path + str(r.headers)]
    with looking(app) as session:
        assert session.scalars(sa.select(AccessLog)).all() == [], "the own number needs no reason"


def number_with_account(app: Flask) -> str:
    with looking(app) as session:
        query = sa.select(Teacher.id_number).join(Account, Account.teacher_id == Teacher.id)
        return str(session.scalars(query.where(Account.must_change.is_(False)).order_by(Teacher.id)).first())


@pytest.mark.parametrize("path", ["/teachers/list/", "/teachers/show/{}", "/teachers/edit/{}"])
def test_list_page_and_form_show_the_masked_number(clerk: Client, people: list[Teacher], path: str) -> None:
    page = clerk.get(path.format(people[0].id)).get_data(as_text=True)
    number = people[0].id_number or ""
    assert number not in page and number[6:14] not in page
    assert mask_id(number) in page


def test_revealing_shows_the_number_once_and_leaves_a_trace(app: Flask, clerk: Client, people: list[Teacher]) -> None:
    teacher = people[0]
    response = clerk.post(f"/teachers/reveal/{teacher.id}", {"reason": "check", "note": "换证"})
    assert response.status_code == 200
    assert (teacher.id_number or "-") in response.get_data(as_text=True)
    with looking(app) as session:
        [look] = session.scalars(sa.select(AccessLog))
        assert (look.kind, look.teacher_id, look.actor_name, look.detail) == (
            "reveal",
            teacher.id,
            "李雨桐",
            "核对证件或材料：换证",
        )
        assert (utc_now() - look.at).total_seconds() < 60
    assert (teacher.id_number or "-") not in clerk.get(f"/teachers/show/{teacher.id}").get_data(as_text=True)


@pytest.mark.parametrize("username", ["yizhong_query", "yizhong_train", "yizhong_sys", "shiqiao", "shiqiao1"])
def test_who_may_not_reveal_sees_nothing_and_leaves_no_trace(
    app: Flask, client_as: Callable[[str], Client], people: list[Teacher], username: str
) -> None:
    response = client_as(username).post(f"/teachers/reveal/{people[0].id}", {"reason": "check"})
    assert response.status_code in (403, 404)
    assert (people[0].id_number or "-") not in response.get_data(as_text=True)
    with looking(app) as session:
        assert session.scalars(sa.select(AccessLog)).all() == []


def test_revealing_needs_a_post(app: Flask, clerk: Client, people: list[Teacher]) -> None:
    for method in ("GET", "HEAD"):
        answer = clerk.client.open(f"/teachers/reveal/{people[0].id}?reason=check", method=method)
        assert answer.status_code == 200 and str(people[0].id_number) not in answer.text
    with looking(app) as session:
        assert session.scalars(sa.select(AccessLog)).all() == []


def test_an_export_masks_numbers_and_leaves_a_trace(app: Flask, clerk: Client, people: list[Teacher]) -> None:
    response = clerk.post("/teachers/export")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment")
    with looking(app) as session:
        [look] = session.scalars(sa.select(AccessLog))
        assert (look.kind, look.detail) == ("export", f"{len(people)} rows {{}}")


# ── stored texts are shown as texts ──


@pytest.mark.parametrize("username", ["liyutong", "wangjianguo", "zhoumin", "teacher"])
def test_markup_in_stored_texts_is_escaped_everywhere(
    app: Flask, client_as: Callable[[str], Client], people: list[Teacher], username: str
) -> None:
    plant(app)
    client = client_as(number_with_account(app) if username == "teacher" else username)
    shown = (f"/teachers/edit/{people[0].id}",) if username == "liyutong" else ()
    bodies = {path: r.get_data(as_text=True) for path, r in walk(client, ("/", *shown), 60).items()}
    assert [path for path, body in bodies.items() if "<img src=x" in body or "onerror=K>" in body] == []
    assert [path for path, body in bodies.items() if "K&gt;49" in body] == []
    escaped = [path for path, body in bodies.items() if "&lt;img src=x onerror=K&gt;{{7*7}}" in body]
    assert len(escaped) >= 4


def plant(app: Flask) -> None:
    """Put the canary into every free text of the records, into names of units and people."""
    with looking(app) as session:
        for teacher in session.scalars(sa.select(Teacher)):
            teacher.name = teacher.former_name = teacher.remark = CANARY
        for row in session.scalars(sa.select(EducationHistory)):
            row.education_school = row.major = row.degree_school = CANARY
        for unit in session.scalars(sa.select(Unit)):
            unit.name = CANARY
        for account in session.scalars(sa.select(Account)):
            account.first_name = CANARY
        session.commit()


def test_what_is_typed_comes_back_escaped(clerk: Client) -> None:
    found = clerk.get(clerk.post("/teachers/search/", {"q": CANARY}).location).get_data(as_text=True)
    form = clerk.post("/teachers/add", {"name": CANARY, "remark": CANARY}).get_data(as_text=True)
    for page in (found, form):
        assert "<img src=x" not in page and "K&gt;49" not in page
        assert "&lt;img src=x onerror=K&gt;{{7*7}}" in page


def test_a_refused_login_escapes_the_name(client_as: Callable[[str], Client]) -> None:
    page = client_as("").login(CANARY).get_data(as_text=True)
    assert "<img src=x" not in page and "&lt;img src=x" in page


# ── headers and cookies ──

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize(
    "path",
    ["/", "/login/", "/teachers/list/", "/teachers/show/0", "/nowhere", "/teachers/list/?x=1", "/healthz",
     "/session/alive", "/teachers/batch"],
)  # fmt: skip
@pytest.mark.parametrize("username", ["", "liyutong"])
def test_every_answer_carries_the_headers(client_as: Callable[[str], Client], path: str, username: str) -> None:
    response = client_as(username).get(path)
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.fullmatch("[0-9a-f]{16}", response.headers["X-Request-Id"])


def test_pages_carry_no_script_or_style_of_their_own(clerk: Client) -> None:
    for path, response in walk(clerk, limit=40).items():
        page = response.get_data(as_text=True)
        assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=\"|\son\w+=\"|javascript:", page), path


def test_static_files_may_be_kept(client_as: Callable[[str], Client]) -> None:
    client = client_as("")
    for query, kept in (("", "public, max-age=3600"), ("?v=abc", "public, max-age=31536000")):
        with client.get(f"/static/core/css/base.css{query}") as response:
            assert (response.status_code, response.headers["Cache-Control"]) == (200, kept)
            assert "Set-Cookie" not in response.headers


def test_https_is_remembered(app: Flask) -> None:
    response = app.test_client().get("/login/", base_url="https://localhost")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_cookie_is_short_closed_and_says_nothing(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("")
    response = client.login("liyutong")
    [cookie] = response.headers.getlist("Set-Cookie")
    assert re.fullmatch(r"session=[\w-]{43}; HttpOnly; Path=/; SameSite=Lax", cookie)
    assert len(cookie) <= 200
    with looking(app) as session:
        assert all(cookie[8:51] not in row.id for row in session.scalars(sa.select(ServerSession)))


def test_the_cookie_does_not_grow_with_use(clerk: Client) -> None:
    before = clerk.client.get_cookie("session")
    for number in range(6):
        clerk.get(clerk.post("/teachers/search/", {"q": f"{number}" * 60}).location)
    assert clerk.client.get_cookie("session") == before


def test_the_cookie_is_secure_under_https(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    [cookie] = app.test_client().get("/login/", base_url="https://localhost").headers.getlist("Set-Cookie")
    assert "; Secure; HttpOnly;" in cookie


# ── where a redirect may lead ──

ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https://evil.example", "https:evil.example", "https:/evil.example", "http:///evil.example", "HTTPS://evil.example",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r/evil.example", " //evil.example",
    "/ /evil.example",
    "//user@evil.example", "http://localhost@evil.example", "http://localhost.evil.example",
    "//evil.example\\@localhost",
    "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "//\u3002evil.example", "/\u2028/evil.example",
    "evil.example", "", "x" * 5000,
]  # fmt: skip


def lands(location: str) -> str:
    """The host a browser would go to: it drops tabs and line ends and reads backslashes as slashes."""
    location = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    target = urlsplit(urljoin("http://localhost/login/", location))
    return f"{target.scheme}://{target.netloc}"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_login_never_leads_to_another_site(client_as: Callable[[str], Client], target: str) -> None:
    form = {"entry": "admin", "username": "liyutong", "password": "Demo@2026", "next": target}
    response = client_as("").post("/login/", form)
    assert response.status_code == 302
    assert lands(response.location) == "http://localhost"


def test_login_leads_back_to_the_page_that_was_asked_for(client_as: Callable[[str], Client]) -> None:
    client = client_as("")
    location = client.get("/teachers/list/?_flt_0_status=draft").location
    page = client.get(location).get_data(as_text=True)
    target = html.unescape(page.split('name="next" value="')[1].split('"')[0])
    form = {"entry": "admin", "username": "liyutong", "password": "Demo@2026", "next": target}
    assert client.post("/login/", form).location == "/teachers/list/?_flt_0_status=draft"


@pytest.mark.parametrize(
    "referrer",
    ["http://evil.example/", "http://localhost.evil.example/", "http://localhost//evil.example/", "//evil.example",
     "http://localhost/\\evil.example", "javascript:alert(1)", "http://localhost@evil.example/"],
)  # fmt: skip
def test_a_refusal_never_leads_to_another_site(clerk: Client, referrer: str) -> None:
    response = clerk.post("/teachers/batch", {"action": "report"}, headers={"Referer": referrer})
    assert response.status_code in (302, 400)
    assert lands(response.location or "/") == "http://localhost"


@pytest.mark.parametrize(
    "host", ["evil.example", "js.example.cn.evil.example", "evil.example:443", "js.example.cn@evil"]
)
def test_another_sites_host_is_refused_in_production(app: Flask, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    settings = Config.from_env(PRODUCTION).flask_settings()
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", settings["TRUSTED_HOSTS"])
    client = app.test_client()
    for path in ("/", "/login/", "/healthz", "/teachers/list/"):
        response = client.get(path, headers={"Host": host})
        assert (path, response.status_code) == (path, 400)
        assert "evil" not in f"{response.headers} {response.get_data(as_text=True)}"
    assert client.get("/login/", headers={"Host": "js.example.cn"}).status_code == 200


@pytest.mark.parametrize(
    "name",
    ["../../config.py", "..%2f..%2fconfig.py", "%2e%2e/%2e%2e/config.py", "..%5c..%5cconfig.py", "....//config.py",
     "/etc/passwd", "%2fetc%2fpasswd", "css/../../templates/core/base.html", "css%00.css", "css/", ".", "x" * 300],
)  # fmt: skip
@pytest.mark.parametrize("folder", ["core", "appbuilder"])
def test_static_files_stay_in_their_folder(client_as: Callable[[str], Client], folder: str, name: str) -> None:
    response = client_as("").get(f"/static/{folder}/{name}")
    assert response.status_code in (404, 308)
    assert "root:" not in response.get_data(as_text=True) and "ConfigError" not in response.get_data(as_text=True)


# ── errors ──


def check_error_page(response: Any, status: int, title: str) -> str:
    text = visible(response.get_data(as_text=True))
    assert response.status_code == status
    assert title in text
    assert not [name for name in (*LIBRARIES, "traceback", "exception", "not found") if name in text.casefold()]
    assert not re.search(r"[A-Za-z]{4,} [A-Za-z]{3,} [a-z]{2,}", text), "English sentence"
    assert "Server" not in response.headers
    return text


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nowhere", 404, "没有找到这个页面"),
        ("/teachers/show/999999", 404, "没有找到这个页面"),
        ("/teachers/batch", 405, "这个网址不能直接打开"),
        ("/teachers/list/?x=1", 400, "这个请求不完整或不正确"),
        ("/my/", 403, "您没有打开这一页的权限"),
    ],
)
def test_error_pages_are_chinese_and_plain(clerk: Client, path: str, status: int, title: str) -> None:
    check_error_page(clerk.get(path), status, title)


def test_a_missing_token_has_its_own_page(clerk: Client) -> None:
    check_error_page(clerk.client.post("/teachers/search/", data={"q": "x"}), 400, "这一页打开太久了，没有保存")


def test_a_body_that_is_too_large_has_its_own_page(app: Flask, clerk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    token, before = clerk.token(), dump(app)
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    response = clerk.client.post("/teachers/add", data={"csrf_token": token, "remark": "x" * 2000})
    check_error_page(response, 413, "文件太大")
    assert changed_tables(before, dump(app)) == []


def test_a_form_with_too_many_parts_is_refused(clerk: Client) -> None:
    token = clerk.token()
    parts = {f"x{number}": (None, "1") for number in range(4100)}
    body = "".join(f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n1\r\n' for name in parts) + "--B--\r\n"
    response = clerk.client.post(
        "/teachers/add", data=body, content_type="multipart/form-data; boundary=B", headers={"X-CSRFToken": token}
    )
    assert response.status_code == 413


@pytest.mark.parametrize("wants", ["text/html", "application/json"])
def test_a_fault_shows_a_number_that_is_in_the_log(
    app: Flask, clerk: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wants: str
) -> None:
    def broken(_view: HomeView, _facts: object) -> None:
        raise RuntimeError("GEHEIM in /srv/app.py")

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(HomeView, "_cards", broken)
    response = clerk.get("/", headers={"Accept": wants})
    body = response.get_data(as_text=True) if wants == "text/html" else response.get_json()["message"]
    text = check_error_page(response, 500, "系统出错了，不是您的操作有问题") if wants == "text/html" else body
    [number] = re.findall(r"E-\d{8}-\d{4}-[0-9A-F]{4}", text)
    assert "GEHEIM" not in body and "/srv" not in body and "RuntimeError" not in body
    assert [r.exc_info is not None for r in caplog.records if number in r.getMessage()] == [True]


def test_a_fault_changes_nothing(
    app: Flask, clerk: Client, monkeypatch: pytest.MonkeyPatch, people: list[Teacher]
) -> None:
    def broken(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError

    token, before = clerk.token(), dump(app)
    monkeypatch.setattr("app.records.looks.log_access", broken)
    assert (
        clerk.client.post(f"/teachers/reveal/{people[0].id}", data={"csrf_token": token, "reason": "check"}).status_code
        == 500
    )
    assert changed_tables(before, dump(app)) == []


def test_a_json_request_gets_errors_as_json(clerk: Client) -> None:
    response = clerk.get("/nowhere", headers={"Accept": "application/json"})
    assert (response.status_code, response.mimetype) == (404, "application/json")
    assert response.get_json()["message"].startswith("没有找到这个页面")


@pytest.mark.parametrize(
    "payload", ["[]", '"x"', "null", "{", '{"values": []}', '{"values": {"name": {}}}', "1" * 5000]
)
def test_a_malformed_draft_never_breaks(clerk: Client, people: list[Teacher], payload: str) -> None:
    headers = {"X-CSRFToken": clerk.token()}
    url = f"/teachers/draft?pk={people[0].id}"
    response = clerk.client.post(url, data=payload, content_type="application/json", headers=headers)
    assert response.status_code in (200, 400, 409)


@pytest.mark.parametrize("version", ["", "-1", "x", "1.5", "9" * 30, "\0", "١", "²"])
def test_a_malformed_version_changes_nothing(app: Flask, clerk: Client, people: list[Teacher], version: str) -> None:
    before = dump(app, EXEMPT | {"draft"})
    response = clerk.post(f"/teachers/edit/{people[0].id}", {"version": version, "remark": "GEÄNDERT"})
    assert response.status_code in (302, 400)
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize("text", ["a\0b", "😀" * 40, "x" * 100_000, "\u202e\u2066x", "\ufffe"])
def test_odd_texts_in_a_form_never_break(clerk: Client, people: list[Teacher], text: str) -> None:
    form = {"version": people[0].version, "remark": text, "former_name": text, "birth_date": text}
    response = clerk.post(f"/teachers/edit/{people[0].id}", form)
    assert response.status_code in (302, 400)
    assert clerk.get(f"/teachers/edit/{people[0].id}").status_code == 200
