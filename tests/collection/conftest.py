"""Fixtures of the review: what waits where in the demo data."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.records.teacher import Teacher


@pytest.fixture
def waiting(everything: Session) -> list[Teacher]:
    """What waits for the county, in the order of the queue."""
    query = sa.select(Teacher).where(Teacher.status == "in_review", Teacher.stage == 2, Teacher.county_id.is_not(None))
    found = list(everything.scalars(query.order_by(Teacher.reported_at, Teacher.id)))
    everything.rollback()
    return found


@pytest.fixture
def at_school(everything: Session) -> list[Teacher]:
    """What waits for the reviewers of 青禾县第一中学."""
    query = sa.select(Teacher).where(
        Teacher.status == "in_review", Teacher.waiting_unit_id == Teacher.unit_id, Teacher.stage == 1
    )
    found = list(everything.scalars(query.order_by(Teacher.id)))
    everything.rollback()
    return found
