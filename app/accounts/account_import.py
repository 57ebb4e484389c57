"""Administrators' accounts by file: what its lines mean, and how they are made.

Comparing is a trial: every row goes the way of the form and is taken back. So a file obeys the same rules as the form,
and rows that get in each other's way (one login name twice, two 系统管理员 for one school) are found before anything
is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.administration import Issued, add_account, new_form
from app.accounts.declarations import BELOW, LOG, LOGIN, NAME, ROLES
from app.accounts.password_rules import PasswordRules
from app.core import excel
from app.core.errors import Conflict
from app.core.file_lines import Line
from app.core.file_plans import Asked, Findings, Steps
from app.core.indicator_set import IndicatorSet
from app.core.sections.settings import Settings
from app.core.sections.sheets import Book
from app.permissions import Permission as P

UNIT = replace(BELOW, label="单位", required=False)
IN_FILE = Settings(name=LOG, title="账号", items=(NAME, LOGIN, UNIT, replace(ROLES, required=False)))
BOOK = Book((IN_FILE,), IndicatorSet(), keys=("username",))
LABELS = {name: field.label for name, field in IN_FILE.fields.items()} | {"department": UNIT.label}
MAX_ROWS = 100  # each password is hashed slowly on purpose, all of them in one request
TRIAL = PasswordRules("pbkdf2:sha256:1", 0, 0)  # what is taken back need not be safe


def template() -> bytes:
    """The empty file."""
    return excel.export_rows(list(LABELS.values())[: len(IN_FILE.items)], [], IN_FILE.title)


def must_edit(_session: Session, asked: Asked) -> None:
    """Raise NotAllowed unless the actor makes accounts."""
    asked.actor.must(P.ACCOUNT_EDIT)


def compare_accounts(session: Session, asked: Asked, lines: Sequence[Line]) -> Findings:
    """Try all lines, and take back what came of it."""
    found = Findings(LABELS)
    trial = session.begin_nested()
    for line in lines:
        texts = {item: line.text(item) for item in line.cells}
        issued, problems = _add(session, asked, texts, TRIAL)
        for problem in (*line.problems(), *(problems if issued is None else ())):
            found.wrong(line.number, texts["username"], problem)
        found.steps.append({"kind": "new", "code": texts["username"], "row": line.number, "texts": texts, "old": {}})
    trial.rollback()
    return found


def make_planned(session: Session, asked: Asked, steps: Steps, rules: PasswordRules) -> list[Issued]:
    """Make the accounts of a plan that was compared anew in this transaction."""
    made = []
    for step in steps:
        issued, problems = _add(session, asked, step["texts"], rules)
        if issued is None:
            raise Conflict(problems[0].message)
        made.append(issued)
    return made


def passwords_file(made: Sequence[Issued]) -> bytes:
    """The accounts that were made and their initial passwords."""
    rows = [(str(i.account.unit), i.account.real_name, i.account.username, i.password) for i in made]
    return excel.export_rows(["单位", "姓名", "登录名", "初始密码"], rows, "初始密码")


def _add(session: Session, asked: Asked, texts: Mapping[str, str], rules: PasswordRules) -> Any:
    """One row the way of the form: no unit means the own one, a school names its departments, others units below."""
    actor = asked.actor
    unit = "" if texts.get("unit") in (actor.unit_name, actor.unit_code) else texts.get("unit", "")
    lower = bool(unit) and actor.level != "school"
    named = {**texts, "unit": unit, "department": unit}
    known = {name: named[name] for name in new_form(actor, lower=lower).fields if name in named}
    return add_account(session, actor, known, rules, asked.now, lower=lower)
