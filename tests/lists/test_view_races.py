"""Two who save a view at the same moment: names stay unique, and the number of views keeps its limit.

Each test runs beside a naive variant that must fail it.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.actor import KEY, Actor
from app.core.db import db, transaction, utc_now, writes
from app.core.errors import AppError
from app.core.scope import set_scope
from app.core.ui import saved_views
from app.core.ui.saved_views import MOST, SavedView, keep_view
from tests.accounts.database import looking

CONTENT = {"filters": {}, "order": "", "direction": "", "size": 50, "columns": [], "labels": {}}
THREADS = 4


def all_at_once(app: Flask, actor: Actor, name_of: Callable[[int], str]) -> list[str]:
    """Everybody saves one view; what came of each."""
    barrier, outcomes = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        writes.set(True)
        with app.app_context(), Session(db.engine) as session:
            session.info[KEY] = actor
            set_scope(session, actor.scope)
            barrier.wait()
            try:
                with transaction(session):
                    keep_view(session, actor, "TeacherView", name_of(number), CONTENT, utc_now(), shared=True)
                outcomes.append("done")
            except AppError:
                outcomes.append("refused")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.fixture
def clerk(actor_named: Callable[[str], Actor]) -> Actor:
    return actor_named("liyutong")


def count(app: Flask) -> int:
    with looking(app) as session:
        return session.scalar(sa.select(sa.func.count(SavedView.id))) or 0


def fill(app: Flask, actor: Actor, number: int) -> None:
    with looking(app) as session:
        for place in range(number):
            keep_view(session, actor, "TeacherView", f"视图 {place}", CONTENT, utc_now(), shared=True)
        session.commit()


def test_one_name_is_taken_once(app: Flask, clerk: Actor) -> None:
    assert all_at_once(app, clerk, lambda _: "在编") == ["done", *["refused"] * (THREADS - 1)]
    assert count(app) == 1


def test_the_last_place_is_taken_once(app: Flask, clerk: Actor) -> None:
    fill(app, clerk, MOST - 1)
    assert all_at_once(app, clerk, lambda number: f"最后 {number}") == ["done", *["refused"] * (THREADS - 1)]
    assert count(app) == MOST


def test_counting_without_a_lock_takes_it_more_than_once(
    app: Flask, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive variant: everybody has counted before anybody has stored."""
    fill(app, clerk, MOST - 1)
    counted, names = threading.Barrier(THREADS), {f"视图 {place}" for place in range(MOST - 1)}

    def naive(_session: Session, _view: Any) -> set[str]:
        counted.wait()
        return names

    monkeypatch.setattr(saved_views, "_names", naive)
    assert all_at_once(app, clerk, lambda number: f"最后 {number}") == ["done"] * THREADS
    assert count(app) > MOST
