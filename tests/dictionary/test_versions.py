"""A new version of a code table by file: what it would change is shown first, and written as a whole or not at all."""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.cli import CODES
from app.core.actor import actor_of
from app.core.codes import Code, CodeTable, codes
from app.core.db import utc_now
from app.core.settings_log import SettingChange
from app.core.uploaded_workbook import read_sent
from app.dictionary.models import CodePlan
from app.dictionary.version_file import write_table
from app.dictionary.versions import plan_version
from tests.conftest import Client

TABLES = sorted(path.stem for path in CODES.glob("[A-Z]*.csv"))
HEAD = ("代码", "名称", "上级代码", "学校类型", "次序", "能否选用", "别名", "出处", "启用日期", "停用日期")
VERSION = "/dictionary/versions"


@pytest.fixture
def admin(client_as: Callable[[str], Client]) -> Client:
    return client_as("moe_sys")


def workbook(*rows: Sequence[Any], head: Sequence[str] = HEAD) -> bytes:
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def exported(client: Client, table: str = "MARITAL") -> list[list[str]]:
    answer = client.post(f"/dictionary/codes/export/{table}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    return [["" if value is None else str(value) for value in row] for row in sheet.iter_rows(values_only=True)]


def upload(client: Client, content: bytes, table: str = "MARITAL", missing: str = "keep") -> Any:
    return client.post(f"{VERSION}/{table}/upload", {"file": (io.BytesIO(content), "新版.xlsx"), "missing": missing})


def planned(client: Client, content: bytes, missing: str = "keep") -> tuple[str, str]:
    """The address of the plan, and its page."""
    answer = upload(client, content, missing=missing)
    assert answer.status_code == 302, answer.text
    path = re.sub(r"^https?://[^/]+", "", answer.headers["Location"])
    return path, client.get(path).text


def names(session: Session) -> dict[str, tuple[str, str]]:
    session.rollback()
    rows = session.scalars(sa.select(Code).where(Code.table_name == "MARITAL"))
    return {row.code: (row.name, row.valid_to) for row in rows}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_goes_out_and_comes_back_unchanged(
    session_as: Callable[[str], Session], everything: Session, name: str
) -> None:
    session = session_as("moe_sys")
    table = session.scalars(sa.select(CodeTable).where(CodeTable.name == name)).one()
    rows = session.scalars(sa.select(Code).where(Code.table_name == name).order_by(Code.sort, Code.id)).all()
    sheets = read_sent(write_table(table, rows))
    plan = plan_version(session, actor_of(session), table, sheets, "x.xlsx", utc_now(), retire_missing=True)
    assert (plan.content["errors"], plan.content["steps"]) == ([], [])
    assert plan.content["same"] == len(rows)
    session.rollback()


def test_a_version_adds_renames_and_retires(admin: Client, everything: Session) -> None:
    rows = exported(admin)
    assert tuple(rows[0]) == HEAD and rows[1][0] == "10"
    before = names(everything)
    kept = [row for row in rows[1:] if row[0] != "90"]
    kept[0][1] = "从未结婚"
    path, page = planned(admin, workbook(*kept, ["88", "独居", "", "", "", "", "一人", "", "", ""]), "retire")
    for said in ("从未结婚", "独居", "停用", "确认写入"):
        assert said in page
    assert names(everything) == before, "nothing is written before the confirmation"
    assert admin.post(f"{path}/confirm").status_code == 302
    after = names(everything)
    assert after["10"][0] == "从未结婚" and after["88"] == ("独居", "") and after["90"][1]
    assert {code: after[code] for code in before if code not in ("10", "90")} == {
        code: name for code, name in before.items() if code not in ("10", "90")
    }
    codes.refresh(everything)
    assert codes["MARITAL"].show("10") == "从未结婚"
    assert everything.scalar(sa.select(sa.func.count(SettingChange.id))) == 3
    assert admin.post(f"{path}/confirm").status_code == 409, "the second click"
    assert "已写入" in admin.get(path).text


def test_missing_codes_are_kept_when_one_chooses_so(admin: Client, everything: Session) -> None:
    before = names(everything)
    path, _ = planned(admin, workbook(["88", "独居"], head=("代码", "名称")))
    assert admin.post(f"{path}/confirm").status_code == 302
    assert names(everything) == before | {"88": ("独居", "")}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["10", "已婚"], "不能指两个代码"),
        (["8 8", "独居"], "字母或数字"),
        (["P5301", "走婚"], "留给各省"),
        (["88", ""], "没有填"),
        ([None, "独居"], "没有填"),
        (["010", "独居"], "开头的 0"),
        (["88", "独居", "777"], "没有代码「777」"),
        (["88", "独居", "", "大学"], "代码表里没有「大学」"),
        (["88", "独居", "", "", "一"], "要填数字"),
        (["88", "独居", "", "", "", "也许"], "代码表里没有「也许」"),
        (["88", "独居", "", "", "", "", "", "", "昨天"], "日期"),
        (["88", "长" * 121], "最多 120 个字"),
    ],
)
def test_what_is_wrong_is_told_by_row_and_nothing_is_written(
    admin: Client, everything: Session, row: list[Any], said: str
) -> None:
    before = names(everything)
    path, page = planned(admin, workbook(row, ["89", "另一个"]))
    assert said in page and "第 2 行" in page
    assert admin.post(f"{path}/confirm").status_code == 400
    assert names(everything) == before


def test_a_code_that_stands_twice_is_told(admin: Client) -> None:
    _, page = planned(admin, workbook(["88", "独居"], ["88", "独身"]))
    assert "出现了两次" in page and "第 3 行" in page


def test_a_plan_is_refused_when_the_table_has_moved(admin: Client, everything: Session) -> None:
    path, _ = planned(admin, workbook(["88", "独居"], head=("代码", "名称")))
    admin.post("/dictionary/codes/add/MARITAL", {"code": "77", "name": "待定", "sort": "1"})
    assert admin.post(f"{path}/confirm").status_code == 409
    assert "88" not in names(everything)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 字节"),
        (b"no workbook", "xlsx"),
        (workbook(["独居"], head=("叫法",)), "找不到"),
        (workbook(), "只有表头"),
    ],
)
def test_another_file_is_refused_with_a_sentence(admin: Client, everything: Session, content: bytes, said: str) -> None:
    answer = upload(admin, content)
    assert answer.status_code == 400 and said in answer.text
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(CodePlan.id))) == 0


def test_a_province_brings_its_own_codes_and_leaves_the_nations(
    client_as: Callable[[str], Client], everything: Session
) -> None:
    province = client_as("yunchuan_sys")
    rows = exported(province)[1:]
    path, page = planned(province, workbook(*rows, ["P5301", "走婚"]), "retire")
    assert province.post(f"{path}/confirm").status_code == 302
    after = names(everything)
    assert after["P5301"] == ("走婚", "") and not any(until for _, until in after.values())
    rows[0][1] = "从未结婚"
    _, page = planned(province, workbook(*rows))
    assert "由国家级管理员维护" in page
    assert "已停用" not in page and names(everything)["10"][0] != "从未结婚"


def test_a_plan_is_seen_by_who_made_it(client_as: Callable[[str], Client], admin: Client) -> None:
    path, _ = planned(admin, workbook(["88", "独居"], head=("代码", "名称")))
    other = client_as("yunchuan_sys")
    assert other.get(path).status_code == 404 and other.post(f"{path}/confirm").status_code == 404
    assert client_as("liyutong").get(path).status_code == 403
