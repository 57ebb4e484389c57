"""What people may look up before they log in, which each school decides for itself, and what they find: the contact of
its 系统管理员. Both are off until somebody switches them on.
"""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Account, LookUpChoice
from app.core.actor import Actor
from app.core.errors import NotAllowed
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.sections.settings import Settings, read_settings
from app.core.settings_log import note_change
from app.core.validators import is_email, whole_phone
from app.organisations.models import Unit
from app.permissions import Permission as P

LOG, CONTACT_LOG = "look_up", "account_contact"
CHOICES = Settings(
    name=LOG,
    title="登录前查询",
    items=(
        Field(name="contact", label="查询管理员联系方式", kind="bool", code_table="YES_NO", required=True,
              help="凭学校全称和证件号，查到本校系统管理员的姓名、电话、邮箱。"),
        Field(name="password", label="获取初始密码", kind="bool", code_table="YES_NO", required=True,
              help="从未登录过的教师，凭姓名和证件号查一次。知道这两项的人都能查。"),
    ),
)  # fmt: skip
CONTACT = Settings(
    name=CONTACT_LOG,
    title="联系方式",
    items=(
        Field(name="contact_phone", label="联系电话", kind="text", length=20, secret="phone",  # noqa: S106 - a kind of number
              help="手机，或带区号的办公电话，如 0871-00000000。"),
        Field(name="contact_email", label="电子信箱", kind="text", length=100, help="如 name@example.com。"),
    ),
)  # fmt: skip
# Numbers do not stand in the list of changes: it tells that there was a change.
CONTACT_TOLD = Settings(
    name=CONTACT_LOG, title="联系方式", items=(Field(name="changed", label="联系方式", kind="text", length=20),)
)
YES, NO = "1", "0"


def offered(session: Session) -> tuple[bool, bool]:
    """Whether any school has switched on the look-up of contacts, and that of initial passwords: one query."""
    found = session.execute(
        select(func.count().filter(LookUpChoice.contact), func.count().filter(LookUpChoice.password))
    )
    contact, password = found.one()
    return bool(contact), bool(password)


def chosen(session: Session, unit_id: int) -> dict[str, Value]:
    """What a school has chosen, as its form shows it."""
    choice = session.get(LookUpChoice, unit_id)
    return {"contact": _code(choice and choice.contact), "password": _code(choice and choice.password)}


def save_choices(session: Session, actor: Actor, texts: Mapping[str, str], now: dt.datetime) -> list[Problem]:
    """Switch the look-ups of the own school on or off; the problems that kept them from being stored."""
    actor.must(P.ACCOUNT_EDIT)
    if actor.level != "school":
        raise NotAllowed("登录前查询由学校自己决定。")
    unit = session.get_one(Unit, actor.unit_id, with_for_update=True)
    old = chosen(session, unit.id)
    values, found = read_settings(CHOICES, texts, actor.indicator_set, old)
    own = session.get_one(Account, actor.user_id)
    if values.get("contact") == YES and not (own.contact_phone or own.contact_email):
        found.append(Problem("contact", "请先在「个人空间」填写您的联系方式，再开通。"))
    if found:
        return found
    choice = session.get(LookUpChoice, unit.id) or LookUpChoice(unit_id=unit.id)
    choice.contact, choice.password = values["contact"] == YES, values["password"] == YES
    session.add(choice)
    note_change(session, actor, now, LOG, unit.code, old, values)
    return []


def contact_of(account: Account) -> dict[str, Value]:
    """What the form shows of an account's contact."""
    return {"contact_phone": account.contact_phone, "contact_email": account.contact_email}


def save_contact(session: Session, actor: Actor, texts: Mapping[str, str], now: dt.datetime) -> list[Problem]:
    """Change how the own people reach an administrator; the problems that kept it from being stored."""
    actor.must(P.ME_SHOW)
    if actor.teacher_id is not None:
        raise NotAllowed("教师的联系方式在「我的档案」里填写。")
    account = session.get_one(Account, actor.user_id, with_for_update=True)
    old = contact_of(account)
    values, found = read_settings(CONTACT, texts, actor.indicator_set, old)
    phone, email = str(values.get("contact_phone") or ""), str(values.get("contact_email") or "")
    said = {problem.item for problem in found}
    if phone and not whole_phone(phone) and "contact_phone" not in said:
        found.append(Problem("contact_phone", "「联系电话」要是手机号，或带区号的电话号码，如 0871-00000000。"))
    if email and not is_email(email) and "contact_email" not in said:
        found.append(Problem("contact_email", "「电子信箱」的格式不对，应像 name@example.com。"))
    if found:
        return found
    account.contact_phone, account.contact_email = phone or None, email or None
    if contact_of(account) != old:
        told: dict[str, Value] = {"changed": "改了" if phone or email else "清空了"}
        note_change(session, actor, now, CONTACT_LOG, str(account.id), {"changed": ""}, told)
    session.flush()
    return []


def _code(value: bool | None) -> str:
    return YES if value else NO
