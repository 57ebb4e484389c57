"""What the review desk shows beside each other."""

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.collection import operations
from app.collection.comparison import (
    APPROVED_BEFORE,
    LOOKED_BEFORE,
    WHOLE,
    Comparison,
    Line,
    Sources,
    before,
    changed_since,
    compare,
    from_snapshot,
    key_of,
    place_of,
)
from app.collection.desk import open_desk
from app.collection.operations import Refusal
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.declarations import unpack_json
from app.core.history import History
from app.records.completeness import check_rows
from app.records.derived import refresh_derived
from app.records.rows import rows_of
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher

BACHELOR = "21"


def lines(comparison: Comparison) -> dict[str, Line]:
    return {line.key: line for block in comparison.blocks for line in block.lines if line.key}


def by_label(comparison: Comparison, label: str) -> Line:
    return next(line for block in comparison.blocks for line in block.lines if line.label == label)


def degree_of(session: Session, teacher: Teacher) -> EducationHistory:
    query = sa.select(EducationHistory).where(
        EducationHistory.teacher_id == teacher.id, EducationHistory.education == BACHELOR
    )
    return session.scalars(query).one()


def history(session: Session, teacher: Teacher, since: dt.datetime) -> list[History]:
    query = sa.select(History).where(History.teacher_id == teacher.id, History.at > since).order_by(History.id.desc())
    return list(session.scalars(query))


@pytest.fixture
def teacher(everything: Session) -> Teacher:
    """A complete record of 青禾县第一中学 that waits for the county."""
    waiting = sa.select(Teacher).where(Teacher.status == "in_review", Teacher.stage == 2).order_by(Teacher.id)
    return everything.scalars(waiting).all()[0]


def test_keys_go_both_ways() -> None:
    for place in (
        ("basic_info", 3, "name"),
        ("education_history", 5, ""),
        ("education_history", None, ""),
        ("", None, ""),
    ):
        assert place_of(key_of(*place)) == place
    assert key_of("", None, "") == WHOLE


def test_first_report_is_all_new(everything: Session, teacher: Teacher) -> None:
    found = compare(Sources(teacher, rows_of(everything, teacher)))
    assert found.first
    shown = lines(found)
    name = shown[f"basic_info/{teacher.id}/name"]
    assert (name.old, name.now, name.changed) == ("", teacher.name, True)
    assert all(line.changed == bool(line.now) for line in shown.values())
    assert found.count() > found.count(notable=True) > 0, "empty items are there, but ask for no look"


def test_secret_items_are_masked(everything: Session, teacher: Teacher) -> None:
    number = by_label(compare(Sources(teacher, rows_of(everything, teacher))), "身份证件号")
    assert teacher.id_number is not None and teacher.id_number not in (number.now, number.old)
    assert "****" in number.now


def test_a_change_behind_the_mask_is_told(everything: Session, teacher: Teacher) -> None:
    assert teacher.id_number is not None
    other = teacher.id_number[:8] + "00" + teacher.id_number[10:]
    old = {teacher.id: {**{"name": teacher.name}, "id_number": other}}
    earlier = before(rows_of(everything, teacher), [], utc_now())
    earlier.rows["basic_info"][teacher.id].update(old[teacher.id])  # type: ignore[attr-defined]
    number = by_label(compare(Sources(teacher, rows_of(everything, teacher), earlier)), "身份证件号")
    assert number.changed and number.old == number.now
    assert "打星号" in number.flags[0].text


def test_derived_items_are_shown_and_not_judged(everything: Session, teacher: Teacher) -> None:
    found = compare(Sources(teacher, rows_of(everything, teacher)))
    derived = [block for block in found.blocks if block.level == "derived"]
    assert len(derived) == 1 and derived[0].lines
    assert not any(line.key for line in derived[0].lines)
    assert not any(key.endswith("highest_education") for key in found.places)


def test_places_name_sections_rows_and_the_whole(everything: Session, teacher: Teacher) -> None:
    degree = degree_of(everything, teacher)
    places = compare(Sources(teacher, rows_of(everything, teacher))).places
    assert {WHOLE, "education_history//", f"education_history/{degree.id}/", f"basic_info/{teacher.id}/"} <= set(places)
    assert places[f"education_history/{degree.id}/major"] == "学习经历 · 所学专业"


def test_items_that_do_not_apply_are_left_out(everything: Session, teacher: Teacher) -> None:
    teacher.grassroots_program, teacher.grassroots_start_month = "0", None
    labels = [line.label for line in lines(compare(Sources(teacher, rows_of(everything, teacher)))).values()]
    assert "参加基层服务项目起始年月" not in labels
    assert "是否受过学前教育专业培养培训" not in labels, "items of other kinds of school"


