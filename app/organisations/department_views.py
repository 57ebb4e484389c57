"""Screens of a school's departments."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import url_for
from flask_appbuilder.models.filters import BaseFilter

from app.core.db import db, utc_now
from app.core.scope import DEPARTMENT
from app.core.sections.section import Problem
from app.core.ui.base_view import CappedInterface, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_view import RetirableView
from app.organisations.departments import DEPARTMENTS, LOG, TOLD, save_department, set_department_in_use
from app.organisations.models import Unit


class OfOwnSchool(BaseFilter):  # type: ignore[misc]
    """The departments of the actor's school."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(Unit.parent_id == current_actor().unit_id, Unit.level == DEPARTMENT)


class DepartmentView(RetirableView):
    """The departments of the own school."""

    settings, told, log = DEPARTMENTS, TOLD, LOG
    datamodel = CappedInterface(Unit)
    route_base = "/departments"
    class_permission_name = "department"
    include_route_methods: ClassVar[set[str]] = {"list", "add", "edit", "state"}
    list_title = "二级单位"
    label_columns: ClassVar[dict[str, str]] = {"name": "名称", "code": "代码", "state": "状态"}
    list_columns = ["name", "code", "state"]
    search_columns: Any = ()
    order_columns = ["name", "code"]
    base_order = ("id", "asc")
    empty: ClassVar[dict[str, str]] = {
        "title": "还没有二级单位",
        "text": "院系、部门在这里建好后，教师档案里就可以选。二级单位可以有自己的管理员，只看到本单位的教师。",
    }

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["name", OfOwnSchool, ""]]

    def cell(self, row: Unit, name: str) -> Any:
        if name == "state":
            return macro("tag")("在用", "ok") if row.active else macro("tag")("停用", "draft")
        return super().cell(row, name)

    def primary_button(self) -> dict[str, str] | None:
        return {"label": "新增二级单位", "url": url_for(f"{self.endpoint}.add")}

    _retired_said = "停用，里面的教师请另选二级单位"

    def _set_in_use(self, row: Any, *, in_use: bool) -> None:
        set_department_in_use(db.session, current_actor(), row, utc_now(), in_use=in_use)

    def _named(self, row: Any) -> str:
        return str(row.name)

    def _before_retiring(self, row: Any) -> str:
        return f"停用后，教师档案里不再提供「{row.name}」；已经选了它的教师保持不变，请逐个另选。以后可以恢复。"

    def opens(self, row: Any) -> bool:
        """A department of the own school."""
        return bool(row.level == DEPARTMENT and row.parent_id == current_actor().unit_id)

    def _store(self, row: Unit | None, texts: Mapping[str, str]) -> list[Problem]:
        return save_department(db.session, current_actor(), row, texts, utc_now())

    def _saved(self, texts: Mapping[str, str]) -> str:
        return f"「{texts['name']}」已保存。"

    def _form_title(self, row: Unit | None) -> str:
        return f"修改「{row.name}」" if row else "新增二级单位"

    def _key(self, row: Unit) -> str:
        return row.code
