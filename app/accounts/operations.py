"""Verbs of accounts: log in, change the password, make teachers' accounts."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.accounts.guesses import forget_failures
from app.accounts.models import Account, InitialPassword, PasswordHistory, ServerSession
from app.accounts.password_rules import PasswordRules
from app.accounts.roles import TEACHER
from app.core.crypto import blind_index
from app.core.errors import AppError
from app.core.text import clean
from app.core.validators import normalise_id

ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
INITIAL_LENGTH = 12
INITIAL_LASTS = dt.timedelta(days=30)
CLASSES_NEEDED = 3
SHORTEST, LONGEST = 8, 64
NOT_AGAIN = 5  # as many passwords before the present one


def login_name(entry: str, typed: str) -> str:
    """The stored login name: teachers type their ID number, whose hash is the name; others their name."""
    if entry == "teacher":
        return blind_index(normalise_id(typed), "id_number")
    return account_name(typed)


def account_name(typed: str) -> str:
    """An administrator's login name as it is stored: two names never differ only by case, width or spaces."""
    return "".join(clean(typed).casefold().split())


def account_for(session: Session, name: str, password: str, fake_hash: str) -> Account | None:
    """The active account with this name and password. Takes as long whether or not the name exists."""
    account = session.scalar(select(Account).where(Account.username == name))
    known = account is not None and bool(account.active) and bool(account.password)
    matches = check_password_hash(account.password if account and known else fake_hash, password)
    return account if known and matches else None


def password_defects(password: str, account: Account, id_number: str = "") -> list[str]:
    """What keeps a password from being accepted, each as a sentence."""
    defects = []
    if not SHORTEST <= len(password) <= LONGEST:
        defects.append(f"长度要 {SHORTEST}–{LONGEST} 位，现在是 {len(password)} 位。")
    classes = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
    if sum(any(test(c) for c in password) for test in classes) < CLASSES_NEEDED:
        defects.append("大写字母、小写字母、数字、符号四类里至少要有三类。")
    lowered = password.casefold()
    own = {account.username.casefold(), account.real_name.casefold(), id_number.casefold(), id_number[-6:].casefold()}
    if any(word and word in lowered for word in own):
        defects.append("不要包含自己的姓名、登录名或证件号。")
    return defects


def change_password(
    session: Session, account: Account, old: str, new: str, rules: PasswordRules, id_number: str = ""
) -> None:
    """Change one's own password and end all sessions. Raises AppError with the field that is wrong."""
    if not check_password_hash(account.password or "", old):
        raise AppError("原密码不对。密码区分大小写。", field="old")
    defects = password_defects(new, account, id_number)
    if new == old:
        defects.insert(0, "新密码要与原密码不同。")
    if not defects and _was_used(session, account, new):
        defects.append(f"最近 {NOT_AGAIN} 次用过的密码不能再用，请换一个。")
    if defects:
        raise AppError("".join(defects), field="new")
    set_password(session, account, new, rules)
    session.execute(delete(ServerSession).where(ServerSession.user_id == account.id))


def set_password(
    session: Session, account: Account, new: str, rules: PasswordRules, *, initial_from: dt.datetime | None = None
) -> None:
    """Give an account another password; the one before is remembered for a while, an initial one no longer kept.

    initial_from: since when it is an initial one, which must be changed and lets in for a while only.
    """
    session.execute(delete(InitialPassword).where(InitialPassword.user_id == account.id))
    if account.password:
        session.add(PasswordHistory(user_id=account.id, hash=account.password))
        session.flush()
        mine = select(PasswordHistory.id).where(PasswordHistory.user_id == account.id)
        kept = session.scalars(mine.order_by(PasswordHistory.id.desc()).limit(NOT_AGAIN)).all()
        old = delete(PasswordHistory).where(PasswordHistory.user_id == account.id, PasswordHistory.id.not_in(kept))
        session.execute(old)
    account.password = generate_password_hash(new, rules.method)
    account.must_change = initial_from is not None
    account.initial_until = _lasts_until(initial_from)


def _lasts_until(initial_from: dt.datetime | None) -> dt.datetime | None:
    return initial_from + INITIAL_LASTS if initial_from else None


