"""What every declared section must do, run over the declarations."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.cli import CODES
from app.core.actor import Actor
from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.checks import section_defects
from app.core.sections.explain import as_text, describe
from app.core.sections.fields import Field, Value, join_codes
from app.core.sections.reading import read, read_row, typed
from app.core.sections.section import Section, diff, missing, show
from app.core.validators import InvalidValue
from app.organisations.models import Unit
from app.records import SECTIONS
from app.records.operations import create_teacher, save_row
from app.records.teacher import Teacher
from tests.conftest import Client
from tests.kinds import KINDS, S

TABLES = [path.stem for path in CODES.glob("[A-Z]*.csv")]
SECRETS = {"id": "11010519491231002X", "phone": "13800001234"}
EVERY = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
EVERY_SET = pytest.mark.parametrize("indicator_set", KINDS)


def sample(field: Field, indicator_set: IndicatorSet) -> Value:
    """A value that fits the item."""
    match field.kind:
        case "code" | "bool":
            return codes[field.table_for(indicator_set)].offered(indicator_set)[0].code
        case "codes":
            return join_codes([codes[field.table_for(indicator_set)].offered(indicator_set)[0].code])
        case "date":
            return dt.date(1990, 1, 16)
        case "ym":
            return "2012-09"
        case "year":
            return "2012"
        case "number":
            return Decimal(1).quantize(Decimal(1).scaleb(-field.decimals))
        case _:
            return SECRETS.get(field.secret, "云川")[: field.length]


@EVERY
def test_declaration_has_no_defects(section: Section) -> None:
    assert section_defects([section], TABLES) == []


def test_defects_are_numbered_and_name_the_place() -> None:
    broken = dataclasses.replace(SECTIONS[1], title_items=("nonsense",))
    defects = section_defects([broken], TABLES)
    assert len(defects) == 1
    assert defects[0].startswith("S003 ") and "education_history" in defects[0] and "nonsense" in defects[0]


def test_unknown_code_table_is_a_defect() -> None:
    assert any(d.startswith("S004 ") for d in section_defects(SECTIONS, []))


def test_only_a_date_that_may_be_left_empty_can_be_open_ended() -> None:
    section = next(one for one in SECTIONS if one.name == "work_history")
    wrong = dataclasses.replace(section)
    wrong.__dict__["declared"] = dict(section.declared) | {
        item: dataclasses.replace(section.declared[item], open_ended=True) for item in ("org_name", "start_month")
    }
    assert [defect.split()[0] for defect in section_defects([wrong], TABLES)] == ["S013", "S013"]


@EVERY
def test_explanation_names_every_item(section: Section) -> None:
    told = as_text(section)
    assert all(f"{section.name}.{name}" in told for name in section.fields)
    assert [item["identifier"] for item in describe(section)["items"]] == [
        f"{section.name}.{n}" for n in section.fields
    ]


@EVERY
@EVERY_SET
def test_value_survives_show_and_read(everything: Session, section: Section, indicator_set: IndicatorSet) -> None:
    for field in section.fields_for(indicator_set):
        value = sample(field, indicator_set)
        assert read(field, typed(field, value), indicator_set) == value, field.name
        if not field.secret:
            assert read(field, show(field, value, indicator_set), indicator_set) == value, field.name


@EVERY
@EVERY_SET
def test_each_required_item_is_reported_when_missing(
    everything: Session, section: Section, indicator_set: IndicatorSet
) -> None:
    full = {field.name: sample(field, indicator_set) for field in section.fields_for(indicator_set)}
    for field in section.fields_for(indicator_set):
        row = full | {field.name: None}
        if field.filled_by != "D" and field.is_required(indicator_set, row):
            assert field.name in [problem.item for problem in missing(section, row, indicator_set)]


@EVERY
@EVERY_SET
def test_changing_one_item_is_one_line_of_difference(
    everything: Session, section: Section, indicator_set: IndicatorSet
) -> None:
    for field in section.fields_for(indicator_set):
        old: dict[str, Value] = dict.fromkeys(section.fields)
        changes = diff(section, old, old | {field.name: sample(field, indicator_set)}, indicator_set)
        assert [(change.item, change.label, change.old) for change in changes] == [(field.name, field.label, "")]


@EVERY
def test_unreadable_text_names_the_item_and_helps(everything: Session, section: Section) -> None:
    for field in section.fields_for(S):
        if field.kind == "text":
            continue
        reading = read_row(section, {field.name: "完全不对"}, S, {})
        assert [problem.item for problem in reading.unreadable] == [field.name]
        assert any(word in reading.unreadable[0].message for word in ("例", "可填", "请"))


@EVERY
def test_item_that_does_not_apply_is_refused_and_cleared(everything: Session, section: Section) -> None:
    for field in section.fields_for(S):
        when = field.applies_when
        if when is None:
            continue
        offered = codes[section.fields[when.item].table_for(S)].offered(S)
        closing = next(entry.code for entry in offered if not when.holds(entry.code, unknown=False))
        value = sample(field, S)
        given = read_row(section, {when.item: closing, field.name: typed(field, value)}, S, {})
        assert field.name in [problem.item for problem in given.contradictions], field.name
        followed = read_row(section, {when.item: closing}, S, {field.name: value})
        assert followed.values[field.name] is None, field.name


@pytest.mark.parametrize("raw", ["A1", "A1-专任教师", "专任教师", "Ａ１", " 专任教师 "])
def test_code_is_understood_in_every_form(everything: Session, raw: str) -> None:
    assert read(SECTIONS[0].fields["staff_category"], raw, S) == "A1"


def test_code_of_another_school_type_is_refused(everything: Session) -> None:
    with pytest.raises(InvalidValue, match="教职工类别"):
        read(SECTIONS[0].fields["staff_category"], "保育员", S)


def test_label_with_a_wrong_name_is_refused(everything: Session) -> None:
    with pytest.raises(InvalidValue):
        read(SECTIONS[0].fields["gender"], "1-女", S)


def test_empty_draft_can_be_saved(session_as: Callable[[str], Session], actor_named, teachers: list[Teacher]) -> None:  # type: ignore[no-untyped-def]
    session, actor = session_as("liyutong"), actor_named("liyutong")
    teacher = session.get_one(Teacher, teachers[0].id)
    from app.core.db import utc_now  # noqa: PLC0415

    saved = save_row(session, actor, SECTIONS[1], teacher, None, {"major": "历史"}, 0, utc_now())
    assert saved.ok and saved.row.major == "历史" and saved.row.school_id == teacher.school_id


@pytest.mark.parametrize(
    ("texts", "item"),
    [
        ({"id_type": "1", "id_number": "11010519491231002X"}, "name"),
        ({"name": "张三", "id_type": "1"}, "id_number"),
        ({"name": "张三", "id_type": "1", "id_number": "110105194912310021"}, "id_number"),
        ({"name": "张3", "id_type": "1", "id_number": "11010519491231002X"}, "name"),
        ({"name": "张三", "id_type": "居民", "id_number": "11010519491231002X"}, "id_type"),
    ],
)
def test_record_needs_a_name_and_a_valid_number(
    session_as: Callable[[str], Session],
    actor_named,
    texts: dict[str, str],
    item: str,  # type: ignore[no-untyped-def]
) -> None:
    session = session_as("liyutong")
    unit = session.get_one(Unit, actor_named("liyutong").unit_id)
    saved = create_teacher(session, actor_named("liyutong"), unit, texts)
    assert not saved.ok and item in [problem.item for problem in saved.problems]
    assert not session.new


@pytest.mark.parametrize(
    ("texts", "gender", "born"),
    [
        ({"id_type": "1", "id_number": "11010519491231002X"}, "2", dt.date(1949, 12, 31)),
        ({"id_type": "1", "id_number": "11010519491231002X", "birth_date": "1950-01-31"}, "2", dt.date(1950, 1, 31)),
        ({"id_type": "Z", "id_number": "11010519491231002X"}, None, None),
    ],
    ids=["number", "archive", "other document"],
)
def test_sex_and_birth_date_follow_from_the_number_where_they_are_empty(
    session_as: Callable[[str], Session],
    actor_named: Callable[[str], Actor],
    texts: dict[str, str],
    gender: str | None,
    born: dt.date | None,
) -> None:
    session, actor = session_as("liyutong"), actor_named("liyutong")
    empty = {"name": "张三", "gender": "", "birth_date": ""}
    saved = create_teacher(session, actor, session.get_one(Unit, actor.unit_id), empty | texts)
    assert saved.ok, saved.problems
    assert (saved.row.gender, saved.row.birth_date) == (gender, born)


def test_same_person_is_not_made_twice(
    session_as: Callable[[str], Session], actor_named, strangers: list[Teacher]
) -> None:  # type: ignore[no-untyped-def]
    session = session_as("liyutong")
    unit = session.get_one(Unit, actor_named("liyutong").unit_id)
    texts = {"name": "某人", "id_type": "1", "id_number": strangers[0].id_number}
    saved = create_teacher(session, actor_named("liyutong"), unit, texts)
    assert [problem.item for problem in saved.problems] == ["id_number"]
    assert "教师调动" in saved.problems[0].message and "石桥" not in saved.problems[0].message


@pytest.mark.parametrize(
    ("path", "most"),
    [("/teachers/list/", 15), ("/records/education_history/list/", 15), ("/units/list/", 15), ("/teachers/show/1", 15)],
)
def test_pages_ask_few_questions(app: Flask, client_as, count_queries, path: str, most: int) -> None:  # type: ignore[no-untyped-def]
    client: Client = client_as("liyutong")
    client.get(path)
    with count_queries() as statements:
        assert client.get(path).status_code == 200
    assert len(statements) <= most, "\n".join(statements)


def test_saving_a_row_asks_few_questions(app: Flask, client_as, count_queries, teachers: list[Teacher]) -> None:  # type: ignore[no-untyped-def]
    client: Client = client_as("liyutong")
    token = client.token()
    form = {"csrf_token": token, "version": "0", "education": "21", "major": "数学", "start_month": "2010-09"}
    with count_queries() as statements:
        response = client.client.post(f"/teachers/{teachers[0].id}/education_history/add", data=form)
    assert response.status_code == 302
    assert len(statements) <= 20, "\n".join(statements)
