"""The two pages of a file that becomes a plan: choose the file; look at what would change, and confirm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.core.db import db, transaction, utc_now
from app.core.file_plans import KEPT, Asked, FilePlan, PlanKind, confirm_plan, own_plan, plan_file
from app.core.sections.section import Change
from app.core.ui import uploads
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor

KINDS = {"new": "新增", "changed": "修改", "retired": "停用"}
MOST_SHOWN = 500  # changes, and mistakes, on the page


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the pages say of one kind of file. `kinds`: of steps, those that are counted."""

    title: str
    subject: str  # what a line is about
    file_help: str
    download: str
    back: str
    kinds: Sequence[str] = ("new", "changed")
    confirm: str = "确认写入"
    before: str = "确认后一次写入。"
    written: str = "已写入。"
    legend: str = ""  # of what is chosen with the file: [value, label, help]; the first is the usual one
    choices: Sequence[tuple[str, str, str]] = ()


class FilePlanView(PlainView):
    """The addresses are the same for all. Where a kind is about one of several, `route_base` ends with <about>."""

    kind: PlanKind
    words: Words
    max_mb: ClassVar[int] = 10
    gives_file: ClassVar[bool] = False  # what comes of the confirmation

    @expose("/")
    @has_access
    @permission_name("edit")
    def start(self, about: str = "") -> Any:
        """Choose a file."""
        self.kind.may(db.session, self._asked(about))
        help_ = self.words.file_help.format(size=f"{self.max_mb} MB", rows=f"{self.kind.most} 行")
        page = self._page(about, help=self.help(), file_help=help_, download=self.download_url(about))
        return self.render_template("core/file_plan_start.html", **page)

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("edit")
    def upload(self, about: str = "") -> Response:
        """Read a file into a plan. The file itself is not kept."""
        choice = request.form.get("choice", "")
        asked = self._asked(about, choice if choice in [value for value, *_ in self.words.choices] else "")
        self.kind.may(db.session, asked)
        name, sheets = uploads.sent_sheets("file", self.max_mb)
        with transaction(db.session):
            plan_id = plan_file(db.session, self.kind, asked, sheets, name).id
        return redirect(self._url("show", about, pk=plan_id))

    @expose("/<pk>")
    @has_access
    @permission_name("edit")
    def show(self, pk: str, about: str = "") -> Any:
        """What the file would change, and later that it was written."""
        plan = self._own_plan(pk, about)
        steps, errors = plan.content["steps"], plan.content["errors"]
        sums: list[tuple[str, int]] = [(KINDS[k], sum(step["kind"] == k for step in steps)) for k in self.words.kinds]
        page = self._page(
            about,
            plan=plan,
            expired=plan.at < utc_now() - KEPT,
            sums=[*sums, ("没有变化", plan.content["same"]), ("有错", len(errors))],
            errors=errors[:MOST_SHOWN],
            steps=[self._step(step) for step in steps[:MOST_SHOWN]],
            most=MOST_SHOWN,
            confirm_url=self._url("confirm", about, pk=plan.id),
        )
        return self.render_template("core/file_plan.html", **page)

    @expose("/<pk>/confirm", methods=["POST"])
    @has_access
    @permission_name("edit")
    def confirm(self, pk: str, about: str = "") -> Response:
        """Write the plan."""
        return self._confirmed(pk, about)

    def _confirmed(self, pk: str, about: str = "") -> Response:
        plan_id = self._own_plan(pk, about).id
        with transaction(db.session):
            count, given = confirm_plan(db.session, self.kind, current_actor(), plan_id, utc_now())
            return self.answer(count, given, about)

    def _own_plan(self, pk: str, about: str) -> FilePlan:
        plan = own_plan(db.session, self.kind, current_actor(), row_key(pk), about)
        if plan is None:
            abort(404)
        return plan

    def _asked(self, about: str, choice: str = "") -> Asked:
        return Asked(current_actor(), utc_now(), about, choice)

    def _url(self, name: str, about: str, **arguments: Any) -> str:
        if about:
            arguments["about"] = about
        return url_for(f"{self.endpoint}.{name}", **arguments)

    def _page(self, about: str, **more: Any) -> dict[str, Any]:
        trail = self.trail(about)
        return {
            "words": self.words,
            "gives_file": self.gives_file,
            "trail": [*trail, {"label": self.words.title}],
            "subtitle": self.subtitle(about),
            "back_url": trail[-1]["url"],
            "start_url": self._url("start", about),
            "upload_url": self._url("upload", about),
            **more,
        }

    def _step(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """One line: what happens to it, and each item old and new."""
        is_new, named = step["kind"] == "new", ("code", "name")
        new = {name: text or None for name, text in step["texts"].items()}
        old = {} if is_new else {**new, **step["old"]}
        return {
            "code": step["code"],
            "name": new["name"],
            "kind": KINDS[step["kind"]],
            "is_new": is_new,
            "changes": [c for c in self.changes(old, new) if not is_new or c.item not in named],
        }

    # What a subclass says.

    def trail(self, about: str) -> list[dict[str, str]]:
        """The pages above, the nearest last: one goes back there."""
        raise NotImplementedError

    def download_url(self, about: str) -> str:
        """The file to be filled in."""
        raise NotImplementedError

    def changes(self, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> list[Change]:
        """The items that differ, in words."""
        raise NotImplementedError

    def answer(self, count: int, given: Any, about: str) -> Response:
        """What the browser gets once the file is written."""
        flash(f"已写入 {count} 处变动。", "success")
        return redirect(self.trail(about)[-1]["url"])

    def subtitle(self, about: str) -> str:
        return ""

    def help(self) -> Sequence[str]:
        return ()


def register(app: Flask, builder: Any, view: type[FilePlanView]) -> None:
    """Plug a kind of file in."""
    builder.add_view_no_menu(view)
    uploads.allow(app, f"{view.__name__}.upload", view.max_mb)
