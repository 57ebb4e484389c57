"""Demo data: a small province with invented people in every state of the record.

The ID numbers are valid in form; their area codes end in 00, which is never given to a person.
"""

import csv
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.operations import PasswordRules, new_account
from app.accounts.queries import account_by_id, actor_for
from app.accounts.roles import TEACHER
from app.accounts.views import password_rules
from app.collection import operations
from app.collection.operations import Refusal
from app.core.actor import Actor
from app.core.crypto import blind_index
from app.core.db import transaction, utc_now
from app.core.scope import EVERYTHING, set_scope
from app.core.sections.fields import Value
from app.core.validators import citizen_check_digit
from app.organisations.models import Unit
from app.organisations.operations import load_units
from app.records.derived import refresh_derived
from app.records.operations import new_teacher
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from config import ROOT

FOLDER = ROOT / "seed" / "demo"
PASSWORD = "Demo@2026"  # noqa: S105 - printed at every development start
AREA = "530000"
SURNAMES = "陈杨黄吴刘周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡"
GIVEN = (
    "秋实 若溪 一鸣 静宜 文斌 志远 晓岚 长青 玉兰 守业 思源 雨涵 子轩 佳怡 "
    "建军 丽华 海燕 国强 雪梅 俊杰 婷婷 明辉 春燕 立群 小燕"
).split()
STAFFS = {"3453000101": 36, "2153000102": 14, "1153000103": 8, "3453000104": 8, "3153000201": 10}
UNIVERSITIES = ("云川师范大学", "南屏学院", "云川大学", "滇东师范学院")
SUBJECTS = ("数学与应用数学", "汉语言文学", "英语", "物理学", "化学", "历史学", "学前教育", "小学教育")


def needs_demo(session: Session) -> bool:
    """Whether the database has no units yet."""
    return session.scalar(select(Unit.id).limit(1)) is None


def load_demo(session: Session) -> None:
    """Load units, accounts and people. The same data every time."""
    rules = password_rules()
    with transaction(session):
        load_units(session, _rows("units.csv"))
    with transaction(session):
        _accounts(session, rules)
    with transaction(session):
        for school, teachers in _staffs(session):
            for teacher in teachers:
                session.add(teacher)
            session.flush()
            _educate(session, teachers, school)
    with transaction(session):
        _move_some(session)
    with transaction(session):
        _teacher_accounts(session, rules)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _accounts(session: Any, rules: PasswordRules) -> None:
    units = {unit.code: unit.id for unit in session.scalars(select(Unit))}
    for row in _rows("accounts.csv"):
        new_account(session, username=row["username"], name=row["name"], role=row["role"], unit_id=units[row["unit"]],
                    password=PASSWORD, rules=rules, must_change=False)  # fmt: skip


def _staffs(session: Session) -> Iterator[tuple[Unit, list[Teacher]]]:
    chance = random.Random(20260921)  # noqa: S311 - repeatable people, no secret
    number = 0
    for code, size in STAFFS.items():
        school = session.scalars(select(Unit).where(Unit.code == code)).one()
        people = []
        for _ in range(size):
            number += 1
            people.append(_person(school, number, chance))
        yield school, people


def _person(school: Unit, number: int, chance: random.Random) -> Teacher:
    born = dt.date(1966 + chance.randrange(34), 1 + chance.randrange(12), 1 + chance.randrange(28))
    gender = chance.choice("12")
    serial = f"{(number * 2) % 998 + (gender == '1'):03d}"
    first17 = f"{AREA}{born:%Y%m%d}{serial}"
    kindergarten = school.indicator_set == "K"
    start = f"{born.year + 22 + chance.randrange(3)}-0{7 + chance.randrange(3)}"
    staffed = chance.choice("11110")
    values: dict[str, Value] = {
        "name": SURNAMES[number % len(SURNAMES)] + chance.choice(GIVEN),
        "former_name": "无",
        "gender": gender,
        "id_type": "1",
        "id_number": first17 + citizen_check_digit(first17),
        "birth_date": born,
        "nationality": "156",
        "ethnicity": chance.choice(("01", "01", "01", "01", "03", "08", "07")),
        "political_status": chance.choice((",13,", ",01,", ",03,", ",13,")),
        "health_status": "1",
        "work_start_month": start,
        "school_entry_month": start,
        "staff_source": "101" if chance.random() < 0.7 else "30",
        "staff_category": "04" if kindergarten else chance.choice(("A1", "A1", "A1", "A1", "A3", "A2")),
        "is_staffed": staffed,
        "employment_form": None if staffed == "1" else "9",
        "contract_type": "1" if staffed == "1" else "2",
        "personnel_status": "100",
        "it_skill": chance.choice("123"),
        "free_normal_student": "0",
        "grassroots_program": "0",
        "psych_teacher": "0",
        "is_special_grade_teacher": "0",
        "is_backbone_teacher": chance.choice("0001"),
        "is_fulltime_normal_graduate": chance.choice("01"),
        "has_special_edu_training": None if kindergarten else "0",
        "has_special_edu_cert": None if kindergarten else "0",
        "is_fulltime_preschool_graduate": "1" if kindergarten else None,
        "has_preschool_training": "1" if kindergarten else None,
    }
    return new_teacher(school, values)


