"""Captchas of a request: whose browser it is, what is shown to it, and whether it was answered."""

from typing import Any

from flask import request, session
from flask_wtf.csrf import generate_csrf

from app.accounts import captchas, guesses
from app.accounts.captchas import Shown
from app.accounts.guesses import CaptchaNeeded
from app.core.db import db, short_write, transaction, utc_now

ASKED = "captcha"  # in the session: the next guess of this browser will need one
TOO_MANY_QUESTIONS = "文字题要得太频繁了，请先看图填写，或过一小时再试。"


def new_captcha(*, in_words: bool = False) -> tuple[Shown, str]:
    """A captcha for this browser, and a sentence when it is not the kind that was asked for."""
    refused = ""
    if in_words:
        with transaction(db.session):
            asked = guesses.count_of_address(db.session, address(), utc_now(), guesses.QUESTION)
        if asked > captchas.QUESTIONS_AN_HOUR:
            in_words, refused = False, TOO_MANY_QUESTIONS
    db.session.rollback()
    with short_write() as connection:
        return captchas.issue(connection, _owner(), utc_now(), in_words=in_words), refused


def answered(key: str, typed: str) -> bool:
    """Whether this browser answered a captcha with its guess. Raises CaptchaNeeded for a wrong answer.

    A captcha that was shown must be answered even where the guess would pass without: the page said so.
    """
    if not key:
        return False
    with transaction(db.session):
        right = captchas.take(db.session, _owner(), key, typed, utc_now())
    if not right:
        raise CaptchaNeeded("验证码不对或已过期，请按新的填写。" if typed.strip() else "请填验证码。")
    return True


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or ""


def _owner() -> str:
    """What only this browser's session knows; it is there before anybody has logged in."""
    generate_csrf()
    stored: dict[str, Any] = session  # type: ignore[assignment]
    return str(stored["csrf_token"])
