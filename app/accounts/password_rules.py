"""The installation's rules for passwords and guesses, as its settings say them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PasswordRules:
    """How passwords are hashed and guesses are slowed down."""

    method: str
    max_failures: int
    lock_minutes: int
    captcha_after: int = 2
