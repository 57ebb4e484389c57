"""The review queue: what waits for the reviewer's unit, and the way through it from one desk to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask import abort, current_app, g, url_for
from flask_appbuilder.models.filters import BaseFilter
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Query

from app.collection.batch_views import ManyView
from app.collection.desk import waited
from app.collection.queries import for_actor, reasons_sent_back, waits_here
from app.collection.queue_conditions import CONDITIONS, UNITS, Narrowed, criteria, offered, units_offered
from app.core.db import db, utc_now
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field
from app.core.sections.views import make_view
from app.core.ui.addresses import whole_number
from app.core.ui.arrangement import rows_asked_of
from app.core.ui.base_view import current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import COUNT_CAP, ListRequest, Window
from app.core.ui.paging import Order
from app.permissions import Permission as P
from app.records.search import PERSON_HINT, PersonSearch
from app.records.states import ARRIVALS, SENT_BACK
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

WHY_LENGTH = 40


def posted_number(text: str) -> int:
    """A key or version from a form; anything else is a bad request."""
    number = whole_number(text)
    if number is None:
        abort(400)
    return number


@dataclass(frozen=True)
class QueuePlace:
    """Where a record stands among those the actor may decide on, in the list the reviewer came from."""

    number: int  # 0: it is not among them, or too far behind to be counted
    total: int  # COUNT_CAP + 1: more than are counted
    previous: int | None
    following: int | None
    other: int | None  # the first of the others, for the way round
    query: str  # the list's conditions and order, for the addresses


class WaitsHere(BaseFilter):  # type: ignore[misc]
    """Only what the actor's unit is to review."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(waits_here(current_actor()))


