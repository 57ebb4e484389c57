"""Many photos at once: one line for every picture, only the own school's teachers, and no number anywhere."""

import io
import logging
import re
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.validators import mask_id
from app.records import photo_batch
from app.records.photo_batch import numbers_in, shown_name
from app.records.teacher import Teacher
from tests import pictures
from tests.accounts.database import changed_tables, dump
from tests.conftest import Client
from tests.records.desk import CLERK, files_in, send, send_quietly, store_of, teacher_now, with_status

Clients = Callable[[str], Client]
PICTURE = pictures.camera(pictures.person(400, 500))
CITIZEN = "11010519491231002X"


@pytest.fixture
def clerk(client_as: Clients) -> Client:
    return client_as(CLERK)


@pytest.fixture
def staff(everything: Session, teachers: list[Teacher]) -> list[tuple[int, str, str]]:
    """Key, number and name of teachers who have not reported."""
    found = [(t.id, t.id_number or "", t.name or "") for t in teachers if t.status == "draft"]
    everything.rollback()
    return found


def sent(client: Client, files: dict[str, bytes], **options: Any) -> Any:
    return send(client, "/photos/batch/upload", pictures.archive(files, **options), "照片.zip", "archive")


def results(answer: Any) -> dict[str, tuple[str, str]]:
    """What the page says: file → result and explanation."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    page = answer.get_data(as_text=True)
    rows = re.findall(
        r'<tr><th scope="row"[^>]*>(.*?)</th><td[^>]*><span class="tag \w+">(.*?)</span></td>(.*?)</tr>', page
    )
    return {file: (kind, re.sub("<[^>]+>", " ", rest)) for file, kind, rest in rows}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        (f"{CITIZEN}.jpg", [CITIZEN]),
        (f"{CITIZEN.lower()}.JPG", [CITIZEN]),
        ("110105 19491231 002X.jpg", [CITIZEN]),
        (f"张三_{CITIZEN}.jpg", [CITIZEN]),
        (f"张三 {CITIZEN}.jpg", [CITIZEN]),
        (f"张三{CITIZEN}.jpg", [CITIZEN]),
        (f"{CITIZEN}-张三（新）.jpg", [CITIZEN]),
        ("１１０１０５１９４９１２３１００２Ｘ.jpg", [CITIZEN]),
        (f"高一/{CITIZEN}.jpg", [CITIZEN]),
        (f"高一\\{CITIZEN}.jpg", [CITIZEN]),
        (f"{CITIZEN}_530000198101070033.jpg", [CITIZEN, "530000198101070033"]),
        ("李明_E12345678.jpg", ["E12345678"]),
        ("h1234567890.png", ["H1234567890"]),
        ("IMG_0001.jpg", []),
        ("张三.jpg", []),
        ("证件照.jpg", []),
        (f"9{CITIZEN}.jpg", [f"9{CITIZEN}"]),
        (".jpg", []),
    ],
)
def test_numbers_are_read_from_names_as_people_write_them(name: str, numbers: list[str]) -> None:
    assert numbers_in(name) == numbers


@pytest.mark.parametrize(
    "name",
    [f"{CITIZEN}.jpg", "110105 19491231 002X.jpg", f"张三_{CITIZEN}.jpg", "E12345678.jpg", f"{CITIZEN.lower()}.png"],
)
def test_names_are_shown_without_the_number(name: str) -> None:
    shown = shown_name(name)
    assert "*" in shown and not re.search(r"\d{7}", shown.replace(" ", ""))


def test_every_picture_gets_its_line(
    app: Flask, clerk: Client, everything: Session, teachers: list[Teacher], staff: list[tuple[int, str, str]]
) -> None:
    locked = with_status(teachers, "in_review")
    locked_number = locked.id_number or ""
    everything.rollback()
    one, two, small, broken, twice, phone = staff[:6]
    answer = sent(clerk, {
        f"{one[1]}.jpg": PICTURE,
        f"{two[2]}_{two[1]}.PNG": pictures.saved(pictures.person(300, 400), "PNG"),
        f"{small[1]}.jpg": pictures.saved(pictures.person(150, 200)),
        f"{broken[1]}.jpg": PICTURE[:500],
        f"{twice[1]}.jpg": PICTURE,
        f"{twice[2]} {twice[1]}.jpg": PICTURE,
        f"{phone[1]}.heic": pictures.heic(),
        f"{locked_number}.jpg": PICTURE,
        f"{CITIZEN}.jpg": PICTURE,
        "没有号码.jpg": PICTURE,
        f"{one[1]}_{two[1]}.jpg": PICTURE,
        "__MACOSX/._1.jpg": b"x",
        "Thumbs.db": b"x",
        "inner.zip": pictures.archive({f"{small[1]}.jpg": PICTURE}),
    })  # fmt: skip
    told = results(answer)
    kinds = {file: kind for file, (kind, _) in told.items()}
    assert kinds == {
        f"{mask_id(one[1])}.jpg": "已存",
        f"{two[2]}_{mask_id(two[1])}.PNG": "已存",
        f"{mask_id(small[1])}.jpg": "太小",
        f"{mask_id(broken[1])}.jpg": "读不出来",
        f"{mask_id(twice[1])}.jpg": "重复",
        f"{twice[2]} {mask_id(twice[1])}.jpg": "重复",
        f"{mask_id(phone[1])}.heic": "读不出来",
        f"{mask_id(locked_number)}.jpg": "已锁定",
        f"{mask_id(CITIZEN)}.jpg": "没找到人",
        "没有号码.jpg": "没找到人",
        f"{mask_id(one[1])}_{mask_id(two[1])}.jpg": "重复",
    }
    page = answer.get_data(as_text=True)
    assert "存了 2 张照片，还有 9 张没有存" in page and "另有 3 个文件不是图片" in page
    assert "150×200 像素" in page and "HEIC" in page and "审核期间不能改" in page
    assert [key for key, _, _ in staff if teacher_now(everything, key).photo_digest] == [one[0], two[0]]
    assert teacher_now(everything, locked.id).photo_digest is None


def test_sent_again_nothing_changes_and_another_picture_replaces(
    app: Flask, clerk: Client, everything: Session, staff: list[tuple[int, str, str]]
) -> None:
    file = f"{staff[0][1]}.jpg"
    assert [kind for kind, _ in results(sent(clerk, {file: PICTURE})).values()] == ["已存"]
    before = dump(app)
    assert [kind for kind, _ in results(sent(clerk, {file: PICTURE})).values()] == ["没有变化"]
    assert changed_tables(before, dump(app)) == []
    first = teacher_now(everything, staff[0][0]).photo_digest
    everything.rollback()
    other = pictures.saved(pictures.corners(400, 500))
    assert [kind for kind, _ in results(sent(clerk, {file: other})).values()] == ["已替换"]
    assert first != teacher_now(everything, staff[0][0]).photo_digest and first in files_in(app)


@pytest.mark.parametrize("username", [CLERK, "shiqiao1", "xiaoxue"])
def test_only_teachers_of_the_own_school_are_found(
    app: Flask,
    client_as: Clients,
    everything: Session,
    teachers: list[Teacher],
    strangers: list[Teacher],
    username: str,
) -> None:
    other = str((strangers if username == CLERK else teachers)[0].id_number)
    everything.rollback()
    client = client_as(username)
    before = dump(app)
    told = results(sent(client, {f"{other}.jpg": PICTURE, f"{CITIZEN}.jpg": PICTURE}))
    (kind, text), (nobody, same) = told.values()
    assert kind == nobody == "没找到人"
    assert text.replace(mask_id(other), "") == same.replace(mask_id(CITIZEN), ""), "a stranger looks like nobody"
    assert changed_tables(before, dump(app)) == []


def test_no_number_is_in_page_log_or_address(
    clerk: Client, staff: list[tuple[int, str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    numbers = [number for _, number, _ in staff[:3]]
    answer = sent(clerk, {f"{n}.jpg": PICTURE for n in numbers} | {"110105 19491231 002X.jpg": PICTURE})
    page = answer.get_data(as_text=True)
    for number in (*numbers, CITIZEN, "110105 19491231 002X"):
        assert number not in page and number not in caplog.text and number not in str(answer.headers)


@pytest.mark.parametrize("username", ["wangjianguo", "yizhong_query", "zhoumin", "yunchuan", ""])
def test_nobody_else_may(app: Flask, client_as: Clients, staff: list[tuple[int, str, str]], username: str) -> None:
    client = client_as(username)
    before = dump(app)
    assert client.get("/photos/batch/").status_code in (302, 403)
    assert sent(client, {f"{staff[0][1]}.jpg": PICTURE}).status_code in (302, 403)
    assert changed_tables(before, dump(app)) == []


HOSTILE = {
    "no file": (b"", "是空的|请先选|不是 ZIP"),
    "no archive": (b"nonsense", "不是 ZIP"),
    "another archive": (b"Rar!\x1a\x07" + b"\0" * 50, "RAR"),
    "without pictures": (pictures.archive({"a.txt": b"x"}), "没有照片"),
    "cut off": (pictures.archive({"1.jpg": PICTURE})[:2000], "已损坏"),
    "many members": (pictures.archive({f"{n}.jpg": b"" for n in range(1001)}), "超过 1000 个"),
    "much inside": (
        pictures.archive({f"{n}.jpg": bytes(15 << 20) for n in range(70)}, zipfile.ZIP_DEFLATED), "解开后太大",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "words"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_archives_cost_little_and_say_why(app: Flask, clerk: Client, content: bytes, words: str) -> None:
    before, files = dump(app), files_in(app)
    begun = time.process_time()
    answer = send_quietly(clerk, "/photos/batch/upload", content, "照片.zip", "archive")
    assert time.process_time() - begun < 3
    assert answer.status_code == 400 and re.search(words, answer.get_json()["message"])
    assert changed_tables(before, dump(app)) == [] and files_in(app) == files


def test_one_hostile_picture_keeps_no_other_one_back(
    clerk: Client, everything: Session, staff: list[tuple[int, str, str]]
) -> None:
    (bomb, good, traversal) = staff[:3]
    told = results(sent(clerk, {
        f"{bomb[1]}.png": pictures.png_bomb(),
        f"../../{traversal[1]}.jpg": PICTURE,
        f"{good[1]}.jpg": PICTURE,
    }, compression=zipfile.ZIP_DEFLATED))  # fmt: skip
    assert sorted(kind for kind, _ in told.values()) == ["已存", "已存", "读不出来"]
    assert teacher_now(everything, good[0]).photo_digest and not teacher_now(everything, bomb[0]).photo_digest


def test_time_is_bounded_and_the_rest_can_be_sent_again(
    clerk: Client, everything: Session, staff: list[tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {f"{number}.jpg": PICTURE for _, number, _ in staff[:3]}
    monkeypatch.setattr(photo_batch, "SECONDS", -1.0)
    answer = sent(clerk, names)
    assert [kind for kind, _ in results(answer).values()] == ["没有处理"] * 3
    assert "请把没有处理的照片再传一次" in answer.get_data(as_text=True)
    monkeypatch.undo()
    assert [kind for kind, _ in results(sent(clerk, names)).values()] == ["已存"] * 3


def test_archive_may_be_large_and_other_uploads_may_not(app: Flask, clerk: Client) -> None:
    content = pictures.archive({"a.txt": bytes(30 << 20)})
    assert send_quietly(clerk, "/photos/batch/upload", content, "a.zip", "archive").status_code == 400
    assert send_quietly(clerk, "/imports/upload", content, "a.zip").status_code == 413
    assert app.extensions["upload_limits"]["PhotoBatchView.upload"] == 200


def test_archive_beyond_its_limit_is_refused(app: Flask, clerk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["upload_limits"], "PhotoBatchView.upload", 2)
    content = pictures.archive({"1.jpg": bytes(4 << 20)})
    assert send_quietly(clerk, "/photos/batch/upload", content, "a.zip", "archive").status_code == 413


def test_stranger_cannot_make_us_take_a_large_file(client_as: Clients) -> None:
    content = pictures.archive({"a.txt": bytes(20 << 20)})
    client = client_as("")
    form = {"archive": (io.BytesIO(content), "a.zip")}
    answer = client.client.post("/photos/batch/upload", data=form, content_type="multipart/form-data")
    assert answer.status_code in (302, 413)


def test_photos_of_a_school_take_few_questions(
    clerk: Client, staff: list[tuple[int, str, str]], count_queries: Callable[[], Any]
) -> None:
    files = {
        f"{number}.jpg": pictures.saved(pictures.plain(200, 250, (n, 0, 0))) for n, (_, number, _) in enumerate(staff)
    }
    assert len(files) >= 6
    content, token = pictures.archive(files), clerk.token()
    form = {"archive": (io.BytesIO(content), "a.zip"), "csrf_token": token}
    with count_queries() as statements:
        answer = clerk.client.post("/photos/batch/upload", data=form, content_type="multipart/form-data")
    assert set(kind for kind, _ in results(answer).values()) == {"已存"}
    reading = [statement for statement in statements if statement.lstrip().startswith("SELECT")]
    assert len(reading) <= 15, "\n".join(reading)


def test_store_is_the_same_for_all(app: Flask) -> None:
    assert store_of(app).root.name == "files" and store_of(app).scanner == ()
