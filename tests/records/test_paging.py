"""Lists are paged by the row where the last page ended: no row twice, none left out, in any order and both ways."""

import datetime as dt
import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ui import base_view, listing, paging
from app.records.teacher import Teacher
from tests.conftest import Client

SIZE = 20
LIST = f"/teachers/list/?psize_TeacherView={SIZE}"
FIRST, PREVIOUS, NEXT, LAST = "第一页", "上一页", "下一页", "最后一页"


class Shown:
    """One page of a list as a browser shows it."""

    def __init__(self, client: Client, path: str) -> None:
        self.client, self.path = client, path
        answer = client.get(path)
        assert answer.status_code == 200, path
        self.text = answer.text

    @property
    def ids(self) -> list[int]:
        return [int(key) for key in re.findall(r'<a href="/teachers/show/(\d+)"', self.text)]

    @property
    def range(self) -> str:
        found = re.search(r'class="pager-bar"><span>(.*?)</span>', self.text, re.S)
        return re.sub(r"<.*?>|\s+", "", found[1]) if found else ""

    def address(self, label: str) -> str:
        """Where a link of the pager leads; "" while it is disabled."""
        found = re.search(rf'<a href="([^"]*)" aria-label="{label}"', self.text)
        return html.unescape(found[1]) if found else ""

    def follow(self, label: str) -> "Shown":
        return Shown(self.client, "/teachers/list/" + self.address(label))

    def number(self, page: int) -> "Shown":
        found = re.search(rf'<a href="([^"]*)">{page}</a>', self.text)
        assert found
        return Shown(self.client, "/teachers/list/" + html.unescape(found[1]))


@pytest.fixture
def people(everything: Session, teachers: list[Teacher]) -> list[Teacher]:
    """All teachers, with birth dates that repeat and that are missing, names that sound alike."""
    everybody = list(everything.scalars(sa.select(Teacher).order_by(Teacher.id)))
    for number, teacher in enumerate(everybody):
        teacher.birth_date = None if number % 3 == 0 else dt.date(1980 + number % 4, 1, 1)
        teacher.name = ["王建国", "汪建国", "单雄信", "李伟"][number % 4]
    everything.commit()
    return everybody


@pytest.fixture
def province(client_as: Callable[[str], Client]) -> Client:
    return client_as("yunchuan")


