"""What the forms of clerk and teacher do with a request: read it, store it or keep it, show it again."""

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, jsonify, request
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from app.accounts.guard import parked_texts
from app.core.db import db, transaction, utc_now
from app.core.drafts import keep_draft
from app.core.errors import AppError
from app.core.sections.forms import texts_from, without_masks
from app.core.sections.section import Problem
from app.core.ui.addresses import whole_number
from app.records.operations import say_none
from app.records.row_form import RESTORED_LOGIN, STALE, RowForm

FASTER = "刚刚有人改过这一条，没有保存。您填的内容已留在草稿里，请对照最新内容再保存。"


def version_of(text: str) -> int:
    """The version a page was made from; 0 for anything that is no version."""
    return whole_number(text) or 0


@dataclass(frozen=True)
class Posted:
    """What became of a posted form: the stored row, or the texts to show again with their problems.

    Neither: it was refused as a whole, the reason is flashed and the texts are in the draft.
    """

    row: Any = None
    texts: dict[str, str] | None = None
    problems: tuple[Problem, ...] = ()


def store_posted(form: RowForm) -> Posted:
    """Store what was posted, in one transaction. Whatever happens, what was typed is kept."""
    posted = texts_from(form.section, form.unit.indicator_set, request.form)
    texts = without_masks(form.section, posted, form.stored)
    version, key = version_of(request.form.get("version", "")), form.key
    try:
        with transaction(db.session):
            saved = form.save(db.session, texts, version, utc_now())
    except (AppError, StaleDataError) as error:
        _keep(form, key, texts, version)
        flash(error.message if isinstance(error, AppError) else FASTER, "danger")
        return Posted()
    if not saved.ok:
        _keep(form, key, texts, version)
        return Posted(None, posted, tuple(saved.problems))
    if saved.problems:
        flash("已保存。还要核对：" + " ".join(problem.message for problem in saved.problems[:3]), "warning")
    else:
        flash("已保存。", "success")
    return Posted(saved.row, None, tuple(saved.problems))


def say_none_posted(form: RowForm, *, none: bool) -> None:
    """Say 「无」 of the form's section, or take it back; says what became of it."""
    assert form.teacher is not None  # a section stands in a record
    try:
        with transaction(db.session):
            say_none(db.session, form.actor, form.section, form.teacher, utc_now(), none=none)
    except AppError as error:
        flash(error.message, "danger")
    else:
        flash(
            f"「{form.section.title}」已填「无」。" if none else f"已取消「{form.section.title}」的「无」。", "success"
        )


def _keep(form: RowForm, key: str, texts: dict[str, str], version: int) -> None:
    """Keep what the person has changed; all of it when the row itself is gone."""
    with transaction(db.session):
        try:
            texts = form.changed_texts(texts, version)
        except ObjectDeletedError:
            pass
        keep_draft(db.session, form.actor.user_id, key, texts, version, utc_now())


def shown_page(form: RowForm, posted: Posted | None = None) -> dict[str, Any]:
    """The form to show: as it was posted, as it was typed before the login ran out, from the draft, or as stored."""
    if posted is not None:
        return form.page(posted.texts, posted.problems)
    parked = parked_texts()
    if not parked:
        return form.page()
    page = form.page({name: text for name, text in parked.items() if name in form.section.fields})
    page["restored"] = RESTORED_LOGIN if parked.get("version") == str(form.version) else STALE
    return page


def on_to_files(usual: str, row_url: str) -> str:
    """Where to go after saving: on to the attachments of the row when that button was pressed."""
    return f"{row_url}#files" if request.form.get("then") == "files" else usual


def keep_draft_of(form: RowForm) -> Any:
    """The answer to an autosave: when it was kept, and which items could not be stored as typed."""
    payload = request.get_json(silent=True)
    if not isinstance(payload, dict) or not isinstance(payload.get("values"), dict):
        abort(400)
    if reason := form.locked():
        return jsonify(message=reason), 409
    version, now = version_of(str(payload.get("version", 0))), utc_now()
    with transaction(db.session):
        problems = form.keep(db.session, payload["values"], version, now)
    if version != form.version:
        return jsonify(message="这一条刚被别人改过。您填的已留在草稿里，刷新后可以对照。"), 409
    return jsonify(saved_at=f"{now.astimezone():%H:%M}", problems=problems)
