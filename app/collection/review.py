"""The review desk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from flask import Flask, abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.accounts.guard import parked_texts
from app.collection import operations
from app.collection.comparison import WHOLE
from app.collection.desk import (
    COMMENT,
    after,
    came_back,
    closed_reason,
    facts,
    lost_notes,
    may_take_back,
    open_desk,
    papers,
    read_refusals,
    report_line,
    side,
    typed_texts,
)
from app.collection.flow import unit_before
from app.collection.operations import Refusal
from app.collection.queries import draft_key, review_chain
from app.collection.queue_views import QUEUE, ReviewQueueView, desk_url, posted_number, queue
from app.collection.reasons import reasons_for
from app.core.db import db, transaction, utc_now
from app.core.drafts import drop_draft, keep_draft, load_draft
from app.core.errors import AppError, Conflict
from app.core.ui.addresses import row_key
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.listing import total_text
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records.marks import mark_text
from app.records.queries import teacher_for
from app.records.states import state_tag
from app.records.teacher import Teacher

COMMENT_LENGTH = 500
Refused: TypeAlias = Sequence[tuple[str, Refusal]]  # what is refused, each with the words for its place
FORMS = ("approve", "reject", "send_back", "take_back", "draft")
CHANGED = "这份资料在您打开之后有变动，没有办成。下面已是最新内容，您写的都还在，请核对后再办。"
NOT_BOTH = "有退回的项目，不能整份通过。请按「退回」，或先撤销退回。"
RESTORED = "这里接着您上次的判定（{at}）。"


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

    @expose("/desk/<pk>/send-back", methods=["GET", "POST"])
    @has_access
    @permission_name("decide")
    def send_back(self, pk: str) -> Any:
        return self._decide(pk, self._send_back)

    @expose("/desk/<pk>/take-back", methods=["POST"])
    @has_access
    @permission_name("decide")
    def take_back(self, pk: str) -> Response:
        """Take the own unit's approval back, and open the record."""
        teacher = self._teacher(pk)
        with transaction(db.session):
            operations.take_back(db.session, teacher.id, current_actor(), utc_now())
        flash(f"{teacher.name}：审核已撤回，回到本单位待审。", "success")
        return redirect(desk_url(teacher.id, queue().place(request.args, teacher).query))

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

    def _decide(self, pk: str, verb: Callable[[Teacher, int, Refused], str]) -> Any:
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
                refused = read_refusals(texts, places, reasons_for(db.session, current_actor()))
                told = verb(teacher, version, [(places[key], refusal) for key, refusal in refused])
                drop_draft(db.session, current_actor().user_id, draft_key(teacher_id))
        except AppError as error:
            db.session.rollback()
            return self._show(self._teacher(pk), texts, error), error.status
        flash(told, "success")
        place = queue().place(request.args, db.session.get_one(Teacher, teacher_id))
        if place.other is None:
            flash("这些条件下没有更多等您审核的资料。" if place.query else "没有更多等您审核的资料。", "info")
            return redirect(url_for("ReviewQueueView.list") + place.query)
        return redirect(desk_url(place.following or place.other, place.query))

    def _approve(self, teacher: Teacher, version: int, refused: Refused) -> str:
        if refused:
            raise AppError(NOT_BOTH)
        operations.approve(db.session, teacher.id, version, current_actor(), utc_now())
        if teacher.waiting_unit_id is None:
            return f"{teacher.name}：审核通过，已生效。"
        return f"{teacher.name}：本级已通过，转{db.session.get_one(Unit, teacher.waiting_unit_id).name}审核。"

    def _reject(self, teacher: Teacher, version: int, refused: Refused) -> str:
        refusals = [refusal for _, refusal in refused]
        operations.reject(db.session, teacher.id, version, refusals, _comment(), current_actor(), utc_now())
        return f"{teacher.name}：已退回 {len(refused)} 项。"

    def _send_back(self, teacher: Teacher, version: int, refused: Refused) -> str:
        """What is refused stays closed: the unit before decides about it, so it goes there in words."""
        reasons = reasons_for(db.session, current_actor())
        comment = _comment([f"{label}：{mark_text(reasons[found.reason], found.note)}" for label, found in refused])
        operations.send_back(db.session, teacher.id, version, comment, current_actor(), utc_now())
        return f"{teacher.name}：已退回{db.session.get_one(Unit, teacher.waiting_unit_id).name}重新审核。"

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
        chain = [] if closed else review_chain(db.session, teacher.unit)
        back = unit_before(chain, teacher)
        page: dict[str, Any] = {
            "title": teacher.name,
            "tag": state_tag(teacher),
            "facts": facts(teacher),
            "report": report_line(teacher),
            "after": "" if closed else after(chain, teacher),
            "closed": closed,
            "before": back.name if back else "",
            "came_back": came_back(desk),
            "may_take_back": may_take_back(db.session, teacher, actor),
            "error": error.message if error and error.message != closed else "",
            "bad_field": error.field if error else "",
            "restored": restored,
            "lost": lost_notes(typed, {} if closed else desk.comparison.places) if error else [],
            "texts": {} if closed else typed,
            "comparison": desk.comparison,
            "only_changed": not desk.comparison.first and desk.comparison.count(notable=True) > 0,
            "whole": WHOLE,
            "reasons": {} if closed else reasons_for(db.session, actor),
            "version": teacher.version,
            "queue": self._queue(teacher, closed),
            "record_url": url_for("TeacherView.show", pk=teacher.id) if actor.may(P.RECORD_SHOW) else "",
        }
        urls = {name: url_for(f"ReviewView.{name}", pk=teacher.id) + page["queue"]["query"] for name in FORMS}
        return self.render_template("collection/review.html", review=page | side(desk) | papers(desk, actor), urls=urls)

    def _queue(self, teacher: Teacher, closed: str) -> dict[str, Any]:
        """Number, neighbours, and where to go on without deciding, in the list from which the desk was opened."""
        place = queue().place(request.args, teacher)
        listing = url_for("ReviewQueueView.list") + place.query

        def desk(pk: int | None) -> str:
            return desk_url(pk, place.query)

        return {
            "number": 0 if closed else place.number,
            "total": total_text(place.total),
            "narrowed": bool(place.query),
            "previous_url": desk(place.previous),
            "next_url": desk(place.following),
            "skip_url": desk(place.following or place.other) or listing,
            "other_url": desk(place.following or place.other),
            "last": place.other is None,
            "list_url": listing,
            "query": place.query,
        }


def _comment(more: Sequence[str] = ()) -> str:
    """The reviewer's sentence with others behind it. Raises AppError when it is too long."""
    comment = "；".join(filter(None, (request.form.get(COMMENT, "").strip(), *more)))
    if len(comment) > COMMENT_LENGTH:
        raise AppError(f"总的说明最多 {COMMENT_LENGTH} 个字，现在 {len(comment)} 个。", field=COMMENT)
    return comment


def register(app: Flask, builder: Any) -> None:
    """Plug in the queue and the desk."""
    app.extensions[QUEUE] = builder.add_view_no_menu(ReviewQueueView)
    builder.add_view_no_menu(ReviewView)
