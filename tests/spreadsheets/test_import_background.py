"""Large imports: read, written and taken back by jobs; and writing only the rows without errors."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import utc_now
from app.core.errors import AppError
from app.core.jobs import Job
from app.jobs.running import make_worker
from app.organisations.models import Unit
from app.records.teacher import Teacher
from app.spreadsheets import background, errors_file, views
from app.spreadsheets.models import ImportBlock, ImportPlan
from app.spreadsheets.operations import apply_plan, discard_old, undo_plan
from tests.conftest import Client
from tests.spreadsheets.desk import Desk
from tests.spreadsheets.test_import_pages import text_of, uploaded
from tests.spreadsheets.workbooks import PEOPLE, fill, headings, known, number_of, person

STUDY = {"获得学历": "21", "获得学历的院校或机构": "云川大学"}


@pytest.fixture
def clerk(client_as: Callable[[str], Client]) -> Client:
    return client_as("liyutong")


@pytest.fixture
def everything_in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "AT_ONCE_BYTES", 0)
    monkeypatch.setattr(views, "AT_ONCE_ROWS", 0)


def work(app: Flask) -> None:
    assert make_worker(app).turn(), "a job waits"


def names_in(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(sa.select(Teacher.name).where(Teacher.batch_id.is_not(None)).order_by(Teacher.id)))


@pytest.mark.usefixtures("everything_in_background")
def test_a_large_file_is_read_written_and_taken_back_by_jobs(
    app: Flask, clerk: Client, school: Unit, everything: Session, tmp_path: Path
) -> None:
    people = [person(1, "何静宜"), person(2, "段玉兰")]
    address = uploaded(
        clerk, fill(school, tmp_path / "a.xlsx", 基本信息=people, 学习经历=[person(1, "何静宜", **STUDY)])
    )
    page = text_of(clerk.get(address))
    assert "正在后台处理" in page and f'data-progress="{address}/state"' in page
    assert page.partition("</nav>")[2].partition("<h1>")[2].count("老师 名单.xlsx") == 1, "the head names the file once"
    assert clerk.get(f"{address}/state").get_json()["busy"]
    answer = clerk.post(f"{address}/confirm")
    assert "还没有核对完" in text_of(clerk.get(address) if answer.status_code == 302 else answer)
    work(app)
    assert clerk.get(f"{address}/state").get_json() == {"busy": False}
    assert "可以写入 3 行" in text_of(clerk.get(address)) and names_in(everything) == []
    clerk.post(f"{address}/confirm")
    clerk.post(f"{address}/confirm")  # the second click finds the first at work
    assert "正在后台处理" in text_of(clerk.get(address)) and names_in(everything) == []
    work(app)
    assert not make_worker(app).turn()
    assert names_in(everything) == ["何静宜", "段玉兰"] and "已写入 3 行" in text_of(clerk.get(address))
    clerk.post(f"{address}/undo")
    work(app)
    assert names_in(everything) == [] and "已撤销这次导入" in text_of(clerk.get(address))
    everything.rollback()
    plan = everything.scalars(sa.select(ImportPlan)).one()
    assert plan.stored_digest is None, "the file is needed no longer"


@pytest.mark.usefixtures("everything_in_background")
def test_while_a_plan_is_written_the_page_says_so_without_a_percentage(
    app: Flask, clerk: Client, school: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(*arguments: object, **options: object) -> None:
        seen.append(clerk.get(f"{address}/state").get_json())
        seen.append(text_of(clerk.get("/jobs/")))
        raise AppError("到此为止。")

    monkeypatch.setattr(background, "apply_plan", look)
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")]))
    work(app)
    clerk.post(f"{address}/confirm")
    work(app)
    said = "正在写入 1 行。要么全部写好，要么一行都不写。"
    assert seen[0] == {"busy": True, "percent": None, "text": said}
    assert said in seen[1] and "<b>0%</b>" not in seen[1]
    assert "到此为止" in text_of(clerk.get(address))


@pytest.mark.usefixtures("everything_in_background")
def test_a_file_that_cannot_be_read_says_why_on_its_page(
    app: Flask, clerk: Client, everything: Session, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 no workbook")
    address = uploaded(clerk, path)
    work(app)
    page = text_of(clerk.get(address))
    assert "没有做完" in page and "文件已损坏" in page
    assert "正在核对" in text_of(clerk.get("/imports/"))
    clerk.post(f"{address}/discard")
    everything.rollback()
    plan = everything.scalars(sa.select(ImportPlan)).one()
    assert (plan.status, plan.stored_digest) == ("discarded", None)


@pytest.mark.usefixtures("everything_in_background")
def test_what_moved_meanwhile_refuses_the_job_and_the_page_says_it(
    app: Flask, clerk: Client, school: Unit, teachers: list[Teacher], everything: Session, tmp_path: Path
) -> None:
    teacher = next(t for t in teachers if t.status == "draft" and t.school_id == school.id)
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[known(teacher, 曾用名="小名")]))
    work(app)
    everything.rollback()
    row = everything.get_one(Teacher, teacher.id)
    row.former_name = "大名"
    everything.commit()
    clerk.post(f"{address}/confirm")
    work(app)
    page = text_of(clerk.get(address))
    assert "没有做完" in page and "又有变动，什么都没有写入" in page and "可以写入" in page
    everything.rollback()
    assert everything.get_one(Teacher, teacher.id).former_name == "大名"
    assert everything.scalars(sa.select(Job.status).order_by(Job.id)).all() == ["done", "failed"]


@pytest.mark.usefixtures("everything_in_background")
def test_giving_up_ends_the_work(app: Flask, clerk: Client, school: Unit, everything: Session, tmp_path: Path) -> None:
    address = uploaded(clerk, fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")]))
    clerk.post(f"{address}/discard")
    assert not make_worker(app).turn()
    everything.rollback()
    assert everything.scalars(sa.select(Job.status)).all() == ["cancelled"]
    assert everything.scalar(sa.select(sa.func.count(ImportBlock.id))) == 0


def test_plans_nobody_decided_on_are_given_up_after_a_month(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(1, "何静宜")])
    now = utc_now()
    assert discard_old(desk.session, now + dt.timedelta(days=29)) == 0
    assert discard_old(desk.session, now + dt.timedelta(days=31)) == 1
    desk.session.commit()
    assert (plan.status, plan.stored_digest, desk.rows(plan)) == ("discarded", None, [])


# ── only what is right ──


def mixed(desk: Desk) -> ImportPlan:
    """何静宜 is right except for one study, 段玉兰's first row is wrong, 安宁 is right."""
    return desk.plan(
        基本信息=[person(1, "何静宜"), person(2, "段玉兰", 民族="火星"), person(3, "安宁")],
        学习经历=[
            person(1, "何静宜", **STUDY),
            person(1, "何静宜", 获得学历="火星"),
            person(2, "段玉兰", **STUDY),
        ],
    )