def test_findings_stand_at_their_item(everything: Session, teacher: Teacher) -> None:
    assert teacher.birth_date is not None
    teacher.birth_date += dt.timedelta(days=40)
    degree = degree_of(everything, teacher)
    degree.major = None
    rows = rows_of(everything, teacher)
    found = compare(Sources(teacher, rows, findings=check_rows(teacher, rows).findings))
    assert [flag.kind for flag in by_label(found, "出生日期").flags] == ["warn"]
    missing = lines(found)[f"education_history/{degree.id}/major"]
    assert [flag.kind for flag in missing.flags] == ["no"] and not missing.plain


def test_against_the_snapshot(everything: Session, teacher: Teacher, actor_named: Callable[[str], Actor]) -> None:
    county = actor_named("zhoumin")
    operations.approve(everything, teacher.id, teacher.version, county, utc_now())
    snapshot = operations.take_snapshot(everything, teacher, county, utc_now())
    content = unpack_json(snapshot.content)
    assert teacher.id_number not in str(content), "secret items are encrypted"

    teacher.political_status = ",01,"
    gone, degree = (row for row in rows_of(everything, teacher)["education_history"])
    everything.delete(everything.get_one(EducationHistory, gone.id))
    master = EducationHistory(teacher_id=teacher.id, teacher=teacher, education="11", education_school="云川师范大学")
    everything.add(master)
    everything.flush()
    refresh_derived(everything, [teacher])
    everything.flush()

    found = compare(Sources(teacher, rows_of(everything, teacher), from_snapshot(content)))
    assert found.earlier == APPROVED_BEFORE and not found.first
    political = by_label(found, "政治面貌")
    assert political.changed and political.now == "中共党员" and political.old not in ("", political.now)
    assert lines(found)[f"basic_info/{teacher.id}/id_number"].plain
    assert lines(found)[f"education_history/{degree.id}/major"].plain
    notes = {block.title: block.note for block in found.blocks}
    assert [note for note in notes.values() if note == "新增"] and any("已删除" in note for note in notes.values())
    deleted = next(block for block in found.blocks if "已删除" in block.note)
    assert not deleted.key and not any(line.key for line in deleted.lines), "what is gone cannot be unlocked"
    assert by_label(found, "最高学历").changed
    assert found.count(notable=True) == 3, "the political status and the two items of the new row"


def test_back_to_the_last_look(everything: Session, teacher: Teacher) -> None:
    moment = utc_now()
    degree = degree_of(everything, teacher)
    first = degree.end_month
    for month in ("2001-01", "2002-02"):
        degree.end_month = month
        everything.flush()
    school = next(row for row in rows_of(everything, teacher)["education_history"] if row.id != degree.id)
    everything.delete(everything.get_one(EducationHistory, school.id))
    added = EducationHistory(teacher_id=teacher.id, teacher=teacher, education="0")
    everything.add(added)
    everything.flush()
    earlier = before(rows_of(everything, teacher), history(everything, teacher, moment), moment)
    assert earlier.label == LOOKED_BEFORE
    assert earlier.rows["education_history"][degree.id]["end_month"] == first
    assert earlier.rows["education_history"][school.id]["education"] == "61"
    assert added.id not in earlier.rows["education_history"]
    changed = changed_since(history(everything, teacher, moment))
    assert ("education_history", degree.id, "end_month") in changed


def test_desk_says_whether_a_refused_item_was_mended(
    everything: Session, teacher: Teacher, actor_named: Callable[[str], Actor]
) -> None:
    county, clerk, reviewer = (actor_named(name) for name in ("zhoumin", "liyutong", "wangjianguo"))
    degree = degree_of(everything, teacher)
    refusals = [
        Refusal("education_history", degree.id, "end_month", "evidence", "证书上是 7 月"),
        Refusal("education_history", degree.id, "major", "wrong", ""),
        Refusal("education_history", None, "", "incomplete", "缺硕士"),
    ]
    operations.reject(everything, teacher.id, teacher.version, refusals, "", county, utc_now())
    degree.end_month = f"{str(degree.end_month)[:5]}08"
    everything.flush()
    operations.report(everything, teacher.id, clerk, utc_now())
    operations.approve(everything, teacher.id, teacher.version, reviewer, utc_now())

    found = open_desk(everything, county, teacher).comparison
    assert found.earlier == LOOKED_BEFORE
    mended, left = (lines(found)[f"education_history/{degree.id}/{item}"] for item in ("end_month", "major"))
    assert (
        mended.changed and [flag.kind for flag in mended.flags] == ["info"] and "证书上是 7 月" in mended.flags[0].text
    )
    assert not left.changed and [flag.kind for flag in left.flags] == ["no"] and not left.plain
    heading = next(block for block in found.blocks if block.key == "education_history//")
    assert "缺硕士" in heading.flags[-1].text
    assert found.count(notable=True) == 2, "only what changed or was refused"

    city_view = open_desk(everything, actor_named("nanping"), teacher).comparison
    assert city_view.first, "a unit that never looked has nothing to compare with"
