"""Forms of login and password change."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length


class LoginForm(FlaskForm):  # type: ignore[misc]
    """One form for both entries; `entry` says which."""

    entry = HiddenField(default="admin")
    next = HiddenField()
    username = StringField(validators=[InputRequired("请输入用户名或证件号。"), Length(max=64)])
    password = PasswordField(validators=[InputRequired("请输入密码。"), Length(max=128)])
    captcha_key = HiddenField(validators=[Length(max=64)])
    captcha = StringField(validators=[Length(max=64)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """Change of one's own password."""

    old = PasswordField(validators=[InputRequired("请输入原密码。"), Length(max=128)])
    new = PasswordField(validators=[InputRequired("请输入新密码。"), Length(max=128)])
    repeat = PasswordField(validators=[InputRequired("请再输入一次新密码。"), Length(max=128)])