def test_by_choice_only_the_rows_without_errors_are_written(desk: Desk) -> None:
    plan = mixed(desk)
    before = desk.state()
    with pytest.raises(AppError, match="还有 2 行有错"):
        desk.apply(plan)
    desk.session.rollback()
    assert desk.state() == before
    apply_plan(desk.session, desk.actor, plan.id, utc_now(), only_right=True)
    desk.session.commit()
    assert names_in(desk.session) == ["何静宜", "安宁"]
    assert [s.education for s in desk.studies(desk.teacher(number_of(1)))] == ["21"]
    assert plan.left_out == 3, "two wrong rows, and the study of somebody who is not there"
    result = undo_plan(desk.session, desk.actor, plan.id, utc_now())
    desk.session.commit()
    assert (result.undone, result.conflicts) == (3, []) and desk.state()[:2] == before[:2]


def test_replacing_is_all_or_nothing(desk: Desk, open_teacher: Teacher) -> None:
    plan = desk.plan("replace", 学习经历=[known(open_teacher, **STUDY), known(open_teacher, 获得学历="火星")])
    before = desk.state()
    with pytest.raises(AppError, match="不能只写一部分"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now(), only_right=True)
    desk.session.rollback()
    assert desk.state() == before


def test_nothing_right_is_said(desk: Desk) -> None:
    plan = desk.plan(基本信息=[person(2, "段玉兰", 民族="火星")], 学习经历=[person(2, "段玉兰", **STUDY)])
    with pytest.raises(AppError, match="没有可以写入的行"):
        apply_plan(desk.session, desk.actor, plan.id, utc_now(), only_right=True)


