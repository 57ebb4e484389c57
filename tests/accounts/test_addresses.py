"""Which address a request is counted under: that of the connection, or the one our own proxies have seen."""

from pathlib import Path

import pytest
from flask import request

from app import create_app
from config import Config


def seen(tmp_path: Path, proxies: str, forwarded: str) -> str:
    """The address that a request with this header is counted under."""
    settings = {"APP_ENV": "test", "DATABASE_URL": "sqlite://", "INSTANCE_PATH": str(tmp_path), "PROXIES": proxies}
    app = create_app(Config.from_env(settings))
    found: list[str] = []
    app.before_request_funcs[None].insert(0, lambda: found.append(request.remote_addr or ""))  # type: ignore[arg-type]
    app.test_client().get("/static/core/css/base.css", headers={"X-Forwarded-For": forwarded}).close()
    return found[0]


@pytest.mark.parametrize(
    ("proxies", "counted"), [("0", "127.0.0.1"), ("1", "203.0.113.7"), ("2", "198.51.100.1")]
)  # fmt: skip
def test_only_our_own_proxies_are_believed(tmp_path: Path, proxies: str, counted: str) -> None:
    assert seen(tmp_path, proxies, "10.9.9.9, 198.51.100.1, 203.0.113.7") == counted
