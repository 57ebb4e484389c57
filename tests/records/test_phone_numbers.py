"""Phone numbers: encrypted where they are stored, masked for everybody but the person, shown whole on a noted look.

A person is found by a whole number, by those who may see that person.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.history import History, declared_fields
from app.core.ui.listing import StoredSearch
from app.records.access import AccessLog
from app.records.sections.contact import Contact, number_hash
from app.records.teacher import Teacher
from tests.conftest import Client

MOBILE, MASKED = "13912345678", "139****5678"
LINE = "0871-65100000"


@pytest.fixture
def contact(everything: Session, teachers: list[Teacher]) -> Contact:
    row = everything.scalars(sa.select(Contact).where(Contact.teacher_id == teachers[0].id)).one()
    row.mobile = MOBILE
    everything.commit()
    return row


def test_stored_encrypted_also_in_history(everything: Session, contact: Contact) -> None:
    raw = everything.execute(sa.text("SELECT mobile FROM rec_contact")).scalars().all()
    assert raw and not any(number and number.isdigit() for number in raw)
    kept = everything.scalars(sa.select(History).where(History.section == "contact")).all()
    assert kept and MOBILE not in str([entry.changes for entry in kept])


def test_masked_for_the_clerk_whole_for_the_person(
    everything: Session, contact: Contact, client_as: Callable[[str], Client], teachers: list[Teacher]
) -> None:
    clerk, own = client_as("liyutong"), client_as(str(teachers[0].id_number))
    form = f"/teachers/{contact.teacher_id}/contact/{contact.id}"
    for path in (f"/teachers/show/{contact.teacher_id}", form, "/records/contact/list/"):
        page = clerk.get(path).text
        assert MOBILE not in page and MASKED in page, path
    for path in ("/my/contact", f"/my/contact/{contact.id}"):
        assert MOBILE in own.get(path).text, path
    # Posted back as it was shown, it stays as it is, for both.
    clerk.post(form, {"version": str(contact.version), "mobile": MASKED, "address": "一号楼"})
    everything.rollback()
    assert (contact.mobile, contact.address) == (MOBILE, "一号楼")
    own.post(f"/my/contact/{contact.id}", {"version": str(contact.version), "mobile": "13800001111"})
    everything.rollback()
    assert contact.mobile == "13800001111"


def test_a_noted_look_shows_it_whole(everything: Session, contact: Contact, client_as: Callable[[str], Client]) -> None:
    before = everything.scalar(sa.select(sa.func.count(AccessLog.id))) or 0
    page = client_as("liyutong").post(f"/teachers/reveal/{contact.teacher_id}", {"reason": "request"}).text
    assert f"手机 {MOBILE}" in page
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(AccessLog.id))) == before + 1


# ── found by the whole number ──


def search(client: Client, typed: str) -> str:
    """The list of teachers after a search."""
    page: str = client.post("/teachers/search/", {"q": typed}, follow_redirects=True).text
    return page


def found(client: Client, typed: str) -> set[int]:
    """The teachers that a search finds."""
    return {int(key) for key in re.findall(r"/teachers/show/(\d+)", search(client, typed))}


@pytest.mark.parametrize(
    "typed", [MOBILE, "139 1234 5678", "139-1234-5678", "+86 139 1234 5678", "8613912345678", "１３９１２３４５６７８"]
)
def test_a_whole_number_finds_its_person_alone(
    contact: Contact, client_as: Callable[[str], Client], typed: str
) -> None:
    assert found(client_as("liyutong"), typed) == {contact.teacher_id}


def test_the_line_counts_too_and_the_friends_number_does_not(
    everything: Session, contact: Contact, client_as: Callable[[str], Client]
) -> None:
    clerk = client_as("liyutong")
    contact.phone, contact.emergency_phone = LINE, "13700000001"
    everything.commit()
    assert found(clerk, "087165100000") == {contact.teacher_id}
    assert found(clerk, "13700000001") == set()


@pytest.mark.parametrize("typed", ["1391234567", "12345678", "139", "65100000", "139****5678"])
def test_a_part_of_a_number_finds_nobody(
    everything: Session, contact: Contact, client_as: Callable[[str], Client], typed: str
) -> None:
    contact.phone = LINE
    everything.commit()
    assert found(client_as("liyutong"), typed) == set()


def test_a_number_tells_nothing_of_people_out_of_sight(
    everything: Session, contact: Contact, client_as: Callable[[str], Client], strangers: list[Teacher]
) -> None:
    theirs = everything.scalars(sa.select(Contact).where(Contact.teacher_id == strangers[0].id)).one()
    theirs.mobile, nobodys = "13600000002", "13600000003"
    everything.commit()
    clerk, other = client_as("liyutong"), client_as("shiqiao")
    assert found(other, "13600000002") == {strangers[0].id} and found(other, MOBILE) == set()
    assert found(clerk, "13600000002") == found(clerk, nobodys) == set()


@pytest.mark.parametrize("username", ["", "own"])
def test_who_may_not_see_the_list_may_not_search(
    everything: Session, contact: Contact, client_as: Callable[[str], Client], username: str
) -> None:
    client = client_as(str(contact.teacher.id_number) if username else "")
    kept = everything.scalar(sa.select(sa.func.count(StoredSearch.id)))
    response = client.post("/teachers/search/", {"q": MOBILE})
    assert response.status_code == 403 or "/login/" in response.headers["Location"]
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(StoredSearch.id))) == kept


def test_a_search_asks_few_questions(
    contact: Contact, client_as: Callable[[str], Client], count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    clerk = client_as("liyutong")
    address = clerk.post("/teachers/search/", {"q": MOBILE}).headers["Location"]
    clerk.get(address)
    with count_queries() as statements:
        assert contact.teacher.name in clerk.get(address).text
    assert len(statements) <= 15, "\n".join(statements)


def test_the_hash_follows_the_form(everything: Session, contact: Contact, client_as: Callable[[str], Client]) -> None:
    clerk, form = client_as("liyutong"), f"/teachers/{contact.teacher_id}/contact/{contact.id}"
    clerk.post(form, {"version": str(contact.version), "mobile": "+86 138-0000-1111"})
    assert found(clerk, "13800001111") == {contact.teacher_id} and found(clerk, MOBILE) == set()
    everything.rollback()
    clerk.post(form, {"version": str(contact.version), "mobile": "", "phone": "13800001111"})
    everything.rollback()
    assert (contact.mobile_hash, contact.phone_hash) == (None, number_hash("13800001111"))
    clerk.post(f"/teachers/{contact.teacher_id}/contact/{contact.id}/delete", {"version": str(contact.version)})
    assert found(clerk, "13800001111") == set()


def test_the_hash_is_no_item(everything: Session, contact: Contact) -> None:
    """Forms, files, snapshots, history and prints hold items only."""
    assert not [name for name in declared_fields(Contact) if name.endswith("_hash")]
    contact.mobile = "13800001111"
    everything.commit()
    kept = everything.scalars(sa.select(History).where(History.section == "contact").order_by(History.id)).all()
    assert set(kept[-1].changes) == {"mobile"} and str(contact.mobile_hash) not in str([k.changes for k in kept])
