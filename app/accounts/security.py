"""Flask-AppBuilder's security manager, reduced to what we use: our table of roles decides, no query is asked."""

from typing import Any

from flask import g, has_request_context
from flask_appbuilder import AppBuilder
from flask_appbuilder.security.sqla.manager import SecurityManager

from app.accounts.models import Account
from app.accounts.queries import account_by_id
from app.accounts.roles import ROLES
from app.accounts.views import AuthView, PasswordView
from app.core.db import db
from app.permissions import Permission

MENU_PERMISSION = "menu_access"
CAN = "can_"


def allowed(permission_name: str, view_name: str) -> bool:
    """Whether the actor of this request holds FAB's permission on FAB's view."""
    actor = g.get("actor") if has_request_context() else None
    if actor is None or not permission_name.startswith(CAN):
        return False
    try:
        return actor.may(Permission(f"{view_name}:{permission_name.removeprefix(CAN)}"))
    except ValueError:
        return False


class Security(SecurityManager):
    """Accounts, roles and permissions are ours; the tables and the permission screens are FAB's."""

    user_model = Account
    authdbview = AuthView

    def create_db(self) -> None:
        """FAB calls it at every start; nothing is written then."""

    def sync_roles(self) -> None:
        """Bring FAB's tables of roles and permissions up to ours. The deploy command's work, never a web process's."""
        for role in ROLES:
            held = [self.add_permission_view_menu(f"{CAN}{p.action}", p.area) for p in sorted(role.holds)]
            stored = self.find_role(role.name) or self.add_role(role.name)
            stored.permissions = held
        self.session.commit()

    def register_views(self) -> None:
        self.auth_view = self.authdbview()
        self.appbuilder.add_view_no_menu(self.auth_view)
        self.appbuilder.add_view_no_menu(PasswordView)

    def load_user(self, pk: Any) -> Account | None:
        account = account_by_id(db.session, int(pk))
        return account if account is not None and account.active else None

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return allowed(permission_name, view_name)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        return set()  # the side bar is built from our own table of areas


class Builder(AppBuilder):
    """FAB without the screens and interfaces that we do not offer."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.sm.register_views()