def test_the_page_offers_it_and_the_wrong_rows_come_back_alone(
    clerk: Client, school: Unit, everything: Session, tmp_path: Path
) -> None:
    people = [person(1, "何静宜"), person(2, "段玉兰", 民族="火星")]
    path = fill(school, tmp_path / "a.xlsx", 基本信息=people, 学习经历=[person(2, "段玉兰", **STUDY)])
    address = uploaded(clerk, path)
    assert "只写没有错的行" in text_of(clerk.get(address))
    clerk.post(f"{address}/confirm", {"only": "right"})
    page = text_of(clerk.get(address))
    assert names_in(everything) == ["何静宜"] and "有 2 行没有写入" in page
    assert "<h1>已写入 1 行</h1>" in page, "not the study of somebody who is not there"
    answer = clerk.post(f"{address}/errors.xlsx")
    (tmp_path / "b.xlsx").write_bytes(answer.data)
    again = uploaded(clerk, tmp_path / "b.xlsx")
    assert "有 1 行要改" in text_of(clerk.get(again))


def test_of_a_large_file_only_the_wrong_rows_come_back(
    clerk: Client, school: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors_file, "WHOLE", 1)
    people = [person(1, "何静宜"), person(2, "段玉兰", 民族="火星")]
    path = fill(school, tmp_path / "a.xlsx", 基本信息=people)
    workbook = openpyxl.load_workbook(path)
    for row, text in ((2, "校内工号"), (3, "0011"), (4, "0012")):
        workbook[PEOPLE].cell(row, workbook[PEOPLE].max_column + (row == 2), text)
    workbook.save(path)
    address = uploaded(clerk, path)
    (tmp_path / "b.xlsx").write_bytes(clerk.post(f"{address}/errors.xlsx").data)
    back = openpyxl.load_workbook(tmp_path / "b.xlsx")[PEOPLE]
    last = [cell.value for cell in next(back.iter_cols(min_col=headings(back)["校内工号"], min_row=2))]
    assert [text for text in last if text] == ["校内工号", "0012"], "a column of their own comes back as well"
    again = uploaded(clerk, tmp_path / "b.xlsx")
    assert "有 1 行要改" in text_of(clerk.get(again)) and "另外" not in text_of(clerk.get(again))


def test_two_sheets_of_one_section_are_refused_with_their_names(desk: Desk) -> None:
    path = fill(desk.unit, desk.path, 学习经历=[person(1, "何静宜", **STUDY)])
    workbook = openpyxl.load_workbook(path)
    workbook.copy_worksheet(workbook["学习经历"]).title = "学习经历 备份"
    workbook.save(path)
    with pytest.raises(AppError, match="「学习经历」和「学习经历 备份」都是「学习经历」"):
        desk.plan_file(path)
    desk.session.rollback()
    assert desk.session.scalar(sa.select(sa.func.count(ImportBlock.id))) == 0


def test_sheets_may_stand_before_that_of_the_people(desk: Desk) -> None:
    path = fill(desk.unit, desk.path, 基本信息=[person(1, "何静宜")], 学习经历=[person(1, "何静宜", **STUDY)])
    workbook = openpyxl.load_workbook(path)
    for name, title in (("基本信息", "人员"), ("学习经历", "学历")):
        workbook[name].title = title
    workbook.move_sheet("人员", len(workbook.sheetnames))
    workbook.save(path)
    plan = desk.apply(desk.plan_file(path))
    assert desk.actions(plan) == ["create", "create"]
    assert len(desk.studies(desk.teacher(number_of(1)))) == 1
