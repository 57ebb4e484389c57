"""A new version of a code table by file: the words of its pages."""

from collections.abc import Mapping

from flask import url_for

from app.core.db import db
from app.core.sections.section import Change, diff
from app.core.ui.file_plan_views import FilePlanView, Words
from app.dictionary.declarations import CODE_IN_FILE
from app.dictionary.table_views import codes_url, tables_link
from app.dictionary.version_file import NATION
from app.dictionary.versions import NEW_VERSION, RETIRE, own_table


class CodeVersionView(FilePlanView):
    """The way of a file into a code table."""

    route_base = "/dictionary/versions/<about>"
    class_permission_name = "code"
    kind = NEW_VERSION
    words = Words(
        title="按文件更新",
        subject="代码",
        file_help=".xlsx 格式，最大 {size}。请先导出，在导出的文件里改：可以改名称、别名、次序，也可以加行；"
        "代码列保持文本格式。",
        download="导出现有代码",
        back="看代码表",
        kinds=("new", "changed", "retired"),
        before="确认后一次写入，各处几秒钟内生效。",
        legend="文件里没有的代码怎么办",
        choices=(
            ("keep", "保留", "只新增和修改。文件里可以只写要动的代码。"),
            (RETIRE, "停用", "文件是完整的新版本。旧记录照样显示停用的代码，表单不再提供。"),
        ),
    )

    def trail(self, about: str) -> list[dict[str, str]]:
        return [tables_link(), {"label": self.subtitle(about), "url": codes_url(about)}]

    def subtitle(self, about: str) -> str:
        return own_table(db.session, self._asked(about)).title

    def download_url(self, about: str) -> str:
        return url_for("CodeView.export", table=about)

    def changes(self, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> list[Change]:
        return diff(CODE_IN_FILE, old, new, NATION)