def initial_expired(account: Account, now: dt.datetime) -> bool:
    """Whether the account still has its initial password, and has it for too long."""
    return bool(account.must_change) and account.initial_until is not None and account.initial_until <= now


def _was_used(session: Session, account: Account, new: str) -> bool:
    hashes = session.scalars(select(PasswordHistory.hash).where(PasswordHistory.user_id == account.id))
    return any(check_password_hash(stored, new) for stored in hashes)


def initial_password() -> str:
    """A random password that can be read aloud: no letters that look alike; always of three classes."""
    while True:
        word = "".join(secrets.choice(ALPHABET) for _ in range(INITIAL_LENGTH))
        if any(map(str.isupper, word)) and any(map(str.islower, word)) and any(map(str.isdigit, word)):
            return word


def new_account(
    session: Session, *, username: str, name: str, role: str, unit_id: int, password: str, rules: PasswordRules,
    teacher_id: int | None = None, initial_from: dt.datetime | None,
) -> Account:  # fmt: skip
    """Make an account, as a rule with an initial password (see `set_password`). Flushes.

    Raises AppError when the login name is taken.
    """
    username = account_name(username)
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise AppError("这个登录名已经有人用了，请换一个。", field="username")
    account = unsaved_account(
        username=username,
        name=name,
        role=session.scalars(select(Role).where(Role.name == role)).one(),
        unit_id=unit_id,
        password_hash=generate_password_hash(password, rules.method),
        teacher_id=teacher_id,
        initial_from=initial_from,
    )
    session.add(account)
    session.flush()
    return account


def unsaved_account(
    *, username: str, name: str, role: Role, unit_id: int, password_hash: str, teacher_id: int | None = None,
    initial_from: dt.datetime | None = None,
) -> Account:  # fmt: skip
    """An account with a password whose hash is at hand."""
    account = Account(
        username=username,
        first_name=name,
        last_name="",
        email=f"{secrets.token_hex(12)}@users.invalid",  # the column must be unique; no address is known
        active=True,
        unit_id=unit_id,
        teacher_id=teacher_id,
        must_change=initial_from is not None,
        initial_until=_lasts_until(initial_from),
        password=password_hash,
    )
    account.roles = [role]
    return account


@dataclass(frozen=True)
class NewTeacherAccount:
    """Whose account it will be: what is needed of a teacher, without knowing the record."""

    teacher_id: int
    name: str
    id_number: str
    unit_id: int


def make_teacher_accounts(
    session: Session, people: Sequence[NewTeacherAccount], rules: PasswordRules, now: dt.datetime
) -> dict[int, str]:
    """Make self-service accounts for those who have none; their initial passwords by teacher."""
    ids = [person.teacher_id for person in people]
    have = set(session.scalars(select(Account.teacher_id).where(Account.teacher_id.in_(ids))))
    made: dict[int, str] = {}
    for person in people:
        if person.teacher_id in have:
            continue
        password = initial_password()
        account = new_account(
            session,
            username=blind_index(person.id_number, "id_number"),
            name=person.name,
            role=TEACHER,
            unit_id=person.unit_id,
            teacher_id=person.teacher_id,
            password=password,
            rules=rules,
            initial_from=now,
        )
        keep_initial_password(session, account, password)
        made[person.teacher_id] = password
    return made


def keep_initial_password(session: Session, account: Account, password: str) -> None:
    """Keep a teacher's initial password for the file that is handed out."""
    session.add(InitialPassword(user_id=account.id, password=password))
    session.flush()


def delete_account(session: Session, account: Account) -> None:
    """Delete an account and all that hangs on it."""
    for table in (InitialPassword, PasswordHistory, ServerSession):
        session.execute(delete(table).where(table.user_id == account.id))
    forget_failures(session, account.username)
    session.delete(account)
    session.flush()


def record_login(session: Session, account: Account, now: dt.datetime) -> None:
    """Note when somebody logged in."""
    session.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(last_login=now.replace(tzinfo=None), login_count=func.coalesce(Account.login_count, 0) + 1)
    )
