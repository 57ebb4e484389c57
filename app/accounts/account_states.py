"""The state of an account as lists show and filter it."""

import datetime as dt

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.queries import locked_accounts, locked_until

LONG_UNUSED = dt.timedelta(days=180)
STATES = {"active": "启用", "disabled": "停用", "locked": "锁定", "never": "从未登录", "unused": "长期未用"}
KINDS = {"active": "ok", "disabled": "draft", "locked": "bad", "never": "info", "unused": "warn"}


def state_criterion(session: Session, state: str, among: ColumnElement[bool], now: dt.datetime) -> ColumnElement[bool]:
    """Which accounts are in a state. `among`: those whose login names are looked up to find the locked ones."""
    before = (now - LONG_UNUSED).replace(tzinfo=None)  # Flask-AppBuilder's moments know no time zone
    enabled = Account.active.is_(True)
    match state:
        case "disabled":
            return Account.active.is_not(True)
        case "locked":
            return and_(enabled, Account.id.in_(locked_accounts(session, among, now)))
        case "never":
            return and_(enabled, Account.last_login.is_(None))
        case "unused":
            return and_(enabled, Account.last_login < before)
        case _:
            return enabled


def states_of(session: Session, accounts: list[Account], now: dt.datetime) -> dict[int, str]:
    """The most important state of each account by its id."""
    locked = locked_until(session, [account.username for account in accounts], now)
    return {account.id: _state(account, account.username in locked, now) for account in accounts}


def _state(account: Account, locked: bool, now: dt.datetime) -> str:
    if not account.active:
        return "disabled"
    if locked:
        return "locked"
    if account.last_login is None:
        return "never"
    return "unused" if account.last_login.replace(tzinfo=dt.UTC) < now - LONG_UNUSED else "active"
