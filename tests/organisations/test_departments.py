"""二级单位: a university's departments, chosen in the record, and managers who see the people of one of them alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, actor_of
from app.core.codes import codes
from app.core.db import utc_now
from app.core.errors import NotAllowed, OutOfScope
from app.core.history import History
from app.core.scope import Scoped
from app.core.sections.reading import read
from app.core.settings_log import SettingChange
from app.core.validators import InvalidValue
from app.organisations.departments import departments_of, save_department, set_department_in_use
from app.organisations.models import Unit
from app.records import BY_NAME
from app.records.completeness import check_record
from app.records.operations import save_row
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests.conftest import Client
from tests.spreadsheets import workbooks
from tests.spreadsheets.desk import Desk
from tests.test_scope import crawl

BASIC = BY_NAME["basic_info"]
DEPARTMENT = BASIC.fields["department"]
MATHS, LETTERS = "415301980101", "415301980102"  # 宋志刚 (daxue) is the clerk, 唐若溪 (shuxue) manages mathematics


@pytest.fixture
def university(everything: Session) -> Unit:
    """云川大学."""
    return everything.scalars(sa.select(Unit).where(Unit.code == "4153019801")).one()


@pytest.fixture
def people(everything: Session, university: Unit) -> list[Teacher]:
    return list(everything.scalars(sa.select(Teacher).where(Teacher.unit_id == university.id).order_by(Teacher.id)))


@pytest.fixture
def own(people: list[Teacher]) -> Teacher:
    return next(teacher for teacher in people if teacher.department == MATHS)


@pytest.fixture
def foreign(people: list[Teacher]) -> Teacher:
    return next(teacher for teacher in people if teacher.department == LETTERS)


def department(session: Session, code: str) -> Unit:
    session.rollback()
    codes.refresh(session)
    return session.scalars(sa.select(Unit).where(Unit.code == code)).one()


# ── the manager of a department ──


def test_a_manager_sees_the_people_of_the_department(
    session_as: Callable[[str], Session], people: list[Teacher]
) -> None:
    session = session_as("shuxue")
    own = {teacher.id for teacher in people if teacher.department == MATHS}
    assert own and {teacher.id for teacher in session.scalars(sa.select(Teacher))} == own
    assert {row.teacher_id for row in session.scalars(sa.select(EducationHistory))} == own


def test_every_scoped_table_is_limited(
    session_as: Callable[[str], Session], everything: Session, people: list[Teacher]
) -> None:
    session = session_as("shuxue")
    own = {teacher.id for teacher in people if teacher.department == MATHS}
    seen_by_all = 0
    for cls in {mapper.class_ for mapper in Teacher.registry.mappers if issubclass(mapper.class_, Scoped)}:
        assert {row.teacher_id for row in session.scalars(sa.select(cls))} <= own, cls
        seen_by_all += len({row.teacher_id for row in everything.scalars(sa.select(cls))} - own)
    assert seen_by_all > 100, "there was something to hide"


def test_nothing_outside_is_read_or_written(
    session_as: Callable[[str], Session], own: Teacher, foreign: Teacher, teachers: list[Teacher]
) -> None:
    session = session_as("shuxue")
    for target in (foreign, teachers[0]):
        assert session.get(Teacher, target.id) is None
        changed = session.execute(sa.update(Teacher).where(Teacher.id == target.id).values(remark="x"))
        gone = session.execute(sa.delete(EducationHistory).where(EducationHistory.teacher_id == target.id))
        assert (changed.rowcount, gone.rowcount) == (0, 0)  # type: ignore[attr-defined]
        session.add(EducationHistory(teacher_id=target.id, education="21"))
        with pytest.raises(OutOfScope):
            session.flush()
        session.rollback()
    session.get_one(Teacher, own.id).department = LETTERS
    with pytest.raises(OutOfScope):
        session.flush()


def test_canaries_of_another_department_appear_nowhere(
    client_as: Callable[[str], Client], everything: Session, people: list[Teacher]
) -> None:
    others = [teacher for teacher in people if teacher.department != MATHS]
    for number, teacher in enumerate(others):
        teacher.name, teacher.remark = f"KANARI{number}", f"KANARI{number}"
    for row in everything.scalars(
        sa.select(EducationHistory).where(EducationHistory.teacher_id.in_([teacher.id for teacher in others]))
    ):
        row.education_school = row.major = "KANARI"
    everything.commit()
    places = [f"/teachers/{page}/{teacher.id}" for teacher in others for page in ("show", "edit")]
    seen = crawl(client_as("shuxue"), places)
    assert len(seen) > 5
    assert [path for path, body in seen.items() if "KANARI" in body] == []


def test_a_manager_mends_records_but_moves_nobody(
    client_as: Callable[[str], Client], everything: Session, own: Teacher, foreign: Teacher
) -> None:
    client = client_as("shuxue")
    form = {"version": str(own.version), "former_name": "小芳", "department": LETTERS}
    page = client.get(f"/teachers/edit/{own.id}").text
    assert "由学校填写" in page
    assert client.post(f"/teachers/edit/{own.id}", form).status_code == 302
    row = {"education": "21", "education_school": "云川大学", "version": "0"}
    assert client.post(f"/teachers/{own.id}/education_history/add", row).status_code == 302
    for path in (f"/teachers/show/{foreign.id}", f"/teachers/edit/{foreign.id}"):
        assert client.get(path).status_code == 404
    assert client.post(f"/teachers/edit/{foreign.id}", form).status_code == 404
    everything.rollback()
    stored = everything.get_one(Teacher, own.id, populate_existing=True)
    assert (stored.former_name, stored.department) == ("小芳", MATHS)
    assert everything.scalars(sa.select(History).where(History.teacher_id == own.id)).first() is not None


@pytest.mark.parametrize("path", ["/teachers/add", "/imports/", "/review/list/", "/departments/list/"])
def test_what_is_the_schools_stays_the_schools(client_as: Callable[[str], Client], path: str) -> None:
    client = client_as("shuxue")
    assert client.get(path).status_code == 403
    assert f'href="{path}"' not in client.get("/teachers/list/").text


# ── the departments of a school ──


def test_departments_are_made_renamed_and_closed(
    client_as: Callable[[str], Client], everything: Session, university: Unit, own: Teacher
) -> None:
    client, indicator_set = client_as("daxue"), university.indicator_set
    assert "数学与统计学院" in client.get("/departments/list/").text
    assert client.post("/departments/add", {"name": "马克思主义学院"}).status_code == 302
    made = department(everything, "415301980104")
    assert (made.name, made.parent_id, made.level) == ("马克思主义学院", university.id, "department")
    assert read(DEPARTMENT, "马克思主义学院", indicator_set) == made.code
    for name in ("马克思主义学院", " ", "长" * 51):
        assert client.post("/departments/add", {"name": name}).status_code == 400
    maths = department(everything, MATHS)
    assert client.post(f"/departments/edit/{maths.id}", {"name": "数学学院"}).status_code == 302
    assert "数学学院" in client.get(f"/teachers/show/{own.id}").text, "records follow the name"
    assert client.post(f"/departments/edit/{maths.id}/retire").status_code == 302
    assert client.post(f"/departments/edit/{maths.id}/retire").status_code == 409
    department(everything, MATHS)
    with pytest.raises(InvalidValue):
        read(DEPARTMENT, "数学学院", indicator_set)
    assert "数学学院" in client.get(f"/teachers/show/{own.id}").text
    assert client.post(f"/departments/edit/{maths.id}/restore").status_code == 302
    page = client.get(f"/departments/edit/{maths.id}").text
    assert "修改历史" in page and "数学与统计学院" in page
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(SettingChange.id))) == 4


def test_another_school_changes_none(
    session_as: Callable[[str], Session], client_as: Callable[[str], Client], everything: Session
) -> None:
    maths = department(everything, MATHS)
    assert client_as("gaozhi").post(f"/departments/edit/{maths.id}", {"name": "别的"}).status_code == 404
    assert client_as("yizhong_query").get("/departments/list/").status_code == 403
    session = session_as("gaozhi")
    theirs = session.get_one(Unit, maths.id)
    with pytest.raises(NotAllowed):
        save_department(session, actor_of(session), theirs, {"name": "别的"}, utc_now())
    with pytest.raises(NotAllowed):
        set_department_in_use(session, actor_of(session), theirs, utc_now(), in_use=False)
    session.rollback()
    assert department(everything, MATHS).name == "数学与统计学院"


def test_each_school_offers_its_own(everything: Session, university: Unit) -> None:
    other = everything.scalars(sa.select(Unit).where(Unit.code == "4153019802")).one()
    names = [entry.label for entry in codes[DEPARTMENT.table_for(university.indicator_set)].entries.values()]
    assert names == ["数学与统计学院", "文学院", "人事处"], "names alone: the code says nothing to people"
    with pytest.raises(InvalidValue):
        read(DEPARTMENT, "文学院", other.indicator_set)


def test_the_code_is_free_after_ninety_nine(session_as: Callable[[str], Session], university: Unit) -> None:
    session = session_as("daxue")
    for number in range(4, 102):
        assert save_department(session, actor_of(session), None, {"name": f"第{number}学院"}, utc_now()) == []
    made = [code for code, *_ in departments_of(session.connection(), university.id)]
    assert len(set(made)) == len(made) == 101 and made[98:] == [f"{university.code}{end}" for end in ("99", "0A", "0B")]
    session.rollback()


# ── in the record ──


def test_it_is_asked_for_and_filtered_by(
    client_as: Callable[[str], Client],
    everything: Session,
    own: Teacher,
    people: list[Teacher],
    actor_named: Callable[[str], Actor],
) -> None:
    client = client_as("daxue")
    found = client.get("/teachers/list/", query_string={"_flt_0_department": MATHS}).text
    assert all((f"/teachers/show/{t.id}" in found) == (t.department == MATHS) for t in people)
    everything.rollback()
    teacher = everything.get_one(Teacher, own.id)
    save_row(
        everything, actor_named("daxue"), BASIC, teacher, own.id, {"department": ""}, teacher.version, utc_now()
    )  # fmt: skip
    assert "department" in [finding.problem.item for finding in check_record(everything, teacher).findings]
    everything.rollback()


def test_a_file_names_it_by_its_name(
    session_as: Callable[[str], Session], everything: Session, university: Unit, own: Teacher, tmp_path: Path
) -> None:
    session = session_as("daxue")
    desk = Desk(session, actor_of(session), session.get_one(Unit, university.id), tmp_path / "import.xlsx")
    plan = desk.write(基本信息=[workbooks.known(own, 所在二级单位="文学院")])
    assert desk.actions(plan) == ["update"]
    everything.rollback()
    assert everything.get_one(Teacher, own.id, populate_existing=True).department == LETTERS
    plan = desk.plan(基本信息=[workbooks.known(own, 所在二级单位="智能制造学院")])
    assert any("二级单位" in message for *_, message in desk.errors(plan))
