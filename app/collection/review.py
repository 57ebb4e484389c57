"""The review queue and the review desk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask, abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts.guard import parked_texts
from app.collection import operations
from app.collection.comparison import WHOLE
from app.collection.desk import (
    COMMENT,
    after,
    closed_reason,
    draft_key,
    facts,
    lost_notes,
    open_desk,
    papers,
    queue_place,
    read_refusals,
    report_line,
    side,
    typed_texts,
    waited,
)
from app.collection.operations import Refusal
from app.collection.queries import next_waiting, waits_here
from app.core.codes import codes
from app.core.db import db, transaction, utc_now
from app.core.drafts import drop_draft, keep_draft, load_draft
from app.core.errors import AppError, Conflict, NotAllowed
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field
from app.core.sections.views import SectionView, make_view
from app.core.ui.addresses import row_key, whole_number
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.listing import ListRequest
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records.marks import REASONS
from app.records.queries import teacher_for
from app.records.search import PERSON_HINT, PersonSearch
from app.records.states import state_tag
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher

MAX_BATCH, NAMED = 100, 5
COMMENT_LENGTH = 500
CHANGED = "这份资料在您打开之后有变动，没有办成。下面已是最新内容，您写的都还在，请核对后再办。"
NOT_BOTH = "有退回的项目，不能整份通过。请按「退回」，或先撤销退回。"
RESTORED = "这里接着您上次的判定（{at}）。"


def posted_number(text: str) -> int:
    """A key or version from a form; anything else is a bad request."""
    number = whole_number(text)
    if number is None:
        abort(400)
    return number


# ── the queue ──


class WaitsHere(BaseFilter):  # type: ignore[misc]
    """Only what the actor's unit is to review."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(waits_here(current_actor()))


class WaitingListView(SectionView):
    """The reports that wait for the actor's unit."""

    class_permission_name = "review"
    include_route_methods: ClassVar[set[str]] = {"list", "search", "batch"}
    search_filter = PersonSearch
    search_hint = PERSON_HINT
    empty: ClassVar[dict[str, str]] = {"title": "没有等您审核的资料", "text": "学校报送后会出现在这里。"}

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = ["name", "unit", "staff_category", "reported_by", "reported_at", "waited", "stage"]
        self.label_columns |= {
            "unit": "学校", "unit_id": "学校", "reported_by": "报送人", "reported_at": "报送时间", "waited": "等了",
            "stage": "级次",
        }  # fmt: skip
        self.search_columns = ["unit_id", "staff_category"]
        self.order_columns = ["reported_at", "stage"]
        self.datamodel.eager = ("unit",)

    def _added(self) -> list[Field]:
        """The queue is short and has its own columns."""
        return []

    def list_filters(self, asked: ListRequest) -> list[Any]:
        if "unit_id" in asked.filters:
            posted_number(asked.filters["unit_id"])
        return [["status", WaitsHere, ""]]

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        """Schools and kinds of staff among what waits; one query."""
        query = (
            select(Unit.id, Unit.name, Unit.school_kind, Teacher.staff_category)
            .join(Unit, Unit.id == Teacher.unit_id)
            .where(waits_here(current_actor()))
            .group_by(Unit.id, Unit.name, Unit.school_kind, Teacher.staff_category)
            .order_by(Unit.name)
        )
        schools: dict[str, str] = {}
        kinds: dict[str, list[str]] = {}
        field = BASIC_INFO.fields["staff_category"]
        for unit_id, name, kind, category in db.session.execute(query):
            schools[str(unit_id)] = name
            if category:
                label = codes[field.table_for(IndicatorSet(kind))].show(category)
                kinds.setdefault(category, []).append(label)
        named = {code: " / ".join(dict.fromkeys(labels)) for code, labels in sorted(kinds.items())}
        offered = (("unit_id", "学校", schools), ("staff_category", field.label, named))
        return [
            {
                "name": f"_flt_0_{column}",
                "column": column,
                "label": label,
                "value": asked.filters.get(column, ""),
                "options": [{"value": value, "label": text} for value, text in choices.items()],
            }
            for column, label, choices in offered
        ]

    def indicator_set_of(self, row: Teacher) -> IndicatorSet:
        return row.unit.indicator_set

    def cell(self, row: Teacher, name: str) -> Any:
        if name == "reported_by" and row.reported_by_id == current_actor().user_id:
            return f"{row.reported_by}（您本人，要由另一位审核）"
        if name == "reported_at":
            return f"{row.reported_at.astimezone():%Y-%m-%d %H:%M}" if row.reported_at else ""
        if name == "waited":
            return waited(row, utc_now())
        if name == "stage":
            return f"第 {row.stage} 级"
        return super().cell(row, name)

    def row_urls(self, rows: list[Any]) -> list[str]:
        return [url_for("ReviewView.desk", pk=row.id) for row in rows]

    def _list_row(self, row: Teacher, url: str, columns: Sequence[str]) -> dict[str, Any]:
        shown = super()._list_row(row, url, columns)
        own = row.reported_by_id == current_actor().user_id
        # What is approved is what was listed: the version goes with the key.
        return shown | {"pk": f"{row.id}.{row.version}", "selectable": shown["selectable"] and not own}

    def primary_button(self) -> dict[str, str] | None:
        if not current_actor().may(P.REVIEW_DECIDE):
            return None
        first = next_waiting(db.session, current_actor(), 0)
        return {"label": "从第一份审起", "url": url_for("ReviewView.desk", pk=first)} if first else None

    def batch_actions(self) -> list[dict[str, Any]]:
        if not current_actor().may(P.REVIEW_DECIDE):
            return []
        confirm = "选中的资料不逐项查看，直接通过。通过后不能由本单位撤回。"
        return [{"label": "审核通过", "name": "approve", "confirm": confirm}]

    def batch_url(self) -> str:
        return url_for(f"{self.endpoint}.batch")

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("decide")
    def batch(self) -> Response:
        """Approve the chosen reports, each in a transaction of its own; say what became of every one."""
        chosen = dict.fromkeys(request.form.getlist("rowid"))
        if request.form.get("action") != "approve" or not chosen or len(chosen) > MAX_BATCH:
            raise AppError(f"请选 1 到 {MAX_BATCH} 份资料。")
        keys = [key.partition(".") for key in chosen]
        people = [(self.row_or_404(pk), posted_number(version)) for pk, _, version in keys]
        named = [(teacher.id, teacher.name or "", version) for teacher, version in people]
        done, skipped, failed = 0, [], []
        for teacher_id, name, version in named:
            try:
                with transaction(db.session):
                    operations.approve(db.session, teacher_id, version, current_actor(), utc_now())
                    drop_draft(db.session, current_actor().user_id, draft_key(teacher_id))
                done += 1
            except (Conflict, NotAllowed) as error:
                skipped.append(f"{name}：{error.message}")
            except AppError as error:
                failed.append(f"{name}：{error.message}")
        _tell(done, skipped, failed)
        return redirect(url_for(f"{self.endpoint}.list"))


