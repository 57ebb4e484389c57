"""「无」: said of a section instead of a first row, by button, by form and by file; never beside rows."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.collection import operations
from app.collection.comparison import Sources, compare, from_snapshot
from app.core.actor import Actor
from app.core.db import utc_now
from app.core.declarations import unpack_json
from app.core.errors import AppError, NotAllowed
from app.core.sections.section import Section
from app.records import BY_NAME, CHILD_SECTIONS, NOTHING
from app.records.completeness import check_record
from app.records.operations import Saved, delete_row, save_row, say_none
from app.records.pages import timeline
from app.records.queries import history_of
from app.records.rows import rows_of, said_none
from app.records.teacher import Teacher
from tests.kinds import S

ROTATION = BY_NAME["rotation"]
MAY_BE_NONE = [section for section in CHILD_SECTIONS if section.may_be_none]
ROTATED = {
    "rotation_type": "11",
    "transfers_personnel": "0",
    "start_month": "2020-09",
    "from_org": "甲校",
    "to_org": "乙校",
}


class Desk:
    """The clerk of 青禾县第一中学 with one teacher who is being filled in."""

    def __init__(self, session: Session, clerk: Actor, teacher: Teacher) -> None:
        self.session, self.clerk, self.teacher = session, clerk, teacher

    def empty(self, section: Section) -> None:
        for model, wanted in ((section.model, True), (NOTHING.model, NOTHING.model.section == section.name)):
            self.session.execute(sa.delete(model).where(model.teacher_id == self.teacher.id, wanted))
        self.session.flush()

    def say(self, section: Section, *, none: bool = True) -> None:
        say_none(self.session, self.clerk, section, self.teacher, utc_now(), none=none)

    def save(self, section: Section, row_id: int | None = None, version: int = 0, **texts: str) -> Saved:
        return save_row(self.session, self.clerk, section, self.teacher, row_id, texts, version, utc_now())

    def said(self) -> frozenset[str]:
        return said_none(rows_of(self.session, self.teacher))

    def rows(self, section: Section) -> list[object]:
        return rows_of(self.session, self.teacher)[section.name]


@pytest.fixture
def desk(session_as: Callable[[str], Session], actor_named: Callable[[str], Actor], teachers: list[Teacher]) -> Desk:
    session = session_as("liyutong")
    return Desk(session, actor_named("liyutong"), session.get_one(Teacher, teachers[0].id))


@pytest.mark.parametrize("section", MAY_BE_NONE, ids=lambda section: section.name)
def test_said_none_fills_the_section_and_can_be_taken_back(desk: Desk, section: Section) -> None:
    desk.empty(section)
    missing = [f for f in check_record(desk.session, desk.teacher).errors if f.section is section]
    assert bool(missing) == section.required
    desk.say(section)
    desk.say(section)  # the second click
    state = next(s for s in check_record(desk.session, desk.teacher).sections if s.section is section)
    assert state.none and state.complete and not state.rows
    desk.say(section, none=False)
    assert section.name not in desk.said()


@pytest.mark.parametrize("section", [s for s in CHILD_SECTIONS if not s.may_be_none], ids=lambda section: section.name)
def test_some_sections_must_have_a_row(desk: Desk, section: Section) -> None:
    with pytest.raises(NotAllowed, match="至少要有一条"):
        desk.say(section)
    assert section.name not in desk.said()


@pytest.mark.parametrize("section", [s for s in MAY_BE_NONE if s.none_when], ids=lambda section: section.name)
def test_a_form_that_says_none_is_no_row(desk: Desk, section: Section) -> None:
    desk.empty(section)
    assert section.none_when is not None
    texts = {section.none_when.item: section.none_when.among[0]}
    assert desk.save(section, **texts).ok
    assert desk.rows(section) == [] and section.name in desk.said()


def test_none_stands_never_beside_rows(desk: Desk) -> None:
    desk.empty(ROTATION)
    desk.say(ROTATION)
    saved = desk.save(ROTATION, **ROTATED)
    assert saved.ok and "rotation" not in desk.said(), "a first row takes 「无」 back"
    with pytest.raises(AppError, match="已有 1 条"):
        desk.say(ROTATION)
    second = desk.save(ROTATION, rotation_type="0")
    assert not second.ok and [problem.item for problem in second.problems] == ["rotation_type"]
    assert len(desk.rows(ROTATION)) == 1 and "rotation" not in desk.said()
    turned = desk.save(ROTATION, saved.row.id, saved.row.version, rotation_type="0")
    assert turned.ok and desk.rows(ROTATION) == [] and "rotation" in desk.said(), "the only row now says 「无」"


def test_none_with_other_items_filled_is_asked_back(desk: Desk) -> None:
    desk.empty(ROTATION)
    saved = desk.save(ROTATION, **ROTATED | {"rotation_type": "0"})
    assert not saved.ok and {"from_org", "to_org"} <= {problem.item for problem in saved.problems}
    assert desk.rows(ROTATION) == [] and "rotation" not in desk.said()


def test_a_locked_record_takes_no_none(desk: Desk) -> None:
    desk.empty(ROTATION)
    desk.teacher.status = "in_review"
    desk.session.flush()
    for none in (True, False):
        with pytest.raises(NotAllowed):
            desk.say(ROTATION, none=none)
    assert "rotation" not in desk.said()


def test_a_teacher_says_nothing_of_the_schools_sections(desk: Desk, actor_named: Callable[[str], Actor]) -> None:
    titles = BY_NAME["title_appointment"]
    desk.empty(titles)
    account = str(desk.teacher.id_number_hash)
    with pytest.raises(NotAllowed, match="由学校填写"):
        say_none(desk.session, actor_named(account), titles, desk.teacher, utc_now())
    assert "title_appointment" not in desk.said()


def test_the_timeline_tells_it(desk: Desk) -> None:
    desk.empty(ROTATION)
    desk.say(ROTATION)
    rows = rows_of(desk.session, desk.teacher)
    told = timeline(history_of(desk.session, desk.teacher.id), S, rows)
    assert "填「无」：交流轮岗" in [line["what"] for line in told]
    desk.say(ROTATION, none=False)
    told = timeline(history_of(desk.session, desk.teacher.id), S, rows_of(desk.session, desk.teacher))
    assert "取消交流轮岗的「无」" in [line["what"] for line in told]


def test_the_desk_shows_what_was_said_since_the_approval(desk: Desk) -> None:
    desk.empty(ROTATION)
    row = desk.save(ROTATION, **ROTATED).row
    snapshot = operations.take_snapshot(desk.session, desk.teacher, desk.clerk, utc_now())
    delete_row(desk.session, desk.clerk, ROTATION, desk.teacher, row.id, utc_now())
    desk.say(ROTATION)
    earlier = from_snapshot(unpack_json(snapshot.content))
    found = compare(Sources(desk.teacher, rows_of(desk.session, desk.teacher), earlier))
    heading = next(block for block in found.blocks if block.key == "rotation//")
    assert "填「无」" in heading.note and [flag.text for flag in heading.flags] == ["改填「无」"]


def test_pages_offer_it_and_say_it(desk: Desk, client_as) -> None:  # type: ignore[no-untyped-def]
    desk.empty(ROTATION)
    desk.session.commit()
    client = client_as("liyutong")
    page = f"/teachers/show/{desk.teacher.id}"
    assert "填「无」</button>" in client.get(page).text
    client.post(f"/teachers/{desk.teacher.id}/rotation/none/1")
    assert "已填「无」" in client.get(page).text and "取消「无」</button>" in client.get(page).text
    own = client_as(str(desk.teacher.id_number))
    assert "取消「无」</button>" in own.get("/my/rotation").text
    own.post("/my/rotation/none/0")
    desk.session.expire_all()
    assert "rotation" not in desk.said() and "填「无」</button>" in own.get("/my/rotation").text
    assert client.get(f"/teachers/{desk.teacher.id}/rotation/none/1").status_code == 405
