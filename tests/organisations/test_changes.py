"""Name, code and superior of a unit change from a day on; what was before is kept, and every row follows."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.actor import actor_of
from app.core.crypto import PackedJson
from app.core.db import utc_now
from app.core.errors import NotAllowed
from app.core.scope import SCOPE_COLUMNS
from app.core.settings_log import SettingChange
from app.organisations.changes import apply_due, plan_change
from app.organisations.models import Unit, UnitChange
from app.organisations.moving import scoped_tables
from app.records.teacher import Teacher
from tests.conftest import CITY_SCHOOL, PRIMARY, SCHOOL, STRANGE_SCHOOL, Client

COUNTY, NEXT_COUNTY, CITY, PROVINCE = "5301210000", "5301220000", "5301000000", "5300000000"
TODAY = utc_now().astimezone().date()


def unit(session: Session, code: str) -> Unit:
    session.rollback()
    session.expire_all()
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one()


def form(row: Unit, **changed: Any) -> dict[str, str]:
    now = {"effective_on": TODAY, "name": row.name, "code": row.code, "parent": row.parent.code if row.parent else ""}
    return {name: str(value) for name, value in (now | changed).items()}


def later(days: int) -> dt.datetime:
    return utc_now() + dt.timedelta(days=days)


def due(session: Session, now: dt.datetime) -> int:
    session.rollback()
    count = apply_due(session, now)
    session.commit()
    return count


def move(session: Session, row_code: str, parent_code: str) -> None:
    """The system itself hangs a unit elsewhere, today."""
    row = unit(session, row_code)
    change, problems = plan_change(session, actor_of(session), row.id, form(row, parent=parent_code), utc_now())
    assert change is not None and change.applied_at is not None, problems
    session.commit()


@pytest.fixture
def county(client_as: Callable[[str], Client]) -> Client:
    return client_as("qinghe_sys")


# ── name and code ──


def test_a_new_name_and_code_hold_at_once_and_the_old_ones_are_found(county: Client, everything: Session) -> None:
    row = unit(everything, PRIMARY)
    posted = form(row, name="青禾县第一小学", code="2153000777", reason="青教〔2026〕7 号")
    assert county.post(f"/units/changes/{row.id}", posted).status_code == 302
    stored = unit(everything, "2153000777")
    assert (stored.id, stored.name) == (row.id, "青禾县第一小学")
    assert stored.pinyin.startswith("qinghexiandiyixiaoxue")
    page = county.get(f"/units/show/{row.id}").text
    assert all(said in page for said in ("青禾县实验小学 → 青禾县第一小学", "青教〔2026〕7 号", "已生效", "修改历史"))
    for typed in ("青禾县实验小学", PRIMARY, "第一小学"):
        answer = county.post("/units/search/", {"q": typed})
        assert "2153000777" in county.get(answer.headers["Location"]).text, typed
    change = everything.scalars(sa.select(SettingChange)).one()
    assert change.changes["name"] == ["青禾县实验小学", "青禾县第一小学"] and change.actor_name == "马志远"


def test_an_old_code_is_not_given_to_another_unit(county: Client, everything: Session) -> None:
    row, sister = unit(everything, PRIMARY), unit(everything, SCHOOL)
    county.post(f"/units/changes/{row.id}", form(row, code="2153000777"))
    new = {"code": PRIMARY, "name": "青禾县新校", "level": "school", "school_kind": "S", "status": "2"}
    answer = county.post("/units/add", new)
    assert answer.status_code == 400 and "作废的代码" in answer.text
    sister = unit(everything, SCHOOL)
    assert county.post(f"/units/changes/{sister.id}", form(sister, code=PRIMARY)).status_code == 400
    row = unit(everything, "2153000777")
    assert county.post(f"/units/changes/{row.id}", form(row, code=PRIMARY)).status_code == 302, "its own comes back"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "都与现在一样"),
        ({"name": ""}, "没有填"),
        ({"name": "青禾县第一中学"}, "下面已经有"),
        ({"code": "5153000777"}, "与所选学校类型不符"),
        ({"code": "2154000777"}, "与上级单位所在省的代码 53 不符"),
        ({"code": SCHOOL}, "已有其他单位在用"),
        ({"parent": NEXT_COUNTY, "name": "别名"}, "没有这个代码的单位"),
        ({"parent": CITY, "name": "别名"}, "没有这个代码的单位"),
        ({"parent": SCHOOL, "name": "别名"}, "不能挂在"),
        ({"effective_on": TODAY - dt.timedelta(days=1), "name": "别名"}, "不能早于今天"),
        ({"effective_on": TODAY + dt.timedelta(days=900), "name": "别名"}, "最多提前一年"),
        ({"effective_on": "不知道", "name": "别名"}, "日期"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_changes(
    county: Client, everything: Session, changed: dict[str, Any], said: str
) -> None:
    row = unit(everything, PRIMARY)
    answer = county.post(f"/units/changes/{row.id}", form(row, **changed))
    assert answer.status_code == 400 and said in answer.text
    stored = unit(everything, PRIMARY)
    assert (stored.name, stored.parent_id) == (row.name, row.parent_id)
    assert everything.scalar(sa.select(sa.func.count(UnitChange.id))) == 0


# ── the day ──


def test_a_later_change_waits_for_its_day(app: Flask, county: Client, everything: Session) -> None:
    row = unit(everything, PRIMARY)
    tomorrow = form(row, name="青禾县第一小学", effective_on=TODAY + dt.timedelta(days=1))
    assert county.post(f"/units/changes/{row.id}", tomorrow).status_code == 302
    assert unit(everything, PRIMARY).name == "青禾县实验小学"
    page = county.get(f"/units/show/{row.id}").text
    assert "等待生效" in page and "撤回" in page
    assert county.post(f"/units/changes/{row.id}", form(row, name="又一个")).status_code == 409
    assert due(everything, utc_now()) == 0
    assert due(everything, later(1)) == 1
    everything.commit()
    stored = unit(everything, PRIMARY)
    assert stored.name == "青禾县第一小学"
    assert due(everything, later(2)) == 0, "once"
    told = everything.scalars(sa.select(SettingChange)).one()
    assert told.actor_name == "马志远", "who had decided it, not who ran the clock"


def test_tidy_and_the_next_change_apply_what_is_due(app: Flask, county: Client, everything: Session) -> None:
    for run in ("tidy", "edit"):
        row = unit(everything, PRIMARY)
        name = f"青禾县{run}小学"
        county.post(f"/units/changes/{row.id}", form(row, name=name, effective_on=TODAY + dt.timedelta(days=1)))
        everything.rollback()
        everything.execute(sa.update(UnitChange).where(UnitChange.applied_at.is_(None)).values(effective_on=TODAY))
        everything.commit()
        if run == "tidy":
            result = app.test_cli_runner().invoke(args=["tidy"])
            assert "1 项单位变更已生效" in result.output
        else:
            county.post(f"/units/edit/{row.id}", {"aliases": "实小", "status": "2"})
        assert unit(everything, PRIMARY).name == name


def test_a_waiting_change_is_withdrawn(county: Client, client_as: Callable[[str], Client], everything: Session) -> None:
    row = unit(everything, PRIMARY)
    county.post(f"/units/changes/{row.id}", form(row, name="新名", effective_on=TODAY + dt.timedelta(days=9)))
    everything.rollback()
    key = everything.scalars(sa.select(UnitChange.id)).one()
    assert client_as("yizhong_sys").post(f"/units/changes/withdraw/{key}").status_code == 404
    assert county.post(f"/units/changes/withdraw/{key}").status_code == 302
    assert county.post(f"/units/changes/withdraw/{key}").status_code == 404
    assert due(everything, later(30)) == 0
    row = unit(everything, PRIMARY)
    county.post(f"/units/changes/{row.id}", form(row, name="新名"))
    everything.rollback()
    key = everything.scalars(sa.select(UnitChange.id)).one()
    assert county.post(f"/units/changes/withdraw/{key}").status_code == 409, "it has taken effect"


def test_what_does_not_fit_on_its_day_is_told_and_the_rest_goes_on(county: Client, everything: Session) -> None:
    first, second = unit(everything, PRIMARY), unit(everything, SCHOOL)
    keys, tomorrow = (first.id, second.id), TODAY + dt.timedelta(days=1)
    county.post(f"/units/changes/{keys[0]}", form(first, name="同名学校", effective_on=tomorrow))
    county.post(f"/units/changes/{keys[1]}", form(unit(everything, SCHOOL), name="同名学校", effective_on=tomorrow))
    assert due(everything, later(1)) == 1
    everything.commit()
    assert (unit(everything, PRIMARY).name, unit(everything, SCHOOL).name) == ("同名学校", "青禾县第一中学")
    page = county.get(f"/units/show/{keys[1]}").text
    assert "没有生效" in page and "下面已经有" in page and "撤回" in page


# ── the place ──


def dummies(session: Session, school: Unit) -> None:
    """A row of the school in every scoped table that has none, so that each of them has something to follow."""
    columns = dict(zip(SCOPE_COLUMNS, school.scope_ids, strict=True))
    for table in Teacher.metadata.sorted_tables:
        classes = [cls for cls in scoped_tables() if cls.__table__ is table]  # type: ignore[attr-defined]
        if not classes or session.scalar(sa.select(sa.func.count()).where(table.c.school_id == school.id)):
            continue
        values: dict[str, Any] = {}
        for column in table.columns:
            if column.nullable or column.primary_key or column.name in columns:
                continue
            target = next(iter(column.foreign_keys), None)
            if target is not None:
                values[column.name] = session.scalar(sa.select(sa.func.max(target.column)))
            elif isinstance(column.type, (sa.JSON, PackedJson)):
                values[column.name] = {}
            else:
                kind = column.type.python_type if not hasattr(column.type, "impl") else column.type.impl.python_type
                values[column.name] = {str: "x", int: 1, bool: False, bytes: b"", dt.datetime: utc_now(),
                                       dt.date: TODAY}[kind]  # fmt: skip
        session.execute(sa.insert(table).values(**values, **columns))


def scopes(session: Session, school_id: int) -> dict[str, set[tuple[int | None, ...]]]:
    """By table the scope columns of a school's rows."""
    session.rollback()
    found = {}
    for cls in scoped_tables():
        wanted = [getattr(cls, name) for name in SCOPE_COLUMNS]
        rows = session.execute(sa.select(*wanted).where(cls.school_id == school_id).distinct())
        found[cls.__name__] = {tuple(row) for row in rows}
    return found


