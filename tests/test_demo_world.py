"""The people of the demo province and of load tests: complete, in every state, and nobody real."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import gcd
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.accounts.password_rules import PasswordRules
from app.accounts.roles import ROLES
from app.collection.flow import REPORT
from app.collection.models import Snapshot
from app.collection.operations import packed_record
from app.collection.queries import review_chain
from app.core.codes import codes
from app.core.db import utc_now
from app.core.declarations import unpack_json
from app.core.errors import AppError
from app.core.flow import FlowLog
from app.core.history import History, unpack
from app.core.sections.fields import split_codes
from app.core.validators import check_citizen_id, check_school_code
from app.demo import PASSWORD, known_logins
from app.demo_world import generating, province
from app.demo_world.lives import SERIALS, STEP, careers
from app.organisations.models import LEVELS, Unit
from app.records import BY_NAME, STORED
from app.records.completeness import check_rows
from app.records.marks import ReviewMark, open_marks
from app.records.name_keys import named
from app.records.rows import Rows, rows_of
from app.records.states import STATES
from app.records.teacher import Teacher
from tests.accounts.database import dump
from tests.conftest import Client, PostgresCopy, SqliteCopy

PER_SCHOOL, GENERATED = 2, 120
RULES = PasswordRules("pbkdf2:sha256:1", max_failures=5, lock_minutes=10)


def newcomers(session: Session, after: int) -> Sequence[Teacher]:
    return session.scalars(sa.select(Teacher).where(Teacher.id > after).order_by(Teacher.id)).all()


def last_id(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(Teacher.id))) or 0


@pytest.fixture
def loaded(app: Flask, everything: Session) -> Sequence[Teacher]:
    """A few people of every school of the demo province."""
    before = last_id(everything)
    assert province.load_province(everything, PASSWORD, RULES, at_most=PER_SCHOOL)
    return newcomers(everything, before)


@pytest.fixture
def generated(app: Flask, everything: Session, database: SqliteCopy | PostgresCopy) -> Sequence[Teacher]:
    """A county of load tests, with few people."""
    database.others_write = True  # COPY is no statement
    before, hashed = last_id(everything), generate_password_hash(PASSWORD, RULES.method)
    told: list[int] = []
    generating.generate(everything, "5300000000", GENERATED, hashed, lambda part, _s, _r: told.append(part.people))
    assert told == [GENERATED]
    return newcomers(everything, before)


@pytest.fixture(params=["loaded", "generated"])
def people(request: pytest.FixtureRequest) -> Sequence[Teacher]:
    found: Sequence[Teacher] = request.getfixturevalue(request.param)
    return found


def test_they_are_complete_and_nobody_real(everything: Session, people: Sequence[Teacher]) -> None:
    assert {teacher.unit.school_kind for teacher in people} == set("KSEVHU")
    assert set(STATES) == {teacher.status for teacher in people}
    places = {entry[:4] for entry in codes["ADMIN_DIV"].entries} | set(codes["ADMIN_DIV"].entries)
    numbers = [str(teacher.id_number) for teacher in everything.scalars(sa.select(Teacher))]
    assert len(set(numbers)) == len(numbers)
    for teacher in people:
        number = check_citizen_id(str(teacher.id_number), today=utc_now().date())
        assert number[:4] not in places and number[:6] not in places
        rows = rows_of(everything, teacher)
        found = check_rows(teacher, rows)
        said = [f"{finding.label}: {finding.problem.message}" for finding in found.findings]
        if teacher.status in ("in_review", "approved"):
            assert (found.percent, said) == (100, []), teacher.id
        assert found.complete or teacher.status == "draft", said
        assert unknown_codes(teacher, rows) == []
        states_agree(everything, teacher, rows)
    one = people[len(people) // 2]
    assert one.id in everything.scalars(sa.select(Teacher.id).where(named(everything, Teacher.id, str(one.name)))).all()


def unknown_codes(teacher: Teacher, rows: Rows) -> list[Any]:
    """Codes that a form would not offer."""
    found = []
    for section in STORED:
        for field in section.fields_for(teacher.indicator_set):
            if field.kind not in ("code", "codes", "bool") or section.name == "none_said":
                continue
            offered = {
                entry.code for entry in codes[field.table_for(teacher.indicator_set)].offered(teacher.indicator_set)
            }
            for row in rows[section.name]:
                found += [
                    (field.name, code)
                    for code in split_codes(str(getattr(row, field.name) or ""))
                    if code not in offered and not (field.filled_by == "D" and code)
                ]
    return found


def states_agree(session: Session, teacher: Teacher, rows: Rows) -> None:
    """The steps lead to the state, and everything that goes with a state is there."""
    steps = session.scalars(sa.select(FlowLog).where(FlowLog.teacher_id == teacher.id).order_by(FlowLog.id)).all()
    for before, after in pairwise(steps):
        assert before.to_state == after.from_state and before.at < after.at
    for step in steps:
        rule = REPORT.by_name[step.step]
        assert step.from_state in rule.source and step.to_state in rule.target
        assert step.actor_id and (step.comment or not rule.needs_comment)
    assert teacher.status == (steps[-1].to_state if steps else "draft")
    chain = [unit.id for unit in review_chain(session, teacher.unit)]
    if teacher.status == "in_review":
        assert teacher.waiting_unit_id == chain[teacher.stage - 1]
        assert teacher.reported_by_id == next(step.actor_id for step in steps if step.step == "report")
    else:
        assert (teacher.waiting_unit_id, teacher.stage) == (None, 0)
    reporters = {step.actor_id for step in steps if step.step == "report"}
    assert not reporters & {step.actor_id for step in steps if step.step in ("approve", "reject")}
    assert bool(open_marks(session, teacher.id)) == (teacher.status == "rejected")
    for mark in session.scalars(sa.select(ReviewMark).where(ReviewMark.teacher_id == teacher.id)):
        assert mark.row_id in [row.id for row in rows[mark.section]]
    for change in session.scalars(sa.select(History).where(History.teacher_id == teacher.id)):
        (item, (old, new)), row = next(iter(change.changes.items())), rows[change.section][0]
        field = BY_NAME[change.section].fields[item]
        assert unpack(field, new) == getattr(next(r for r in rows[change.section] if r.id == change.row_id), item)
        assert old != new and row is not None
    snapshots = session.scalars(sa.select(Snapshot).where(Snapshot.teacher_id == teacher.id)).all()
    assert len(snapshots) == (teacher.status == "approved")
    for snapshot in snapshots:
        assert snapshot.teacher_version == teacher.version
        assert plain(unpack_json(snapshot.content)) == plain(unpack_json(packed_record(rows)))


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """A snapshot as its values."""
    return {
        section.name: [
            {name: row["id"] if name == "id" else unpack(section.fields[name], value) for name, value in row.items()}
            for row in content[section.name]
        ]
        for section in STORED
    }


def test_a_second_load_changes_nothing(app: Flask, everything: Session, loaded: Sequence[Teacher]) -> None:
    before = dump(app)
    assert not province.load_province(everything, PASSWORD, RULES)
    assert dump(app) == before
    assert len(loaded) == PER_SCHOOL * len([row for row in province.rows("units") if row["level"] == "school"])
    states = Counter(login["state"] for login in known_logins(everything))
    assert {"启用", "停用", "锁定", "从未登录", "长期未用"} == set(states)
    told = {(login["level"], login["role"]) for login in known_logins(everything) if login["named"]}
    wanted = {(level, role.name) for level in LEVELS for role in ROLES if role.name != "教师"}
    wanted -= {("department", role) for role in ("系统管理员", "信息审核员", "培训管理员")}  # without rights there
    assert wanted <= told and ("teacher", "教师") in told


def test_generating_goes_on_where_it_stopped(
    everything: Session, generated: Sequence[Teacher], client_as: Callable[[str], Client]
) -> None:
    assert len(generated) == GENERATED
    assert generating.missing_parts(everything, "5300000000", GENERATED) == []
    parts = generating.missing_parts(everything, "5300000000", GENERATED + 7000)
    assert [(part.number, part.people) for part in parts] == [(1, generating.people_of_county()), (2, 500)]
    schools = everything.scalars(sa.select(Unit).where(Unit.name.like("模拟0001县%学%"))).all()
    assert len({school.code for school in schools}) == len(schools)
    client = client_as(str(generated[0].id_number))
    assert client.get("/session/alive").get_json()["login"]


def test_numbers_of_two_people_never_meet() -> None:
    assert gcd(STEP, careers().born_days * SERIALS) == 1
    most = generating.FIRST_NUMBER + generating.MOST_COUNTIES * generating.people_of_county()
    assert most <= careers().born_days * SERIALS


def test_a_full_province_has_a_code_for_every_school() -> None:
    codes = []
    for number in range(generating.MOST_COUNTIES):
        part = generating.Part("5300000000", number, 0)
        for category, higher in (("211", False), ("412", True)):
            codes += [part.school_code(at, category) for at in range(generating.schools_of_county(higher=higher))]
    assert len(set(codes)) == len(codes)
    assert {len(code) for code in codes} == {10} and {check_school_code(code) for code in codes} == set(codes)


def test_more_people_than_a_province_holds_are_refused(everything: Session) -> None:
    with pytest.raises(AppError, match="一个省最多生成 3900000 人"):
        generating.missing_parts(everything, "5300000000", 3_900_001)
