"""Screens of collection: teachers with reporting, the review queue, the review desk."""

from typing import Any, ClassVar

from flask import Flask, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.accounts.again_views import password_again
from app.accounts.operations import NewTeacherAccount, make_teacher_accounts
from app.accounts.views import password_rules
from app.collection import operations
from app.collection.batch import teacher_batch
from app.collection.batch_views import BatchTeacherView
from app.collection.flow import REPORT
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.sections.views import make_view
from app.core.ui.background import add_kind
from app.core.ui.base_view import current_actor
from app.core.ui.blueprint import register_templates
from app.core.ui.listing import ListRequest
from app.permissions import Permission as P
from app.records import BY_NAME
from app.records.access import log_access
from app.records.completeness import Completeness
from app.records.editing import EditRights
from app.records.marks import ReviewMark
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

MAX_BATCH = 100  # each password is hashed on purpose slowly
MAX_FINDINGS = 20


class ReportingTeacherView(BatchTeacherView):
    """The teacher list of the record, with what collection adds: report, withdraw, accounts."""

    include_route_methods: ClassVar[set[str]] = BatchTeacherView.include_route_methods | {"step"}

    def tabs(self, asked: ListRequest) -> list[dict[str, Any]]:
        chosen = asked.filters.get("status", "")
        named = [("", "全部"), ("draft", "未报送"), ("submitted_to_school", "已交学校"), ("in_review", "待审核")]
        named += [("rejected", "审核未通过"), ("approved", "审核通过")]
        link = {f"page_{asked.view}": None}
        return [
            {"label": label, "url": asked.url(_flt_0_status=name or None, **link), "active": name == chosen}
            for name, label in named
        ]

    def batch_actions(self) -> list[dict[str, Any]]:
        accounts = [{"label": "生成自助账号", "name": "accounts"}] if current_actor().may(P.ACCOUNT_CREATE) else []
        return [*super().batch_actions(), *accounts]

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("list")
    @password_again("生成自助账号", when=lambda: request.form.get("action") == "accounts")
    def batch(self) -> Any:
        """Begin a batch action over the chosen teachers."""
        if request.form.get("action") != "accounts":
            return super().batch()
        current_actor().must(P.ACCOUNT_CREATE)
        _, rows = self.chosen()
        if len(rows) > MAX_BATCH:
            raise AppError(f"生成账号一次可以选 1 到 {MAX_BATCH} 位教师，请分几次做，或先加条件。")
        return self._make_accounts([self.row_or_404(str(key)) for key, _ in rows])

    def _make_accounts(self, chosen: list[Teacher]) -> Any:
        people = [NewTeacherAccount(t.id, t.name or "", t.id_number or "", t.unit_id) for t in chosen if t.id_number]
        names = {t.id: t.name for t in chosen}
        with transaction(db.session):
            made = make_teacher_accounts(db.session, people, password_rules(), utc_now())
            log_access(db.session, current_actor(), "account", utc_now(), detail=f"{len(made)} accounts")
        rows = [{"name": names[key], "password": password} for key, password in made.items()]
        return self.render_template("collection/accounts.html", rows=rows, had=len(chosen) - len(made))

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