def seen(session: Session, school_id: int) -> dict[str, int]:
    """By table how many of a school's rows a session sees."""
    return {
        cls.__name__: session.scalar(sa.select(sa.func.count()).select_from(cls).where(cls.school_id == school_id)) or 0
        for cls in scoped_tables()
    }


def test_every_scoped_table_follows_a_school(
    session_as: Callable[[str], Session], client_as: Callable[[str], Client], everything: Session
) -> None:
    school = unit(everything, SCHOOL)
    dummies(everything, school)
    everything.commit()
    school = unit(everything, SCHOOL)
    key, old = school.id, school.scope_ids
    before = scopes(everything, key)
    assert len(before) > 30 and all(rows == {old} for rows in before.values()), "every table has rows of it"
    move(everything, SCHOOL, NEXT_COUNTY)
    new = unit(everything, SCHOOL).scope_ids
    assert new == (old[0], old[1], unit(everything, NEXT_COUNTY).id, key)
    assert all(rows == {new} for rows in scopes(everything, key).values())
    county_sees, next_county_sees = seen(session_as("zhoumin"), key), seen(session_as("shiqiao"), key)
    assert not any(county_sees.values()), "the old superior sees nothing of it"
    assert all(next_county_sees.values()), "the new one sees all"
    assert "青禾县第一中学" not in client_as("qinghe_sys").get("/units/list/").text
    teacher = everything.scalars(sa.select(Teacher.id).where(Teacher.unit_id == key)).first()
    assert client_as("zhoumin").get(f"/teachers/show/{teacher}").status_code == 404
    assert client_as("shiqiao").get(f"/teachers/show/{teacher}").status_code == 200
    assert client_as("liyutong").get(f"/teachers/show/{teacher}").status_code == 200, "the school itself goes on"


