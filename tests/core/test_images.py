"""Pictures from outside: bounded before they are decoded, upright, and nothing of the camera left in them."""

import io
import tracemalloc
from typing import Any

import pytest
from PIL import Image

from app.core.images import MAX_PIXELS, BadImage, decode, open_image, saved, to_rgb, upright_size
from tests import pictures
from tests.pictures import BLUE, GREEN, RED, WHITE

TURNED = (5, 6, 7, 8)


def near(one: Any, other: Any) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(one, other, strict=True))


def as_held(orientation: int) -> bytes:
    """The picture of the four corners as a camera stores it when it was held that way."""
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = pictures.corners(400, 300)
    return pictures.camera(image if back is None else image.transpose(Image.Transpose(back)), orientation, quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright_however_the_phone_was_held(orientation: int) -> None:
    image = open_image(as_held(orientation))
    assert upright_size(image) == (400, 300)
    upright = to_rgb(decode(image))
    assert upright.size == (400, 300)
    seen = [upright.getpixel(place) for place in ((50, 50), (350, 50), (50, 250), (350, 250))]
    assert all(near(*pair) for pair in zip(seen, (RED, GREEN, BLUE, WHITE), strict=True)), seen


def test_nothing_of_the_camera_is_left() -> None:
    content = pictures.camera(pictures.corners(400, 300), 6)
    assert b"GEHEIM" in content
    clean = saved(to_rgb(decode(open_image(content))), "JPEG")
    assert b"GEHEIM" not in clean and b"Exif" not in clean
    with Image.open(io.BytesIO(clean)) as image:
        assert dict(image.getexif()) == {} and "comment" not in image.info and "icc_profile" not in image.info


def test_nothing_of_a_png_but_its_pixels_is_left() -> None:
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

    notes = PngInfo()
    notes.add_text("Author", "GEHEIM")
    notes.add_itxt("Description", "GEHEIM", zip=False)
    content = pictures.saved(pictures.corners(60, 40), "PNG", pnginfo=notes, icc_profile=b"GEHEIM" * 30)
    assert content.count(b"GEHEIM") >= 2
    assert b"GEHEIM" not in saved(to_rgb(decode(open_image(content))), "PNG")


@pytest.mark.parametrize(
    ("mode", "colour", "image_format", "seen"),
    [
        ("RGBA", (255, 0, 0, 0), "PNG", (255, 255, 255)),
        ("RGBA", (255, 0, 0, 255), "PNG", (255, 0, 0)),
        ("LA", (0, 0), "PNG", (255, 255, 255)),
        ("L", 128, "JPEG", (128, 128, 128)),
        ("1", 1, "PNG", (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
        ("I;16", 32896, "PNG", (128, 128, 128)),
        ("RGB", (10, 200, 30), "BMP", (10, 200, 30)),
    ],
)
def test_every_kind_of_colour_becomes_plain(mode: str, colour: Any, image_format: str, seen: Any) -> None:
    content = pictures.saved(pictures.plain(30, 30, colour, mode), image_format)
    plain = to_rgb(decode(open_image(content)))
    assert plain.mode == "RGB"
    assert near(plain.getpixel((15, 15)), seen)


def test_transparent_colour_of_a_palette_becomes_white() -> None:
    image = pictures.plain(30, 30, 0, "P")
    image.putpalette([200, 0, 0] + [0] * 765)
    content = pictures.saved(image, "PNG", transparency=0)
    assert to_rgb(decode(open_image(content))).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("size", [(5712, 4284), (6000, 4000), (4000, 3000)])
def test_photos_of_a_phone_are_taken(size: tuple[int, int]) -> None:
    assert size[0] * size[1] <= MAX_PIXELS
    assert open_image(pictures.camera(pictures.plain(*size))).size == size


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是能读取的图片"),
        (b"not a picture", "不是能读取的图片"),
        (b"GIF89a" + b"\0" * 50, "不是能读取的图片"),
        (pictures.heic(), "HEIC"),
        (b"\0\0\0\x20ftypavif" + b"\0" * 50, "HEIC"),
        (pictures.saved(pictures.plain(20, 20), "TIFF"), "不是能读取的图片"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "不是能读取的图片"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "不是能读取的图片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "不是能读取的图片"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(BadImage, match=words) as caught:
        open_image(content)
    assert "请" in caught.value.message


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP"])
def test_half_a_picture_is_refused(image_format: str) -> None:
    whole = pictures.saved(pictures.person(300, 400), image_format)
    with pytest.raises(BadImage, match="没有传完整"):
        decode(open_image(whole[: len(whole) // 2]))


@pytest.mark.parametrize("size", [(5001, 5000), (20_000, 20_000), (100_000, 100_000)])
def test_a_huge_picture_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    content = pictures.png_bomb(*size)
    assert len(content) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(BadImage, match="最多 2500 万像素"):
            open_image(content)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
