"""The commands for outside checks."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Account, ServerSession
from app.core.codes import CodeBook
from app.core.db import utc_now
from app.core.ui.listing import StoredSearch
from app.demo_world import commands
from app.organisations.models import LEVELS, Unit
from app.records import SECTIONS
from app.records.teacher import Teacher
from config import ROOT


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_sections_list_is_machine_readable(app: Flask) -> None:
    code, output = run(app, "sections", "list", "--json")
    told = json.loads(output)
    assert code == 0
    assert [section["name"] for section in told] == [section.name for section in SECTIONS]
    assert told[1]["items"][0]["identifier"] == "education_history.education"


def test_section_is_shown_and_unknown_one_refused(app: Flask) -> None:
    assert "basic_info.id_number" in run(app, "sections", "show", "basic_info")[1]
    code, output = run(app, "sections", "show", "nonsense")
    assert code == 1 and "education_history" in output


def test_sections_check_finds_nothing(app: Flask) -> None:
    assert run(app, "sections", "check")[0] == 0


def test_flow_is_shown(app: Flask) -> None:
    code, output = run(app, "flows", "show", "report")
    assert code == 0
    assert "报送（report）: 未报送、已交学校、审核未通过 → 待审核" in output


def test_demo_accounts_tell_all_keys(app: Flask) -> None:
    code, output = run(app, "demo", "accounts", "--json")
    told = json.loads(output)
    assert code == 0
    assert {"role", "level", "unit_code", "unit", "username", "password"} <= set(told[0])
    assert {*LEVELS, "teacher"} == {account["level"] for account in told}


def test_demo_is_not_loaded_beside_other_units(app: Flask, everything: Session) -> None:
    everything.execute(sa.update(Unit).where(Unit.level == "school").values(code="9" + Unit.code))
    everything.commit()
    code, output = run(app, "demo", "load")
    assert code == 1 and "已经有单位" in output


def test_demo_without_code_tables_asks_for_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = CodeBook()
    monkeypatch.setattr(nothing, "refresh", lambda session: None)
    monkeypatch.setattr(commands, "codes", nothing)
    code, output = run(app, "demo", "load")
    assert code == 1 and "请先运行 flask deploy" in output


def test_check_of_a_teacher(app: Flask, teachers: list[Teacher]) -> None:
    code, output = run(app, "teachers", "check", str(teachers[4].id_number), "--json")
    told = json.loads(output)
    assert code == 0
    assert (told["status"], told["complete"]) == ("draft", False)
    assert {problem["item"] for problem in told["problems"]} == {"basic_info.it_skill", "education_history.major"}


def test_check_of_nobody(app: Flask) -> None:
    code, output = run(app, "teachers", "check", "11010519491231002X")
    assert code == 1 and "没有这个证件号" in output


@pytest.mark.parametrize("arguments", [["--unit", "9999999999"], ["--unit", "5301210000"]])
def test_template_for_no_school_is_refused(app: Flask, tmp_path: Path, arguments: list[str]) -> None:
    out = tmp_path / "t.xlsx"
    code, output = run(app, "teachers", "template", *arguments, "--out", str(out))
    assert code == 1 and not out.exists() and output.strip()


def test_readme_names_every_command(app: Flask) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for words in (
        "flask deploy",
        "flask db upgrade",
        "sections list",
        "flows show",
        "teachers import",
        "demo accounts",
    ):
        assert words in readme


def test_tidy_removes_only_what_has_run_out(app: Flask, everything: Session) -> None:
    now = utc_now()
    for number, age in enumerate((dt.timedelta(minutes=1), dt.timedelta(days=2))):
        everything.add(ServerSession(id=f"s{number}", user_id=1, data={}, created_at=now - age, seen_at=now - age))
        everything.add(StoredSearch(id=f"q{number}", user_id=1, text="x", at=now - age))
    everything.commit()
    assert run(app, "tidy") == (0, "清理了 2 条过期记录、0 个不用的文件。\n")
    assert everything.scalars(sa.select(ServerSession.id).where(ServerSession.id.in_(("s0", "s1")))).all() == ["s0"]
    assert everything.scalars(sa.select(StoredSearch.id)).all() == ["q0"]


def test_wrong_setting_stops_with_a_sentence(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin", "APP_ENV": "production", "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    command = [sys.executable, "-m", "flask", "--app", "app", "sections", "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr and "Traceback" not in done.stderr


def test_units_are_loaded_and_updated(app: Flask, everything: Session, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    head = "code,name,level,parent,indicator_set,school_category\n"
    file.write_text(head + "3453000199,青禾县第三中学,school,5301210000,S,341\n", encoding="utf-8")
    assert run(app, "units", "load", str(file)) == (0, "1 个单位。\n")
    everything.rollback()
    unit = everything.scalars(sa.select(Unit).where(Unit.code == "3453000199")).one()
    county = everything.scalars(sa.select(Unit).where(Unit.code == "5301210000")).one()
    assert unit.scope_ids[2:] == (county.id, unit.id)
    file.write_text(head + "3453000199,三中,school,9999999999,S,341\n", encoding="utf-8")
    code, output = run(app, "units", "load", str(file))
    assert code == 1 and "第 1 行：上级单位 9999999999 不存在" in output


def test_account_is_made_once_and_must_change(app: Flask, everything: Session) -> None:
    who = ["--username", "Neu Ling", "--name", "凌新"]
    arguments = ["accounts", "add", *who, "--role", "系统管理员", "--unit", "5301210000"]
    code, output = run(app, *arguments)
    assert (code, "初始密码" in output) == (0, True), output
    everything.rollback()
    account = everything.scalars(sa.select(Account).where(Account.username == "neuling")).one()
    assert account.must_change
    code, output = run(app, *arguments)
    assert code == 1 and "已经有人用了" in output
