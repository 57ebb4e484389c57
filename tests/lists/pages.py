"""Reading the page of a list, and posting what its two menus post."""

import html
import io
import re
from typing import Any

import openpyxl

from app.core.sections.views import view_name
from app.records import CHILD_SECTIONS
from tests.conftest import Client

TEACHERS = "/teachers/list/"
# Every list of the application, who may open it, and its address.
LISTS = {
    "TeacherView": ("liyutong", TEACHERS),
    "ReviewQueueView": ("wangjianguo", "/review/list/"),
    "UnitView": ("qinghe_sys", "/units/list/"),
    "DepartmentView": ("yizhong_sys", "/departments/list/"),
    "ReasonView": ("qinghe_sys", "/reasons/list/"),
    "StandInView": ("wangjianguo", "/stand-ins/list/"),
    "AccountView": ("yizhong_sys", "/accounts/list/"),
    "TeacherAccountView": ("yizhong_sys", "/accounts/teachers/list/"),
    "CodeTableView": ("liyutong", "/dictionary/list/"),
    "CodeView": ("liyutong", "/dictionary/codes/list/"),
    "ProvinceItemView": ("yunchuan_sys", "/indicators/list/"),
    "ProvinceRuleView": ("yunchuan_sys", "/indicators/rules/list/"),
    "RoundView": ("zhoumin", "/rounds/list/"),
    "LateSchoolView": ("zhoumin", "/rounds/late/list/"),
} | {view_name(section): ("liyutong", f"/records/{section.name}/list/") for section in CHILD_SECTIONS}
EXPORTED = [name for name, (_, path) in LISTS.items() if path.startswith(("/teachers/", "/records/"))]


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.get_data(as_text=True))


def headings(page: str) -> list[str]:
    """The labels of the columns, without that of the links."""
    head = page.split("<thead>")[1].split("</thead>")[0] if "<thead>" in page else ""
    cells = re.findall(r"(?s)<th\b[^>]*>(.*?)</th>", head)
    return [word for cell in cells if (word := re.sub(r"<[^>]+>", "", cell).strip()) != "操作"]


def offered(page: str) -> list[tuple[str, str, bool]]:
    """Name, label and whether it is ticked, of each column in the menu, in its order."""
    menu = page.split("data-columns")[1].split("</ol>")[0]
    found = re.findall(r'(?s)name="column" value="(\w+)"( checked)?><span>(.*?)</span>', menu)
    return [(name, html.unescape(label), bool(ticked)) for name, ticked, label in found]


def ticked(page: str) -> list[str]:
    return [name for name, _, on in offered(page) if on]


def rows(page: str) -> list[list[str]]:
    """The cells of the rows as texts."""
    body = page.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in page else ""
    cells = [re.findall(r"(?s)<t[hd]\b[^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"(?s)<tr[^>]*>.*?</tr>", body)]
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in cells]


def exported(client: Client, path: str) -> list[tuple[Any, ...]]:
    answer = client.post(path)
    assert answer.status_code == 200, answer.status_code
    return workbook(answer.data)


def workbook(content: bytes) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def choose(client: Client, name: str, columns: list[str], query: str = "", **places: int) -> Any:
    """Post the menu of columns."""
    form = {"column": columns} | {f"place_{column}": str(place) for column, place in places.items()}
    return client.post(f"/lists/{name}/columns{query}", form)


def save(client: Client, view: str, query: str = "", name: str = "TeacherView", **form: str) -> Any:
    """Post the form that saves a view."""
    return client.post(f"/lists/{name}/views{query}", {"name": view} | form)


def change(client: Client, key: int, verb: str, query: str = "", name: str = "TeacherView", **form: str) -> Any:
    return client.post(f"/lists/{name}/views/{key}/{verb}{query}", form)


def views(page: str) -> dict[str, int]:
    """The saved views in the menu: key by name."""
    menu = page.split('class="plain view-list"')[1].split('class="save-view"')[0] if "view-list" in page else ""
    return {html.unescape(name): int(key) for key, name in re.findall(r'href="\?view=(\d+)"[^>]*>(.*?)</a>', menu)}
