"""The queue with its conditions and orders: what the list shows is what the desk walks through."""

import datetime as dt
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy.orm import Session

from app.collection.queue_conditions import CONDITIONS
from app.collection.queue_views import WaitingListView, queue
from app.core.actor import Actor
from app.core.db import db, utc_now
from app.core.scope import set_scope
from app.core.ui.arrangement import asked_of
from app.organisations.models import Unit
from app.records.attachments import Attachment
from app.records.states import ARRIVALS, SENT_BACK
from app.records.teacher import Teacher
from tests.conftest import PRIMARY, Client

PROVINCE = "yunchuan"


@pytest.fixture
def crowd(everything: Session, actor_named: Callable[[str], Actor]) -> list[Teacher]:
    """All people of the province wait at the province, reported at different times, some at the same."""
    chance, now, names = random.Random(5), utc_now(), sorted(ARRIVALS)
    people = list(everything.scalars(sa.select(Teacher).order_by(Teacher.id)))
    for number, teacher in enumerate(people):
        teacher.status, teacher.stage = "in_review", 3
        teacher.waiting_unit_id = actor_named(PROVINCE).unit_id
        teacher.reported_at = now - dt.timedelta(days=chance.randrange(0, 40), minutes=1)
        teacher.arrival, teacher.reported_by_id = names[number % len(names)], 1
    for teacher in people[::9]:
        everything.add(
            Attachment(
                teacher_id=teacher.id, section="basic_info", row_id=teacher.id, name="a.jpg", media_type="image/jpeg",
                size=1, digest="0" * 64, uploaded_by="", uploaded_at=now,
            )
        )  # fmt: skip
    people[3].reported_by_id = actor_named(PROVINCE).user_id
    everything.commit()
    return people


@contextmanager
def desk_of(app: Flask, actor: Actor) -> Iterator[WaitingListView]:
    """The queue as a request of this reviewer has it."""
    with app.test_request_context("/review/list/"):
        g.actor = actor
        set_scope(db.session, actor.scope)
        yield queue()
        db.session.remove()


def conditions(session: Session) -> list[dict[str, str]]:
    """Every condition with each of its meanings, and units of every level."""
    units = {unit.code: unit for unit in session.scalars(sa.select(Unit))}
    county, primary = units["5301210000"], units[PRIMARY]
    found: list[dict[str, str]] = [{}]
    found += [{name: value} for name, (_, choices, _) in CONDITIONS.items() for value in choices]
    found += [{"city_id": str(county.city_id)}, {"county_id": str(county.id)}, {"unit_id": str(primary.id)}]
    found += [{"staff_category": "21"}, {"county_id": str(county.id), "arrival": "again", "waited": "7"}]
    return found


def test_the_desk_walks_through_what_the_list_shows(
    app: Flask, crowd: list[Teacher], everything: Session, actor_named: Callable[[str], Actor]
) -> None:
    """Next, previous, number and total agree with the list, under each condition in each order."""
    actor = actor_named(PROVINCE)
    own = {t.id for t in crowd if t.reported_by_id == actor.user_id}
    orders = [{}, *({"o": name, "d": way} for name in ("unit", "reported_at") for way in ("asc", "desc"))]
    seen = 0
    for chosen in conditions(everything):
        for order in orders if chosen in ({}, {"arrival": "again"}) else orders[:1]:
            args = {f"_flt_0_{name}": value for name, value in chosen.items()}
            args |= {f"_{'oc' if k == 'o' else 'od'}_ReviewQueueView": v for k, v in order.items()}
            with desk_of(app, actor) as view:
                rows = listed(view, args)
                expected = [row for row in rows if row.id not in own]
                seen += len(expected)
                steps = expected[:2] + expected[-2:] if chosen else expected
                for teacher in steps:
                    at = expected.index(teacher)
                    place = view.place(args, teacher)
                    assert (place.number, place.total) == (at + 1, len(expected)), (args, at)
                    assert place.previous == (expected[at - 1].id if at else None), (args, at)
                    assert place.following == (expected[at + 1].id if at + 1 < len(expected) else None), (args, at)
                    first = next((t.id for t in expected if t is not teacher), None)
                    assert place.other == first
    assert seen > len(crowd)


def listed(view: WaitingListView, args: Mapping[str, str]) -> list[Teacher]:
    """All rows of the list in its order."""
    asked, search = asked_of(view, g.actor, args)
    return view._matching(asked, search, 1000)


