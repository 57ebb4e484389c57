"""Defaults that only the moment and the school know. Source: domain reference 1.4–1.9, 1.16."""

import datetime as dt

from app.organisations.models import Unit


def named_defaults(unit: Unit, today: dt.date) -> dict[str, str]:
    """The values of fields.NAMED_DEFAULTS."""
    return {
        "last_year": str(today.year - 1),
        "this_year": str(today.year),
        "this_month": f"{today:%Y-%m}",
        "today": today.isoformat(),
        "own_school": unit.name,
    }
