"""A list of settings, and the form in which one is added or changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
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


class RetirableView(SettingsView):
    """Settings that are never deleted, only retired (停用) and restored (恢复); a subclass adds the route `state`."""

    @expose("/edit/<pk>/<state>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def state(self, pk: str, state: str) -> Any:
        """Stop offering a row, or offer it again."""
        if state not in ("retire", "restore"):
            abort(404)
        row, restored = self.row_or_404(pk), state == "restore"
        with transaction(db.session):
            self._set_in_use(row, in_use=restored)
            flash(f"「{self._named(row)}」已{'恢复' if restored else self._retired_said}。", "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    def _state_action(self, row: Any) -> dict[str, Any]:
        """The button on the form of a row."""
        if self._is_retired(row):
            return {"label": "恢复", "url": url_for(f"{self.endpoint}.state", pk=row.id, state="restore"), "post": True}
        url = url_for(f"{self.endpoint}.state", pk=row.id, state="retire")
        return {"label": "停用", "url": url, "post": True, "danger": True, "confirm": self._before_retiring(row)}

    _retired_said = "停用"  # and what that means for what is there

    def _set_in_use(self, row: Any, *, in_use: bool) -> None:
        """The operation."""
        raise NotImplementedError

    def _named(self, row: Any) -> str:
        """How a row is called."""
        raise NotImplementedError

    def _is_retired(self, row: Any) -> bool:
        return not row.active

    def _before_retiring(self, row: Any) -> str:
        """What is asked before a row is retired."""
        raise NotImplementedError
