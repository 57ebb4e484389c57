"""The page that says which role may do what. To be read only: the table of roles is part of the program."""

from typing import Any

from flask import Flask, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts.role_labels import EVERYWHERE, matrix
from app.accounts.roles import ROLES
from app.core.ui.base_view import PlainView, print_line


class RoleView(PlainView):
    """Roles and permissions."""

    route_base = "/accounts"
    class_permission_name = "account"

    @expose("/roles")
    @has_access
    @permission_name("list")
    def show(self) -> Any:
        """The whole table."""
        page = {
            "roles": [role.name for role in ROLES],
            "groups": matrix(),
            "everywhere": EVERYWHERE,
            "back_url": url_for("AccountView.list"),
            "print_line": print_line(),
        }
        return self.render_template("accounts/roles.html", **page)


def register(app: Flask, builder: Any) -> None:
    """Plug the page in."""
    builder.add_view_no_menu(RoleView)
