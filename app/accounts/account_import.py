"""Administrators' accounts by file: first a plan that says what would be made, then its confirmation.

A plan is a trial: every row goes the way of the form and is taken back. So a file obeys the same rules as the form,
and rows that get in each other's way (one login name twice, two 系统管理员 for one school) are found before anything
is made.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.accounts.administration import Issued, add_account, new_form
from app.accounts.declarations import BELOW, LOG, LOGIN, NAME, ROLES
from app.accounts.models import AccountPlan
from app.accounts.password_rules import PasswordRules
from app.core import excel
from app.core.actor import Actor
from app.core.errors import AppError, Conflict
from app.core.flow import lock
from app.core.indicator_set import IndicatorSet
from app.core.sections.settings import Settings
from app.core.sections.sheets import Book, read_sheet_columns
from app.core.text import clean
from app.core.workbook_reader import ErrorCell, Sheet
from app.permissions import Permission as P

UNIT = replace(BELOW, label="单位", required=False)
IN_FILE = Settings(name=LOG, title="账号", items=(NAME, LOGIN, UNIT, replace(ROLES, required=False)))
BOOK = Book((IN_FILE,), IndicatorSet(), keys=("username",))
LABELS = {name: field.label for name, field in IN_FILE.fields.items()} | {"department": UNIT.label}
MAX_ROWS = 100  # each password is hashed slowly on purpose, all of them in one request
KEPT = dt.timedelta(days=1)
TRIAL = PasswordRules("pbkdf2:sha256:1", 0, 0)  # what is taken back need not be safe


@dataclass(frozen=True)
class Line:
    """One row of the file: its number, and what stands in the columns."""

    number: int
    texts: Mapping[str, str]


def template() -> bytes:
    """The empty file."""
    return excel.export_rows(list(LABELS.values())[: len(IN_FILE.items)], [], IN_FILE.title)


def plan_accounts(
    session: Session, actor: Actor, sheets: Sequence[Sheet], file_name: str, now: dt.datetime
) -> AccountPlan:
    """Try all rows of a file and keep what came of it. Raises AppError when no accounts can be found in it."""
    actor.must(P.ACCOUNT_EDIT)
    lines = _read_lines(sheets)
    errors: list[dict[str, Any]] = []
    trial = session.begin_nested()
    for line in lines:
        issued, problems = _add(session, actor, line.texts, TRIAL, now)
        if issued is None:
            errors += [{"row": line.number, "label": LABELS[p.item], "message": p.message} for p in problems]
    trial.rollback()
    session.execute(delete(AccountPlan).where(AccountPlan.at < now - KEPT))
    content = {"rows": [{"row": line.number, "texts": dict(line.texts)} for line in lines], "errors": errors}
    plan = AccountPlan(user_id=actor.user_id, file_name=file_name, at=now, content=content)
    session.add(plan)
    session.flush()
    return plan


def make_planned(session: Session, actor: Actor, plan_id: int, rules: PasswordRules, now: dt.datetime) -> list[Issued]:
    """Make the accounts of a plan, all of them or none. Raises Conflict when one can no longer be made."""
    plan = lock(session, AccountPlan, plan_id)
    if plan.applied_at is not None:
        raise Conflict("这个文件已经写入过，没有再写一遍。")
    if plan.content["errors"]:
        raise AppError("文件里还有错，什么都没有写入。请改好后重新上传。")
    made = []
    for row in plan.content["rows"]:
        issued, problems = _add(session, actor, row["texts"], rules, now)
        if issued is None:
            raise Conflict(f"上传之后情况有变，什么都没有写入。第 {row['row']} 行：{problems[0].message}")
        made.append(issued)
    plan.applied_at = now
    session.flush()
    return made


def passwords_file(made: Sequence[Issued]) -> bytes:
    """The accounts that were made and their initial passwords."""
    rows = [(str(i.account.unit), i.account.real_name, i.account.username, i.password) for i in made]
    return excel.export_rows(["单位", "姓名", "登录名", "初始密码"], rows, "初始密码")


def _add(session: Session, actor: Actor, texts: Mapping[str, str], rules: PasswordRules, now: dt.datetime) -> Any:
    """One row the way of the form: no unit means the own one, a school names its departments, others units below."""
    unit = "" if texts.get("unit") in (actor.unit_name, actor.unit_code) else texts.get("unit", "")
    lower = bool(unit) and actor.level != "school"
    asked = {**texts, "unit": unit, "department": unit}
    known = {name: asked[name] for name in new_form(actor, lower=lower).fields if name in asked}
    return add_account(session, actor, known, rules, now, lower=lower)


def _read_lines(sheets: Sequence[Sheet]) -> list[Line]:
    for sheet in sheets:
        columns = read_sheet_columns(BOOK, sheet.name, sheet.rows)
        if columns is None:
            continue
        names = {place: name.partition(".")[2] for place, name in columns.columns.items()}
        below = [row for row in sheet.rows if row.number >= columns.first_row]
        lines = [Line(row.number, {name: _text(row.at(place)) for place, name in names.items()}) for row in below]
        said = [line for line in lines if any(line.texts.values())]
        if not 1 <= len(said) <= MAX_ROWS:
            raise AppError(f"文件里要有 1 到 {MAX_ROWS} 行账号，现在有 {len(said)} 行。", field="file")
        return said
    raise AppError("文件里找不到「登录名」一列。请先下载模板，填好再上传。", field="file")


def _text(cell: Any) -> str:
    if cell is None or isinstance(cell, ErrorCell):
        return ""
    return clean(str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell))
