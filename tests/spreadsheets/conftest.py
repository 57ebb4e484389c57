"""Fixtures of the import."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import actor_of
from app.organisations.models import Unit
from app.records.teacher import Teacher
from tests.spreadsheets.desk import Desk


@pytest.fixture
def desk(session_as: Callable[[str], Session], tmp_path: Path) -> Desk:
    session = session_as("liyutong")
    actor = actor_of(session)
    return Desk(session, actor, session.get_one(Unit, actor.unit_id), tmp_path / "import.xlsx")


@pytest.fixture
def staff(desk: Desk) -> list[Teacher]:
    """The school's teachers in order of entry."""
    return list(desk.session.scalars(sa.select(Teacher).order_by(Teacher.id)))


@pytest.fixture
def open_teacher(staff: list[Teacher]) -> Teacher:
    """A teacher without an account whose record is not reported yet."""
    return next(t for t in staff[5:] if t.status == "draft")
