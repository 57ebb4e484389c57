"""The button and the address that export a list, for every list of the record."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from flask import request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from app.accounts.again_views import password_again
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.excel import export_rows
from app.core.sections.views import SectionView
from app.core.ui.background import hand_over
from app.core.ui.base_view import current_actor
from app.core.ui.downloads import send_workbook
from app.core.ui.listing import ListRequest
from app.permissions import Permission as P
from app.records.access import log_access
from app.records.columns import listable_items
from app.records.export import AT_ONCE, export_detail, export_list

ONE_LINE = 60  # longer texts may take several lines of a cell
KEPT = ("status", "extra")  # the state in words asks for more than its column; items of a province share one


class ExportView(SectionView):
    """A list that can be exported: its rows and columns as it is filtered and sorted. Personal numbers stay masked."""

    def offered_columns(self) -> list[str]:
        """The columns of the list, and every item of the section that may stand in one."""
        usual = self.column_names()
        return [
            *usual,
            *(name for name in listable_items(self.section, current_actor().indicator_set) if name not in usual),
        ]

    def _column(self, asked: ListRequest, name: str) -> dict[str, Any]:
        field = self.section.fields.get(name)
        kind, length = (field.kind, field.length) if field else ("", 0)
        return super()._column(asked, name) | {"wrap": kind == "text" and length > ONE_LINE, "num": kind == "number"}

    def buttons(self) -> list[dict[str, Any]]:
        if not current_actor().may(P.RECORD_EXPORT):
            return []
        url = f"{url_for(f'{self.endpoint}.export')}?{request.query_string.decode('ascii', 'replace')}"
        return [{"label": "导出", "url": url, "icon": "file-arrow-down", "post": True, "download": True}]

    @expose("/export", methods=["POST"])
    @has_access
    @password_again("导出名单", file=True)
    def export(self) -> Response:
        """The list as a workbook: the answer itself, or a job when it is long."""
        asked, search = self._asked()
        if wrong := [said for name, value in asked.filters.items() if (said := self.filter_problem(name, value))]:
            raise AppError(f"先改好条件，再导出：{wrong[0]}")
        keys = self.keys(asked, search, AT_ONCE + 1)
        if len(keys) > AT_ONCE:
            # The page does not matter, and the search is kept under the job: its id in the address runs out.
            whole = asdict(replace(asked, page=0, after=0, before=0, end=False, search_id=""))
            parameters = {"view": type(self).__name__, "asked": whole, "search": search}
            return hand_over(export_list, self._export_title(asked, search), parameters)
        content = export_rows(self.headings(asked.columns), self.lines(keys, asked.columns), self.list_title)
        with transaction(db.session):
            log_access(db.session, current_actor(), "export", utc_now(), detail=export_detail(len(keys), asked))
        return send_workbook(content, f"{self.list_title}.xlsx")

    def _export_title(self, asked: ListRequest, search: str) -> str:
        """Codes may be told on the page of jobs; what was typed into the search box may not."""
        chosen = [chip["label"] for chip in self._chips(asked, self.filter_choices(asked))]
        chosen += ["按输入的文字查找"] if search else []
        return f"导出{self.list_title}" + (f"（{'，'.join(chosen)}）" if chosen else "")

    # What a job asks as well.

    def headings(self, columns: Sequence[str]) -> list[str]:
        return [self.column_label(name) for name in columns or self.column_names()]

    def lines(self, keys: list[int], columns: Sequence[str]) -> list[list[str]]:
        """The cells of some rows as texts, in the order of the keys."""
        names = columns or self.column_names()
        return [[self.plain_cell(row, name) for name in names] for row in self.datamodel.by_keys(keys, [*names, *KEPT])]

    def plain_cell(self, row: Any, name: str) -> str:
        """A cell without markup."""
        return str(self.cell(row, name))
