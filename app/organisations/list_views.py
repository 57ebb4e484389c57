"""A list of units by file: the words of its pages, and the list itself."""

from collections.abc import Mapping, Sequence

from flask import url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.core.db import db
from app.core.sections.section import Change, diff
from app.core.ui.base_view import current_actor
from app.core.ui.downloads import send_workbook
from app.core.ui.file_plan_views import FilePlanView, Words
from app.organisations.declarations import UNIT
from app.organisations.lists import LIST, list_of_units, must_have_units
from app.organisations.unit_file import NATION


class UnitListView(FilePlanView):
    """The way of a list into the tree."""

    route_base = "/units/file"
    class_permission_name = "unit"
    kind = LIST
    words = Words(
        title="按名单更新",
        subject="单位",
        file_help=".xlsx 格式，最大 {size}、{rows}。代码列保持文本格式。",
        download="下载名单",
        back="看单位列表",
    )

    @expose("/download", methods=["POST"])
    @has_access
    @permission_name("edit")
    def download(self) -> Response:
        """The template, with the units that are there."""
        must_have_units(db.session, self._asked(""))
        actor = current_actor()
        return send_workbook(list_of_units(db.session, actor), f"{actor.unit_name}下属单位名单.xlsx")

    def trail(self, about: str) -> list[dict[str, str]]:
        return [{"label": "单位", "url": url_for("UnitView.list")}]

    def download_url(self, about: str) -> str:
        return url_for(f"{self.endpoint}.download")

    def changes(self, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> list[Change]:
        return diff(UNIT, old, new, NATION)

    def help(self) -> Sequence[str]:
        return (
            "先下载名单：里面是现有的下属单位，也是填写的模板。还没有下属单位时只有表头。",
            "有下拉框的项目可以选，也可以直接填名称或代码；变灰的格不用填。",
            "系统按「单位代码」认单位：已有的按填的内容修改，没有的新增。空格表示不改，删掉的行不受影响。",
            "名称、上级代码改了，写入当天生效，原来的自动保留。换代码请在单位的页面里办。",
            "上级单位和它的下级可以写在同一个文件里，次序不限。",
        )
