"""A list of settings, and the form in which one is added or changed."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.db import db, transaction
from app.core.sections.fields import Field, Value
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.sections.settings import Settings
from app.core.settings_log import timeline
from app.core.ui.base_view import ScopedModelView, current_actor
from app.core.ui.settings_form import settings_page


class SettingsView(ScopedModelView):
    """The addresses of the form are the same for all; a subclass says what it shows and what storing means."""

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

    # ── the form; `row` is None for a new one ──

    log = ""  # the name under which changes are kept
    told: Settings | None = None  # as what changes are told, where that is not what the form asks

    def _form(self, row: Any, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        """The page: typed texts go over what is stored."""
        actor, stored = current_actor(), self._values(row)
        lock = partial(self._lock, row)
        state = FormState(self.settings, actor.indicator_set, stored, texts, lock, problems, is_new=row is None)
        told = FormState(self.told or self.settings, actor.indicator_set, stored, {}, lock)
        page = settings_page(
            state,
            self._form_title(row),
            self._trail(row),
            meta=actor.unit_name,
            tag=self._tag(row) if row else None,
            actions=self._actions(row) if row else (),
            timeline=timeline(db.session, told, self.log, self._key(row)) if row else (),
        )
        self._offer(page["fieldsets"], row)
        return str(self.render_template("core/settings_form.html", form_page=page))

    def _values(self, row: Any) -> dict[str, Value]:
        """What is stored, by item."""
        return {name: getattr(row, name) or None for name in self.settings.fields} if row else {}

    def _form_title(self, row: Any) -> str:
        raise NotImplementedError

    def _key(self, row: Any) -> str:
        """Under which key the changes of a row are kept."""
        return str(row.id)

    def _trail(self, row: Any) -> Sequence[Mapping[str, str]]:
        """The pages above the form."""
        return [{"label": self.list_title, "url": url_for(f"{self.endpoint}.list")}]

    def _lock(self, row: Any, field: Field) -> str:
        """Why an item is not to be changed, or ""."""
        return ""

    def _tag(self, row: Any) -> dict[str, str] | None:
        """The state of a row beside its name."""
        return None

    def _actions(self, row: Any) -> list[dict[str, Any]]:
        """The buttons beside saving."""
        return []

    def _offer(self, groups: Sequence[Mapping[str, Any]], row: Any) -> None:
        """Change the items of the form by what can be chosen at this moment."""


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

    def _actions(self, row: Any) -> list[dict[str, Any]]:
        if self._is_retired(row):
            url = url_for(f"{self.endpoint}.state", pk=row.id, state="restore")
            return [{"label": "恢复", "url": url, "post": True}]
        url = url_for(f"{self.endpoint}.state", pk=row.id, state="retire")
        return [{"label": "停用", "url": url, "post": True, "danger": True, "confirm": self._before_retiring(row)}]

    def _tag(self, row: Any) -> dict[str, str] | None:
        return {"label": "停用", "kind": "draft"} if self._is_retired(row) else None

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
