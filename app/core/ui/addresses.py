"""Addresses that come from outside and may only lead inside."""

from urllib.parse import urlsplit


def safe_next(target: str) -> str:
    """A path of this site to go to after login; anything else leads home."""
    parts = urlsplit(target.replace("\\", "/"))
    good = target.startswith("/") and not target.startswith("//") and not parts.netloc and not parts.scheme
    return target if good and "\n" not in target and "\r" not in target else "/"
