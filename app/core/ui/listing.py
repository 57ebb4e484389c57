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
from app.core.ui.addresses import whole_number

PAGE_SIZES = (20, 50, 100)
COUNT_CAP = 10_000
MAX_PAGE = 10_000
PAGES_AROUND = 2
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
    page: int  # 0-based
    size: int
    search_id: str
    extra: dict[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()  # what is shown, in order; empty: what the list shows by itself

    def url(self, **changes: Any) -> str:
        """The address of the same list with some parameters changed; None removes one."""
        params: dict[str, Any] = {f"_flt_0_{name}": value for name, value in self.filters.items()}
        params |= self.extra
        if self.order:
            params |= {f"_oc_{self.view}": self.order, f"_od_{self.view}": self.direction}
        if self.page:
            params[f"page_{self.view}"] = self.page
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
    for name, value in args.items():
        _plain(value)
        if name.startswith("_flt_0_") and name[7:] in filters:
            if value:
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
        else:
            raise BadRequest
    return ListRequest(view, found, order, direction, page, size, search_id, rest)


def _plain(value: str) -> None:
    if "\0" in value or len(value) > MAX_LENGTH:
        raise BadRequest


def _number(value: str, most: int) -> int:
    number = whole_number(value, most)
    if number is None:
        raise BadRequest
    return number


def pager(asked: ListRequest, count: int) -> dict[str, Any]:
    """The pager of the template. Beyond COUNT_CAP nothing is counted one by one."""
    capped = count > COUNT_CAP
    last_page = max(0, math.ceil(min(count, COUNT_CAP) / asked.size) - 1)
    around = range(max(0, asked.page - PAGES_AROUND), min(last_page, asked.page + PAGES_AROUND) + 1)

    def link(number: int, label: str, aria: str = "") -> dict[str, Any]:
        disabled = not 0 <= number <= last_page
        url = asked.url(**{f"page_{asked.view}": number or None})
        return {"label": label, "url": url, "current": number == asked.page, "disabled": disabled, "aria": aria}

    return {
        "first": asked.page * asked.size + 1 if count else 0,
        "last": min(count, (asked.page + 1) * asked.size),
        "total_text": f"{COUNT_CAP:,}+".replace(",", " ") if capped else str(count),
        "pages": [
            link(asked.page - 1, "‹", "上一页"),
            *(link(number, str(number + 1)) for number in around),
            link(asked.page + 1, "›", "下一页"),
        ],
        "size": asked.size,
        "sizes": [
            {"value": n, "url": asked.url(**{f"psize_{asked.view}": n, f"page_{asked.view}": None})} for n in PAGE_SIZES
        ],
    }
