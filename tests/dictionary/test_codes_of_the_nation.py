"""The dictionary: who looks, who changes, what a change means for forms, old records and the next deployment."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.cli import CODES
from app.core.codes import Code, codes, load_code_files
from app.core.sections.reading import read
from app.core.settings_log import SettingChange
from app.core.validators import InvalidValue
from app.dictionary.declarations import CODE, CODE_IN_FILE
from app.records import BY_NAME
from tests.conftest import Client
from tests.kinds import S

MARITAL = BY_NAME["basic_info"].fields["marital_status"]
NEW = {"code": "88", "name": "独居", "aliases": "一人；独身", "sort": "500", "selectable": "1"}


def code(session: Session, value: str, table: str = "MARITAL") -> Code | None:
    session.rollback()
    return session.scalar(sa.select(Code).where(Code.table_name == table, Code.code == value))


@pytest.fixture
def admin(client_as: Callable[[str], Client]) -> Client:
    return client_as("moe_sys")


def test_a_new_code_is_offered_and_understood_at_once(admin: Client, everything: Session) -> None:
    assert admin.post("/dictionary/codes/add/MARITAL", NEW).status_code == 302
    everything.rollback()
    codes.refresh(everything)
    assert read(MARITAL, "独身", S) == "88" and read(MARITAL, "88-独居", S) == "88"
    assert "88-独居" in [entry.label for entry in codes["MARITAL"].offered(S)]
    change = everything.scalars(sa.select(SettingChange)).one()
    assert (change.actor_name, change.code, change.changes["name"]) == ("高志明", "88", ["", "独居"])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"code": ""}, "字母或数字"),
        ({"code": "十"}, "字母或数字"),
        ({"code": "10"}, "已经有了"),
        ({"name": " "}, "没有填"),
        ({"name": "未婚"}, "不能指两个代码"),
        ({"aliases": "没结婚;未婚"}, "不能指两个代码"),
        ({"parent": "777"}, "没有代码"),
        ({"sort": "多"}, "要填数字"),
        ({"sort": "1.5"}, "要填整数"),
        ({"valid_from": "昨天"}, "日期"),
        ({"name": "长" * 121}, "最多 120 个字"),
        ({"code": "P5301"}, "留给各省"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    admin: Client, everything: Session, texts: dict[str, str], said: str
) -> None:
    answer = admin.post("/dictionary/codes/add/MARITAL", NEW | texts)
    assert answer.status_code == 400 and said in answer.text
    assert (texts.get("name") or NEW["name"]).strip() in answer.text, "what was typed stays"
    assert code(everything, "88") is None and everything.scalar(sa.select(sa.func.count(SettingChange.id))) == 0


def test_a_retired_code_is_not_offered_but_still_named(admin: Client, everything: Session) -> None:
    row = code(everything, "10")
    assert row is not None
    path = f"/dictionary/codes/edit/{row.id}"
    name = row.name
    assert admin.post(f"{path}/retire").status_code == 302
    everything.rollback()
    codes.refresh(everything)
    assert codes["MARITAL"].show("10") == name
    with pytest.raises(InvalidValue):
        read(MARITAL, name, S)
    assert "停用" in admin.get("/dictionary/codes/list/?_flt_0_table_name=MARITAL").text
    assert admin.post(f"{path}/retire").status_code == 409, "the second click"
    assert admin.post(f"{path}/restore").status_code == 302
    everything.rollback()
    codes.refresh(everything)
    assert read(MARITAL, name, S) == "10"
    assert "修改历史" in admin.get(path).text


def test_the_next_deployment_leaves_changes_alone(admin: Client, everything: Session) -> None:
    row = code(everything, "10")
    assert row is not None
    form = {"name": "未婚（改）", "sort": str(row.sort), "selectable": "1"}
    assert admin.post(f"/dictionary/codes/edit/{row.id}", form).status_code == 302
    everything.rollback()
    load_code_files(everything, CODES)
    everything.commit()
    changed, other = code(everything, "10"), code(everything, "20")
    assert changed is not None and changed.name == "未婚（改）"
    assert other is not None and not other.edited


def test_a_parent_must_not_be_below(admin: Client, everything: Session) -> None:
    row = code(everything, "20", "ORG_NATURE")
    assert row is not None
    form = {"name": row.name, "sort": "1", "selectable": "1", "parent": "231"}
    answer = admin.post(f"/dictionary/codes/edit/{row.id}", form)
    assert answer.status_code == 400 and "自己的下级" in answer.text


@pytest.mark.parametrize("person", ["yizhong_sys", "qinghe_sys", "liyutong", "moe"])
def test_only_administrators_of_nation_and_province_change_codes(
    client_as: Callable[[str], Client], everything: Session, person: str
) -> None:
    row = code(everything, "10")
    assert row is not None
    client = client_as(person)
    listed = client.get("/dictionary/codes/list/?_flt_0_table_name=MARITAL")
    assert listed.status_code == 200
    for button in ("新增代码", "按文件更新", f"/dictionary/codes/edit/{row.id}"):
        assert button not in listed.text
    for path in ("codes/add/MARITAL", f"codes/edit/{row.id}", f"codes/edit/{row.id}/retire", "add",
                 "versions/MARITAL/upload"):  # fmt: skip
        assert client.post(f"/dictionary/{path}", NEW).status_code == 403
    assert code(everything, "88") is None


def test_pages_ask_few_questions(app: Flask, admin: Client, count_queries) -> None:  # type: ignore[no-untyped-def]
    for path in ("/dictionary/list/", "/dictionary/codes/list/?_flt_0_table_name=ADMIN_DIV"):
        admin.get(path)
        with count_queries() as statements:
            assert admin.get(path).status_code == 200
        assert len(statements) <= 10, "\n".join(statements)


def test_two_declarations_of_one_name_do_not_mix() -> None:
    """A file of codes tells when one was retired; the form does not."""
    assert "valid_to" in [item.name for item in CODE_IN_FILE.fields_for(S)]
    assert "valid_to" not in [item.name for item in CODE.fields_for(S)]
