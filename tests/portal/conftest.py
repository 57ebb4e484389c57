"""A teacher with a complete record and an account, made for each test: the demo people may change."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.operations import new_account
from app.accounts.password_rules import PasswordRules
from app.accounts.roles import TEACHER
from app.collection import operations
from app.collection.operations import Refusal
from app.core.actor import Actor
from app.core.codes import codes
from app.core.crypto import blind_index
from app.core.db import utc_now
from app.core.drafts import Draft
from app.demo import PASSWORD
from app.demo_careers import career
from app.organisations.models import Unit
from app.records.sections.education_history import EducationHistory
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from tests.conftest import Client
from tests.kinds import S

NUMBER = "530101198503010027"
EDUCATION = {
    "education": "21", "education_school": "云川师范大学", "education_country": "156", "major": "数学与应用数学",
    "is_normal_major": "1", "start_month": "2003-09", "end_month": "2007-07", "degree_level": "0", "study_mode": "1",
}  # fmt: skip


@dataclass
class Me:
    """A teacher with a complete record and an account, and what tests do to them behind the scenes."""

    session: Session
    teacher: Teacher
    row: EducationHistory
    clerk: Actor
    actor: Actor
    client: Client

    def fresh(self) -> "Me":
        self.session.rollback()
        self.session.expire_all()
        return self

    def set(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.teacher, name, value)
        self.session.commit()

    def submitted(self) -> None:
        operations.submit(self.session, self.teacher.id, self.actor, utc_now())
        self.session.commit()

    def reported(self) -> None:
        self.submitted()
        operations.report(self.session, self.teacher.id, self.clerk, utc_now())
        self.session.commit()

    def returned(self, *refusals: Refusal) -> None:
        """The school sends it back with these items named."""
        self.submitted()
        version, now = self.teacher.version, utc_now()
        step = "return_to_teacher"
        operations.reject(self.session, self.teacher.id, version, refusals, "", self.clerk, now, step)
        self.session.commit()

    def month_named(self) -> None:
        self.returned(Refusal("education_history", self.row.id, "end_month", "evidence", "毕业证书上是 2007 年 6 月。"))

    def row_url(self) -> str:
        return f"/my/education_history/{self.row.id}"

    def page(self, path: str = "/my/") -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, path
        return str(answer.get_data(as_text=True))

    def drafts(self) -> list[Draft]:
        self.fresh()
        return list(self.session.scalars(sa.select(Draft).where(Draft.user_id == self.actor.user_id)))


def complete_values() -> dict[str, Any]:
    """A value for every required item of a teacher at a primary or middle school."""
    values: dict[str, Any] = {"name": "周晓兰", "id_number": NUMBER, "id_type": "1", "gender": "2"}
    values |= {"birth_date": dt.date(1985, 3, 1), "nationality": "156", "ethnicity": "01", "political_status": ",01,"}
    values |= {"work_start_month": "2007-08", "school_entry_month": "2012-08", "is_staffed": "1"}
    for field in BASIC_INFO.fields_for(S):
        if field.name not in values and field.is_required(S, values) and field.filled_by != "D":
            offered = codes[field.table_for(S)].offered(S)
            values[field.name] = field.default_for(S) or offered[0].code
    return values


@pytest.fixture
def me(
    everything: Session,
    school: Unit,
    actor_named: Callable[[str], Actor],
    client_as: Callable[[str], Client],
    app: Flask,
) -> Me:
    teacher = Teacher(unit_id=school.id, unit=school, status="draft", stage=0, **complete_values())
    everything.add(teacher)
    everything.flush()
    row = EducationHistory(teacher_id=teacher.id, **EDUCATION)
    everything.add(row)
    everything.add_all(career(teacher, school, random.Random(1)))
    rules = PasswordRules(app.config["FAB_PASSWORD_HASH_METHOD"], 5, 10)
    name = blind_index(NUMBER, "id_number")
    new_account(
        everything, username=name, name="周晓兰", role=TEACHER, unit_id=school.id, teacher_id=teacher.id,
        password=PASSWORD, rules=rules, initial_from=None,
    )  # fmt: skip
    everything.commit()
    return Me(everything, teacher, row, actor_named("liyutong"), actor_named(name), client_as(NUMBER))


def save(me: Me, changes: dict[str, str], path: str = "") -> Any:
    """Post the row's form with some items changed."""
    me.fresh()
    form = {**EDUCATION, "version": str(me.row.version), **changes}
    return me.client.post(path or me.row_url(), form)
