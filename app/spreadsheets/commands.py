"""The import as the command line uses it."""

import datetime as dt
from pathlib import Path
from typing import Any

from app.core.db import AnySession
from app.organisations.models import Unit


def write_template(session: AnySession, unit: Unit, path: Path) -> None:
    """Write a school's template."""


def import_file(
    session: AnySession, unit: Unit, path: Path, mode: str, *, dry_run: bool, now: dt.datetime
) -> dict[str, Any]:
    """Plan and, without errors, apply."""
    return {}
