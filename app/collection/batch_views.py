"""One action over many teachers of the list: the question with the number, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts.again_views import password_again
from app.collection.batch import ACCOUNTS, ACTIONS, AT_ONCE, MOST, Action, teacher_batch, verb_of
from app.collection.desk import NOTE_LENGTH
from app.collection.reasons import reasons_for
from app.core.batches import ASKED, ENDED, HANDED_OVER, BatchAction, Row, act, ask, outcome_of, own_batch
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.excel import export_rows
from app.core.jobs import enqueue
from app.core.sections.views import SectionView
from app.core.ui.addresses import row_key, whole_number
from app.core.ui.background import notice
from app.core.ui.base_view import current_actor
from app.core.ui.downloads import send_workbook
from app.core.ui.listing import ListRequest
from app.permissions import Permission as P
from app.records.access import log_access
from app.records.export import CHANGED
from app.records.many import parts
from app.records.marks import OTHER
from app.records.teacher import Teacher
from app.records.views import TeacherRecordView

NAMED = 12
MOVED = "所选教师刚刚有变动，现在是 {now} 位，还没有办理。请看清后再确认一次。"
ON_ITS_WAY = "人数较多，已在后台开始。做完后在「后台任务」里下载结果名单，您可以先做别的。"


class ManyView(SectionView):
    """A list of teachers with actions over ticked ones, or over all that match. A subclass adds its routes."""

    batch_names: ClassVar[Sequence[str]] = ()

    def batch_actions(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "label": ACTIONS[name].label, "danger": ACTIONS[name].danger}
            for name in self.batch_names
            if current_actor().may(ACTIONS[name].permission)
        ]

    def row_page(self, key: int) -> str:
        """Where the result of a batch leads to."""
        return url_for(f"{self.endpoint}.show", pk=key)

    def batch_url(self) -> str:
        """With the conditions of the list, for all that match them."""
        return self.with_conditions("batch")

    def _list_page(self, *arguments: Any) -> dict[str, Any]:
        return super()._list_page(*arguments) | {"batch_all": True}

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("list")
    def batch(self) -> Any:
        """Ask before a batch."""
        name = request.form.get("action", "")
        if name not in self.batch_names:
            raise AppError("没有这个批量操作。")
        current_actor().must(ACTIONS[name].permission)
        chosen, rows = self.chosen()
        with transaction(db.session):
            batch_id = ask(db.session, current_actor(), name, chosen, len(rows), utc_now())
        return redirect(url_for(f"{self.endpoint}.asked", batch_id=batch_id))

    @expose("/batch/<batch_id>")
    @has_access
    @permission_name("list")
    def asked(self, batch_id: str) -> Any:
        """The question, or what came of it."""
        return self._page(self._own(batch_id))

    def _page(self, batch: BatchAction, error: AppError | None = None) -> str:
        action = ACTIONS[batch.action]
        page: dict[str, Any] = {"action": action, "list_url": self._list_url(batch.chosen), "count": batch.count}
        page |= {"list_title": self.list_title, "error": error, "typed": {**batch.chosen, **request.form}}
        if batch.status == ASKED:
            rows = self.rows_of(batch.chosen)
            page |= {"reasons": reasons_for(db.session, current_actor())} if action.needs_reason else {}
            page |= {"run_url": url_for(f"{self.endpoint}.run", batch_id=batch.id), "count": len(rows)}
            page |= {"names": [name for _, name in rows[:NAMED]], "conditions": self._conditions(batch.chosen)}
        elif batch.lines is not None:
            page |= {"outcome": outcome_of(batch.lines), "show": self.row_page, "after": self.after(batch)}
        else:
            page |= {"jobs_url": url_for("JobView.list")}
        return self.render_template("collection/batch.html", page=page)

    @expose("/batch/<batch_id>/run", methods=["POST"])
    @has_access
    @permission_name("list")
    def run(self, batch_id: str) -> Any:
        """Do what was asked for and confirmed. A second click finds it done."""
        job_id = None
        try:
            with transaction(db.session):
                batch = self._own(batch_id, lock=True)
                if batch.status == ASKED:
                    job_id = self._answer(batch, ACTIONS[batch.action])
        except AppError as error:
            if error.field is None:
                raise
            return self._page(self._own(batch_id), error), error.status
        if job_id is not None:
            notice(job_id)
            flash(ON_ITS_WAY, "success")
        return redirect(url_for(f"{self.endpoint}.asked", batch_id=batch_id))

    def _answer(self, batch: BatchAction, action: Action) -> int | None:
        """What is chosen now is what is done, if it is as many as the person has seen; the id of the job, if any."""
        actor, now = current_actor(), utc_now()
        actor.must(action.permission)
        if action.needs_reason:
            batch.chosen = {**batch.chosen, **_reason_for_all(reasons_for(db.session, actor))}
        rows = self.rows_of(batch.chosen)
        seen, batch.count = whole_number(request.form.get("count", "")), len(rows)
        if len(rows) != seen:
            flash(MOVED.format(now=len(rows)), "warning")
            batch.at = now  # what is seen from now on
        elif len(rows) <= AT_ONCE:
            batch.lines, batch.status = [*act(db.session, rows, verb_of(batch), actor, now)], ENDED
        else:
            batch.rows, batch.status = [*rows], HANDED_OVER
            title = f"{action.label} {len(rows)} 位教师"
            return enqueue(db.session, actor, teacher_batch, title, {"batch": batch.id}, now).id
        return None

    def after(self, batch: BatchAction) -> list[dict[str, Any]]:
        """What may follow on the page of a batch that was done."""
        return []

    def _own(self, batch_id: str, *, lock: bool = False) -> BatchAction:
        batch = own_batch(db.session, current_actor(), batch_id, lock=lock)
        if batch is None or batch.action not in self.batch_names:
            abort(404)
        return batch

    # ── who is chosen ──

    def chosen(self) -> tuple[dict[str, Any], list[Row]]:
        """What the form chooses, conditions of the list or ticked rows, which must all be there; and who it is."""
        if request.form.get("all_matching") == "1":
            asked, search = self._asked()
            chosen: dict[str, Any] = {
                "asked": asdict(replace(asked, page=0, after=0, before=0, end=False)),
                "search": search,
            }
        else:
            chosen = {"ids": [row_key(pk) for pk in dict.fromkeys(request.form.getlist("rowid"))]}
        rows = self.rows_of(chosen)
        if len(rows) < len(chosen.get("ids", ())):
            abort(404)
        if not rows:
            raise AppError("没有选中教师。请先在列表里勾选。")
        return chosen, rows

    def rows_of(self, chosen: dict[str, Any]) -> list[Row]:
        """The chosen rows as they are now: key and name, within the scope."""
        keys = chosen.get("ids")
        if keys is None:
            asked = ListRequest(**chosen["asked"])
            if not self.knows(asked):
                raise AppError(CHANGED)
            keys = self.keys(asked, chosen["search"], MOST + 1)
        if len(keys) > MOST:
            raise AppError(f"一次最多 {MOST:,} 位教师。请先在列表加条件，分几次做。")
        found: dict[int, str] = {}
        for part in parts(sorted(keys)):
            found |= {
                key: name or ""
                for key, name in db.session.execute(select(Teacher.id, Teacher.name).where(Teacher.id.in_(part)))
            }
        return sorted(found.items())

    def _conditions(self, chosen: dict[str, Any]) -> list[str]:
        """By what the list was narrowed, in words."""
        if "asked" not in chosen:
            return []
        asked = ListRequest(**chosen["asked"])
        typed = [f"查找：{chosen['search']}"] if chosen["search"] else []
        return [chip["label"] for chip in self._chips(asked, self.filter_choices(asked))] + typed

    def _list_url(self, chosen: dict[str, Any]) -> str:
        conditions = ListRequest(**chosen["asked"]).url() if "asked" in chosen else ""
        return url_for(f"{self.endpoint}.list") + conditions


def _reason_for_all(reasons: Mapping[str, str]) -> dict[str, str]:
    """The reason that was posted for all of them. Raises AppError beside its field."""
    reason, note = request.form.get("reason", ""), request.form.get("note", "").strip()
    if not reason and not note:
        raise AppError("请选退回原因，或写一句说明。", field="reason")
    if reason and reason not in reasons:
        raise AppError("请从列表里选退回原因。", field="reason")
    if reason == OTHER and not note:
        raise AppError(f"选了「{reasons[OTHER]}」，请写一句说明。", field="note")
    if len(note) > NOTE_LENGTH:
        raise AppError(f"说明最多 {NOTE_LENGTH} 个字，现在 {len(note)} 个。", field="note")
    return {"reason": reason or OTHER, "note": note}


class BatchTeacherView(ManyView, TeacherRecordView):
    """The list of teachers with what a school does to many of them."""

    include_route_methods: ClassVar[set[str]] = TeacherRecordView.include_route_methods | {"batch", "asked", "run"}
    batch_names: ClassVar[Sequence[str]] = ("report", "withdraw", "delete", ACCOUNTS)

    def batch_actions(self) -> list[dict[str, Any]]:
        export = [{"name": "export", "label": "导出所选"}] if current_actor().may(P.RECORD_EXPORT) else []
        return [*super().batch_actions(), *export]

    def _list_page(self, *arguments: Any) -> dict[str, Any]:
        return super()._list_page(*arguments) | {"batch_download": True}

    @expose("/batch", methods=["POST"])
    @has_access
    @permission_name("list")
    @password_again("导出名单", file=True, when=lambda: request.form.get("action") == "export")
    def batch(self) -> Any:
        """Ask before a batch; an export is given at once."""
        return self._export_chosen() if request.form.get("action") == "export" else super().batch()

    def _export_chosen(self) -> Response:
        current_actor().must(P.RECORD_EXPORT)
        chosen, rows = self.chosen()
        if "asked" in chosen:
            return self.export()
        keys, columns = [key for key, _ in rows], self._asked()[0].columns
        content = export_rows(self.headings(columns), self.lines(keys, columns), self.list_title)
        with transaction(db.session):
            log_access(db.session, current_actor(), "export", utc_now(), detail=f"{len(keys)} chosen rows")
        return send_workbook(content, f"{self.list_title}.xlsx")