def _educate(session: Any, teachers: list[Teacher], school: Unit) -> None:
    chance = random.Random(school.code)  # noqa: S311 - repeatable
    for number, teacher in enumerate(teachers):
        assert teacher.birth_date is not None
        entered = teacher.birth_date.year + 15
        rows = [
            EducationHistory(
                teacher=teacher, education="61", education_country="156", education_school=f"{school.name[:3]}高级中学",
                major="无", is_normal_major="0", start_month=f"{entered}-09", end_month=f"{entered + 3}-06",
                degree_level="0", study_mode="1",
            ),
            EducationHistory(
                teacher=teacher, education="21", education_country="156", education_school=chance.choice(UNIVERSITIES),
                major=chance.choice(SUBJECTS), is_normal_major="1", start_month=f"{entered + 3}-09",
                end_month=f"{entered + 7}-06", degree_level="4", degree="404", degree_country="156",
                degree_school=chance.choice(UNIVERSITIES), degree_month=f"{entered + 7}-06", study_mode="1",
            ),
        ]  # fmt: skip
        session.add_all(rows)
        if number % 9 == 4:  # some records are not complete
            rows[1].major, teacher.it_skill = None, None
        refresh_derived(session, teacher)


def _actor(session: Session, username: str) -> Actor:
    account_id = session.scalars(select(Account.id).where(Account.username == username)).one()
    account = account_by_id(session, account_id)
    assert account is not None
    return actor_for(account)


def _move_some(session: Any) -> None:
    """Bring records into every state, by the same operations as people would."""
    now = utc_now()
    clerk, reviewer, county = (_actor(session, name) for name in ("liyutong", "wangjianguo", "zhoumin"))
    school = session.scalars(select(Unit).where(Unit.code == "3453000101")).one()
    people = session.scalars(select(Teacher).where(Teacher.unit_id == school.id).order_by(Teacher.id)).all()
    ready = [teacher for number, teacher in enumerate(people) if number % 9 != 4]
    for teacher in ready[8:24]:
        operations.report(session, teacher.id, clerk, now)
    for teacher in ready[13:24]:
        operations.approve(session, teacher.id, teacher.version, reviewer, now)
    for teacher in ready[18:22]:
        operations.approve(session, teacher.id, teacher.version, county, now)
    for teacher in ready[22:24]:
        degree = session.scalars(
            select(EducationHistory).where(
                EducationHistory.teacher_id == teacher.id, EducationHistory.education == "21"
            )
        ).one()
        refusals = [
            Refusal("education_history", degree.id, "end_month", "evidence", "毕业证书上是 7 月，请改为 7 月。")
        ]
        operations.reject(session, teacher.id, teacher.version, refusals, "", county, now)
    others = _actor(session, "shiqiao1")
    foreign = session.scalars(select(Unit).where(Unit.code == "3153000201")).one()
    for teacher in session.scalars(select(Teacher).where(Teacher.unit_id == foreign.id).order_by(Teacher.id).limit(3)):
        operations.report(session, teacher.id, others, now)


def _teacher_accounts(session: Any, rules: PasswordRules) -> None:
    """Self-service accounts for some; the last two must change their password first."""
    school = session.scalars(select(Unit).where(Unit.code == "3453000101")).one()
    people = session.scalars(select(Teacher).where(Teacher.unit_id == school.id).order_by(Teacher.id)).all()
    chosen = [people[0], people[1], people[4], people[27], people[28], people[2], people[3]]
    for number, teacher in enumerate(chosen):
        assert teacher.id_number is not None
        new_account(session, username=blind_index(teacher.id_number, "id_number"), name=teacher.name or "",
                    role=TEACHER, unit_id=school.id, teacher_id=teacher.id, password=PASSWORD, rules=rules,
                    must_change=number >= len(chosen) - 2)  # fmt: skip


def known_logins(session: Session) -> list[dict[str, Any]]:
    """The demo logins: role, level, unit_code, unit, username, password."""
    units = {unit.id: unit for unit in session.scalars(select(Unit))}
    accounts = session.scalars(select(Account).order_by(Account.id)).all()
    demo_names = {row["username"] for row in _rows("accounts.csv")}
    set_scope(session, EVERYTHING)
    numbers = {
        t.id: t.id_number for t in session.scalars(select(Teacher).where(Teacher.id.in_(_with_account(accounts))))
    }
    told = []
    for account in accounts:
        unit = units.get(account.unit_id or 0)
        if unit is None or not (account.username in demo_names or account.teacher_id):
            continue
        told.append(
            {
                "role": "、".join(role.name for role in account.roles),
                "level": "teacher" if account.teacher_id else unit.level,
                "unit_code": unit.code,
                "unit": unit.name,
                "username": numbers.get(account.teacher_id) if account.teacher_id else account.username,
                "password": PASSWORD,
                "must_change": bool(account.must_change),
            }
        )
    return told


def _with_account(accounts: Any) -> list[int]:
    return [account.teacher_id for account in accounts if account.teacher_id]
