"""The page of progress: every number is that of the list behind it; what is shown is what is exported."""

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.conftest import SCHOOL, STRANGE_SCHOOL, Client

COUNTY, CITY, UNIVERSITY = "5301210000", "5301000000", "4153019801"
NUMBER = re.compile(r'<a href="(/teachers/list/[^"]*)">(\d+)</a>')
UNIT = re.compile(r'<th class="pin" scope="row">(?:<a href="(/progress/[^"]*)">)?([^<]+)<')
QUERIES = 10


def key(session: Session, code: str) -> int:
    return session.scalars(sa.select(Unit.id).where(Unit.code == code)).one()


def names(page: str) -> list[str]:
    return [name for _, name in UNIT.findall(page)]


def listed(client: Client, address: str) -> int:
    page = client.get(address.replace("&amp;", "&")).text
    return int(re.search(r"<b>(\d+)</b> 条", page)[1])  # type: ignore[index]


@pytest.fixture
def one_without_department(everything: Session) -> None:
    person = everything.scalars(
        sa.select(Teacher).join(Unit, Unit.id == Teacher.unit_id).where(Unit.code == UNIVERSITY).limit(1)
    ).one()
    person.department = None
    everything.commit()


@pytest.mark.parametrize(
    ("username", "units"), [("yunchuan", ["", UNIVERSITY]), ("zhoumin", [SCHOOL]), ("shuxue", [""])]
)
@pytest.mark.usefixtures("one_without_department")
def test_every_number_is_that_of_its_list(
    client_as: Callable[[str], Client], everything: Session, username: str, units: list[str]
) -> None:
    client = client_as(username)
    for code in units:
        page = client.get(f"/progress/?unit={key(everything, code)}" if code else "/progress/").text
        found = NUMBER.findall(page)
        assert found
        for address, number in set(found):
            assert listed(client, address) == int(number), (code, address)
        row = page.split('class="sum-row"')[1]
        due, *states = [int(n) for n in re.findall(r'data-label="[^"]*"><[^>]*>(\d+)<', row)]
        assert due == sum(states) == listed(client, NUMBER.findall(row)[0][0])


def test_the_lines_are_the_units_directly_below(client_as: Callable[[str], Client], everything: Session) -> None:
    client = client_as("yunchuan")
    page = client.get("/progress/").text
    assert set(names(page)) == {"南屏市教育局", "云川工业职业技术学院", "云川大学", "合计"}
    city = client.get(dict((name, url) for url, name in UNIT.findall(page))["南屏市教育局"]).text
    assert {"青禾县教育体育局", "石桥县教育局", "南屏市第一中学"} < set(names(city))
    school = client.get(f"/progress/?unit={key(everything, SCHOOL)}").text
    assert names(school) == ["合计"] and "待县级审核" in school and "待学校审核" in school
    university = client.get(f"/progress/?unit={key(everything, UNIVERSITY)}").text
    assert set(names(university)) == {"数学与统计学院", "文学院", "人事处", "合计"}
    assert names(client_as("shuxue").get("/progress/").text) == ["数学与统计学院", "合计"]


def test_worst_first_or_as_asked(client_as: Callable[[str], Client], everything: Session) -> None:
    client = client_as("zhoumin")
    assert names(client.get("/progress/").text)[-2:] == ["青禾县第一中学", "合计"]  # the only one with approved records
    assert names(client.get("/progress/?dir=desc").text)[0] == "青禾县第一中学"
    by_due = names(client.get("/progress/?sort=due").text)
    assert by_due == ["青禾县第一幼儿园", "青禾县实验小学", "青禾县第一中学", "合计"]
    everything.rollback()  # the requests have written since
    for teacher in everything.scalars(sa.select(Teacher).where(Teacher.unit_id == key(everything, "1153000103"))):
        teacher.status = "approved"
    everything.commit()
    late = client.get("/progress/?late=1").text
    assert "青禾县第一幼儿园" not in names(late) and len(names(late)) == 3
    assert "100%" in client.get("/progress/?sort=unit").text


def test_the_workbook_is_what_the_page_shows(client_as: Callable[[str], Client]) -> None:
    client = client_as("zhoumin")
    page, answer = client.get("/progress/?sort=due&dir=desc").text, client.get("/progress/export?sort=due&dir=desc")
    heads, *rows = load_workbook(io.BytesIO(answer.data)).worksheets[0].values
    assert [row[0] for row in rows] == names(page)
    numbers = dict(zip(heads, rows[0], strict=True))
    assert numbers["应报"] == sum(
        numbers[label] or 0 for label in ("未报送", "已交学校", "待审核", "审核未通过", "审核通过")
    )
    assert numbers["待审核"] == numbers["其中待学校审核"] + numbers["其中待县级审核"] > 0
    assert f">{numbers['应报']}</a>" in page


def test_foreign_units_and_addresses_that_mean_nothing(client_as: Callable[[str], Client], everything: Session) -> None:
    client = client_as("zhoumin")
    for code in (STRANGE_SCHOOL, CITY):
        assert client.get(f"/progress/?unit={key(everything, code)}").status_code == 404
        assert client.get(f"/progress/export?unit={key(everything, code)}").status_code == 404
    for wrong in ("unit=x", "unit=99999999999"):
        assert client.get(f"/progress/?{wrong}").status_code == 404
    for wrong in ("sort=name", "dir=asc", "late=0", "page=2"):
        assert client.get(f"/progress/?{wrong}").status_code == 400
    strange = key(everything, STRANGE_SCHOOL)
    assert "没有这个单位" in client.get(f"/teachers/list/?_flt_0_unit={strange}").text
    assert client.get("/teachers/list/?_flt_0_unit=99999999999").status_code == 200


def test_few_queries_whatever_is_shown(
    client_as: Callable[[str], Client], count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    client = client_as("yunchuan")
    client.get("/progress/")
    with count_queries() as statements:
        assert client.get("/progress/").status_code == 200
    assert len(statements) <= QUERIES, "\n".join(statements)
