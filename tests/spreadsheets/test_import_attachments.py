"""An import never deletes a row that has attachments, and never takes one back: nobody could bring the files again."""

from typing import Any

import pytest

from app.core.db import utc_now
from app.core.errors import Conflict
from app.records import BY_NAME
from app.records.attaching import KeptFile, attach
from app.records.teacher import Teacher
from app.spreadsheets.operations import UndoResult, undo_plan
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.test_import_apply import MASTER
from tests.spreadsheets.workbooks import known

SECTION = BY_NAME["education_history"]


def attach_to(desk: Desk, row: Any) -> None:
    file = KeptFile("毕业证.pdf", "application/pdf", 1, "0" * 64, None)
    attach(desk.session, desk.actor, SECTION, row.teacher_id, row.id, file, utc_now())
    desk.session.commit()


def test_replacing_refuses_to_delete_a_row_with_attachments(desk: Desk, open_teacher: Teacher) -> None:
    attach_to(desk, desk.studies(open_teacher)[0])
    plan = desk.plan("replace", 学习经历=[known(open_teacher, **MASTER)])
    assert sorted(desk.actions(plan)) == ["create", "delete", "error"]
    assert "这一条有附件，替换不能删除它" in desk.only_error(plan)[3]
    before = desk.state()
    with pytest.raises(Exception, match="还有 1 行有错"):
        desk.apply(plan)
    desk.session.rollback()
    assert desk.state() == before


def test_attachment_that_came_after_the_preview_stops_the_deletion(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.plan("replace", 学习经历=[known(open_teacher, **MASTER)])
    attach_to(desk, desk.studies(open_teacher)[0])
    before = desk.state()
    with pytest.raises(Conflict, match="又有变动"):
        desk.apply(plan)
    desk.session.rollback()
    assert desk.state() == before


def test_appending_beside_attachments_is_free(desk: Desk, open_teacher: Teacher) -> None:
    attach_to(desk, desk.studies(open_teacher)[0])
    desk.write(学习经历=[known(open_teacher, **MASTER)])
    assert len(desk.studies(open_teacher)) == 3


def test_undo_leaves_a_row_that_got_attachments_and_names_it(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.write(学习经历=[known(open_teacher, **MASTER)])
    attach_to(desk, desk.studies(open_teacher)[-1])
    result = undo_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.commit()
    assert result == UndoResult(0, [f"「学习经历」第 3 行 {open_teacher.name}：写入后传过附件，保持现状。"])
    assert len(desk.studies(open_teacher)) == 3
