"""The import of the command line."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import utc_now
from app.organisations.models import Unit
from app.records.teacher import Teacher
from app.spreadsheets.commands import import_file, write_template
from app.spreadsheets.models import ImportPlan
from tests.spreadsheets.workbooks import fill, known, number_of, person


def test_the_template_is_written(everything: Session, school: Unit, tmp_path: Path) -> None:
    write_template(everything, school, tmp_path / "t.xlsx")
    assert (tmp_path / "t.xlsx").read_bytes()[:2] == b"PK"


def test_a_file_is_imported_and_counted(everything: Session, school: Unit, tmp_path: Path) -> None:
    path = fill(
        school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")], 学习经历=[person(1, "何静宜", 获得学历="21")]
    )
    first = import_file(everything, school, path, "append", dry_run=False, now=utc_now())
    assert (first["created"], first["updated"], first["unchanged"], first["applied"], first["errors"]) == (
        2,
        0,
        0,
        True,
        [],
    )
    again = import_file(everything, school, path, "append", dry_run=False, now=utc_now())
    assert (again["created"], again["updated"], again["unchanged"], again["applied"]) == (0, 0, 2, True)


def test_errors_are_told_by_sheet_row_column_and_nothing_is_written(
    everything: Session, school: Unit, teachers: list[Teacher], tmp_path: Path
) -> None:
    count = everything.scalar(sa.select(sa.func.count(Teacher.id)))
    path = fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜"), person(2, "段玉兰", 性别="仙")])
    told = import_file(everything, school, path, "append", dry_run=False, now=utc_now())
    (error,) = told["errors"]
    assert (error["sheet"], error["row"], error["column"], error["identifier"]) == (
        "基本信息",
        4,
        "C",
        "basic_info.gender",
    )
    assert (told["applied"], everything.scalar(sa.select(sa.func.count(Teacher.id)))) == (False, count)


def test_a_dry_run_leaves_a_discarded_plan_only(everything: Session, school: Unit, tmp_path: Path) -> None:
    path = fill(school, tmp_path / "a.xlsx", 基本信息=[person(1, "何静宜")])
    told = import_file(everything, school, path, "append", dry_run=True, now=utc_now())
    assert (told["created"], told["applied"]) == (1, False)
    plan = everything.get_one(ImportPlan, told["plan_id"])
    assert (plan.status, plan.user_name) == ("discarded", "系统")


def test_the_system_sees_people_of_other_units_as_elsewhere(
    everything: Session, school: Unit, strangers: list[Teacher], tmp_path: Path
) -> None:
    path = fill(school, tmp_path / "a.xlsx", 基本信息=[known(strangers[0], 曾用名="改")])
    told = import_file(everything, school, path, "append", dry_run=False, now=utc_now())
    assert "教师调动" in told["errors"][0]["message"]
    assert everything.get_one(Teacher, strangers[0].id).former_name == "无"


def test_a_row_of_an_existing_teacher_is_an_update(
    everything: Session, school: Unit, teachers: list[Teacher], tmp_path: Path
) -> None:
    teacher = next(t for t in teachers if t.status == "draft")
    path = fill(school, tmp_path / "a.xlsx", 基本信息=[known(teacher, 曾用名="小名"), person(1, "何静宜")])
    told = import_file(everything, school, path, "replace", dry_run=False, now=utc_now())
    assert (told["created"], told["updated"], told["deleted"]) == (1, 1, 0)
    assert number_of(1) in {t.id_number for t in everything.scalars(sa.select(Teacher))}
