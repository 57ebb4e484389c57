"""Attachments of rows: what is taken, who sees them, what a locked row refuses, and what goes with a row."""

import dataclasses
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from app.collection.operations import Refusal, reject
from app.core.actor import Actor
from app.core.db import utc_now
from app.records.access import AccessLog
from app.records.attachments import MAX_FILES
from app.records.sections.education_history import EducationHistory
from app.records.sections.salary import Salary
from app.records.teacher import Teacher
from tests import pictures
from tests.accounts.database import changed_tables, dump
from tests.conftest import Client
from tests.records.desk import (
    CLERK,
    COUNTY,
    LOOKER,
    PDF,
    REVIEWER,
    attached,
    files_in,
    history,
    row_of,
    send,
    send_quietly,
    store_of,
    teacher_now,
    with_status,
)

Clients = Callable[[str], Client]


@dataclasses.dataclass
class Place:
    """A row that may be changed, and its addresses for the clerk and for the teacher."""

    teacher: int
    row: int
    number: str

    @property
    def add(self) -> str:
        return f"/attachments/{self.teacher}/education_history/{self.row}"

    @property
    def form(self) -> str:
        return f"/teachers/{self.teacher}/education_history/{self.row}"

    @property
    def my_add(self) -> str:
        return f"/my/attachments/education_history/{self.row}"


@pytest.fixture
def place(everything: Session, teachers: list[Teacher]) -> Place:
    """The degree of a teacher who has an account and has not reported yet."""
    return place_of(everything, teachers[0])


def place_of(session: Session, teacher: Teacher) -> Place:
    number = teacher.id_number or ""
    return Place(teacher.id, row_of(session, teacher), number)


@pytest.fixture
def clerk(client_as: Clients) -> Client:
    return client_as(CLERK)


# ── adding ──


def test_document_is_kept_with_its_row_and_leaves_a_trace(
    app: Flask, clerk: Client, everything: Session, place: Place
) -> None:
    before = teacher_now(everything, place.teacher).version
    row_version = everything.get_one(EducationHistory, place.row).version
    answer = send(clerk, place.add, PDF)
    assert answer.status_code == 302 and answer.location == f"{place.form}#files"
    [file] = attached(everything)
    assert (file.teacher_id, file.section, file.row_id) == (place.teacher, "education_history", place.row)
    assert (file.name, file.media_type, file.size) == ("毕业证.pdf", "application/pdf", len(PDF))
    assert file.uploaded_by == "李雨桐" and file.thumb_digest is None
    assert store_of(app).read(file.digest) == PDF
    teacher = teacher_now(everything, place.teacher)
    assert teacher.version == before + 1 and teacher.content_at == file.uploaded_at, "a reviewer's page is stale"
    assert everything.get_one(EducationHistory, place.row).version == row_version, "an open form can still be saved"
    told = history(everything, place.teacher)[0]
    assert (told.action, told.section, told.row_id) == ("attach", "education_history", place.row)
    form = clerk.get(place.form).get_data(as_text=True)
    assert "已上传「毕业证.pdf」" in form and f"/attachments/{file.id}/delete" in form
    page = clerk.get(f"/teachers/show/{place.teacher}").get_data(as_text=True)
    assert "上传附件：学习经历" in page and page.count("毕业证.pdf") >= 2
    assert '<a class="clip" href="#files" title="1 个附件">' in page


def test_script_gets_the_new_list(clerk: Client, everything: Session, place: Place) -> None:
    answer = send_quietly(clerk, place.add, PDF)
    told = answer.get_json()
    assert answer.status_code == 200 and told["message"] == "已上传「毕业证.pdf」。"
    assert told["html"].count('class="file-line"') == 1 and place.add in told["html"] and "<script" not in told["html"]


def test_what_is_typed_can_be_saved_after_an_upload(clerk: Client, everything: Session, place: Place) -> None:
    version = everything.get_one(EducationHistory, place.row).version
    everything.rollback()
    assert send_quietly(clerk, place.add, PDF).status_code == 200
    answer = clerk.post(place.form, {"version": version, "major": "打字打到一半"})
    assert answer.status_code == 302 and answer.location == f"/teachers/show/{place.teacher}"
    everything.rollback()
    assert everything.get_one(EducationHistory, place.row, populate_existing=True).major == "打字打到一半"