class WaitingListView(ManyView):
    """The reports that wait for the actor's unit, those first that have waited longest."""

    class_permission_name = "review"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "batch", "asked", "run"}
    batch_names: ClassVar[Sequence[str]] = ("approve", "reject")
    search_filter = PersonSearch
    search_hint = PERSON_HINT
    base_order = ("reported_at", "asc")
    sorted_by: ClassVar[dict[str, str]] = {"unit": "unit_id"}  # what one school has reported stands together
    empty: ClassVar[dict[str, str]] = {"title": "没有等您审核的资料", "text": "学校报送后会出现在这里。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = [
            "name", "unit", "staff_category", "reported_by", "reported_at", "waited", "arrival", "stage",
        ]  # fmt: skip
        self.label_columns |= {
            "unit": "学校", "unit_id": "学校", "reported_by": "报送人", "reported_at": "报送时间", "waited": "等了",
            "arrival": "来由", "stage": "级次",
        }  # fmt: skip
        self.search_columns = [*UNITS, "staff_category"]
        self.order_columns = ["unit", "reported_at"]
        self.datamodel.eager = ("unit",)

    def _added(self) -> list[Field]:
        """The queue has its own columns."""
        return []

    def filter_names(self) -> list[str]:
        return [*self.search_columns, *CONDITIONS]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["status", WaitsHere, ""], *(["status", Narrowed, found] for found in criteria(asked.filters))]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        actor, chosen = current_actor(), asked.filters
        units, own = units_offered(db.session, actor, chosen), offered(actor, chosen)
        return [*units, *own[:2], *super().filter_choices(asked), *own[2:]]

    def _order(self, asked: ListRequest) -> Order:
        """Whatever waits was reported at some time: so the index of the queue gives the order."""
        return replace(super()._order(asked), filled=True)

    def indicator_set_of(self, row: Teacher) -> IndicatorSet:
        return row.unit.indicator_set

    # ── the page ──

    def _list_page(self, asked: ListRequest, search: str, count: int, window: Window) -> dict[str, Any]:
        back = [row.id for row in window.rows if row.arrival == SENT_BACK]
        g.reasons_sent_back = reasons_sent_back(db.session, back) if back else {}
        g.queue_query = _query_of(asked)
        page: dict[str, Any] = super()._list_page(asked, search, count, window)
        if current_actor().may(P.REVIEW_DECIDE) and window.rows:
            first = self._mine(asked, search).order_by(*self._order(asked).terms()).limit(1).scalar()
            page["primary"] = {"label": "从第一份审起", "url": desk_url(first, g.queue_query)} if first else None
        return page

    def cell(self, row: Teacher, name: str) -> Any:
        if name == "reported_by" and row.reported_by_id == current_actor().user_id:
            return f"{row.reported_by}（您本人，要由另一位审核）"
        if name == "reported_by" and row.reported_by_id in current_actor().signs_as(P.REVIEW_DECIDE):
            return f"{row.reported_by}（请您代审的人，要由另一位审核）"
        if name == "reported_at":
            return f"{row.reported_at.astimezone():%Y-%m-%d %H:%M}" if row.reported_at else ""
        if name == "waited":
            return waited(row, utc_now())
        if name == "stage":
            return f"第 {row.stage} 级"
        if name == "arrival":
            state, why = ARRIVALS.get(row.arrival or ""), g.reasons_sent_back.get(row.id, "")
            tag = macro("tag")(state.label, state.kind) if state else ""
            return Markup(" ").join((tag, why[:WHY_LENGTH] + ("…" if len(why) > WHY_LENGTH else "")))
        return super().cell(row, name)

    def row_urls(self, rows: list[Any]) -> list[str]:
        return [desk_url(row.id, g.queue_query) for row in rows]

    def subtitle(self) -> str:
        actor = current_actor()
        signed = actor.signature(P.REVIEW_DECIDE)
        return actor.unit_name if signed == actor.name else f"{actor.unit_name} · {signed} 审核"

    def _list_row(self, row: Teacher, url: str, columns: Sequence[str]) -> dict[str, Any]:
        shown = super()._list_row(row, url, columns)
        own = row.reported_by_id in current_actor().signs_as(P.REVIEW_DECIDE)
        return shown | {"selectable": shown["selectable"] and not own}

    # ── the way through ──

    def place(self, args: Mapping[str, str], teacher: Teacher) -> QueuePlace:
        """Where a record stands in the list of this address, decided on or not; one query, along the list's index."""
        asked, search = rows_asked_of(self, current_actor(), args)
        order, mine = self._order(asked), self._mine(asked, search)
        here = getattr(teacher, order.column.key)
        terms, backward = order.terms(), order.terms(backward=True)
        if here is None:  # it was never reported
            before = after = mine.filter(Teacher.id.is_(None))
        else:
            before = mine.filter(order.beyond(here, teacher.id, backward=True))
            after = mine.filter(order.beyond(here, teacher.id))
        passed, total, there, previous, following, other = db.session.execute(
            select(
                _counted(before),
                _counted(mine),
                _counted(mine.filter(Teacher.id == teacher.id)),
                before.order_by(*backward).limit(1).scalar_subquery(),
                after.order_by(*terms).limit(1).scalar_subquery(),
                mine.filter(Teacher.id != teacher.id).order_by(*terms).limit(1).scalar_subquery(),
            )
        ).one()
        number = passed + 1 if there and passed < COUNT_CAP else 0
        return QueuePlace(number, total, previous, following, other, _query_of(asked))

    def _mine(self, asked: ListRequest, search: str) -> Query[Any]:
        """The keys of what the list shows and the actor may decide on."""
        matching = self.datamodel.matching(self._asked_filters(asked, search))
        return matching.filter(for_actor(current_actor())).with_entities(Teacher.id)

    # ── many at once ──

    def row_page(self, key: int) -> str:
        return url_for("ReviewView.desk", pk=key)


def _counted(query: Query[Any]) -> Any:
    """How many rows, counted up to a cap."""
    return select(func.count()).select_from(query.limit(COUNT_CAP + 1).subquery()).scalar_subquery()


def _query_of(asked: ListRequest) -> str:
    """The conditions and the order of a list for an address, without the page."""
    query = asked.url()
    return query if len(query) > 1 else ""


def desk_url(pk: int | None, query: str) -> str:
    """The desk of a report, opened from the list of this query; empty for none."""
    return url_for("ReviewView.desk", pk=pk) + query if pk else ""


ReviewQueueView = make_view(BASIC_INFO, WaitingListView, "ReviewQueueView", route_base="/review", list_title="审核")
QUEUE = "review_queue"


def queue() -> WaitingListView:
    """The queue of this application."""
    found: WaitingListView = current_app.extensions[QUEUE]
    return found
