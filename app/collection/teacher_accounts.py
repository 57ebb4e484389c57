"""Verbs of a school on its teachers' accounts. The record is never touched: an account can be made from it again."""

import datetime as dt
from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.accounts import operations as accounts
from app.accounts.account_states import state_criterion
from app.accounts.guesses import forget_failures
from app.accounts.models import Account, InitialPassword
from app.accounts.operations import NewTeacherAccount, make_teacher_accounts
from app.accounts.password_rules import PasswordRules
from app.accounts.queries import locked_until
from app.accounts.sessions import end_sessions_of
from app.core.actor import Actor
from app.core.errors import AppError, Conflict, NotAllowed, NotFound
from app.permissions import Permission as P
from app.records.access import log_access
from app.records.teacher import Teacher


def with_account_in(session: Session, actor: Actor, state: str, now: dt.datetime) -> ColumnElement[bool]:
    """The criterion for teachers whose account of the actor's school is in a state, or who have "none"."""
    of_school = and_(Account.unit_id == actor.unit_id, Account.teacher_id.is_not(None))
    have = select(Account.teacher_id).where(of_school)
    if state == "none":
        return Teacher.id.not_in(have)
    wanted = Account.must_change.is_(True) if state == "initial" else state_criterion(session, state, of_school, now)
    return Teacher.id.in_(have.where(wanted))


def make(session: Session, actor: Actor, teacher_id: int, rules: PasswordRules, now: dt.datetime) -> None:
    """Make an account from the record."""
    teacher = _own_teacher(session, actor, teacher_id)
    if not teacher.id_number:
        raise AppError("没有填身份证件号")
    person = NewTeacherAccount(teacher.id, teacher.name or "", teacher.id_number, teacher.unit_id)
    try:
        made = make_teacher_accounts(session, [person], rules, now)
    except AppError:
        raise AppError("这个证件号在别处已有账号，请先核对") from None
    if not made:
        raise Conflict("已有账号")
    log_access(session, actor, "account", now, teacher_id=teacher_id, detail="make")


def enable(session: Session, actor: Actor, teacher_id: int, rules: PasswordRules, now: dt.datetime) -> None:
    """Let the teacher log in again."""
    account = _locked_account(session, actor, teacher_id)
    if account.active:
        raise Conflict("已经是启用的")
    account.active = True
    log_access(session, actor, "account", now, teacher_id=teacher_id, detail="enable")


def disable(session: Session, actor: Actor, teacher_id: int, rules: PasswordRules, now: dt.datetime) -> None:
    """Keep the teacher from logging in."""
    account = _locked_account(session, actor, teacher_id)
    if not account.active:
        raise Conflict("已经停用了")
    account.active = False
    end_sessions_of(session, account.id)
    log_access(session, actor, "account", now, teacher_id=teacher_id, detail="disable")


def unlock(session: Session, actor: Actor, teacher_id: int, rules: PasswordRules, now: dt.datetime) -> None:
    """Forget the wrong guesses."""
    account = _locked_account(session, actor, teacher_id)
    if not locked_until(session, [account.username], now):
        raise Conflict("没有锁定")
    forget_failures(session, account.username)
    log_access(session, actor, "account", now, teacher_id=teacher_id, detail="unlock")


def reset(session: Session, actor: Actor, teacher_id: int, rules: PasswordRules, now: dt.datetime) -> None:
    """Give a new initial password."""
    account, password = _locked_account(session, actor, teacher_id), accounts.initial_password()
    accounts.set_password(session, account, password, rules, initial_from=now)
    accounts.keep_initial_password(session, account, password)
    forget_failures(session, account.username)
    end_sessions_of(session, account.id)
    log_access(session, actor, "account", now, teacher_id=teacher_id, detail="reset")


def delete(session: Session, actor: Actor, teacher_id: int, rules: PasswordRules, now: dt.datetime) -> None:
    """Delete the account. The record stays."""
    accounts.delete_account(session, _locked_account(session, actor, teacher_id))
    log_access(session, actor, "account", now, teacher_id=teacher_id, detail="delete")


Verb = Callable[[Session, Actor, int, PasswordRules, dt.datetime], None]
VERBS: Mapping[str, Verb] = {
    "make": make, "enable": enable, "disable": disable, "unlock": unlock, "reset": reset, "delete": delete,
}  # fmt: skip


def initial_passwords(
    session: Session, actor: Actor, teacher_ids: list[int], reason: str, now: dt.datetime
) -> dict[int, str]:
    """The initial passwords that are still to be handed out, by teacher. Each look is logged, with the reason."""
    actor.must(P.TEACHER_ACCOUNT_EDIT)
    query = (
        select(Account.teacher_id, InitialPassword.password)
        .join(InitialPassword, InitialPassword.user_id == Account.id)
        .where(Account.teacher_id.in_(teacher_ids), Account.unit_id == actor.unit_id, Account.initial_until > now)
    )
    found = {teacher_id: password for teacher_id, password in session.execute(query) if teacher_id is not None}
    for teacher_id in found:
        log_access(session, actor, "account", now, teacher_id=teacher_id, detail="initial password")
    log_access(
        session, actor, "account", now, detail=f"initial passwords: {len(found)} of {len(teacher_ids)} rows；{reason}"
    )
    return found


def _own_teacher(session: Session, actor: Actor, teacher_id: int) -> Teacher:
    """A teacher of the actor's own school."""
    actor.must(P.TEACHER_ACCOUNT_EDIT)
    teacher: Teacher | None = session.get(Teacher, teacher_id)
    if teacher is None:
        raise NotFound("没有这位教师。")
    if actor.level != "school" or teacher.unit_id != actor.unit_id:
        raise NotAllowed("教师的账号由所在学校管理。")
    return teacher


def _locked_account(session: Session, actor: Actor, teacher_id: int) -> Account:
    """The account of a teacher of the own school, under a lock."""
    _own_teacher(session, actor, teacher_id)
    query = select(Account).where(Account.teacher_id == teacher_id).with_for_update()
    account: Account | None = session.scalar(query.execution_options(populate_existing=True))
    if account is None:
        raise Conflict("没有账号")
    return account