def test_new_row_leads_to_its_attachments_when_asked(clerk: Client, everything: Session, place: Place) -> None:
    page = clerk.get(f"/teachers/{place.teacher}/education_history/add").get_data(as_text=True)
    assert "先保存这一条，再传附件" in page and 'type="file"' not in page
    form = {"version": "0", "education": "11", "major": "历史", "then": "files"}
    answer = clerk.post(f"/teachers/{place.teacher}/education_history/add", form)
    assert re.fullmatch(rf"/teachers/{place.teacher}/education_history/\d+#files", answer.location)
    assert 'type="file"' in clerk.get(answer.location.partition("#")[0]).get_data(as_text=True)


def test_teacher_adds_and_removes_the_own(client_as: Clients, everything: Session, place: Place) -> None:
    me = client_as(place.number)
    assert send(me, place.my_add, PDF).location == f"/my/education_history/{place.row}#files"
    [file] = attached(everything)
    assert file.uploaded_by == teacher_now(everything, place.teacher).name
    clip = f'<a class="clip" href="/my/education_history/{place.row}#files" title="1 个附件">'
    assert clip in me.get("/my/education_history").get_data(as_text=True)
    assert me.get(f"/my/attachments/{file.id}").data == PDF
    assert me.post(f"/my/attachments/{file.id}/delete").status_code == 302
    assert attached(everything) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd.pdf", "passwd.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
        ("证书.PDF", "证书.PDF"),
        ("没有扩展名", "没有扩展名.pdf"),
        ("张三 110105 19491231 002X.pdf", "张三 110105********002X.pdf"),
    ],
)
def test_names_are_cleaned_and_name_no_file_of_ours(
    app: Flask, clerk: Client, everything: Session, place: Place, sent: str, kept: str
) -> None:
    assert send(clerk, place.add, PDF, sent).status_code == 302
    assert [file.name for file in attached(everything)] == [kept]
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in files_in(app))


def test_picture_is_kept_upright_without_its_place(
    app: Flask, clerk: Client, everything: Session, place: Place
) -> None:
    send(clerk, place.add, pictures.camera(pictures.page("x", 600, 800), 6), "扫描.png")
    [file] = attached(everything)
    assert (file.name, file.media_type) == ("扫描.jpg", "image/jpeg"), "named by what it is"
    content = store_of(app).read(file.digest)
    assert b"GEHEIM" not in content and file.size == len(content)
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (800, 600)
    thumb = clerk.get(f"/attachments/{file.id}/thumb")
    assert thumb.mimetype == "image/jpeg" and len(thumb.data) < 20_000


