"""Lists as workbooks: at once while they are short, by a job when they are long.

The keys of all rows come first, in the order of the list, by one query over its own filters; the rows are read by their
keys, page by page. So any order is possible, no row comes twice, and nothing but a page of rows is in memory.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Protocol

from flask import current_app

from app.core.db import utc_now
from app.core.errors import AppError
from app.core.excel import export_rows
from app.core.job_worker import Context
from app.core.jobs import Result, job_kind
from app.core.ui.listing import ListRequest
from app.permissions import Permission as P
from app.records.access import log_access

AT_ONCE = 2_000
MOST = 500_000  # more opens slowly or not at all in Excel, whose sheets end at a million
PAGE = 1_000
CHANGED = "列表的条件或列刚刚变了。请回到列表，重新导出。"


class ExportableList(Protocol):
    """What an export asks of a list view."""

    list_title: str

    def headings(self, columns: Sequence[str]) -> Sequence[str]: ...

    def keys(self, asked: ListRequest, search: str, most: int) -> Sequence[int]: ...

    def lines(self, keys: Sequence[int], columns: Sequence[str]) -> Sequence[Sequence[str]]: ...

    def knows(self, asked: ListRequest) -> bool: ...


@job_kind("export_list", permission=P.RECORD_EXPORT, resumable=False)
def export_list(context: Context) -> Result:
    """Write the list into a file: the columns that were asked for, the rows as the owner may see them now."""
    view = _view(context.parameters["view"])
    asked, search = ListRequest(**context.parameters["asked"]), context.parameters["search"]
    with context.reading():
        if not view.knows(asked):
            raise AppError(CHANGED)
        keys = array("q", view.keys(asked, search, MOST + 1))
        headings = view.headings(asked.columns)
    if len(keys) > MOST:
        raise AppError(f"一次最多导出 {MOST:,} 行。请先在列表加条件，分几次导出。")
    context.save(0, len(keys))
    content = export_rows(headings, _lines(context, view, keys, asked.columns), view.list_title)
    digest = context.store.put(content)
    log_access(context.session, context.actor, "export", utc_now(), detail=export_detail(len(keys), asked))
    return Result("", digest, f"{view.list_title}.xlsx")


def export_detail(count: int, asked: ListRequest) -> str:
    """What the log says of an export: how many rows, and the codes they were chosen by."""
    return f"{count} rows {asked.filters}"


def _lines(
    context: Context, view: ExportableList, keys: "array[int]", columns: Sequence[str]
) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), PAGE):
        page = keys[start : start + PAGE].tolist()
        with context.reading():
            lines = view.lines(page, columns)
        yield from lines
        context.save(start + len(page), len(keys))


def _view(name: str) -> ExportableList:
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    found: ExportableList = next(view for view in views if type(view).__name__ == name)
    return found
