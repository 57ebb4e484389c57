"""How guesses at passwords are counted: by login name, known or not, and by the address they come from.

A name asks for a captcha after a few failures and is locked after some more. An address only ever asks for a captcha:
behind one address there may be a whole school, and nobody is kept out because of a neighbour.
"""

import datetime as dt
import ipaddress

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.accounts.models import LoginThrottle
from app.accounts.password_rules import PasswordRules
from app.core.crypto import blind_index
from app.core.db import insert_unless_there
from app.core.errors import AppError

LOGIN, AGAIN = "throttle", "throttle/again"
ADDRESS, QUESTION = "throttle/address", "throttle/question"
LOOK_UP, NUMBER = "throttle/look-up", "throttle/number"
NAME_WINDOW, ADDRESS_WINDOW = dt.timedelta(days=1), dt.timedelta(hours=1)
ADDRESS_FAILURES = 20  # a school's people mistype some passwords in an hour, too
IPV6_NETWORK = 64  # one household or school has as many addresses as it likes


class CaptchaNeeded(AppError):
    """The guess was not counted and not looked at: a captcha has to be answered with it."""

    status = 403

    def __init__(self, message: str = "请填验证码，再输一次密码。") -> None:
        super().__init__(message, field="captcha")


def count_attempt(
    session: Session, name: str, rules: PasswordRules, now: dt.datetime, *, human: bool = True, kind: str = LOGIN
) -> dt.datetime | None:
    """Count a guess before it is checked; the moment until which the name is locked, or None when it may be tried.

    The row is locked, so that simultaneous guesses are all counted. Commits nothing. `human`: a captcha was answered,
    or need not be. Raises CaptchaNeeded, counting nothing.
    """
    throttle = _counter(session, name, kind, NAME_WINDOW, now)
    if throttle.locked_until is not None and now < throttle.locked_until:
        return throttle.locked_until
    if throttle.locked_until is not None and throttle.failures >= rules.max_failures:
        throttle.failures = 0  # the end of the lock stays noted: the name goes on asking for captchas
    if not human and _asks_captcha(throttle, rules):
        raise CaptchaNeeded
    throttle.failures += 1
    if throttle.failures >= rules.max_failures:
        throttle.locked_until = now + dt.timedelta(minutes=rules.lock_minutes)
    session.flush()
    return None


def failures_left(session: Session, name: str, rules: PasswordRules, kind: str = LOGIN) -> int:
    """How many more guesses the name has."""
    throttle = session.get(LoginThrottle, blind_index(name, kind))
    return rules.max_failures - (throttle.failures if throttle else 0)


def asks_captcha(session: Session, name: str, rules: PasswordRules) -> bool:
    """Whether the next guess at a name needs a captcha."""
    throttle = session.get(LoginThrottle, blind_index(name, LOGIN))
    return throttle is not None and _asks_captcha(throttle, rules)


def forget_failures(session: Session, name: str, kind: str = LOGIN) -> None:
    """The right password was given."""
    session.execute(delete(LoginThrottle).where(LoginThrottle.key == blind_index(name, kind)))


def count_of_address(session: Session, address: str, now: dt.datetime, kind: str = ADDRESS) -> int:
    """Count something that came from an address; how much it is within the hour."""
    return _count(session, coarse(address), kind, ADDRESS_WINDOW, now)


def count_of_number(session: Session, number: str, now: dt.datetime) -> int:
    """Count a look-up of somebody's number, known or not; how much it is within the day."""
    return _count(session, number, NUMBER, NAME_WINDOW, now)


def _count(session: Session, text: str, kind: str, window: dt.timedelta, now: dt.datetime) -> int:
    throttle = _counter(session, text, kind, window, now)
    throttle.failures += 1
    session.flush()
    return throttle.failures


def is_suspicious(session: Session, address: str, now: dt.datetime) -> bool:
    """Whether so many guesses failed from an address that every login from there needs a captcha."""
    throttle = session.get(LoginThrottle, blind_index(coarse(address), ADDRESS))
    return throttle is not None and throttle.failures >= ADDRESS_FAILURES and now - throttle.since < ADDRESS_WINDOW


def coarse(address: str) -> str:
    """An address as it is counted: of the sixth version, the network it belongs to."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, IPV6_NETWORK), strict=False))
    return str(known)


def _asks_captcha(throttle: LoginThrottle, rules: PasswordRules) -> bool:
    failed = rules.max_failures if throttle.locked_until is not None else throttle.failures
    return failed >= rules.captcha_after


def _counter(session: Session, text: str, kind: str, window: dt.timedelta, now: dt.datetime) -> LoginThrottle:
    """The row of a counter under a lock, beginning anew when its window is over."""
    key = blind_index(text, kind)
    insert_unless_there(session, LoginThrottle, key=key, failures=0, since=now)
    throttle = session.get_one(LoginThrottle, key, with_for_update=True, populate_existing=True)
    locked = throttle.locked_until is not None and now < throttle.locked_until
    if now - throttle.since >= window and not locked:
        throttle.failures, throttle.locked_until, throttle.since = 0, None, now
    return throttle
