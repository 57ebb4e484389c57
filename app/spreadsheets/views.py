"""Excel import: upload, preview, confirm, undo."""

from typing import Any

from flask import Flask
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.ui.base_view import PlainView
from app.core.ui.blueprint import register_templates


class ImportView(PlainView):
    """The import in its steps."""

    route_base = "/imports"
    class_permission_name = "import"

    @expose("/")
    @has_access
    @permission_name("use")
    def start(self) -> Any:
        return ""


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    register_templates("spreadsheets", __name__)
    builder.add_view_no_menu(ImportView)