@pytest.fixture
def low_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting stops at 40 rows."""
    for module in (listing, base_view, paging):
        monkeypatch.setattr(module, "COUNT_CAP", 40)


ORDERS = [("", "asc"), *((name, way) for name in ("name", "birth_date", "updated_at") for way in ("asc", "desc"))]


def sorted_list(name: str, way: str) -> str:
    return LIST + (f"&_oc_TeacherView={name}&_od_TeacherView={way}" if name else "")


def expected(people: list[Teacher], name: str, way: str) -> list[int]:
    """The order said once more, in Python: empty ones last, then the value and the key, both up or both down."""
    column = {"": "id", "name": "name_order"}.get(name, name)
    there = [row for row in people if getattr(row, column) is not None]
    empty = [row for row in people if getattr(row, column) is None]
    down = way == "desc"
    there.sort(key=lambda row: (getattr(row, column), row.id), reverse=down)
    empty.sort(key=lambda row: row.id, reverse=down)
    return [row.id for row in (*there, *empty)]


@pytest.mark.parametrize(("name", "way"), ORDERS)
def test_forward_and_back_every_row_once(
    people: list[Teacher], province: Client, low_cap: None, name: str, way: str
) -> None:
    page = Shown(province, sorted_list(name, way))
    forward = [page]
    while page.address(NEXT):
        page = page.follow(NEXT)
        forward.append(page)
    order = expected(people, name, way)
    assert [key for page in forward for key in page.ids] == order
    assert len(forward) == 6 and page.address(LAST) == ""
    for earlier in reversed(forward[:-1]):
        page = page.follow(PREVIOUS)
        assert (page.ids, page.range) == (earlier.ids, earlier.range)
    assert page.address(PREVIOUS) == page.address(FIRST) == ""


@pytest.mark.parametrize(("name", "way"), ORDERS)
def test_the_last_page_and_back_from_there(
    people: list[Teacher], province: Client, low_cap: None, name: str, way: str
) -> None:
    """Behind what is counted nobody knows the number of a row; the rows are the right ones."""
    order = expected(people, name, way)
    page = Shown(province, sorted_list(name, way)).follow(LAST)
    assert page.ids == order[-SIZE:] and page.range == "共40+条"
    seen = page.ids
    while page.address(PREVIOUS):
        page = page.follow(PREVIOUS)
        if page.address(PREVIOUS):
            seen = [*page.ids, *seen]
    assert page.ids == order[:SIZE] and page.range == f"第1–{SIZE}条，共40+条"
    assert seen == order[-len(seen) :] and set(seen) | set(page.ids) == set(order)


def test_pages_have_numbers_while_they_are_counted(people: list[Teacher], province: Client) -> None:
    page, order = Shown(province, LIST), [teacher.id for teacher in people]
    third = page.number(3)
    assert third.ids == order[40:60] and third.range == "第41–60条，共104条"
    assert third.follow(NEXT).ids == order[60:80] and third.follow(PREVIOUS).ids == order[20:40]
    last = third.follow(LAST)
    assert last.ids == order[100:] and last.range == "第101–104条，共104条" and last.address(NEXT) == ""
    assert last.follow(FIRST).ids == order[:20]


def test_what_is_searched_and_filtered_is_paged_too(people: list[Teacher], province: Client) -> None:
    found = province.post("/teachers/search/", {"q": "jianguo"}).headers["Location"]
    assert Shown(province, found).ids == []
    found = province.post("/teachers/search/", {"q": "建国"}).headers["Location"]
    page = Shown(province, f"{found}&psize_TeacherView={SIZE}&_oc_TeacherView=name&_flt_0_gender=1")
    seen = page.ids
    while page.address(NEXT):
        page = page.follow(NEXT)
        seen += page.ids
    wanted = [teacher for teacher in people if teacher.name.endswith("建国") and teacher.gender == "1"]  # type: ignore[union-attr]
    assert seen == expected(wanted, "name", "asc") and len(seen) > SIZE


def test_nothing_personal_in_the_address(people: list[Teacher], province: Client) -> None:
    page = Shown(province, sorted_list("birth_date", "asc"))
    address = page.address(NEXT)
    assert f"after_TeacherView={page.ids[-1]}" in address
    assert not re.search(r"19\d\d|birth_date=\d", address.replace(f"={page.ids[-1]}", ""))
    page = Shown(province, sorted_list("name", "asc"))
    assert not re.search(r"[^\x00-\x7f]|%", page.address(NEXT)) and "shan" not in page.address(NEXT)


@pytest.mark.parametrize("place", ["after", "before"])
def test_a_row_that_is_gone_leads_to_the_first_page(
    people: list[Teacher], client_as: Callable[[str], Client], strangers: list[Teacher], place: str
) -> None:
    """The same answer for a missing row and for one out of sight."""
    clerk, path = client_as("liyutong"), sorted_list("birth_date", "asc")
    first = Shown(clerk, path)
    for key in (strangers[0].id, 999_999):
        page = Shown(clerk, f"{path}&{place}_TeacherView={key}&page_TeacherView=1")
        assert page.ids == first.ids and paging.GONE in page.text
    assert paging.GONE not in first.text


def test_a_row_that_no_longer_matches_still_says_where_one_is(
    everything: Session, people: list[Teacher], province: Client
) -> None:
    page = Shown(province, sorted_list("birth_date", "desc") + "&_flt_0_gender=1")
    following = page.follow(NEXT).ids
    everything.get_one(Teacher, page.ids[-1]).gender = "2"
    everything.commit()
    assert page.follow(NEXT).ids == following


def test_by_the_key_a_deleted_row_still_says_where_one_is(
    everything: Session, people: list[Teacher], province: Client
) -> None:
    page = Shown(province, LIST)
    following = page.follow(NEXT).ids
    path = page.address(NEXT).replace(f"after_TeacherView={page.ids[-1]}", f"before_TeacherView={following[-1] + 1}")
    assert Shown(province, "/teachers/list/" + path).ids == following


def test_rows_that_vanish_before_the_page_leave_the_first_page_whole(people: list[Teacher], province: Client) -> None:
    page = Shown(province, f"{LIST}&before_TeacherView={people[5].id}&page_TeacherView=1")
    assert page.ids == [teacher.id for teacher in people[:SIZE]] and page.range == f"第1–{SIZE}条，共104条"


@pytest.mark.parametrize(
    "place",
    ["after_TeacherView=0", "after_TeacherView=-1", "after_TeacherView=x", "after_TeacherView=1&before_TeacherView=2",
     "end_TeacherView=2", "end_TeacherView=0", "end_TeacherView=1&after_TeacherView=5", "after_TeacherView=9999999999",
     "after_OtherView=1", "after=1", "before_TeacherView=", "end_TeacherView="],
)  # fmt: skip
def test_a_wrong_place_is_a_bad_request(province: Client, place: str) -> None:
    assert province.get(f"{LIST}&{place}").status_code == 400


def test_any_page_costs_as_few_queries_as_the_first(
    people: list[Teacher], province: Client, low_cap: None,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:  # fmt: skip
    page = Shown(province, sorted_list("name", "asc"))
    numbers = []
    for shown in (page, page.follow(NEXT), page.follow(NEXT).follow(NEXT), page.follow(LAST)):
        with count_queries() as statements:
            province.get(shown.path)
        numbers.append(len(statements))
        by_place = [s for s in statements if "(teacher.name_order, teacher.id) >" in s]
        assert len(by_place) == ("after_" in shown.path), "nothing is read to be skipped"
    assert max(numbers) <= min(numbers) + 1 <= 15


INDEXES = [
    ("county_id", "id", "ix_teacher_county_id_id"), ("city_id", "id", "ix_teacher_city_id_id"),
    ("province_id", "id", "ix_teacher_province_id_id"), ("county_id", "name_order", "ix_teacher_county_name"),
    ("province_id", "name_order", "ix_teacher_province_name"), ("", "name_order", "ix_teacher_name"),
]  # fmt: skip


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("place", "column", "index"), INDEXES)
def test_a_page_is_read_along_an_index(
    everything: Session, place: str, column: str, index: str, descending: bool, backward: bool
) -> None:
    """In the ordinary order and by name, in both directions, from a row on."""
    order = paging.Order(getattr(Teacher, column), Teacher.id, descending)
    here = getattr(Teacher, place) == 5 if place else sa.true()
    query = sa.select(Teacher).where(here, order.beyond(7 if column == "id" else "wang2王", 7, backward=backward))
    query = query.order_by(*order.terms(backward=backward)).limit(51)
    engine = everything.get_bind()
    postgres = engine.dialect.name == "postgresql"
    if postgres:  # so few rows would be sorted
        everything.execute(sa.text("SET LOCAL enable_seqscan = off"))
        everything.execute(sa.text("SET LOCAL enable_sort = off"))
    words = "EXPLAIN" if postgres else "EXPLAIN QUERY PLAN"
    text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    plan = "\n".join(str(tuple(row)) for row in everything.connection().exec_driver_sql(f"{words} {text}"))
    if index not in plan and postgres and column == "id":
        assert "pk_teacher" in plan, "of a hundred people the planner may read all"
    else:
        assert index in plan, plan
    assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
