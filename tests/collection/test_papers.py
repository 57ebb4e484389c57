"""The proofs on the review desk: beside their rows, with what changed since the last look, for reviewers only."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.collection import operations
from app.collection.operations import Refusal
from app.core.actor import Actor
from app.core.db import utc_now
from app.records.teacher import Teacher
from tests import pictures
from tests.conftest import Client
from tests.records.desk import CLERK, COUNTY, PDF, REVIEWER, attached, row_of, send_quietly, teacher_now

Clients = Callable[[str], Client]


def flags(page: str, key: str) -> str:
    """What the desk says at a place."""
    return page.split(f'id="i:{key}"')[1].split("</tr>")[0]


@pytest.fixture
def case(everything: Session, at_school: list[Teacher]) -> tuple[int, int]:
    """A record that waits for the school's reviewer, put back to the clerk's desk: teacher and row of the degree."""
    teacher_id, row = at_school[0].id, row_of(everything, at_school[0])
    teacher = teacher_now(everything, teacher_id)
    teacher.status, teacher.waiting_unit_id, teacher.stage = "draft", None, 0
    everything.commit()
    return teacher_id, row


@pytest.fixture
def with_papers(client_as: Clients, case: tuple[int, int]) -> tuple[int, int]:
    """The same with a PDF, a scan and a photo."""
    clerk, (teacher_id, row) = client_as(CLERK), case
    add = f"/attachments/{teacher_id}/education_history/{row}"
    assert send_quietly(clerk, add, PDF).status_code == 200
    assert send_quietly(clerk, add, pictures.camera(pictures.page("x")), "扫描.jpg").status_code == 200
    portrait = pictures.saved(pictures.person())
    assert send_quietly(clerk, f"/photos/{teacher_id}/upload", portrait, "a.jpg", "photo").status_code == 200
    return case


def report(client_as: Clients, teacher_id: int) -> None:
    assert client_as(CLERK).post(f"/teachers/{teacher_id}/step/report").status_code == 302


def test_reviewer_sees_documents_and_photo_beside_the_row(
    client_as: Clients,
    everything: Session,
    with_papers: tuple[int, int],
    count_queries: Callable[[], AbstractContextManager[list]],
) -> None:
    teacher_id, row = with_papers
    report(client_as, teacher_id)
    reviewer = client_as(REVIEWER)
    reviewer.get("/review/list/")
    with count_queries() as statements:
        page = reviewer.get(f"/review/desk/{teacher_id}").get_data(as_text=True)
    assert len(statements) <= 20, "\n".join(statements)
    pdf, scan = attached(everything)
    below = page.split(f'id="i:education_history/{row}/"')[1].split("data-item-key")[0]
    for file in (pdf, scan):
        assert f'href="/attachments/{file.id}"' in below and file.name in below
    assert f'src="/attachments/{scan.id}/thumb"' in below and f"/attachments/{pdf.id}/thumb" not in page
    assert f'<iframe class="doc-file" title="毕业证.pdf" data-src="/attachments/{pdf.id}' in page
    assert f'src="/photos/{teacher_id}"' in page
    assert "证明材料" in page and 'style="' not in page
    assert reviewer.get(f"/attachments/{scan.id}").status_code == 200


def test_desk_without_papers_looks_as_before(client_as: Clients, case: tuple[int, int]) -> None:
    report(client_as, case[0])
    page = client_as(REVIEWER).get(f"/review/desk/{case[0]}").get_data(as_text=True)
    assert "证明材料" not in page.split('id="confirm-dialog"')[0].replace("证明材料不一致", "").replace(
        "缺少证明材料", ""
    )


def returned(session: Session, actor: Actor, teacher_id: int, *refusals: Refusal) -> None:
    version = teacher_now(session, teacher_id).version
    operations.reject(session, teacher_id, version, refusals, "", actor, utc_now())
    session.commit()
    session.rollback()


def test_what_came_after_the_refusal_is_told(
    client_as: Clients, actor_named: Callable[[str], Actor], everything: Session, case: tuple[int, int]
) -> None:
    teacher_id, row = case
    report(client_as, teacher_id)
    refusals = [
        Refusal("education_history", row, "major", "missing", "请传毕业证书"),
        Refusal("education_history", row, "end_month", "wrong", "请改"),
        Refusal("basic_info", teacher_id, "", "wrong", "请换照片"),
    ]
    returned(everything, actor_named(REVIEWER), teacher_id, *refusals)
    clerk = client_as(CLERK)
    assert send_quietly(clerk, f"/attachments/{teacher_id}/education_history/{row}", PDF).status_code == 200
    portrait = pictures.saved(pictures.person())
    assert send_quietly(clerk, f"/photos/{teacher_id}/upload", portrait, "a.jpg", "photo").status_code == 200
    report(client_as, teacher_id)
    page = client_as(REVIEWER).get(f"/review/desk/{teacher_id}").get_data(as_text=True)
    assert "附件有变动" in flags(page, f"education_history/{row}/")
    assert "没有改这一项，附件有变动" in flags(page, f"education_history/{row}/major")
    assert "照片有变动" in flags(page, f"basic_info/{teacher_id}/")
    assert "上次退回后已改" in flags(page, f"basic_info/{teacher_id}/")


def test_page_without_the_new_document_cannot_be_approved(
    client_as: Clients, everything: Session, case: tuple[int, int]
) -> None:
    """The reviewer opened the desk; the report was withdrawn, a file added, and reported again."""
    teacher_id, row = case
    report(client_as, teacher_id)
    version = teacher_now(everything, teacher_id).version
    everything.rollback()
    clerk, reviewer = client_as(CLERK), client_as(REVIEWER)
    clerk.post(f"/teachers/{teacher_id}/step/withdraw")
    assert send_quietly(clerk, f"/attachments/{teacher_id}/education_history/{row}", PDF).status_code == 200
    report(client_as, teacher_id)
    answer = reviewer.post(f"/review/desk/{teacher_id}/approve", {"version": version})
    assert answer.status_code == 409 and "有变动" in answer.get_data(as_text=True)
    assert teacher_now(everything, teacher_id).stage == 1


@pytest.mark.parametrize("username", [COUNTY, "yunchuan"])
def test_units_above_see_the_proofs_too(
    app: Flask, client_as: Clients, everything: Session, with_papers: tuple[int, int], username: str
) -> None:
    page = client_as(username).get(f"/review/desk/{with_papers[0]}").get_data(as_text=True)
    assert all(f'href="/attachments/{file.id}"' in page for file in attached(everything))