REFUSED = {
    "nothing": (b"", "是空的"),
    "a program": (b"MZ" + b"\0" * 500, "只能上传 PDF、JPG、PNG"),
    "a script": (b"<script>alert(1)</script>", "只能上传 PDF、JPG、PNG"),
    "a phone's format": (pictures.heic(), "HEIC"),
    "an active PDF": (pictures.pdf(b"<< /S /JavaScript >>"), "带有脚本"),
    "a bomb": (pictures.png_bomb(), "最多 2500 万像素"),
    "half a picture": (pictures.saved(pictures.person(), "JPEG")[:4000], "没有传完整"),
    "too much": (b"%PDF-1.7\n" + bytes(10 << 20) + b"%%EOF", "超过 10 MB"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused_changes_nothing_and_says_why(
    app: Flask, clerk: Client, place: Place, content: bytes, words: str
) -> None:
    before, files = dump(app), files_in(app)
    answer = send_quietly(clerk, place.add, content)
    assert answer.status_code == 400 and words in answer.get_json()["message"]
    referrer = {"headers": {"Referer": f"http://localhost{place.form}"}}
    form = {"file": (io.BytesIO(content), "a.pdf")}
    plain = clerk.post(place.add, form, content_type="multipart/form-data", **referrer)
    assert plain.location == place.form and words in clerk.get(place.form).get_data(as_text=True)
    assert changed_tables(before, dump(app)) == [] and files_in(app) == files


def test_no_file_chosen_says_so(app: Flask, clerk: Client, place: Place) -> None:
    before = dump(app)
    answer = clerk.post(place.add, {}, headers={"Accept": "application/json"})
    assert answer.status_code == 400 and "请先选一个文件" in answer.get_json()["message"]
    assert changed_tables(before, dump(app)) == []


def test_row_takes_ten_and_each_only_once(clerk: Client, everything: Session, place: Place) -> None:
    contents = [pictures.pdf(b"<< /Number %d >>" % number) for number in range(MAX_FILES + 1)]
    assert [send(clerk, place.add, content).status_code for content in contents[:2]] == [302, 302]
    again = send_quietly(clerk, place.add, contents[0], "另一个名字.pdf")
    assert again.status_code == 400 and "已经在附件里" in again.get_json()["message"]
    for content in contents[2:MAX_FILES]:
        assert send_quietly(clerk, place.add, content).status_code == 200
    assert "已有 10 个附件，不能再传" in clerk.get(place.form).get_data(as_text=True)
    more = send_quietly(clerk, place.add, contents[-1])
    assert more.status_code == 400 and "最多 10 个附件" in more.get_json()["message"]
    assert len(attached(everything)) == MAX_FILES


def test_virus_scanner_decides(
    app: Flask, clerk: Client, everything: Session, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "scanner.py"
    script.write_text("import sys\nsys.exit(b'EICAR' in open(sys.argv[1], 'rb').read())\n", encoding="utf-8")
    store = dataclasses.replace(store_of(app), scanner=(sys.executable, str(script)))
    monkeypatch.setitem(app.extensions, "files", store)
    answer = send_quietly(clerk, place.add, pictures.pdf(b"(EICAR)"))
    assert answer.status_code == 400 and "没有通过病毒检查" in answer.get_json()["message"]
    assert attached(everything) == []
    assert send_quietly(clerk, place.add, PDF).status_code == 200


def test_full_disk_takes_nothing(app: Flask, clerk: Client, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before, files = dump(app), files_in(app)
    monkeypatch.setattr("app.core.files.LEAST_FREE", 1.1)
    answer = send_quietly(clerk, place.add, pictures.pdf(b"(new)"))
    assert answer.status_code == 400 and "磁盘快满了" in answer.get_json()["message"]
    assert changed_tables(before, dump(app)) == [] and files_in(app) == files


# ── looking ──


def test_headers_keep_a_document_in_its_frame(clerk: Client, everything: Session, place: Place) -> None:
    send(clerk, place.add, PDF, "张三 毕业证.pdf")
    send(clerk, place.add, pictures.camera(pictures.person()), "照片.jpg")
    pdf, picture = attached(everything)
    for path, kind, frame in (
        (f"/attachments/{pdf.id}", "inline", "SAMEORIGIN"),
        (f"/attachments/{picture.id}", "inline", "SAMEORIGIN"),
        (f"/attachments/{picture.id}/thumb", "inline", "SAMEORIGIN"),
        (f"/attachments/{pdf.id}/save", "attachment", "DENY"),
    ):
        answer = clerk.get(path)
        headers, policy = answer.headers, answer.headers["Content-Security-Policy"]
        assert answer.status_code == 200 and headers["Content-Disposition"].startswith(kind), path
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == frame
        assert "script-src" not in policy and ("sandbox" in policy or "default-src 'none'" in policy)
    saved = clerk.get(f"/attachments/{pdf.id}/save")
    assert saved.headers["Content-Security-Policy"] == "sandbox" and saved.data == PDF
    assert (
        "filename*=UTF-8''%E5%BC%A0%E4%B8%89%20%E6%AF%95%E4%B8%9A%E8%AF%81.pdf" in saved.headers["Content-Disposition"]
    )
    assert clerk.get(f"/attachments/{pdf.id}/thumb").status_code == 404


@pytest.mark.parametrize(
    ("username", "status"),
    [(CLERK, 200), (REVIEWER, 200), (COUNTY, 200), ("yunchuan", 200), (LOOKER, 403), ("yizhong_train", 403),
     ("yizhong_sys", 403), ("shiqiao", 404), ("shiqiao1", 404), ("", 302)],
)  # fmt: skip
def test_only_who_may_see_whole_numbers_sees_documents(
    clerk: Client, client_as: Clients, everything: Session, place: Place, username: str, status: int
) -> None:
    send(clerk, place.add, pictures.camera(pictures.person()), "证书.jpg")
    [file] = attached(everything)
    everything.rollback()
    somebody = client_as(username)
    paths = (f"/attachments/{file.id}", f"/attachments/{file.id}/save", f"/attachments/{file.id}/thumb")
    assert {somebody.get(path).status_code for path in paths} == {status}
    page = somebody.get(f"/teachers/show/{place.teacher}").get_data(as_text=True)
    assert (f'href="/attachments/{file.id}"' in page) is (status == 200)
    noted = looks(everything)
    assert len(noted) == (2 if status == 200 else 0)
    assert all((look.teacher_id, str(file.id) in look.detail) == (place.teacher, True) for look in noted)


def looks(session: Session) -> list[AccessLog]:
    """The looks at files that were noted."""
    session.rollback()
    return list(session.scalars(sa.select(AccessLog).where(AccessLog.kind == "file")))


def test_teachers_look_at_the_own_is_not_noted_and_others_are_not_there(
    clerk: Client, client_as: Clients, everything: Session, place: Place, teachers: list[Teacher]
) -> None:
    other = place_of(everything, teachers[1])
    for one in (place, other):
        send(clerk, one.add, PDF)
    mine, theirs = attached(everything)
    everything.rollback()
    me = client_as(place.number)
    assert me.get(f"/my/attachments/{mine.id}/save").data == PDF
    assert looks(everything) == []
    for path in (f"/my/attachments/{theirs.id}", f"/my/attachments/{theirs.id}/save"):
        assert me.get(path).status_code == 404
    assert me.post(f"/my/attachments/{theirs.id}/delete").status_code == 404
    assert send(me, other.my_add, PDF).status_code == 404
    assert me.get(f"/attachments/{mine.id}").status_code == 403, "the school's address is not the teacher's"
    assert len(attached(everything)) == 2


def test_documents_of_the_schools_own_sections_are_not_the_teachers(
    clerk: Client, client_as: Clients, everything: Session, place: Place
) -> None:
    row = Salary(teacher_id=place.teacher)
    everything.add(row)
    everything.commit()
    row_id = row.id
    everything.rollback()
    assert send(clerk, f"/attachments/{place.teacher}/salary/{row_id}", PDF).status_code == 302
    [file] = attached(everything)
    everything.rollback()
    me = client_as(place.number)
    for path in (f"/my/attachments/{file.id}", f"/my/attachments/{file.id}/save", f"/my/attachments/{file.id}/thumb"):
        assert me.get(path).status_code == 404
    assert me.post(f"/my/attachments/{file.id}/delete").status_code == 404
    assert send(me, f"/my/attachments/salary/{row_id}", PDF).status_code == 404
    assert len(attached(everything)) == 1


@pytest.mark.parametrize("name", ["basic_info", "nothing", "education_history"])
def test_there_is_nothing_but_rows_of_sections(clerk: Client, place: Place, name: str) -> None:
    assert send(clerk, f"/attachments/{place.teacher}/{name}/999999", PDF).status_code == 404


def test_a_row_of_another_teacher_is_not_found(
    app: Flask, clerk: Client, everything: Session, place: Place, teachers: list[Teacher]
) -> None:
    other = place_of(everything, teachers[1])
    before = dump(app)
    assert send(clerk, f"/attachments/{place.teacher}/education_history/{other.row}", PDF).status_code == 404
    assert changed_tables(before, dump(app)) == []


def test_file_that_is_missing_on_disk_says_so(app: Flask, clerk: Client, everything: Session, place: Place) -> None:
    send(clerk, place.add, pictures.pdf(b"(lost)"))
    [file] = attached(everything)
    store_of(app).path(file.digest).unlink()
    everything.rollback()
    answer = clerk.get(f"/attachments/{file.id}")
    assert answer.status_code == 400 and "从备份里恢复" in answer.get_data(as_text=True)


# ── locks ──


@pytest.mark.parametrize("status", ["in_review", "approved"])
def test_locked_row_takes_nothing_and_loses_nothing(
    app: Flask, client_as: Clients, everything: Session, place: Place, status: str
) -> None:
    clerk, me = client_as(CLERK), client_as(place.number)
    send(clerk, place.add, PDF)
    [file] = attached(everything)
    teacher = teacher_now(everything, place.teacher)
    teacher.status = status
    everything.commit()
    file_id = file.id
    everything.rollback()
    before, files = dump(app), files_in(app)
    another = pictures.pdf(b"(another)")
    for client, add, base in ((clerk, place.add, "/attachments"), (me, place.my_add, "/my/attachments")):
        assert send_quietly(client, add, another).status_code == 403
        delete = client.post(f"{base}/{file_id}/delete", headers={"Accept": "application/json"})
        assert (delete.status_code == 403 and "不能改" in delete.get_json()["message"]) or "变更" in str(
            delete.get_json()
        )
        assert client.get(f"{base}/{file_id}").data == PDF, "looking is still possible"
    assert changed_tables(before, dump(app)) == [] and files_in(app) == files
    page = me.get(f"/my/education_history/{place.row}").get_data(as_text=True)
    assert "毕业证.pdf" in page and 'type="file"' not in page and f"/{file_id}/delete" not in page


def test_submitted_record_is_open_to_the_school_only(client_as: Clients, everything: Session, place: Place) -> None:
    teacher_now(everything, place.teacher).status = "submitted_to_school"
    everything.commit()
    assert send_quietly(client_as(place.number), place.my_add, PDF).status_code == 403
    assert send_quietly(client_as(CLERK), place.add, PDF).status_code == 200


def test_refused_row_opens_and_the_others_stay_closed(
    client_as: Clients,
    session_as: Callable[[str], Session],
    actor_named: Callable[[str], Actor],
    everything: Session,
    teachers: list[Teacher],
) -> None:
    teacher = with_status(teachers, "in_review")
    named, other = place_of(everything, teacher), row_of(everything, teacher, "61")
    where = everything.get_one(Teacher, named.teacher)
    where.waiting_unit_id, where.stage = actor_named(COUNTY).unit_id, 2
    everything.commit()
    version = where.version
    refusals = [Refusal("education_history", named.row, "end_month", "missing", "")]
    everything.rollback()
    county = session_as(COUNTY)
    reject(county, named.teacher, version, refusals, "", actor_named(COUNTY), utc_now())
    county.commit()
    everything.rollback()
    clerk = client_as(CLERK)
    assert send_quietly(clerk, named.add, PDF).status_code == 200
    closed = send_quietly(clerk, f"/attachments/{named.teacher}/education_history/{other}", PDF)
    assert closed.status_code == 403 and "没有点名" in closed.get_json()["message"]
    [file] = attached(everything)
    assert file.row_id == named.row


# ── going ──


def test_removed_document_leaves_a_trace_and_its_file(
    app: Flask, clerk: Client, everything: Session, place: Place
) -> None:
    send(clerk, place.add, PDF)
    [file] = attached(everything)
    before = teacher_now(everything, place.teacher).version
    everything.rollback()
    answer = clerk.post(f"/attachments/{file.id}/delete", headers={"Accept": "application/json"})
    assert answer.status_code == 200 and "file-line" not in answer.get_json()["html"]
    assert attached(everything) == [] and file.digest in files_in(app), "the file itself is left to the tidying"
    assert teacher_now(everything, place.teacher).version == before + 1
    assert history(everything, place.teacher)[0].action == "detach"
    assert "删除附件：学习经历" in clerk.get(f"/teachers/show/{place.teacher}").get_data(as_text=True)
    assert clerk.post(f"/attachments/{file.id}/delete").status_code == 404


def test_row_takes_its_own_along(clerk: Client, everything: Session, place: Place, teachers: list[Teacher]) -> None:
    other = place_of(everything, teachers[1])
    for one in (place, other):
        send(clerk, one.add, PDF)
    assert clerk.post(f"{place.form}/delete").status_code == 302
    assert [file.teacher_id for file in attached(everything)] == [other.teacher]


def test_record_takes_its_documents_along(clerk: Client, everything: Session, teachers: list[Teacher]) -> None:
    teacher = next(t for t in reversed(teachers) if t.status == "draft")
    place = place_of(everything, teacher)
    send(clerk, place.add, PDF)
    assert len(attached(everything)) == 1
    clerk.post(f"/teachers/delete/{place.teacher}")
    assert attached(everything) == []
    everything.rollback()
    assert everything.get(Teacher, place.teacher, populate_existing=True) is None


# ── pages ──


@pytest.mark.parametrize(("who", "path"), [
    (CLERK, "/teachers/show/{teacher}"), (CLERK, "/teachers/{teacher}/education_history/{row}"),
    ("me", "/my/education_history"), ("me", "/my/education_history/{row}"), ("me", "/my/basic_info"),
])  # fmt: skip
def test_pages_with_files_ask_few_questions(
    client_as: Clients, place: Place, count_queries: Callable[[], Any], who: str, path: str
) -> None:
    clerk = client_as(CLERK)
    for number in range(3):
        send(clerk, place.add, pictures.pdf(b"<< /Number %d >>" % number))
    client, url = client_as(place.number if who == "me" else who), path.format(**vars(place))
    client.get(url)
    with count_queries() as statements:
        assert client.get(url).status_code == 200
    assert len(statements) <= 15, "\n".join(statements)
