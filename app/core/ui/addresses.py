"""Addresses that come from outside and may only lead inside."""

from urllib.parse import urlsplit

from flask import abort, request

BACK = "again_back"  # a form that stands at the address of another one says where that one was
LARGEST = 2**31 - 1  # of the databases' integers


def safe_next(target: str) -> str:
    """A path of this site to go to after login; anything else leads home."""
    parts = urlsplit(target.replace("\\", "/"))
    good = target.startswith("/") and not target.startswith("//") and not parts.netloc and not parts.scheme
    return target if good and "\n" not in target and "\r" not in target else "/"


def came_from() -> str:
    """The page a form was on, when it is one of ours; otherwise ""."""
    if said := request.form.get(BACK):
        return safe_next(said)
    referrer, host = request.referrer or "", request.host_url
    return safe_next("/" + referrer.removeprefix(host)) if referrer.startswith(host) else ""


def whole_number(text: str, most: int = LARGEST) -> int | None:
    """A number from an address or form; None for anything that is no number or too large for the database."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or int(text) > most:
        return None
    return int(text)


def row_key(text: str) -> int:
    """The key of a row in an address: 404 for anything that cannot be one."""
    key = whole_number(text)
    if key is None:
        abort(404)
    return key