def test_a_county_takes_its_schools_along(
    session_as: Callable[[str], Session], client_as: Callable[[str], Client], everything: Session
) -> None:
    nation = client_as("yunchuan_sys")
    form_of_city = {"code": "5302000000", "name": "北屏市教育局", "level": "city", "status": "2"}
    assert nation.post("/units/add", form_of_city).status_code == 302
    school, other = unit(everything, SCHOOL).id, unit(everything, CITY_SCHOOL).id
    untouched = scopes(everything, other)
    row = unit(everything, COUNTY)
    key = row.id
    assert nation.post(f"/units/changes/{key}", form(row, parent="5302000000")).status_code == 302
    city = unit(everything, "5302000000")
    moved = unit(everything, SCHOOL)
    assert moved.scope_ids == (city.parent_id, city.id, key, school)
    assert all(rows <= {moved.scope_ids} for rows in scopes(everything, school).values())
    assert scopes(everything, other) == untouched
    assert seen(session_as("nanping"), school)["Teacher"] == 0
    assert seen(session_as("zhoumin"), school)["Teacher"] == 36


def test_a_school_moves_up_to_the_city(session_as: Callable[[str], Session], everything: Session) -> None:
    move(everything, SCHOOL, CITY)
    school = unit(everything, SCHOOL)
    assert school.county_id is None and school.city_id == unit(everything, CITY).id
    assert seen(session_as("zhoumin"), school.id)["Teacher"] == 0
    assert seen(session_as("nanping"), school.id)["Teacher"] == 36


