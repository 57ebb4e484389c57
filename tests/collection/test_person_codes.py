"""个人标识码: given once, by the approval that counts; never a second time, and nothing of the person in it."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.orm import Session

from app.collection import operations
from app.collection.models import Snapshot
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.declarations import unpack_json
from app.core.history import History
from app.records import person_codes
from app.records.person_codes import FORMAL, TEMPORARY, PersonCode, give_code, is_code, make_code
from app.records.teacher import Teacher
from tests.conftest import Client

APPROVED = sa.select(Teacher).where(Teacher.status == "approved").order_by(Teacher.id)


def test_a_code_is_checked_by_its_last_character() -> None:
    code = make_code(TEMPORARY, "53", 7)
    assert (code[:15], len(code)) == ("T53000000000007", 16) and is_code(code)
    slips = [code[:-3] + "1" + code[-2:], code.replace("T5", "T3"), "P" + code[1:], code[:-1], code + "1"]
    assert not any(map(is_code, slips))


def test_everybody_who_was_approved_has_one_and_nobody_else(everything: Session) -> None:
    people = list(everything.scalars(sa.select(Teacher)))
    assert {p.status for p in people if p.person_code} == {"approved"}
    assert all(p.person_code for p in people if p.status == "approved")
    for teacher in everything.scalars(APPROVED):
        assert is_code(teacher.person_code or "") and (teacher.person_code or "").startswith("T53")
        number = teacher.id_number or ""
        assert not any(number[at : at + 6] in (teacher.person_code or "") for at in range(len(number) - 5))


def test_the_last_approval_gives_it_with_history_and_snapshot(
    everything: Session, session_as: Callable[[str], Session], actor_named: Callable[[str], Actor],
    waiting: list[Teacher], at_school: list[Teacher],
) -> None:  # fmt: skip
    first, school = at_school[0], session_as("wangjianguo")
    operations.approve(school, first.id, first.version, actor_named("wangjianguo"), utc_now())
    school.commit()
    assert school.get_one(Teacher, first.id).person_code is None, "the county has still to look"
    school.rollback()
    session, county = session_as("zhoumin"), actor_named("zhoumin")
    operations.approve(session, waiting[0].id, waiting[0].version, county, utc_now())
    session.commit()
    everything.rollback()
    teacher = everything.get_one(Teacher, waiting[0].id)
    code = teacher.person_code
    assert code and [code] == list(
        everything.scalars(sa.select(PersonCode.code).where(PersonCode.teacher_id == teacher.id))
    )
    [change] = everything.scalars(
        sa.select(History).where(History.teacher_id == teacher.id).order_by(History.id.desc()).limit(1)
    )
    assert (change.changes, change.actor_name) == ({"person_code": [None, code]}, county.name)
    content = everything.scalars(sa.select(Snapshot.content).where(Snapshot.teacher_id == teacher.id)).one()
    assert unpack_json(content)["basic_info"][0]["person_code"] == code


def test_a_number_that_somebody_has_is_drawn_again(everything: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    has, wants = list(everything.scalars(sa.select(Teacher).where(Teacher.county_id.is_not(None)).limit(2)))
    drawn = iter((5, 5, 5, 6))
    monkeypatch.setattr(person_codes.secrets, "randbelow", lambda _most: next(drawn))
    give_code(everything, has, TEMPORARY, utc_now())
    give_code(everything, wants, TEMPORARY, utc_now())
    assert (has.person_code, wants.person_code) == (make_code("T", "53", 5), make_code("T", "53", 6))


def test_a_code_that_was_replaced_is_never_given_again(everything: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, other = list(everything.scalars(APPROVED.limit(2)))
    old = teacher.person_code or ""
    give_code(everything, teacher, FORMAL, utc_now())
    assert (teacher.person_code or "")[:3] == "P53"
    drawn = iter((int(old[3:15]), 8))
    monkeypatch.setattr(person_codes.secrets, "randbelow", lambda _most: next(drawn))
    give_code(everything, other, TEMPORARY, utc_now())
    assert other.person_code == make_code("T", "53", 8)


def test_without_a_free_number_nothing_is_given(everything: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = list(everything.scalars(sa.select(Teacher).where(Teacher.status == "draft").limit(2)))
    monkeypatch.setattr(person_codes.secrets, "randbelow", lambda _most: 5)
    give_code(everything, first, TEMPORARY, utc_now())
    with pytest.raises(RuntimeError, match="no free"):
        give_code(everything, second, TEMPORARY, utc_now())
    assert second.person_code is None


def test_people_are_found_by_it(client_as: Callable[[str], Client], everything: Session) -> None:
    teacher = everything.scalars(APPROVED.where(Teacher.county_id.is_not(None))).first()
    assert teacher is not None
    page = _found(client_as("yunchuan"), f" {(teacher.person_code or '').lower()} ")
    assert page.count('scope="row"') == 1 and (teacher.name or "-") in page
    assert 'scope="row"' not in _found(client_as("yunchuan"), make_code("T", "53", 1))


def _found(client: Client, typed: str) -> str:
    answer: Any = client.post("/teachers/search/", {"q": typed})
    return str(client.get(answer.headers["Location"]).text)


def test_people_approved_before_there_were_codes_get_one(app: Flask, everything: Session) -> None:
    approved = {teacher.id for teacher in everything.scalars(APPROVED)}
    everything.close()
    with app.app_context():
        downgrade(revision="0c7d3e9b5a41")
        upgrade()
    found = {key: code for key, code in everything.execute(sa.select(Teacher.id, Teacher.person_code)) if code}
    assert approved and found.keys() == approved and all(map(is_code, found.values()))
    kept = {key: code for key, code in everything.execute(sa.select(PersonCode.teacher_id, PersonCode.code))}
    assert kept == found
