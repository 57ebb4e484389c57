"""A new version of a code table by file: what it would change is shown first, and written as a whole or not at all."""

import datetime as dt
import io
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.cli import CODES
from app.core.actor import Actor, actor_of
from app.core.codes import Code, CodeTable, codes
from app.core.db import transaction, utc_now, writes
from app.core.errors import AppError
from app.core.file_plans import KEPT, Asked, FilePlan, confirm_plan, plan_file
from app.core.settings_log import SettingChange
from app.core.uploaded_workbook import read_sent
from app.dictionary.version_file import write_table
from app.dictionary.versions import NEW_VERSION, RETIRE
from tests.conftest import Client
from tests.test_races import all_at_once

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
    return client.post(f"{VERSION}/{table}/upload", {"file": (io.BytesIO(content), "新版.xlsx"), "choice": missing})


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
    plan = plan_file(session, NEW_VERSION, Asked(actor_of(session), utc_now(), name, RETIRE), sheets, "x.xlsx")
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


def test_a_plan_is_refused_when_its_codes_have_moved(admin: Client, everything: Session) -> None:
    path, _ = planned(admin, workbook(["10", "从未结婚"], ["88", "独居"], head=("代码", "名称")))
    row = everything.scalars(sa.select(Code).where(Code.table_name == "MARITAL", Code.code == "10")).one()
    admin.post(f"/dictionary/codes/edit/{row.id}", {"code": "10", "name": "没有结过婚", "sort": "1"})
    moved = names(everything)
    assert moved["10"][0] == "没有结过婚"
    assert admin.post(f"{path}/confirm").status_code == 409
    assert names(everything) == moved
    path, _ = planned(admin, workbook(["88", "独居"], head=("代码", "名称")))
    admin.post("/dictionary/codes/add/MARITAL", {"code": "77", "name": "独居", "sort": "1"})
    moved = names(everything)
    answer = admin.post(f"{path}/confirm")
    assert answer.status_code == 409 and "不能指两个代码" in answer.text
    assert names(everything) == moved
    path, _ = planned(admin, workbook(["89", "待定"], head=("代码", "名称")))
    admin.post("/dictionary/codes/add/MARITAL", {"code": "76", "name": "别的", "sort": "1"})
    assert admin.post(f"{path}/confirm").status_code == 302, "a change of what the file does not touch is no matter"


def test_a_plan_lives_a_day(app: Flask, admin: Client, everything: Session) -> None:
    path, _ = planned(admin, workbook(["88", "独居"], head=("代码", "名称")))
    before = names(everything)
    everything.rollback()
    plan = everything.scalars(sa.select(FilePlan)).one()
    plan.at = utc_now() - KEPT - dt.timedelta(minutes=1)
    everything.commit()
    assert "aria-disabled" in admin.get(path).text and "超过一天" in admin.get(path).text
    answer = admin.post(f"{path}/confirm")
    assert answer.status_code == 409 and "超过一天" in answer.text and names(everything) == before
    app.test_cli_runner().invoke(args=["tidy"])
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(FilePlan.id))) == 0


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
    assert everything.scalar(sa.select(sa.func.count(FilePlan.id))) == 0


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
    assert admin.get(path.replace("MARITAL", "GENDER")).status_code == 404
    assert other.get(path).status_code == 404 and other.post(f"{path}/confirm").status_code == 404
    assert client_as("liyutong").get(path).status_code == 403


# ── confirmed once, however often it is pressed ──


@pytest.fixture
def plan_id(app: Flask, admin: Client, everything: Session) -> int:
    planned(admin, workbook(["88", "独居"], head=("代码", "名称")))
    everything.rollback()
    found = everything.scalar(sa.select(FilePlan.id))
    everything.rollback()
    assert found is not None
    return found


def noted(session: Session) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count(SettingChange.id))) or 0


def test_of_many_confirmations_one_writes(
    app: Flask, actor_named: Callable[[str], Actor], everything: Session, plan_id: int
) -> None:
    actor = actor_named("moe_sys")

    def act(session: Session, barrier: threading.Barrier) -> None:
        barrier.wait()
        with transaction(session):
            confirm_plan(session, NEW_VERSION, actor, plan_id, utc_now())

    assert all_at_once(app, actor, act).count("done") == 1
    assert noted(everything) == 1 and names(everything)["88"] == ("独居", "")


def test_naive_confirming_writes_several_times(
    app: Flask, actor_named: Callable[[str], Actor], everything: Session, plan_id: int
) -> None:
    """Look first, write later."""
    actor = actor_named("moe_sys")

    def act(session: Session, barrier: threading.Barrier) -> None:
        writes.set(False)
        open_still = session.scalar(sa.select(FilePlan.applied_at.is_(None)).where(FilePlan.id == plan_id))
        session.rollback()
        barrier.wait()
        if not open_still:
            raise AppError("written")
        writes.set(True)
        session.execute(sa.update(FilePlan).where(FilePlan.id == plan_id).values(applied_at=utc_now()))
        session.commit()

    assert all_at_once(app, actor, act).count("done") > 1
