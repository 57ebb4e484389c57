"""A list of settings, and the form in which one is added or changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.db import db, transaction
from app.core.sections.forms import texts_from
from app.core.sections.section import Problem
from app.core.sections.settings import Settings
from app.core.ui.base_view import ScopedModelView, current_actor


class SettingsView(ScopedModelView):
    """The addresses of the form are the same for all; a subclass says how it looks and what storing means."""

    settings: Settings

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        return [url_for(f"{self.endpoint}.edit", pk=row.id) for row in rows]

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def add(self) -> Any:
        return self._save(None) if request.method == "POST" else self._form(None, {}, [])

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        row = self.row_or_404(pk)
        return self._save(row) if request.method == "POST" else self._form(row, {}, [])

    def _save(self, row: Any) -> Any:
        """Store what was posted, for a new one (None) or over a row; the form again with its problems and 400."""
        texts = texts_from(self.settings, current_actor().indicator_set, request.form)
        with transaction(db.session):
            problems = self._store(row, texts)
        if problems:
            return self._form(row, texts, problems), 400
        flash(self._saved(texts), "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    def _store(self, row: Any, texts: Mapping[str, str]) -> list[Problem]:
        """The operation; the problems that kept it from storing."""
        raise NotImplementedError

    def _saved(self, texts: Mapping[str, str]) -> str:
        """What is said when it was stored."""
        return "已保存。"

    def _form(self, row: Any, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        """The page: typed texts go over what is stored."""
        raise NotImplementedError
