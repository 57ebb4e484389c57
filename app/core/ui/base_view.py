"""The base of all views. Nothing derives from Flask-AppBuilder's view classes directly: a test walks them."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeAlias

from flask import abort, current_app, flash, g, redirect, request, url_for
from flask_appbuilder import BaseView, ModelView, expose
from flask_appbuilder.models.filters import BaseFilter, Filters
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_wtf import FlaskForm
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import ColumnProperty, Load, Query, RelationshipProperty, load_only
from werkzeug.wrappers import Response

from app.core.actor import Actor
from app.core.db import db, transaction, utc_now
from app.core.ui.addresses import row_key
from app.core.ui.arrangement import (
    arrange_page,
    arrangement,
    asked_of,
    kept_fields,
    opens_at,
    plain_url,
    view_tabs,
    without_view,
)
from app.core.ui.listing import COUNT_CAP, ListRequest, Window, pager, store_search
from app.core.ui.paging import Order, read_window

SHOWN_FILTERS = 3

# The views have a method called list, which hides the type inside their classes.
Rows: TypeAlias = list[Any]
Dicts: TypeAlias = list[dict[str, Any]]


def current_actor() -> Actor:
    """The logged-in person of this request; 403 where the guard let nobody through."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        abort(403)
    return actor


def print_line() -> str:
    """Who prints a page and when, for its foot on paper."""
    actor, now = current_actor(), utc_now().astimezone()
    return f"{actor.name} · {actor.unit_name} · {now:%Y-%m-%d %H:%M}"


class PlainView(BaseView):
    """A view without a model: wizards, printing, review, home."""

    def update_redirect(self) -> None:
        """FAB keeps visited addresses in the session; we keep none."""


class CappedInterface(SQLAInterface):
    """FAB's access to a model, with a count that stops, and without loading relations row by row."""

    eager: tuple[str, ...] = ()  # relations, and relations of theirs: "teacher.unit"

    def __init__(self, obj: Any, session: Any = None) -> None:
        super().__init__(obj, session)
        # FAB knows columns and relations only; a second name of a column (synonym) would stop the start.
        known = (ColumnProperty, RelationshipProperty)
        self.list_properties: dict[str, Any] = {k: v for k, v in self.list_properties.items() if isinstance(v, known)}

    def matching(self, filters: Filters) -> Query[Any]:
        """The rows that pass the filters, with what the list shows of other tables."""
        query = self.apply_filters(self.session.query(self.obj), self.get_inner_filters(filters))
        return self.apply_pagination(query, None, None)

    def count(self, matching: Query[Any]) -> int:
        """How many rows match, counted up to a cap."""
        inner = matching.with_entities(self.get_pk()).limit(COUNT_CAP + 1)
        return self.session.scalar(select(func.count()).select_from(inner.subquery())) or 0

    def order(self, name: str, direction: str) -> Order:
        """The order by a column."""
        return Order(getattr(self.obj, name), self.get_pk(), direction == "desc")

    def keys(self, filters: Filters, order: Order, most: int) -> list[int]:
        """The keys of the first matching rows, in order."""
        query = self.matching(filters).with_entities(self.get_pk()).order_by(*order.terms())
        return [key for (key,) in query.limit(most)]

    def by_keys(self, keys: Sequence[int], names: Sequence[str]) -> list[Any]:
        """Rows by their keys, in that order; what is gone or foreign is left out. `names`: the columns to be shown.

        The relations that a list shows are loaded with the rows, and of the columns only those.
        """
        shown = [
            column for column in inspect(self.obj).column_attrs if column.key in names or column.columns[0].foreign_keys
        ]
        query = self.session.query(self.obj).options(load_only(*(getattr(self.obj, c.key) for c in shown)))
        query = self.apply_pagination(query.filter(self.get_pk().in_(keys)), None, None)
        found = {row.id: row for row in query}
        return [found[key] for key in keys if key in found]

    def apply_pagination(self, query: Query[Any], page: int | None, page_size: int | None) -> Query[Any]:
        for path in self.eager:
            query = query.options(_loading(self.obj, path))
        paged: Query[Any] = super().apply_pagination(query, page, page_size)
        return paged


def _loading(model: Any, path: str) -> Any:
    option: Any = Load(model)
    for name in path.split("."):
        relation = getattr(model, name)
        option, model = option.selectinload(relation), relation.property.mapper.class_
    return option


class NoForm(FlaskForm):
    """Our forms are made for each request from the declarations; FAB's, made once at start, stay empty."""


