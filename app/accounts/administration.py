"""Verbs of one administrator on another's account. Who may touch whose account stands here, not in the views.

A unit's 系统管理员 looks after all other roles of the own unit (a school's also in its departments) and after the
系统管理员 of the units below. Nobody touches the own account here, another 系统管理员 of the own unit, or anyone beside
or above. Teachers' accounts come from the records and are not touched here.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.declarations import LOG, LOWER, NEW_LOWER, NEW_OWN, NEW_OWN_OF_SCHOOL, OWN
from app.accounts.guesses import forget_failures
from app.accounts.models import Account
from app.accounts.operations import (
    account_name,
    initial_password,
    new_account,
    set_password,
)
from app.accounts.password_rules import PasswordRules
from app.accounts.queries import locked_until
from app.accounts.roles import SYS_ADMIN, TEACHER, given_roles
from app.accounts.sessions import end_sessions_of
from app.core.actor import Actor
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.scope import DEPARTMENT
from app.core.sections.fields import Value, join_codes, split_codes
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.core.text import clean
from app.organisations.models import Unit
from app.organisations.queries import is_below, within
from app.permissions import Permission as P

GOOD_LOGIN = re.compile(r"[a-z0-9._-]{3,30}")
LIKE_ID_NUMBER = re.compile(r"\d{14,17}[\dx]")
KEYS = {role.name: role.key for role in given_roles()}
NAMES = {role.key: role.name for role in given_roles()}


@dataclass(frozen=True)
class Issued:
    """An account and the initial password that is shown once."""

    account: Account
    password: str


def role_names(account: Account) -> list[str]:
    """The names of an account's roles, in order of their making."""
    return [role.name for role in sorted(account.roles, key=lambda role: role.id)]


def is_sys_admin(account: Account) -> bool:
    """Whether the account may administer others, whatever else it may do."""
    return SYS_ADMIN in role_names(account)


def may_administer(actor: Actor, account: Account) -> bool:
    """Whether the actor may change this account."""
    unit = account.unit
    if not actor.may(P.ACCOUNT_EDIT) or account.id == actor.user_id or unit is None:
        return False
    if account.teacher_id is not None or TEACHER in role_names(account):
        return False
    return is_below(actor, unit) if is_sys_admin(account) else _is_own(actor, unit)


def _is_own(actor: Actor, unit: Unit) -> bool:
    return unit.id == actor.unit_id or (unit.level == DEPARTMENT and unit.parent_id == actor.unit_id)


def form_of(account: Account) -> Settings:
    """The form in which an account that is there already is changed."""
    return LOWER if is_sys_admin(account) else OWN


def new_form(actor: Actor, *, lower: bool) -> Settings:
    """The form for a new account."""
    return NEW_LOWER if lower else NEW_OWN_OF_SCHOOL if actor.level == "school" else NEW_OWN


def stored_values(account: Account) -> dict[str, Value]:
    """What the form shows of an account."""
    return {"name": account.real_name, "roles": join_codes([KEYS[n] for n in role_names(account) if n in KEYS])}


def add_account(
    session: Session, actor: Actor, texts: Mapping[str, str], rules: PasswordRules, now: dt.datetime, *, lower: bool
) -> tuple[Issued | None, list[Problem]]:
    """Make an account for somebody of the own unit, or (lower) for the 系统管理员 of a unit below."""
    actor.must(P.ACCOUNT_EDIT)
    values, found = read_settings(new_form(actor, lower=lower), texts, actor.indicator_set, {})
    unit = _unit_below(session, actor, values, found) if lower else _own_unit(session, actor, values)
    if values.get("username"):
        values["username"] = account_name(str(values["username"]))
        found += _login_problems(session, str(values["username"]))
    if unit is not None and lower and _has_sys_admin(session, unit):
        found.append(Problem("unit", f"「{unit.name}」已有启用的系统管理员。一所学校只能有一个，请先停用原来的。"))
    if found or unit is None:
        return None, found
    names = _chosen_names(values, lower=lower)
    password = initial_password()
    account = new_account(
        session, username=str(values["username"]), name=str(values["name"]), role=names[0], unit_id=unit.id,
        password=password, rules=rules, initial_from=now,
    )  # fmt: skip
    account.roles = _roles(session, names)
    told: dict[str, Value] = {"username": account.username, "name": account.real_name, "unit": unit.name}
    note_change(session, actor, now, LOG, str(account.id), {}, told | {"role_names": "、".join(names)})
    return Issued(account, password), []


def change_account(
    session: Session, actor: Actor, account_id: int, texts: Mapping[str, str], now: dt.datetime
) -> list[Problem]:
    """Change name and roles; the problems that kept them from being stored."""
    account = _locked_account(session, actor, account_id)
    lower, old = is_sys_admin(account), stored_values(account)
    values, found = read_settings(form_of(account), texts, actor.indicator_set, old)
    if found:
        return found
    names = _chosen_names(values, lower=lower)
    told: dict[str, Value] = {"name": account.real_name, "role_names": "、".join(role_names(account))}
    account.first_name = str(values["name"])
    account.roles = _roles(session, names)
    new: dict[str, Value] = {"name": account.real_name, "role_names": "、".join(role_names(account))}
    note_change(session, actor, now, LOG, str(account.id), told, new)
    return []


