"""Screens of collection: teachers with reporting, the review queue, the review desk."""

from typing import Any, ClassVar

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.accounts.again_views import given_reason, password_again
from app.collection import operations
from app.collection.batch import ACCOUNTS, teacher_batch
from app.collection.batch_views import BatchTeacherView
from app.collection.flow import REPORT
from app.collection.rounds import deadlines_for
from app.collection.rounds_tables import TODAY
from app.collection.teacher_accounts import initial_passwords
from app.core.batches import BatchAction, outcome_of
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.sections.views import make_view
from app.core.ui.background import add_kind
from app.core.ui.base_view import current_actor
from app.core.ui.blueprint import register_templates
from app.core.ui.listing import ListRequest
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records import BY_NAME
from app.records.completeness import Completeness
from app.records.editing import EditRights
from app.records.marks import ReviewMark
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

MAX_FINDINGS = 20


class ReportingTeacherView(BatchTeacherView):
    """The teacher list of the record, with what collection adds: report, withdraw, accounts."""

    include_route_methods: ClassVar[set[str]] = BatchTeacherView.include_route_methods | {"step", "strips"}

    def subtitle(self) -> str:
        """The unit; for a school also what is to be reported until when."""
        actor = current_actor()
        if actor.level != "school":
            return super().subtitle()
        found = deadlines_for(db.session, db.session.get_one(Unit, actor.unit_id), TODAY())
        return " · ".join([super().subtitle(), *(deadline.line for deadline in found[:1])])

    def tabs(self, asked: ListRequest) -> list[dict[str, Any]]:
        chosen = asked.filters.get("status", "")
        named = [("", "全部"), ("draft", "未报送"), ("submitted_to_school", "已交学校"), ("in_review", "待审核")]
        named += [("rejected", "审核未通过"), ("approved", "审核通过")]
        link = {f"page_{asked.view}": None}
        return [
            {"label": label, "url": asked.url(_flt_0_status=name or None, **link), "active": name == chosen}
            for name, label in named
        ]

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("list")
    @password_again("生成自助账号", when=lambda: request.form.get("action") == ACCOUNTS)
    def batch(self) -> Any:
        """Begin a batch action over the chosen teachers."""
        return super().batch()

    def after(self, batch: BatchAction) -> list[dict[str, Any]]:
        if batch.action != ACCOUNTS or not outcome_of(batch.lines or []).done:
            return []
        url = url_for(f"{self.endpoint}.strips", batch_id=batch.id)
        return [{"label": "打印密码条", "url": url, "post": True, "icon": "print"}]

    @expose("/batch/<batch_id>/strips", methods=["POST"])
    @has_access
    @permission_name("list")
    @password_again("打印初始密码", reason=True)
    def strips(self, batch_id: str) -> Any:
        """The initial passwords of the accounts that a batch has made, to be cut into strips."""
        batch = self._own(batch_id)
        if not self.after(batch):
            abort(404)
        names = {key: name for key, name, *_ in outcome_of(batch.lines or []).done}
        with transaction(db.session):
            found = initial_passwords(db.session, current_actor(), list(names), given_reason(), utc_now())
        rows = [{"name": names[key], "password": password} for key, password in sorted(found.items())]
        back = url_for(f"{self.endpoint}.asked", batch_id=batch_id)
        return self.render_template("collection/accounts.html", rows=rows, back_url=back)

    def record_actions(self, teacher: Teacher, rights: EditRights) -> list[dict[str, Any]]:
        pdf = url_for("RecordPrintView.pdf", pk=teacher.id)
        actions: list[dict[str, Any]] = [
            {"label": "打印", "print": True},
            {"label": "下载 PDF", "url": pdf, "post": True, "download": True},
        ]
        for step in REPORT.open_to(db.session, teacher, current_actor()):
            if step.name in ("report", "withdraw"):
                url = url_for(f"{self.endpoint}.step", pk=teacher.id, name=step.name)
                actions.append({"label": step.label, "url": url, "post": True, "primary": step.name == "report"})
            elif step.name == "take_back":
                confirm = "撤回后回到本单位待审，下一级不再看到。"
                url = url_for("ReviewView.take_back", pk=teacher.id)
                actions.append({"label": step.label, "url": url, "post": True, "confirm": confirm})
        if teacher.status == "in_review" and current_actor().may(P.REVIEW_DECIDE):
            actions.append({"label": "去审核", "url": url_for("ReviewView.desk", pk=teacher.id), "primary": True})
        return actions

    def record_alerts(self, teacher: Teacher, rights: EditRights, state: Completeness) -> list[dict[str, Any]]:
        def link(section: str, row_id: int | None, item: str) -> str:
            return self.item_url(teacher, section, row_id, item) if section and rights.can_open else ""

        alerts = []
        if rights.marks:
            items = [
                {"label": mark_label(m), "text": m.text, "url": link(m.section, m.row_id, m.item)} for m in rights.marks
            ]
            by = f"{rights.marks[0].by_name}（{rights.marks[0].by_unit}）"
            title = f"退回了 {len(items)} 项，改好后重新报送"
            alerts.append({"kind": "danger", "title": title, "items": items, "text": by})
        if state.errors and teacher.status in ("draft", "rejected", "submitted_to_school"):
            items = [
                {"label": f.label, "text": f.problem.message, "url": link(f.section.name, f.row_id, f.problem.item)}
                for f in state.errors[:MAX_FINDINGS]
            ]
            title = f"还不能报送，有 {len(state.errors)} 处要改"
            alerts.append({"kind": "warning", "title": title, "items": items})
        return alerts

    @expose("/<pk>/step/<name>", methods=["POST"])
    @has_access
    @permission_name("report")
    def step(self, pk: str, name: str) -> Response:
        """Report or withdraw one record."""
        verbs = {"report": operations.report, "withdraw": operations.withdraw}
        if name not in verbs:
            raise AppError("没有这个步骤。")
        teacher = self.row_or_404(pk)
        teacher_id, person = teacher.id, teacher.name
        with transaction(db.session):
            verbs[name](db.session, teacher_id, current_actor(), utc_now())
        flash(f"{person}：{REPORT.by_name[name].label}完成。", "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=teacher_id))


def mark_label(mark: ReviewMark) -> str:
    """Where a mark points, in words."""
    section = BY_NAME.get(mark.section)
    if section is None:
        return "整份资料"
    field = section.fields.get(mark.item)
    return f"{section.title} · {field.label}" if field else section.title


TeacherView = make_view(BASIC_INFO, ReportingTeacherView, "TeacherView", route_base="/teachers", list_title="教师列表")


def register(app: Flask, builder: Any) -> None:
    """Plug the feature in."""
    register_templates("collection", __name__)
    add_kind(app, teacher_batch)
    builder.add_view_no_menu(TeacherView)
