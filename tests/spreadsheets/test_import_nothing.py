"""「无」 in a file: kept as said of the section, never beside rows, undone with the import."""

import pytest
import sqlalchemy as sa

from app.core.db import utc_now
from app.records import BY_NAME, NOTHING
from app.records.rows import rows_of, said_none
from app.records.teacher import Teacher
from app.spreadsheets.operations import undo_plan
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.workbooks import known, number_of, person

ROTATION = BY_NAME["rotation"]
ROTATED = {"交流轮岗类型": "定期交流", "是否调动人事关系": "否", "开始年月": "2020-09", "原单位名称": "甲校",
           "交流轮岗单位名称": "乙校"}  # fmt: skip


def said(desk: Desk, teacher: Teacher) -> frozenset[str]:
    desk.session.expire_all()
    return said_none(rows_of(desk.session, teacher))


def count(desk: Desk, teacher: Teacher) -> int:
    return len(rows_of(desk.session, teacher)["rotation"])


@pytest.fixture
def empty(desk: Desk, open_teacher: Teacher) -> Teacher:
    """A teacher of whom nothing is known about 交流轮岗 and 国内培训."""
    for name in ("rotation", "domestic_training"):
        model = BY_NAME[name].model
        desk.session.execute(sa.delete(model).where(model.teacher_id == open_teacher.id))
    desk.session.execute(sa.delete(NOTHING.model).where(NOTHING.model.teacher_id == open_teacher.id))
    desk.session.commit()
    return open_teacher


@pytest.mark.parametrize("typed", ["无", "0", "0-无", " 无 "])
def test_the_code_or_the_word_says_none(desk: Desk, empty: Teacher, typed: str) -> None:
    plan = desk.write(交流轮岗=[known(empty, 交流轮岗类型=typed)])
    assert desk.actions(plan) == ["create"]
    assert "rotation" in said(desk, empty) and count(desk, empty) == 0
    again = desk.plan(交流轮岗=[known(empty, 交流轮岗类型=typed)])
    assert desk.actions(again) == ["same"]


def test_a_sheet_without_a_code_for_it_takes_the_word(desk: Desk, empty: Teacher) -> None:
    desk.write(国内培训=[known(empty, 培训项目名称="无")])
    assert "domestic_training" in said(desk, empty)


def test_a_new_person_comes_with_it(desk: Desk) -> None:
    desk.write(
        基本信息=[person(1, "何静宜")], 交流轮岗=[{"姓名": "何静宜", "身份证件号": number_of(1), "交流轮岗类型": "无"}]
    )
    assert said(desk, desk.teacher(number_of(1))) == {"rotation"}


def test_it_stands_not_beside_rows(desk: Desk, empty: Teacher) -> None:
    before = desk.state()
    both = desk.plan(交流轮岗=[known(empty, 交流轮岗类型="无"), known(empty, **ROTATED)])
    assert "还有别的行" in desk.only_error(both)[3]
    twice = desk.plan(交流轮岗=[known(empty, 交流轮岗类型="无"), known(empty, 交流轮岗类型="无")])
    assert "重复" in desk.only_error(twice)[3]
    contradicting = desk.plan(交流轮岗=[known(empty, **ROTATED | {"交流轮岗类型": "无"})])
    assert desk.actions(contradicting) == ["error"]
    assert desk.state() == before and not said(desk, empty)
    desk.write(交流轮岗=[known(empty, **ROTATED)])
    late = desk.plan(交流轮岗=[known(empty, 交流轮岗类型="无")])
    assert "已有 1 条" in desk.only_error(late)[3]


def test_replacing_by_none_deletes_the_rows_and_comes_back(desk: Desk, empty: Teacher) -> None:
    desk.write(交流轮岗=[known(empty, **ROTATED)])
    plan = desk.write("replace", 交流轮岗=[known(empty, 交流轮岗类型="无")])
    assert count(desk, empty) == 0 and "rotation" in said(desk, empty)
    undo_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.commit()
    assert count(desk, empty) == 1 and not said(desk, empty)


def test_a_row_takes_it_back_and_undo_says_it_again(desk: Desk, empty: Teacher) -> None:
    desk.write(交流轮岗=[known(empty, 交流轮岗类型="无")])
    plan = desk.write(交流轮岗=[known(empty, **ROTATED)])
    assert sorted(desk.actions(plan)) == ["create", "delete"]
    assert count(desk, empty) == 1 and not said(desk, empty)
    undo_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.commit()
    assert count(desk, empty) == 0 and "rotation" in said(desk, empty)


def test_undo_leaves_none_aside_where_a_row_was_changed_since(desk: Desk, empty: Teacher) -> None:
    desk.write(交流轮岗=[known(empty, 交流轮岗类型="无")])
    plan = desk.write(交流轮岗=[known(empty, **ROTATED)])
    row = desk.session.scalars(sa.select(ROTATION.model).where(ROTATION.model.teacher_id == empty.id)).one()
    row.to_org = "丙校"
    desk.session.commit()
    result = undo_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.commit()
    assert len(result.conflicts) == 1 and count(desk, empty) == 1 and not said(desk, empty)


def test_locks_of_the_section_hold(desk: Desk, empty: Teacher) -> None:
    empty.status = "in_review"
    desk.session.commit()
    plan = desk.plan(交流轮岗=[known(empty, 交流轮岗类型="无")])
    assert "已报送" in desk.only_error(plan)[3]
