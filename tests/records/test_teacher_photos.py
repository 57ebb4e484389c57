"""The photo of a teacher: cut on the server, open and locked with the basic information, shown where it is needed."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from app.collection.operations import Refusal, reject
from app.core.actor import Actor
from app.core.db import utc_now
from app.records.teacher import Teacher
from tests import pictures
from tests.accounts.database import changed_tables, dump
from tests.conftest import Client
from tests.core.test_images import near
from tests.records.desk import (
    CLERK,
    COUNTY,
    LOOKER,
    REVIEWER,
    files_in,
    history,
    send,
    send_quietly,
    store_of,
    teacher_now,
    with_status,
)

Clients = Callable[[str], Client]
PICTURE = pictures.camera(pictures.person(), quality=90)
OTHER = pictures.camera(pictures.corners(800, 1000), quality=90)


@pytest.fixture
def owner(everything: Session, teachers: list[Teacher]) -> tuple[int, str]:
    """Key and number of a teacher with an account who has not reported yet."""
    found = (teachers[0].id, teachers[0].id_number or "")
    everything.rollback()
    return found


def upload(client: Client, url: str, content: bytes = PICTURE, **form: Any) -> Any:
    return send_quietly(client, f"{url.rstrip('/')}/upload", content, "IMG.jpg", "photo", **form)


def stored(app: Flask, session: Session, teacher_id: int) -> Image.Image:
    digest = teacher_now(session, teacher_id).photo_digest
    session.rollback()
    assert digest is not None
    image = Image.open(io.BytesIO(store_of(app).read(digest)))
    assert image.size == (197, 244)
    return image.convert("RGB")


@pytest.mark.parametrize("who", ["clerk", "teacher"])
def test_photo_is_cut_kept_and_told(
    app: Flask, client_as: Clients, everything: Session, owner: tuple[int, str], who: str
) -> None:
    key, number = owner
    before = teacher_now(everything, key).version
    everything.rollback()
    client = client_as(CLERK if who == "clerk" else number)
    url, page = (f"/photos/{key}", f"/teachers/show/{key}") if who == "clerk" else ("/my/photo/", "/my/basic_info")
    assert "还没有照片" in client.get(page).get_data(as_text=True)
    assert send(client, f"{url.rstrip('/')}/upload", PICTURE, "IMG.jpg", "photo").location == page
    text = client.get(page).get_data(as_text=True)
    assert "照片已保存" in text and f'src="{url}?v=' in text and "换一张" in text
    assert near(stored(app, everything, key).getpixel((10, 10)), (96, 150, 210))
    teacher = teacher_now(everything, key)
    assert teacher.version == before + 1 and teacher.content_at is not None and teacher.photo_at == teacher.content_at
    told = history(everything, key)[0]
    assert (told.section, told.row_id, told.row_version) == ("basic_info", key, before + 1)
    assert told.changes == {"photo": [None, "照片"]}
    answer = client.get(url)
    assert answer.mimetype == "image/jpeg" and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and b"GEHEIM" not in answer.data


def test_chosen_part_is_kept(app: Flask, client_as: Clients, everything: Session, owner: tuple[int, str]) -> None:
    clerk = client_as(CLERK)
    box = {"x": 0, "y": 600, "width": 236, "height": 292, "turn": 0}
    assert upload(clerk, f"/photos/{owner[0]}", OTHER, **box).status_code == 200
    assert near(stored(app, everything, owner[0]).getpixel((98, 122)), pictures.BLUE)
    upload(clerk, f"/photos/{owner[0]}", OTHER, **{**box, "turn": 2, "y": 0})
    assert near(stored(app, everything, owner[0]).getpixel((98, 122)), pictures.WHITE)


@pytest.mark.parametrize("box", [{"x": "-1"}, {"width": "x"}, {"height": ""}, {"turn": "9" * 30}, {"y": "1.5"}, {}])
def test_half_a_choice_counts_as_none(
    app: Flask, client_as: Clients, everything: Session, owner: tuple[int, str], box: dict[str, str]
) -> None:
    given = {"x": "0", "y": "0", "width": "236", "height": "292", "turn": "0"} | box if box else {}
    assert upload(client_as(CLERK), f"/photos/{owner[0]}", OTHER, **given).status_code == 200
    assert near(stored(app, everything, owner[0]).getpixel((190, 10)), pictures.GREEN), "the middle part"


REFUSED = {
    "nothing": (b"", "是空的"),
    "no picture": (b"text", "不是能读取的图片"),
    "a document": (pictures.pdf(), "不是能读取的图片"),
    "a phone's format": (pictures.heic(), "HEIC"),
    "a bomb": (pictures.png_bomb(), "最多 2500 万像素"),
    "half a picture": (PICTURE[: len(PICTURE) // 2], "没有传完整"),
    "too small": (pictures.saved(pictures.person(114, 156)), "114×156 像素，至少要 197×244"),
    "too much": (PICTURE + bytes(20 << 20), "超过 20 MB"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused_changes_nothing_and_says_why(
    app: Flask, client_as: Clients, owner: tuple[int, str], content: bytes, words: str
) -> None:
    clerk = client_as(CLERK)
    before, files = dump(app), files_in(app)
    answer = upload(clerk, f"/photos/{owner[0]}", content)
    assert answer.status_code == 400 and words in answer.get_json()["message"]
    assert changed_tables(before, dump(app)) == [] and files_in(app) == files


def test_camera_photo_may_be_larger_than_other_uploads(client_as: Clients, owner: tuple[int, str]) -> None:
    clerk = client_as(CLERK)
    large = PICTURE + bytes(15 << 20)  # cameras append previews and depths behind the picture
    assert upload(clerk, f"/photos/{owner[0]}", large).status_code == 200
    assert send_quietly(clerk, "/imports/upload", large, "a.xlsx").status_code == 413


def test_typing_can_be_saved_after_the_photo(client_as: Clients, everything: Session, owner: tuple[int, str]) -> None:
    me, version = client_as(owner[1]), teacher_now(everything, owner[0]).version
    everything.rollback()
    told = upload(me, "/my/photo/", version=version).get_json()
    assert told["version"] == version + 1
    assert me.post("/my/basic_info", {"version": told["version"], "former_name": "小名"}).location == "/my/basic_info"
    assert teacher_now(everything, owner[0]).former_name == "小名"


def test_draft_is_not_made_older_by_the_own_photo(
    client_as: Clients, everything: Session, owner: tuple[int, str]
) -> None:
    me, version = client_as(owner[1]), teacher_now(everything, owner[0]).version
    everything.rollback()
    payload = {"version": version, "values": {"former_name": "写到一半"}}
    assert me.post_json("/my/draft?name=basic_info", payload).status_code == 200
    upload(me, "/my/photo/")
    page = me.get("/my/basic_info").get_data(as_text=True)
    assert "写到一半" in page and "没有保存的内容" in page and "又被别人改过" not in page


def test_photo_hides_no_others_change(client_as: Clients, everything: Session, owner: tuple[int, str]) -> None:
    me, teacher = client_as(owner[1]), teacher_now(everything, owner[0])
    opened = teacher.version
    teacher.remark = "同事刚写的"
    everything.commit()
    everything.rollback()
    assert upload(me, "/my/photo/", version=opened).get_json()["version"] is None
    me.post("/my/basic_info", {"version": opened, "former_name": "小名"})
    assert teacher_now(everything, owner[0]).former_name == "无", "the conflict is still noticed"


def test_same_photo_again_changes_nothing(app: Flask, client_as: Clients, owner: tuple[int, str]) -> None:
    clerk = client_as(CLERK)
    upload(clerk, f"/photos/{owner[0]}")
    before = dump(app)
    assert upload(clerk, f"/photos/{owner[0]}").status_code == 200
    assert changed_tables(before, dump(app)) == []


def test_replaced_and_removed_photo_stays_until_the_tidying(
    app: Flask, client_as: Clients, everything: Session, owner: tuple[int, str]
) -> None:
    clerk, key = client_as(CLERK), owner[0]
    upload(clerk, f"/photos/{key}")
    first = teacher_now(everything, key).photo_digest
    upload(clerk, f"/photos/{key}", OTHER)
    assert history(everything, key)[0].changes == {"photo": ["原照片", "新照片"]}
    second = teacher_now(everything, key).photo_digest
    everything.rollback()
    assert first != second and {first, second} <= files_in(app)
    assert clerk.post(f"/photos/{key}/delete").location == f"/teachers/show/{key}"
    assert teacher_now(everything, key).photo_digest is None
    assert history(everything, key)[0].changes == {"photo": ["原照片", None]}
    assert {first, second} <= files_in(app)
    assert clerk.get(f"/photos/{key}").status_code == 404


# ── who ──


@pytest.mark.parametrize(
    ("username", "status"),
    [(CLERK, 200), (REVIEWER, 200), (LOOKER, 200), (COUNTY, 200), ("yizhong_sys", 403), ("shiqiao1", 404), ("", 302)],
)
def test_photo_is_seen_by_who_sees_the_record(
    client_as: Clients, owner: tuple[int, str], username: str, status: int
) -> None:
    upload(client_as(CLERK), f"/photos/{owner[0]}")
    assert client_as(username).get(f"/photos/{owner[0]}").status_code == status


@pytest.mark.parametrize("username", [REVIEWER, LOOKER, COUNTY, "shiqiao1", ""])
def test_only_the_school_and_the_teacher_change_it(
    app: Flask, client_as: Clients, owner: tuple[int, str], username: str
) -> None:
    client = client_as(username)
    before = dump(app)
    for answer in (upload(client, f"/photos/{owner[0]}"), client.post(f"/photos/{owner[0]}/delete")):
        assert answer.status_code in (302, 401, 403, 404)
    assert changed_tables(before, dump(app)) == []
    if username == REVIEWER:
        assert "data-photo-form" not in client.get(f"/teachers/show/{owner[0]}").get_data(as_text=True)


def test_teacher_sees_the_own_photo_only(client_as: Clients, owner: tuple[int, str]) -> None:
    me = client_as(owner[1])
    assert me.get("/my/photo/").status_code == 404
    assert me.get(f"/photos/{owner[0]}").status_code == 403
    upload(me, "/my/photo/")
    assert me.get("/my/photo/").status_code == 200


@pytest.mark.parametrize("status", ["in_review", "approved"])
def test_locked_record_keeps_its_photo(
    app: Flask, client_as: Clients, everything: Session, owner: tuple[int, str], status: str
) -> None:
    clerk, me = client_as(CLERK), client_as(owner[1])
    upload(clerk, f"/photos/{owner[0]}")
    teacher_now(everything, owner[0]).status = status
    everything.commit()
    before, files = dump(app), files_in(app)
    for client, url in ((clerk, f"/photos/{owner[0]}"), (me, "/my/photo/")):
        assert upload(client, url, OTHER).status_code == 403
        assert client.post(url.rstrip("/") + "/delete", headers={"Accept": "application/json"}).status_code == 403
        assert client.get(url).status_code == 200
    assert changed_tables(before, dump(app)) == [] and files_in(app) == files
    page = me.get("/my/basic_info").get_data(as_text=True)
    assert 'src="/my/photo/?v=' in page and "data-photo-form" not in page


@pytest.mark.parametrize(("section", "status"), [("basic_info", 200), ("education_history", 403)])
def test_photo_opens_with_the_basic_information(
    client_as: Clients,
    session_as: Callable[[str], Session],
    actor_named: Callable[[str], Actor],
    everything: Session,
    teachers: list[Teacher],
    section: str,
    status: int,
) -> None:
    teacher = with_status(teachers, "in_review")
    key = teacher.id
    where = teacher_now(everything, key)
    where.waiting_unit_id, where.stage = actor_named(COUNTY).unit_id, 2
    everything.commit()
    version = where.version
    everything.rollback()
    session = session_as(COUNTY)
    row_id = key if section == "basic_info" else None
    reject(session, key, version, [Refusal(section, row_id, "", "wrong", "")], "", actor_named(COUNTY), utc_now())
    session.commit()
    assert upload(client_as(CLERK), f"/photos/{key}").status_code == status
    assert (teacher_now(everything, key).photo_digest is not None) is (status == 200)
