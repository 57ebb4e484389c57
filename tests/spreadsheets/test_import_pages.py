"""The pages: upload, preview, confirm, undo, downloads, and who may not."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.validators import mask_id
from app.organisations.models import Unit
from app.records.teacher import Teacher
from app.spreadsheets.models import ImportPlan
from tests.conftest import Client
from tests.spreadsheets.workbooks import PEOPLE, STUDIES, fill, headings, known, number_of, person

Clients = Callable[[str], Client]


@pytest.fixture
def clerk(client_as: Clients) -> Client:
    return client_as("liyutong")


def send(client: Client, path: Path, mode: str = "append") -> Any:
    form = {"mode": mode, "file": (io.BytesIO(path.read_bytes()), "老师 名单.xlsx")}
    return client.post("/imports/upload", form, content_type="multipart/form-data")


def uploaded(client: Client, path: Path, mode: str = "append") -> str:
    """The address of the preview."""
    answer = send(client, path, mode)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_the_way_from_the_template_to_the_record_and_back(
    clerk: Client, school: Unit, everything: Session, tmp_path: Path
) -> None:
    template = clerk.post("/imports/template")
    assert template.data[:2] == b"PK"
    path = fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")])
    address = uploaded(clerk, path)
    page = text_of(clerk.get(address))
    assert "<h1>可以写入 1 行</h1>" in page
    assert mask_id(number_of(1)) in page
    assert number_of(1) not in page
    clerk.post(f"{address}/confirm")
    everything.rollback()
    assert everything.scalars(sa.select(Teacher).where(Teacher.name == "何静宜")).one().status == "draft"
    assert "<h1>已写入 1 行</h1>" in text_of(clerk.get(address))
    clerk.post(f"{address}/undo")
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count()).where(Teacher.name == "何静宜")) == 0
    assert "<h1>已撤销这次导入</h1>" in text_of(clerk.get(address))
    assert "老师 名单.xlsx" in text_of(clerk.get("/imports/"))


def test_the_preview_shows_errors_beside_the_values_and_refuses_to_write(
    clerk: Client, school: Unit, tmp_path: Path
) -> None:
    people = [person(1, "何静宜", 民族="火星"), person(2, "段玉兰")]
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=people))
    page = text_of(clerk.get(address))
    assert "还有 1 行要改，另外 1 行没有问题" in page
    assert re.search(r'<td class="cell-err">火星<small>[^<]*代码表里没有「火星」', page)
    assert 'aria-disabled="true"' in page
    assert page.count("/confirm") == page.count('name="only" value="right"') == 1, "only as a choice of its own"
    assert clerk.post(f"{address}/confirm").status_code in (302, 400)
    assert "还没有写入" in text_of(clerk.get(address))


def test_the_file_with_errors_marked_can_be_mended_and_sent_again(clerk: Client, school: Unit, tmp_path: Path) -> None:
    people = [person(2, "段玉兰", 备注="=1+1"), person(1, "何静宜", 民族="火星")]
    studies = [person(2, "段玉兰", 获得学历="21")]
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=people, 学习经历=studies))
    answer = clerk.post(f"{address}/errors.xlsx")
    workbook = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = workbook[PEOPLE]
    wrong = sheet.cell(4, headings(sheet)["民族"])
    assert (wrong.value, wrong.font.color.rgb) == ("火星", "FFC00000")
    assert "代码表里没有「火星」" in wrong.comment.text
    assert workbook[STUDIES].cell(3, 3).value == "21"
    wrong.value = "汉族"
    workbook.save(tmp_path / "b.xlsx")
    assert "可以写入 3 行" in text_of(clerk.get(uploaded(clerk, tmp_path / "b.xlsx")))


def test_changes_show_old_and_new(clerk: Client, school: Unit, teachers: list[Teacher], tmp_path: Path) -> None:
    teacher = next(t for t in teachers if t.status == "draft")
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[known(teacher, 曾用名="小名")]))
    page = text_of(clerk.get(f"{address}?tab=update"))
    assert "<dt>曾用名</dt>" in page
    assert '<span class="was">无</span>' in page and '<span class="now">小名</span>' in page


def test_replacing_says_what_will_be_deleted(
    clerk: Client, school: Unit, teachers: list[Teacher], tmp_path: Path
) -> None:
    teacher = next(t for t in teachers if t.status == "draft")
    path = fill(school, tmp_path / "a.xlsx", 学习经历=[known(teacher, 获得学历="11")])
    page = text_of(clerk.get(uploaded(clerk, path, "replace")))
    assert "<h1>可以写入 1 行、删除 2 条</h1>" in page
    assert 'data-confirm="将删除 1 位教师的 2 条学习经历，以文件里的为准。' in page


def test_discarding_keeps_nothing(clerk: Client, school: Unit, everything: Session, tmp_path: Path) -> None:
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")]))
    assert clerk.post(f"{address}/discard").headers["Location"] == "/imports/"
    everything.rollback()
    assert everything.scalars(sa.select(ImportPlan.status)).one() == "discarded"
    assert "上传的内容没有保留" in text_of(clerk.get(address))


def test_long_lists_are_paged(clerk: Client, school: Unit, tmp_path: Path) -> None:
    people = [person(i, "何静宜") for i in range(60)]
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=people))
    assert clerk.get(address).get_data(as_text=True).count('scope="row"') == 50
    second = clerk.get(f"{address}?tab=create&page=1").get_data(as_text=True)
    assert second.count('scope="row"') == 10
    assert "page=1" in second.replace("&amp;", "&") or "page=0" in second


@pytest.mark.parametrize("query", ["?tab=x", "?page=-1", "?page=99999999", "?other=1"])
def test_unknown_parameters_are_refused(clerk: Client, school: Unit, tmp_path: Path, query: str) -> None:
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")]))
    assert clerk.get(address + query).status_code == 400


def test_nothing_is_kept_of_a_refused_upload(clerk: Client, app: Any, everything: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 no workbook")
    assert send(clerk, path).status_code in (302, 400)
    assert clerk.post("/imports/upload", {"mode": "append"}).status_code in (302, 400)
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(ImportPlan.id))) == 0
    assert list((Path(app.instance_path) / "files" / "tmp").iterdir()) == [], "no copy in the clear"


def test_plans_of_another_school_are_not_found(clerk: Client, client_as: Clients, school: Unit, tmp_path: Path) -> None:
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")]))
    foreign = client_as("shiqiao1")
    assert foreign.get(address).status_code == 404
    for step in ("confirm", "discard", "undo", "errors.xlsx"):
        assert foreign.post(f"{address}/{step}").status_code == 404
    assert clerk.get("/imports/999999").status_code == 404
    assert clerk.get("/imports/x1").status_code == 404


@pytest.mark.parametrize("step", ["confirm", "discard", "undo", "errors.xlsx"])
def test_nothing_changes_by_get(clerk: Client, school: Unit, tmp_path: Path, step: str) -> None:
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")]))
    assert clerk.get(f"{address}/{step}").status_code == 405
