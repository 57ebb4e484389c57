"""A list page, from request to template: strict parameters, search that leaves no trace in the address, page data."""

import datetime as dt
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column
from werkzeug.exceptions import BadRequest

from app.core.crypto import EncryptedText
from app.core.db import Base, UtcDateTime
from app.core.ui.addresses import LARGEST, whole_number

PAGE_SIZES = (20, 50, 100)
COUNT_CAP = 10_000
PAGES_AROUND = 2
MAX_PAGE = 1_000_000
MAX_LENGTH = 200


class StoredSearch(Base):
    """A typed search text: the address holds only its random id, so that names and numbers stay out of logs."""

    __tablename__ = "stored_search"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    text: Mapped[str] = mapped_column(EncryptedText("stored_search.text"))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


def store_search(session: Session, user_id: int, text: str, now: dt.datetime) -> str:
    """Keep a search text; its id for the address."""
    search = StoredSearch(id=secrets.token_urlsafe(8), user_id=user_id, text=text[:60], at=now)
    session.add(search)
    session.flush()
    return search.id


def stored_text(session: Session, user_id: int, search_id: str) -> str:
    """The text behind an id of the same user; unknown ids are a bad request."""
    search = session.get(StoredSearch, search_id)
    if search is None or search.user_id != user_id:
        raise BadRequest
    return search.text


@dataclass(frozen=True)
class ListRequest:
    """The checked parameters of a list. Everything not declared is refused, not ignored."""

    view: str
    filters: dict[str, str]
    order: str
    direction: str
    page: int  # 0-based; with one of the positions below only a hint, for showing how far one is
    size: int
    search_id: str
    extra: dict[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()  # what is shown, in order; empty: what the list shows by itself
    after: int = 0  # the key of the row before the page
    before: int = 0  # the key of the row behind the page
    end: bool = False  # the last page

    def at(self, **position: int | None) -> str:
        """The address of the same list at another place: `page`, `after`, `before`, `end`."""
        return self.url(**{f"{name}_{self.view}": value for name, value in position.items()})

    def url(self, **changes: Any) -> str:
        """The address of the same list from its first page, with some parameters changed; None removes one."""
        params: dict[str, Any] = {f"_flt_0_{name}": value for name, value in self.filters.items()}
        params |= self.extra
        if self.order:
            params |= {f"_oc_{self.view}": self.order, f"_od_{self.view}": self.direction}
        if self.size != PAGE_SIZES[1]:
            params[f"psize_{self.view}"] = self.size
        if self.search_id:
            params["q"] = self.search_id
        params |= changes
        kept = {name: value for name, value in params.items() if value not in (None, "")}
        return "?" + urlencode(kept)


def read_list_request(
    view: str, args: Mapping[str, str], filters: Sequence[str], orders: Sequence[str], extra: Sequence[str] = ()
) -> ListRequest:
    """Check the parameters of a list page. Raises BadRequest for anything undeclared or malformed."""
    found: dict[str, str] = {}
    rest: dict[str, str] = {}
    order, direction, page, size, search_id = "", "asc", 0, PAGE_SIZES[1], ""
    places = {f"{name}_{view}": name for name in ("after", "before", "end")}
    for name, value in args.items():
        _plain(value)
        if name.startswith("_flt_0_") and name[7:] in filters:
            found[name[7:]] = value
        elif name == f"_oc_{view}" and value in orders:
            order = value
        elif name == f"_od_{view}" and value in ("asc", "desc"):
            direction = value
        elif name == f"page_{view}":
            page = _number(value, MAX_PAGE)
        elif name == f"psize_{view}" and value in map(str, PAGE_SIZES):
            size = int(value)
        elif name == "q":
            search_id = value
        elif name in extra:
            rest[name] = value
        elif name not in places:
            raise BadRequest
    place = _place({place: args[name] for name, place in places.items() if name in args})
    chosen = {name: value for name, value in found.items() if value}
    return ListRequest(view, chosen, order, direction, page, size, search_id, rest, **place)


def _place(given: Mapping[str, str]) -> dict[str, Any]:
    """Where a page lies, if not told by its number: one of `after`, `before` a row, or at the `end`."""
    place = {name: _number(value, 1 if name == "end" else LARGEST) for name, value in given.items()}
    if len(place) > 1 or not all(place.values()):
        raise BadRequest
    return {name: bool(value) if name == "end" else value for name, value in place.items()}


def _plain(value: str) -> None:
    if "\0" in value or len(value) > MAX_LENGTH:
        raise BadRequest


def _number(value: str, most: int) -> int:
    number = whole_number(value, most)
    if number is None:
        raise BadRequest
    return number


@dataclass(frozen=True)
class Window:
    """The rows of one page. `page` is its number from 0, None when nobody knows how many rows are before it."""

    rows: list[Any]
    page: int | None
    has_previous: bool
    has_next: bool
    note: str = ""


def total_text(count: int) -> str:
    """A number that was counted up to the cap."""
    return f"{COUNT_CAP:,}+".replace(",", " ") if count > COUNT_CAP else str(count)


def pager(asked: ListRequest, count: int, window: Window | None = None) -> dict[str, Any]:
    """The pager of the template. Beyond COUNT_CAP nothing is counted one by one, and pages have no numbers.

    window: the page as it was read; without it pages are turned by their numbers.
    """
    last_page = max(0, math.ceil(min(count, COUNT_CAP) / asked.size) - 1)
    page = asked.page if window is None else window.page
    around = () if page is None else range(max(0, page - PAGES_AROUND), min(last_page, page + PAGES_AROUND) + 1)
    first = page * asked.size if page is not None else 0
    shown = max(0, min(asked.size, count - first)) if window is None else len(window.rows)

    def link(label: str, aria: str, there: bool, **position: int | None) -> dict[str, Any]:
        return {"label": label, "aria": aria, "disabled": not there, "current": False, "url": asked.at(**position)}

    back, on = (asked.page > 0, asked.page < last_page) if window is None else (window.has_previous, window.has_next)
    before, after = _beside(asked.page if page is None else page, window, known=page is not None)
    end: dict[str, int | None] = {"end": 1} if window is not None and count > COUNT_CAP else {"page": last_page or None}
    return {
        "first": first + 1 if shown else 0,
        "last": first + shown if page is not None else 0,
        "total_text": total_text(count),
        "pages": [
            link("«", "第一页", back),
            link("‹", "上一页", back, **before),
            *(link(str(number + 1), "", True, page=number or None) | {"current": number == page} for number in around),
            link("›", "下一页", on, **after),
            link("»", "最后一页", on, **end),
        ],
        "note": window.note if window else "",
        "size": asked.size,
        "sizes": [{"value": n, "url": asked.url(**{f"psize_{asked.view}": n})} for n in PAGE_SIZES],
    }


def _beside(page: int, window: Window | None, *, known: bool) -> tuple[dict[str, int | None], dict[str, int | None]]:
    """Where the pages before and after are: by the rows at the ends of this one, with the number while it is known."""
    before: dict[str, int | None] = {"page": page - 1 or None} if known else {}
    after: dict[str, int | None] = {"page": page + 1} if known else {}
    if window is not None and window.rows:
        before["before"], after["after"] = window.rows[0].id, window.rows[-1].id
    return before, after
