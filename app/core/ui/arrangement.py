"""How a person has arranged a list: from the address and what is stored to what the page shows.

`?view=12` opens a list with a saved view: it leads on to an address with all its parameters, in which `of=12` says
where they come from; whatever is changed then differs from the view. `cols=own` shows the person's own columns instead
of the view's. `of=0` is the list without a view, for whom it otherwise opens with one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask import g, session, url_for
from werkzeug.exceptions import BadRequest

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import AppError, NotFound
from app.core.ui.addresses import whole_number
from app.core.ui.column_choice import ListChoice, choice_of, columns_shown
from app.core.ui.listing import PAGE_SIZES, ListRequest, read_list_request, stored_text
from app.core.ui.saved_views import NAME_LENGTH, Content, SavedView, may_change, may_share, views_of

APPLY, OF, OWN_COLUMNS, OWN = "view", "of", "cols", "own"
NO_VIEW = "0"
TABS = 5  # views beside the tabs of the list; the others stand in the menu
REFUSED = "refused_view"  # a form that was refused, until it is shown again


class ArrangedList(Protocol):
    """What is asked of a list."""

    endpoint: str
    order_columns: Sequence[str]
    extra_args_allowed: tuple[str, ...]

    def column_names(self) -> list[str]: ...

    def offered_columns(self) -> list[str]: ...

    def column_label(self, name: str) -> str: ...

    def filter_names(self) -> list[str]: ...

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]: ...

    def list_filters(self, asked: ListRequest) -> list[Any]: ...

    def read_filter(self, name: str, value: str) -> str: ...

    def filter_problem(self, name: str, value: str) -> str: ...


@dataclass(frozen=True)
class Arrangement:
    """What is stored of a list for one person. `active`: the view that the address comes from."""

    choice: ListChoice | None
    views: Sequence[SavedView]
    active: SavedView | None = None

    @property
    def opening(self) -> SavedView | None:
        """The view with which the list opens."""
        chosen = self.choice.view_id if self.choice else None
        return next((view for view in self.views if view.id == chosen), None)


def name_of(listed: ArrangedList) -> str:
    """The name of a list in addresses and in what is stored."""
    return type(listed).__name__


def opens_at(listed: ArrangedList, actor: Actor, args: Mapping[str, str]) -> str:
    """The address to which a list leads on: of a view that is asked for, or with which it opens; empty for none."""
    if APPLY in args:
        key = whole_number(args[APPLY])
        if key is None or len(args) > 1:
            raise BadRequest
        return _address(listed, _with_view(listed, _named(_stored(listed, actor), str(key))))
    opening = None if args else _stored(listed, actor).opening
    return _address(listed, _with_view(listed, opening)) if opening else ""


def asked_of(listed: ArrangedList, actor: Actor, args: Mapping[str, str]) -> tuple[ListRequest, str]:
    """The checked parameters of a list with its columns, and the search text behind its id."""
    asked, search = rows_asked_of(listed, actor, args)
    here = arrangement(listed, actor, asked)
    if asked.extra.get(OWN_COLUMNS, OWN) != OWN or (OWN_COLUMNS in asked.extra and here.active is None):
        raise BadRequest
    if here.opening and not asked.extra.get(OF):
        asked = replace(asked, extra=asked.extra | {OF: NO_VIEW})
    chosen = here.choice.columns if here.choice else None
    if here.active and OWN_COLUMNS not in asked.extra:
        chosen = here.active.content["columns"]
    return replace(asked, columns=columns_shown(listed, chosen)), search


def rows_asked_of(listed: ArrangedList, actor: Actor, args: Mapping[str, str]) -> tuple[ListRequest, str]:
    """The same without the columns, for whoever goes through the rows and does not show the list."""
    extra = (*listed.extra_args_allowed, OF, OWN_COLUMNS)
    asked = read_list_request(name_of(listed), args, listed.filter_names(), listed.order_columns, extra)
    asked = replace(asked, filters={name: listed.read_filter(name, value) for name, value in asked.filters.items()})
    return asked, stored_text(db.session, actor.user_id, asked.search_id) if asked.search_id else ""


def arrangement(listed: ArrangedList, actor: Actor, asked: ListRequest) -> Arrangement:
    """What is stored, with the view of the address. Raises NotFound for a view that is not the actor's to use, and
    BadRequest for what names none."""
    stored = _stored(listed, actor)
    of = asked.extra.get(OF, "")
    if of and whole_number(of) is None:
        raise BadRequest
    return stored if of in ("", NO_VIEW) else replace(stored, active=_named(stored, of))


def _stored(listed: ArrangedList, actor: Actor) -> Arrangement:
    """Read once for each request."""
    kept: dict[str, Arrangement] = g.setdefault("arrangements", {})
    name = name_of(listed)
    if name not in kept:
        kept[name] = Arrangement(choice_of(db.session, actor, name), views_of(db.session, actor, name))
    return kept[name]


def _named(stored: Arrangement, key: str) -> SavedView:
    found = next((view for view in stored.views if str(view.id) == key), None)
    if found is None:
        raise NotFound("没有这个视图。")
    return found


# ── what a view holds ──


def content_of(listed: ArrangedList, asked: ListRequest) -> Content:
    """What is shown now, to be kept in a view. Raises BadRequest for a condition that the list would refuse, AppError
    for one that means nothing: what was typed there is not kept."""
    listed.list_filters(asked)
    offered = {choice["column"]: choice for choice in listed.filter_choices(asked)}
    for name, value in asked.filters.items():
        if wrong := listed.filter_problem(name, value) or _not_among(offered.get(name), value):
            raise AppError(f"先改好条件，再存视图：{wrong}", field="name")
    labels = {f"filter {name}": offered[name]["label"] if name in offered else name for name in asked.filters}
    labels |= {f"column {name}": listed.column_label(name) for name in asked.columns}
    return {**_facts(asked), "columns": [*asked.columns[1:]], "labels": labels}


def _not_among(choice: Mapping[str, Any] | None, value: str) -> str:
    options = choice["options"] if choice else []
    known = not options or value in [option["value"] for option in options]
    return "" if known or choice is None else f"「{choice['label']}」里没有「{value}」，请从列出的里面选。"


def _facts(asked: ListRequest) -> dict[str, Any]:
    direction = asked.direction if asked.order else ""
    return {"filters": dict(asked.filters), "order": asked.order, "direction": direction, "size": asked.size}


def _with_view(listed: ArrangedList, view: SavedView) -> ListRequest:
    """The parameters of a view, without what the list no longer has."""
    content = view.content
    filters = {name: value for name, value in content["filters"].items() if _has_filter(listed, name, value)}
    order = content["order"] if content["order"] in listed.order_columns else ""
    size = content["size"] if content["size"] in PAGE_SIZES else PAGE_SIZES[1]
    columns = columns_shown(listed, content["columns"])
    direction = content["direction"] if order else "asc"
    return ListRequest(name_of(listed), filters, order, direction, 0, size, "", {OF: str(view.id)}, columns)


def _has_filter(listed: ArrangedList, name: str, value: str) -> bool:
    if name not in listed.filter_names():
        return False
    try:
        listed.list_filters(ListRequest(name_of(listed), {name: value}, "", "asc", 0, PAGE_SIZES[1], ""))
    except BadRequest:
        return False
    return True


def _gone(listed: ArrangedList, view: SavedView) -> str:
    """What a view names and the list no longer has, in words."""
    content, kept = view.content, _with_view(listed, view)
    filters = [name for name in content["filters"] if name not in kept.filters]
    columns = [name for name in content["columns"] if name not in kept.columns]
    labels = [f"条件「{content['labels'][f'filter {name}']}」" for name in filters]
    labels += [f"列「{content['labels'][f'column {name}']}」" for name in columns]
    return "、".join(labels)


def _differs(listed: ArrangedList, view: SavedView, asked: ListRequest) -> bool:
    saved = _with_view(listed, view)
    return _facts(asked) != _facts(saved) or [*asked.columns] != [*saved.columns]


# ── addresses ──


def _address(listed: ArrangedList, asked: ListRequest) -> str:
    return url_for(f"{listed.endpoint}.list") + asked.url()


def address_after(listed: ArrangedList, asked: ListRequest, **changes: str | None) -> str:
    """The list as it is shown, with another view or other columns in the address."""
    extra = {name: value for name, value in (asked.extra | changes).items() if value}
    return _address(listed, replace(asked, extra=extra))


def plain_url(listed: ArrangedList, here: Arrangement) -> str:
    """The list without conditions and without a view."""
    usual = url_for(f"{listed.endpoint}.list")
    return f"{usual}?{OF}={NO_VIEW}" if here.opening else usual


def kept_fields(asked: ListRequest) -> list[tuple[str, str]]:
    """What the form of the conditions sends along, hidden: all but the conditions and the page."""
    kept = [*asked.extra.items(), ("q", asked.search_id)]
    if asked.order:
        kept += [(f"_oc_{asked.view}", asked.order), (f"_od_{asked.view}", asked.direction)]
    if asked.size != PAGE_SIZES[1]:
        kept.append((f"psize_{asked.view}", str(asked.size)))
    return [(name, value) for name, value in kept if value]


# ── the page ──


def without_view(asked: ListRequest, here: Arrangement) -> ListRequest:
    """From where the tabs of the list lead: out of a view, else from what is shown."""
    if here.active is None:
        return asked
    extra = {OF: NO_VIEW} if here.opening else {}
    return ListRequest(asked.view, {}, "", "asc", 0, PAGE_SIZES[1], "", extra)


def view_tabs(
    listed: ArrangedList, asked: ListRequest, here: Arrangement, tabs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The tabs of the list, and the first views beside them."""
    if not here.views:
        return [dict(tab) for tab in tabs]
    own = [dict(tab) for tab in tabs] or [{"label": "全部", "url": plain_url(listed, here), "active": True}]
    if here.active:
        own = [tab | {"active": False} for tab in own]
    shown = [*here.views[:TABS]]
    if here.active and here.active not in shown:
        shown[-1] = here.active
    return own + [_tab(listed, asked, here, view) for view in shown]