class ScopedModelView(ModelView):
    """FAB's list and show over scoped rows, with strict parameters; add, edit and delete are the subclass's own."""

    include_route_methods: ClassVar[set[str]] = {"list", "show", "search"}
    list_template = "core/list.html"
    show_template = "core/show.html"
    add_form = edit_form = search_form = NoForm
    datamodel: CappedInterface
    list_columns: Any = None
    search_columns: Any = None
    order_columns: Any = None
    base_order = ("id", "asc")
    sorted_by: ClassVar[dict[str, str]] = {}  # what stands for a column in ORDER BY, where it is another one
    search_filter: type[BaseFilter] | None = None
    search_hint = ""
    extra_args_allowed: tuple[str, ...] = ()
    empty: ClassVar[dict[str, str]] = {"title": "还没有记录", "text": ""}

    def _init_properties(self) -> None:
        if self.search_columns is None or self.order_columns is None:
            raise RuntimeError(f"{type(self).__name__}: search_columns and order_columns must be declared")
        filters, orders = list(self.search_columns), list(self.order_columns)
        super()._init_properties()
        self.search_columns, self.order_columns = filters, orders
        self._filters = self.datamodel.get_filters(filters)

    def update_redirect(self) -> None:
        """FAB keeps visited addresses in the session; we keep none."""

    # ── list ──

    @expose("/list/")
    @has_access
    def list(self) -> Any:
        if elsewhere := opens_at(self, current_actor(), request.args):
            return redirect(elsewhere)
        asked, search = self._asked()
        matching = self.datamodel.matching(self._asked_filters(asked, search))
        window = read_window(matching, self._order(asked), asked, partial(self._all_rows, asked))
        whole = window.page == 0 and not window.has_next
        count = len(window.rows) if whole else self.datamodel.count(matching)
        return self.render_template(self.list_template, page=self._list_page(asked, search, count, window))

    def _asked(self) -> tuple[ListRequest, str]:
        """The checked parameters, and the search text behind its id."""
        return asked_of(self, current_actor(), request.args)

    def _all_rows(self, asked: ListRequest) -> Query[Any]:
        """What the person may see in the list at all."""
        return self.datamodel.matching(self._asked_filters(replace(asked, filters={}), ""))

    def _order(self, asked: ListRequest) -> Order:
        name, direction = (asked.order, asked.direction) if asked.order else self.base_order
        return self.datamodel.order(self.sorted_by.get(name, name), direction)

    def _matching(self, asked: ListRequest, search: str, most: int) -> Rows:
        """The first rows that match, in the order of the list."""
        matching = self.datamodel.matching(self._asked_filters(asked, search))
        return matching.order_by(*self._order(asked).terms()).limit(most).all()

    def knows(self, asked: ListRequest) -> bool:
        """Whether the list still has these conditions and columns: what is ignored would show something else."""
        same = set(asked.filters) <= set(self.filter_names()) and set(asked.columns) <= set(self.offered_columns())
        return same and asked.order in ("", *self.order_columns)

    def keys(self, asked: ListRequest, search: str, most: int) -> Rows:
        """The keys of the matching rows in the order of the list."""
        return self.datamodel.keys(self._asked_filters(asked, search), self._order(asked), most)

    def _asked_filters(self, asked: ListRequest, search: str) -> Filters:
        """A filter object of this request only: the view is shared by all threads."""
        filters = copy(self._filters)
        filters.clear_filters()
        filters.add_filter_list(self.list_filters(asked))
        for name, value in asked.filters.items():
            if name in self.search_columns:
                filters.add_filter(name, self.filter_class(name), value)
        if search and self.search_filter is not None:
            filters.add_filter(self.list_columns[0], self.search_filter, search)
        return filters

    @expose("/search/", methods=["POST"])
    @has_access
    @permission_name("list")
    def search(self) -> Response:
        """Keep the typed text and show the list by its id, under the conditions that were chosen before."""
        asked, _ = self._asked()
        typed, search_id = request.form.get("q", "").replace("\0", "").strip(), None
        if typed:
            with transaction(db.session):
                search_id = store_search(db.session, current_actor().user_id, typed, utc_now())
        conditions = asked.url(q=search_id)
        return redirect(url_for(f"{self.endpoint}.list") + (conditions if len(conditions) > 1 else ""))

    def _list_page(self, asked: ListRequest, search: str, count: int, window: Window) -> dict[str, Any]:
        filters, here = self.filter_choices(asked), arrangement(self, current_actor(), asked)
        return {
            "title": str(self.list_title),
            "subtitle": self.subtitle(),
            "tabs": view_tabs(self, asked, here, self.tabs(without_view(asked, here))),
            "arrange": arrange_page(self, current_actor(), asked, here, searched=bool(search)),
            "search": self._search_box(search, asked),
            "filters": (quick := [choice for choice in filters if "picker" not in choice][:SHOWN_FILTERS]),
            "more_filters": [choice for choice in filters if choice not in quick],
            "keep": kept_fields(asked),
            "chips": self._chips(asked, filters),
            "clear_url": plain_url(self, here),
            "columns": [self._column(asked, name) for name in asked.columns],
            "rows": [
                self._list_row(row, first, asked.columns)
                for row, first in zip(window.rows, self.row_urls(window.rows), strict=True)
            ],
            "batch": self.batch_actions(),
            "batch_url": self.batch_url(),
            "pager": pager(asked, count, window),
            "buttons": self.buttons(),
            "primary": self.primary_button(),
            "empty": self.empty,
            "filtered": bool(asked.filters or search),
            "print_line": print_line(),
        }

    def _column(self, asked: ListRequest, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "label": self.column_label(name),
            "sort_url": self._sort_url(asked, name) if name in self.order_columns else "",
            "direction": asked.direction if name == asked.order else "",
        }

    def _chips(self, asked: ListRequest, filters: Dicts) -> Dicts:
        """The conditions in force, each with the address of the list without it."""
        chips = []
        for choice in filters:
            chosen = [o["label"] for o in choice["options"] if o["value"] and o["value"] == choice["value"]]
            if shown := choice.get("shown") or "".join(chosen):
                without = {f"_flt_0_{choice['column']}": None, f"page_{asked.view}": None}
                chips.append({"label": f"{choice['label']}：{shown}", "url": asked.url(**without)})
        return chips

    def _sort_url(self, asked: ListRequest, name: str) -> str:
        turned = "desc" if asked.order == name and asked.direction == "asc" else "asc"
        return asked.url(**{f"_oc_{asked.view}": name, f"_od_{asked.view}": turned, f"page_{asked.view}": None})

    def _search_box(self, search: str, asked: ListRequest) -> dict[str, str] | None:
        if self.search_filter is None:
            return None
        return {
            "url": url_for(f"{self.endpoint}.search") + asked.url(q=None),
            "value": search,
            "placeholder": self.search_hint,
            "clear_url": asked.url(q=None) if search else "",
        }

    def _list_row(self, row: Any, url: str, columns: Sequence[str]) -> dict[str, Any]:
        return {
            "pk": row.id,
            "url": url,
            "cells": [self.cell(row, name) for name in columns],
            "selectable": bool(self.batch_actions()),
            "links": self.row_links(row),
        }

    # What a subclass may say about its list.

    def cell(self, row: Any, name: str) -> Any:
        value = getattr(row, name)
        return "" if value is None else str(value)

    def column_names(self) -> Rows:
        return [*self.list_columns]

    def offered_columns(self) -> Rows:
        """What a person may choose the columns from. The first column of the list is always shown."""
        return self.column_names()

    def column_label(self, name: str) -> str:
        return str(self.label_columns[name])

    def filter_names(self) -> Rows:
        """What the address may filter by. `list_filters` answers for those that are no columns of the table."""
        return [*self.search_columns]

    def filter_class(self, name: str) -> Any:
        """How a column is compared with what is asked for."""
        return self.datamodel.FilterEqual

    def read_filter(self, name: str, value: str) -> str:
        """What the text of a condition means: without a script a name is typed where a code is chosen."""
        return value

    def filter_problem(self, name: str, value: str) -> str:
        """What is wrong with the value of a condition, which then finds nothing."""
        return ""

    def list_filters(self, asked: ListRequest) -> Rows:
        return []

    def filter_choices(self, asked: ListRequest) -> Dicts:
        return []

    def tabs(self, asked: ListRequest) -> Dicts:
        return []

    def subtitle(self) -> str:
        return current_actor().unit_name

    def row_urls(self, rows: Rows) -> Rows:
        if "show" not in self.include_route_methods:
            return ["" for _ in rows]
        return [url_for(f"{self.endpoint}.show", pk=row.id) for row in rows]

    def row_links(self, row: Any) -> Dicts:
        return []

    def batch_actions(self) -> Dicts:
        return []

    def batch_url(self) -> str:
        return ""

    def with_conditions(self, action: str) -> str:
        """The address of an action for the list as it is filtered now."""
        query = request.query_string.decode("ascii", "replace")
        return url_for(f"{self.endpoint}.{action}") + (f"?{query}" if query else "")

    def buttons(self) -> Dicts:
        return []

    def primary_button(self) -> dict[str, str] | None:
        return None

    # ── one row ──

    def row_or_404(self, pk: str) -> Any:
        """A row within the scope by its key; foreign, missing and malformed keys are the same 404."""
        row = db.session.get(self.datamodel.obj, row_key(pk))
        if row is None or not self.opens(row):
            abort(404)
        return row

    def opens(self, row: Any) -> bool:
        """Whether a row of the scope is opened here; where not, it is like a missing one."""
        return True

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Any:
        return self.render_template(self.show_template, record=self.record_page(self.row_or_404(pk)))

    def record_page(self, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def flash(self, message: str, kind: str = "success") -> None:
        flash(message, kind)

    @property
    def config(self) -> Any:
        return current_app.config
