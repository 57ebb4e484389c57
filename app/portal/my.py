"""/my: the teacher's own record."""

from typing import Any

from flask import Flask
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.core.ui.base_view import PlainView
from app.core.ui.blueprint import register_templates


class MyView(PlainView):
    """Self-service of one teacher."""

    route_base = "/my"
    class_permission_name = "self"

    @expose("/")
    @has_access
    @permission_name("show")
    def overview(self) -> Any:
        return ""


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    register_templates("portal", __name__)
    builder.add_view_no_menu(MyView)
