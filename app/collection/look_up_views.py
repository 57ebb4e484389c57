"""The two pages of look-ups before the login. They are there only where some school has switched them on."""

from typing import Any

from flask import Flask, abort, request, url_for
from flask_appbuilder import expose

from app.accounts.captcha_views import address, answered, new_captcha
from app.accounts.guesses import CaptchaNeeded
from app.accounts.look_up_choices import offered
from app.collection import look_ups
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.ui.base_view import PlainView

LONGEST = 100
NOT_FOUND = (
    "没有查到。可能填的与学校登记的不一致，学校没有开通查询，或者已经查过、登录过。请核对后再试，或直接与学校联系。"
)
SCHOOL = {"name": "school", "label": "学校全称", "placeholder": "如 青禾县第一中学", "complete": "organization"}
NAME = {"name": "name", "label": "姓名", "placeholder": "与档案上一致", "complete": "name"}
NUMBER = {"name": "number", "label": "身份证件号", "placeholder": "18 位身份证号或其他证件号", "complete": "off"}


class LookUpView(PlainView):
    """What can be asked without logging in."""

    route_base = "/login"
    class_permission_name = "auth"

    @expose("/contact", methods=["GET", "POST"])
    def contact(self) -> Any:
        """How to reach the school's 系统管理员."""
        if not offered(db.session)[0]:
            abort(404)
        return self._answer("查询管理员联系方式", "填学校全称和您的证件号。", (SCHOOL, NUMBER), self._contact)

    @expose("/initial-password", methods=["GET", "POST"])
    def password(self) -> Any:
        """The own initial password."""
        if not offered(db.session)[1]:
            abort(404)
        intro = "从没登录过的教师可以查一次。查到后请马上登录，换成自己的密码。"
        return self._answer("获取初始密码", intro, (NAME, NUMBER), self._password)

    def _contact(self, typed: dict[str, str]) -> dict[str, Any]:
        found = look_ups.find_contact(db.session, typed["school"], typed["number"], utc_now())
        return {"people": found} if found else {}

    def _password(self, typed: dict[str, str]) -> dict[str, Any]:
        found = look_ups.find_initial_password(db.session, typed["name"], typed["number"], utc_now())
        return {"password": found} if found else {}

    def _answer(self, title: str, intro: str, fields: Any, find: Any) -> Any:
        """The form, or what was found; everything that is not found has the same answer."""
        typed = {field["name"]: request.form.get(field["name"], "")[:LONGEST].strip() for field in fields}
        page: dict[str, Any] = {"title": title, "intro": intro, "fields": fields, "typed": typed, "errors": {}}
        found: dict[str, Any] = {}
        status, in_words = 200, request.form.get("captcha_new") == "question"
        if request.method == "POST" and "captcha_new" not in request.form:
            page["errors"] = {f["name"]: f"请填写{f['label']}。" for f in fields if not typed[f["name"]]}
            try:
                found, status = ({}, 400) if page["errors"] else (self._ask(typed, find), 200)
            except AppError as error:
                page["errors"], status = {error.field or "": error.message}, error.status
        if not found:
            page["captcha"], refused = new_captcha(in_words=in_words)
            page["captcha_error"] = page["errors"].get("captcha", refused)
        page["login_url"] = url_for("AuthView.login", entry="teacher")
        return self.render_template("collection/look_up.html", **page, **found), status

    def _ask(self, typed: dict[str, str], find: Any) -> dict[str, Any]:
        """What is found with a captcha, within the limits. Raises AppError otherwise."""
        if not answered(request.form.get("captcha_key", ""), request.form.get("captcha", "")):
            raise CaptchaNeeded("请填验证码。")
        with transaction(db.session):
            allowed = look_ups.count_question(db.session, address(), typed["number"], utc_now())
        look_ups.must_be_allowed(allowed)
        with transaction(db.session):
            found: dict[str, Any] = find(typed)
        if not found:
            raise AppError(NOT_FOUND, status=404)
        return found


def register(app: Flask, builder: Any) -> None:
    """Plug the pages in."""
    builder.add_view_no_menu(LookUpView)