def test_departments_go_with_their_school(session_as: Callable[[str], Session], everything: Session) -> None:
    move(everything, "4153019801", CITY)
    city = unit(everything, CITY).id
    assert unit(everything, "415301980101").city_id == city
    assert seen(session_as("shuxue"), unit(everything, "4153019801").id)["Teacher"] > 0


def test_reports_wait_at_the_new_superior(
    session_as: Callable[[str], Session], client_as: Callable[[str], Client], everything: Session
) -> None:
    school, old = unit(everything, SCHOOL), unit(everything, COUNTY)
    waiting = [t.id for t in everything.scalars(sa.select(Teacher).where(Teacher.waiting_unit_id == old.id))]
    at_school = everything.scalars(sa.select(Teacher.id).where(Teacher.waiting_unit_id == school.id)).all()
    passed_on = everything.get_one(Teacher, at_school[0])
    passed_on.waiting_unit_id, passed_on.stage = old.id, 2
    everything.commit()
    assert at_school and (waiting or at_school)
    move(everything, SCHOOL, NEXT_COUNTY)
    goal = unit(everything, NEXT_COUNTY).id
    assert everything.get_one(Teacher, at_school[0], populate_existing=True).waiting_unit_id == goal
    assert everything.get_one(Teacher, at_school[1], populate_existing=True).waiting_unit_id == school.id


def test_only_who_stands_above_both_moves_a_unit(
    session_as: Callable[[str], Session], client_as: Callable[[str], Client], everything: Session
) -> None:
    row = unit(everything, STRANGE_SCHOOL)
    assert client_as("qinghe_sys").post(f"/units/changes/{row.id}", form(row, parent=COUNTY)).status_code == 404
    session = session_as("qinghe_sys")
    with pytest.raises(NotAllowed):
        plan_change(session, actor_of(session), row.id, form(row, parent=COUNTY), utc_now())
    session.rollback()
    province = client_as("yunchuan_sys")
    assert province.post(f"/units/changes/{row.id}", form(row, parent=COUNTY)).status_code == 302
    assert unit(everything, STRANGE_SCHOOL).county_id == unit(everything, COUNTY).id
    above = unit(everything, PROVINCE)
    assert province.post(f"/units/changes/{above.id}", form(above, name="别的")).status_code == 403