def enable(session: Session, actor: Actor, account_id: int, now: dt.datetime) -> None:
    """Let somebody log in again. A school has one enabled 系统管理员 at most."""
    account = _locked_account(session, actor, account_id)
    if account.active:
        raise Conflict("这个账号已经是启用的。")
    if is_sys_admin(account) and account.unit is not None and _has_sys_admin(session, account.unit):
        raise AppError(f"「{account.unit.name}」已有启用的系统管理员。一所学校只能有一个，请先停用原来的。")
    account.active = True
    note_change(session, actor, now, LOG, str(account.id), {"active": "0"}, {"active": "1"})


def disable(session: Session, actor: Actor, account_id: int, now: dt.datetime) -> None:
    """Keep somebody from logging in, and end all sessions."""
    account = _locked_account(session, actor, account_id)
    if not account.active:
        raise Conflict("这个账号已经停用了。")
    account.active = False
    end_sessions_of(session, account.id)
    note_change(session, actor, now, LOG, str(account.id), {"active": "1"}, {"active": "0"})


def unlock(session: Session, actor: Actor, account_id: int, now: dt.datetime) -> None:
    """Forget the wrong guesses at somebody's password."""
    account = _locked_account(session, actor, account_id)
    if account.username not in locked_until(session, [account.username], now):
        raise Conflict("这个账号没有锁定，不用解锁。")
    forget_failures(session, account.username)
    note_change(session, actor, now, LOG, str(account.id), {"lock": "输错次数太多"}, {"lock": "解锁"})


def reset_password(
    session: Session, actor: Actor, account_id: int, rules: PasswordRules, now: dt.datetime
) -> Issued:  # fmt: skip
    """Give a new initial password, which must be changed, and end all sessions."""
    account = _locked_account(session, actor, account_id)
    password = initial_password()
    set_password(session, account, password, rules, initial_from=now)
    forget_failures(session, account.username)
    end_sessions_of(session, account.id)
    note_change(session, actor, now, LOG, str(account.id), {"password": ""}, {"password": "重置"})
    return Issued(account, password)


def _locked_account(session: Session, actor: Actor, account_id: int) -> Account:
    """The account under a lock, as it is now. Raises NotAllowed where the actor may not touch it."""
    account = session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is None or not may_administer(actor, account):
        raise NotAllowed(
            "这个账号不由您管理。系统管理员的账号由上级单位管理，教师的账号在「教师账号」里管理，自己的密码在「修改密码」里改。"
        )
    return account


def _own_unit(session: Session, actor: Actor, values: Mapping[str, Value]) -> Unit:
    """The own unit, or the department that was chosen: its codes are those of the own school."""
    code = values.get("department")
    own = session.get_one(Unit, actor.unit_id)
    return session.scalars(select(Unit).where(Unit.code == code)).one() if code else own


def _unit_below(session: Session, actor: Actor, values: Mapping[str, Value], found: list[Problem]) -> Unit | None:
    """The unit below that is meant by its code or its whole name, under a lock."""
    typed = clean(str(values.get("unit") or ""))
    if not typed:
        return None
    query = select(Unit).where(within(actor), Unit.id != actor.unit_id, Unit.level != DEPARTMENT)
    units = session.scalars(query.where((Unit.code == typed) | (Unit.name == typed)).limit(2)).all()
    if len(units) == 1:
        return session.get_one(Unit, units[0].id, with_for_update=True)
    message = f"有几个单位都叫「{typed}」，请填单位代码。" if units else f"下级单位里没有「{typed}」，请填全称或代码。"
    found.append(Problem("unit", message))
    return None


def _has_sys_admin(session: Session, unit: Unit) -> bool:
    """Whether a school has an enabled 系统管理员. Waits for whoever makes or enables one at the same time."""
    if unit.level != "school":
        return False
    session.get_one(Unit, unit.id, with_for_update=True)
    query = select(func.count(Account.id)).where(
        Account.unit_id == unit.id, Account.active.is_(True), Account.roles.any(Role.name == SYS_ADMIN)
    )
    return bool(session.scalar(query))


def _login_problems(session: Session, username: str) -> list[Problem]:
    if not GOOD_LOGIN.fullmatch(username):
        return [Problem("username", "登录名要 3–30 位，只用字母、数字和 . _ -。例：wangjianguo")]
    if LIKE_ID_NUMBER.fullmatch(username):
        return [Problem("username", "登录名不要用证件号。例：wangjianguo")]
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        return [Problem("username", "这个登录名已经有人用了，请换一个。")]
    return []


def _chosen_names(values: Mapping[str, Value], *, lower: bool) -> list[str]:
    """The names of the roles. That of a 系统管理员 is never chosen: the kind of the account says it."""
    chosen = [NAMES[key] for key in split_codes(str(values.get("roles") or ""))]
    return [SYS_ADMIN, *chosen] if lower else chosen


def _roles(session: Session, names: list[str]) -> list[Role]:
    return list(session.scalars(select(Role).where(Role.name.in_(names)).order_by(Role.id)))