def _tab(listed: ArrangedList, asked: ListRequest, here: Arrangement, view: SavedView) -> dict[str, Any]:
    active = view is here.active
    changed = active and _differs(listed, view, asked)
    return {"label": view.name, "url": f"?{APPLY}={view.id}", "active": active, "n": "已改动" if changed else ""}


def arrange_page(
    listed: ArrangedList, actor: Actor, asked: ListRequest, here: Arrangement, *, searched: bool
) -> dict[str, Any]:
    """What the two menus of the list show."""
    name, state = name_of(listed), asked.url()
    refused = session.pop(REFUSED) if session.get(REFUSED, {}).get("list") == name else {}
    return {
        "columns": _columns(listed, asked) | {"url": url_for("ListArrangementView.columns", name=name) + state},
        "views": [_view(listed, actor, asked, here, view, refused) for view in here.views],
        "active": here.active.name if here.active else "",
        "changed": here.active is not None and _differs(listed, here.active, asked),
        "gone": _gone(listed, here.active) if here.active else "",
        "add_url": url_for("ListArrangementView.add", name=name) + state,
        "may_share": may_share(actor),
        "refused": refused,
        "searched": searched,
        "name_length": NAME_LENGTH,
    }


def _columns(listed: ArrangedList, asked: ListRequest) -> dict[str, Any]:
    first, *shown = asked.columns
    rest = [name for name in listed.offered_columns() if name not in asked.columns]
    items = [{"name": name, "label": listed.column_label(name), "place": place} for place, name in enumerate(shown, 1)]
    items += [{"name": name, "label": listed.column_label(name), "place": None} for name in rest]
    return {"first": listed.column_label(first), "items": items, "shown": len(shown) + 1, "offered": len(items) + 1}


def _view(
    listed: ArrangedList, actor: Actor, asked: ListRequest, here: Arrangement, view: SavedView, refused: dict[str, Any]
) -> dict[str, Any]:
    verbs = ("rename", "update", "delete", "opening")
    state = asked.url()
    urls = {
        verb: url_for("ListArrangementView.change", name=name_of(listed), pk=view.id, verb=verb) + state
        for verb in verbs
    }
    return {
        "id": view.id,
        "name": view.name,
        "url": f"?{APPLY}={view.id}",
        "shared": view.shared,
        "active": view is here.active,
        "opening": view is here.opening,
        "may_change": may_change(actor, view),
        "changed_by": f"{view.changed_by} {view.changed_at.astimezone():%Y-%m-%d}",
        "urls": urls,
        "refused": refused if refused.get("pk") == view.id else {},
    }
