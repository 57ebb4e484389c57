"""The blueprints that carry templates and static files of a feature folder."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, current_app
from flask_babel import get_translations

from app.core.ui.arrangement_views import ListArrangementView
from app.core.ui.code_finder import CodeFinderView
from app.core.ui.options import draw_options

HERE = Path(__file__).parent.parent


def register(app: Flask, builder: Any) -> None:
    """Templates, static files and views of the core; a version for static addresses that changes with their content."""
    app.register_blueprint(
        Blueprint(
            "core", __name__, template_folder="../templates", static_folder="../static", static_url_path="/static/core"
        )
    )
    builder.add_view_no_menu(CodeFinderView)
    builder.add_view_no_menu(ListArrangementView)
    digest = hashlib.sha256()
    for path in sorted((HERE / "static").rglob("*.*")):
        digest.update(path.read_bytes())
    app.jinja_env.globals["draw_options"] = draw_options
    app.jinja_env.globals["static_version"] = digest.hexdigest()[:10]
    _speak_one_language(app)


def _speak_one_language(app: Flask) -> None:
    """All pages are in one language: to look for it anew takes a tenth of the time of a list with its 200 texts."""
    known = cache(get_translations)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: known().ugettext(text),
        ngettext=lambda one, many, number: known().ungettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, text: known().upgettext(context, text),
        npgettext=lambda context, one, many, number: known().unpgettext(context, one, many, number),
    )


def register_templates(name: str, module_name: str) -> None:
    """Make templates/<name>/ of a feature folder known."""
    current_app.register_blueprint(Blueprint(f"{name}_templates", module_name, template_folder="templates"))


def macro(name: str, template: str = "core/macros.html") -> Any:
    """A macro of a template, for a cell or an answer that is more than text."""
    return getattr(current_app.jinja_env.get_template(template).module, name)
