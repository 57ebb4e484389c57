"""Documents are known by their content: what is taken, what is refused with a sentence, what is cleaned away."""

import io
import time

import pytest
from PIL import Image

from app.core.documents import JPEG, LONGEST, PDF, PNG, read_document
from app.core.errors import AppError
from tests import pictures
from tests.core.test_images import near
from tests.pictures import GREEN, RED


def test_pdf_is_kept_as_it_is() -> None:
    document = read_document(pictures.pdf())
    assert (document.media_type, document.content, document.thumb) == (PDF, pictures.pdf(), b"")


@pytest.mark.parametrize(("image_format", "media_type"), [("JPEG", JPEG), ("PNG", PNG)])
def test_picture_is_made_anew_and_has_a_small_one(image_format: str, media_type: str) -> None:
    document = read_document(pictures.saved(pictures.corners(800, 600), image_format))
    assert document.media_type == media_type
    with Image.open(io.BytesIO(document.content)) as image, Image.open(io.BytesIO(document.thumb)) as thumb:
        assert (image.format, image.size) == (image_format, (800, 600))
        assert (thumb.format, thumb.size) == ("JPEG", (240, 180))
        assert near(thumb.convert("RGB").getpixel((20, 20)), RED) and near(image.getpixel((700, 50)), GREEN)


def test_place_and_camera_are_gone_and_it_stands_upright() -> None:
    document = read_document(pictures.camera(pictures.page("x", 600, 800), 6))
    assert b"GEHEIM" not in document.content + document.thumb
    with Image.open(io.BytesIO(document.content)) as image:
        assert image.size == (800, 600) and dict(image.getexif()) == {}


def test_large_picture_becomes_as_large_as_a_scanned_page() -> None:
    begun = time.process_time()
    document = read_document(pictures.camera(pictures.person(5712, 4284), quality=92))
    assert time.process_time() - begun < 4
    with Image.open(io.BytesIO(document.content)) as image:
        assert image.size == (LONGEST, 2700)


def test_what_hides_behind_a_picture_is_gone() -> None:
    hidden = b"<script>alert(1)</script>PK\x03\x04"
    content = read_document(pictures.saved(pictures.person(), "JPEG") + hidden).content
    assert hidden not in content and b"<script" not in content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "只能上传 PDF、JPG、PNG"),
        (b"PK\x03\x04" + b"\0" * 100, "只能上传 PDF、JPG、PNG"),
        (b"<html><script>", "只能上传 PDF、JPG、PNG"),
        (b"GIF89a" + b"\0" * 100, "只能上传 PDF、JPG、PNG"),
        (b"MZ" + b"\0" * 100, "只能上传 PDF、JPG、PNG"),
        (b"\0\0" + pictures.pdf(), "只能上传 PDF、JPG、PNG"),
        (pictures.saved(pictures.person(), "BMP"), "只能上传 PDF、JPG、PNG"),
        (pictures.heic(), "HEIC"),
        (b"\xff\xd8\xff" + b"\0" * 100, "不是能读取的图片"),
        (pictures.png_bomb(), "最多 2500 万像素"),
        (pictures.saved(pictures.person(), "JPEG")[:5000], "没有传完整"),
        (pictures.pdf()[:200], "不完整"),
        (b"%PDF-1.7\nnothing", "不完整"),
    ],
)
def test_everything_else_is_refused_with_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(AppError, match=words) as caught:
        read_document(content)
    assert "请" in caught.value.message and caught.value.status == 400


ACTIVE = {
    "script": pictures.pdf(b"<< /S /JavaScript /JS (app.alert(1)) >>"),
    "script in letters of another kind": pictures.pdf(b"<< /S /Java#53cript /JS (x) >>"),
    "program": pictures.pdf(b"<< /S /Launch /F (cmd.exe) >>"),
    "program, unusually spelt": pictures.pdf(b"<</S/L#61unch/F(cmd.exe)>>"),
    "file": pictures.pdf(b"<< /Type /EmbeddedFile >>"),
    "list of files": pictures.pdf(b"<< /Names << /EmbeddedFiles 5 0 R >> >>"),
    "media": pictures.pdf(b"<< /Subtype /RichMedia >>"),
    "script inside a packed object": pictures.pdf(pictures.object_stream(b"5 0 << /S /JavaScript /JS (x) >>")),
    "packed objects without end": pictures.pdf(*[b"<< /Type /ObjStm >>"] * 6000),
    "packed objects of great size": pictures.pdf(pictures.object_stream(bytes(40 << 20))),
}


@pytest.mark.parametrize("content", ACTIVE.values(), ids=list(ACTIVE))
def test_pdf_that_does_more_than_show_pages_is_refused(content: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(AppError, match="带有脚本、程序或别的文件"):
        read_document(content)
    assert time.process_time() - begun < 3


HARMLESS = {
    "packed page": pictures.object_stream(b"5 0 << /Type /Page >>"),
    "a name that only begins like it": b"<< /JavaScripting true /LaunchPad 1 >>",
    "a packed object of another kind": b"<< /Type /ObjStm >>\nstream\nnot packed\nendstream",
    "a packed object without its end": b"<< /Type /ObjStm >>\nstream\n",
    "the words in a text": b"(JavaScript, Launch)",
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=list(HARMLESS))
def test_ordinary_pdf_is_taken(content: bytes) -> None:
    assert read_document(pictures.pdf(content)).media_type == PDF
