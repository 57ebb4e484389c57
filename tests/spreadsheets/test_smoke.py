from tests.spreadsheets.conftest import Desk
from tests.spreadsheets.workbooks import known, person, number_of
import time


def test_smoke(desk: Desk, open_teacher) -> None:
    t=open_teacher
    plan = desk.plan(基本信息=[person(1, "何静宜", 民族="汉族"), known(t, 曾用名="小何")], 学习经历=[person(1,"何静宜", 获得学历="大学本科毕业", 入学年月="2016年9月"), known(t, 获得学历="11")])
    print(plan.notes)
    for r in desk.rows(plan):
        print(r.sheet, r.row_no, r.action, r.content["values"], r.content["old"], r.content["errors"], r.content["warnings"])
    assert 0