def test_conditions_mean_what_they_say(
    app: Flask, crowd: list[Teacher], everything: Session, actor_named: Callable[[str], Actor]
) -> None:
    """Each choice against the same question in Python; together the choices of one condition leave nobody out."""
    with_files = {t.id for t in crowd[::9]}
    now = utc_now()
    kinds = {unit.id: unit.school_kind for unit in everything.scalars(sa.select(Unit))}
    meant: dict[str, Callable[[Teacher, str], bool]] = {
        "arrival": lambda t, v: t.arrival == v,
        "waited": lambda t, v: now - t.reported_at >= dt.timedelta(days=int(v)),  # type: ignore[operator]
        "school_kind": lambda t, v: kinds[t.unit_id] == v,
        "files": lambda t, v: (t.id in with_files) == (v == "1"),
    }
    assert set(meant) == set(CONDITIONS)
    with desk_of(app, actor_named(PROVINCE)) as view:
        for name, (_, choices, _) in CONDITIONS.items():
            for value in choices:
                found = {t.id for t in listed(view, {f"_flt_0_{name}": value})}
                assert found == {t.id for t in crowd if meant[name](t, value)}, (name, value)


def test_next_stays_within_the_conditions(
    client_as: Callable[[str], Client], crowd: list[Teacher], everything: Session
) -> None:
    """A reviewer who has chosen one school goes on within that school, and comes back to that list at the end."""
    school = everything.scalars(sa.select(Unit).where(Unit.code == PRIMARY)).one()
    mine = sorted((t for t in crowd if t.unit_id == school.id and t.arrival == SENT_BACK), key=by_time)
    query = "?" + urlencode({"_flt_0_unit_id": school.id, "_flt_0_arrival": SENT_BACK})
    client = client_as(PROVINCE)
    page = client.get(f"/review/list/{query}").get_data(as_text=True)
    shown = [int(pk) for pk in re.findall(r'href="/review/desk/(\d+)\?', page)]
    assert list(dict.fromkeys(shown[-len(mine) :])) == [t.id for t in mine]
    address = f"/review/desk/{mine[0].id}{query}"
    for done, teacher in enumerate(mine):
        assert address == f"/review/desk/{teacher.id}{query}"
        desk = client.get(address).get_data(as_text=True)
        assert f"<b>1</b> / {len(mine) - done} 份" in desk
        answer = client.post(f"/review/desk/{teacher.id}/approve{query}", {"version": teacher.version})
        address = answer.location
    assert address == f"/review/list/{query}"
    assert "没有更多" in client.get(address).get_data(as_text=True)


def by_time(teacher: Teacher) -> tuple[dt.datetime | None, int]:
    return teacher.reported_at, teacher.id


def test_bad_conditions_are_refused_on_the_desk_too(client_as: Callable[[str], Client], crowd: list[Teacher]) -> None:
    client = client_as(PROVINCE)
    bad = ("_flt_0_arrival=x", "_flt_0_waited=1", "_flt_0_files=2", "_flt_0_county_id=x", "_flt_0_nothing=1", "page=x")
    for query in (*bad, "_oc_ReviewQueueView=stage"):
        for path in ("/review/list/", f"/review/desk/{crowd[0].id}"):
            assert client.get(f"{path}?{query}").status_code == 400, (path, query)


def test_units_are_offered_level_by_level(
    client_as: Callable[[str], Client],
    crowd: list[Teacher],
    everything: Session,
    count_queries: Callable[[], AbstractContextManager[list]],
) -> None:
    units = {unit.code: unit for unit in everything.scalars(sa.select(Unit))}
    city, county = units["5301000000"], units["5301210000"]
    client = client_as(PROVINCE)

    def options(**chosen: int) -> str:
        query = urlencode({f"_flt_0_{name}": value for name, value in chosen.items()})
        with count_queries() as statements:
            page = client.get(f"/review/list/?{query}").get_data(as_text=True)
        assert len(statements) <= 20, len(statements)
        return page

    top = options()
    assert f"{city.name}</option>" in top and "云川大学</option>" in top
    assert f"{county.name}</option>" not in top
    below = options(city_id=city.id)
    assert f"{county.name}</option>" in below and "青禾县实验小学</option>" not in below
    assert "青禾县实验小学</option>" in options(city_id=city.id, county_id=county.id)
    assert "青禾县实验小学</option>" in options(unit_id=units[PRIMARY].id), (
        "also where the county was not chosen before"
    )


def test_why_it_came_back_stands_in_the_list(
    client_as: Callable[[str], Client], waiting: list[Teacher], everything: Session
) -> None:
    form = {"version": waiting[0].version, "comment": "学历证书看不清，请再核对"}
    client_as("zhoumin").post(f"/review/desk/{waiting[0].id}/send-back", form)
    page = client_as("wangjianguo").get("/review/list/?_flt_0_arrival=back").get_data(as_text=True)
    assert "退回重审" in page and form["comment"] in page and waiting[0].name in page