def _tell(done: int, skipped: Sequence[str], failed: Sequence[str]) -> None:
    if done:
        flash(f"审核通过 {done} 份。", "success")
    for words, kind, people in (("跳过", "warning", skipped), ("没有通过", "danger", failed)):
        if people:
            rest = f"……等 {len(people)} 份" if len(people) > NAMED else ""
            flash(f"{words} {len(people)} 份。{' '.join(people[:NAMED])}{rest}", kind)


ReviewQueueView = make_view(BASIC_INFO, WaitingListView, "ReviewQueueView", route_base="/review", list_title="审核")


# ── the desk ──


class ReviewView(PlainView):
    """One report: look, judge, next."""

    route_base = "/review"
    class_permission_name = "review"

    @expose("/desk/<pk>")
    @has_access
    @permission_name("list")
    def desk(self, pk: str) -> Any:
        return self._show(self._teacher(pk))

    @expose("/desk/<pk>/approve", methods=["GET", "POST"])
    @has_access
    @permission_name("decide")
    def approve(self, pk: str) -> Any:
        return self._decide(pk, self._approve)

    @expose("/desk/<pk>/reject", methods=["GET", "POST"])
    @has_access
    @permission_name("decide")
    def reject(self, pk: str) -> Any:
        return self._decide(pk, self._reject)

    @expose("/desk/<pk>/draft", methods=["POST"])
    @has_access
    @permission_name("decide")
    def draft(self, pk: str) -> Any:
        """Keep judgements that are not sent yet; see core/drafts.py."""
        payload, actor, now = request.get_json(silent=True), current_actor(), utc_now()
        if not isinstance(payload, dict) or not isinstance(payload.get("values"), dict):
            abort(400)
        teacher = self._teacher(pk)
        if reason := closed_reason(db.session, teacher, actor):
            return jsonify(message=reason), 409
        version = posted_number(str(payload.get("version", "")))
        if version != teacher.version:
            return jsonify(message=CHANGED), 409
        with transaction(db.session):
            keep_draft(db.session, actor.user_id, draft_key(teacher.id), typed_texts(payload["values"]), version, now)
        return jsonify(saved_at=f"{now.astimezone():%H:%M}", problems={})

    def _teacher(self, pk: str) -> Teacher:
        """The record within the scope. Raises NotFound."""
        return teacher_for(db.session, row_key(pk))

    # ── deciding ──

    def _decide(self, pk: str, verb: Callable[[Teacher, int, list[Refusal]], str]) -> Any:
        """Take a decision and open the next report. Whoever comes back here after a new login finds what was typed."""
        teacher = self._teacher(pk)
        if request.method == "GET":
            return self._show(teacher, typed_texts(parked_texts()) or None)
        texts, version, teacher_id = (
            typed_texts(request.form),
            posted_number(request.form.get("version", "")),
            teacher.id,
        )
        try:
            if reason := closed_reason(db.session, teacher, current_actor()):
                raise Conflict(reason)
            if version != teacher.version:
                raise Conflict(CHANGED)
            places = open_desk(db.session, current_actor(), teacher).comparison.places
            with transaction(db.session):
                told = verb(teacher, version, read_refusals(texts, places))
                drop_draft(db.session, current_actor().user_id, draft_key(teacher_id))
        except AppError as error:
            db.session.rollback()
            return self._show(self._teacher(pk), texts, error), error.status
        flash(told, "success")
        following = next_waiting(db.session, current_actor(), teacher_id)
        if following is None:
            flash("没有更多等您审核的资料。", "info")
            return redirect(url_for("ReviewQueueView.list"))
        return redirect(url_for("ReviewView.desk", pk=following))

    def _approve(self, teacher: Teacher, version: int, refusals: list[Refusal]) -> str:
        if refusals:
            raise AppError(NOT_BOTH)
        operations.approve(db.session, teacher.id, version, current_actor(), utc_now())
        if teacher.waiting_unit_id is None:
            return f"{teacher.name}：审核通过，已生效。"
        return f"{teacher.name}：本级已通过，转{db.session.get_one(Unit, teacher.waiting_unit_id).name}审核。"

    def _reject(self, teacher: Teacher, version: int, refusals: list[Refusal]) -> str:
        comment = request.form.get(COMMENT, "").strip()
        if len(comment) > COMMENT_LENGTH:
            raise AppError(f"总的说明最多 {COMMENT_LENGTH} 个字，现在 {len(comment)} 个。", field=COMMENT)
        operations.reject(db.session, teacher.id, version, refusals, comment, current_actor(), utc_now())
        return f"{teacher.name}：已退回 {len(refusals)} 项。"

    # ── showing ──

    def _show(self, teacher: Teacher, texts: Mapping[str, str] | None = None, error: AppError | None = None) -> str:
        actor = current_actor()
        desk = open_desk(db.session, actor, teacher)
        closed = closed_reason(db.session, teacher, actor)
        restored = ""
        if texts is None and not closed:
            draft = load_draft(db.session, actor.user_id, draft_key(teacher.id))
            if draft is not None and draft.base_version == teacher.version and draft.texts:
                texts, restored = draft.texts, RESTORED.format(at=f"{draft.saved_at.astimezone():%m-%d %H:%M}")
        typed = dict(texts or {})
        page = {
            "title": teacher.name,
            "tag": state_tag(teacher),
            "facts": facts(teacher),
            "report": report_line(teacher),
            "after": "" if closed else after(db.session, teacher),
            "closed": closed,
            "error": error.message if error and error.message != closed else "",
            "bad_field": error.field if error else "",
            "restored": restored,
            "lost": lost_notes(typed, {} if closed else desk.comparison.places) if error else [],
            "texts": {} if closed else typed,
            "comparison": desk.comparison,
            "only_changed": not desk.comparison.first and desk.comparison.count(notable=True) > 0,
            "whole": WHOLE,
            "reasons": REASONS,
            "version": teacher.version,
            "queue": self._queue(teacher, closed),
            "record_url": url_for("TeacherView.show", pk=teacher.id) if actor.may(P.RECORD_SHOW) else "",
        }
        urls = {name: url_for(f"ReviewView.{name}", pk=teacher.id) for name in ("approve", "reject", "draft")}
        return self.render_template("collection/review.html", review=page | side(desk) | papers(desk, actor), urls=urls)

    def _queue(self, teacher: Teacher, closed: str) -> dict[str, Any]:
        """Number, neighbours, and where to go on without deciding."""
        place = queue_place(db.session, current_actor(), teacher.id)
        listing = url_for("ReviewQueueView.list")

        def desk(pk: int | None) -> str:
            return url_for("ReviewView.desk", pk=pk) if pk else ""

        return {
            "number": 0 if closed else place.number,
            "total": place.total,
            "previous_url": desk(place.previous),
            "next_url": desk(place.following),
            "skip_url": desk(place.following or place.other) or listing,
            "other_url": desk(place.following or place.other),
            "last": place.other is None,
            "list_url": listing,
        }


def register(app: Flask, builder: Any) -> None:
    """Plug in the queue and the desk."""
    builder.add_view_no_menu(ReviewQueueView)
    builder.add_view_no_menu(ReviewView)
