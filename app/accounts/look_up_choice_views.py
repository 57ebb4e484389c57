"""Two forms: what may be looked up before logging in (of a school), and one's own contact (of an administrator)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts.again_views import password_again
from app.accounts.look_up_choices import CHOICES, CONTACT, LOG, chosen, contact_of, save_choices, save_contact
from app.accounts.models import Account
from app.core.db import db, transaction, utc_now
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.settings_log import timeline
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.settings_form import settings_page


class LookUpChoiceView(PlainView):
    """The look-ups of the own school."""

    route_base = "/accounts/look-ups"
    class_permission_name = "account"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    @password_again("修改登录前查询")
    def edit(self) -> Any:
        """The form, and storing it."""
        actor = current_actor()
        if actor.level != "school":
            abort(404)
        if request.method == "GET":
            return self._form({}, [])
        texts = texts_from(CHOICES, actor.indicator_set, request.form)
        with transaction(db.session):
            problems = save_choices(db.session, actor, texts, utc_now())
        if problems:
            return self._form(texts, problems), 400
        flash("登录前查询已保存。", "success")
        return redirect(url_for("AccountView.list"))

    def _form(self, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        state = FormState(
            CHOICES, actor.indicator_set, chosen(db.session, actor.unit_id), texts, lambda _: "", problems
        )
        told = FormState(CHOICES, actor.indicator_set, {}, {}, lambda _: "")
        trail = [{"label": "账号", "url": url_for("AccountView.list")}]
        page = settings_page(
            state, CHOICES.title, trail, meta=actor.unit_name, timeline=timeline(db.session, told, LOG, actor.unit_code)
        )
        return self.render_template("core/settings_form.html", form_page=page)


class MyContactView(PlainView):
    """How the own people reach an administrator."""

    route_base = "/me/contact"
    class_permission_name = "me"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    @password_again("修改您的联系方式")
    def edit(self) -> Any:
        """The form, and storing it."""
        actor = current_actor()
        if actor.teacher_id is not None:
            abort(404)
        if request.method == "GET":
            return self._form({}, [])
        texts = texts_from(CONTACT, actor.indicator_set, request.form)
        with transaction(db.session):
            problems = save_contact(db.session, actor, texts, utc_now())
        if problems:
            return self._form(texts, problems), 400
        flash("联系方式已保存。", "success")
        return redirect(url_for("MeView.show"))

    def _form(self, texts: Mapping[str, str], problems: Sequence[Problem]) -> str:
        actor = current_actor()
        stored = contact_of(db.session.get_one(Account, actor.user_id))
        state = FormState(CONTACT, actor.indicator_set, stored, texts, lambda _: "", problems, reveal=True)
        trail = [{"label": "个人空间", "url": url_for("MeView.show")}]
        page = settings_page(state, CONTACT.title, trail, meta=f"{actor.name} · {actor.unit_name}")
        return self.render_template("core/settings_form.html", form_page=page)


def register(app: Flask, builder: Any) -> None:
    """Plug the forms in."""
    builder.add_view_no_menu(LookUpChoiceView)
    builder.add_view_no_menu(MyContactView)
