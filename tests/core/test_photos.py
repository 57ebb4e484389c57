"""The portrait: always 197 × 244 pixels at 200 dpi and at most 60 KB, whatever it is cut from."""

import io
import random
import time

import pytest
from PIL import Image

from app.core.images import BadImage
from app.core.photos import DPI, HEIGHT, MAX_BYTES, WIDTH, Crop, TooSmall, centred, portrait
from tests import pictures
from tests.core.test_images import as_held, near
from tests.pictures import BLUE, GREEN, RED, WHITE


def opened(content: bytes) -> Image.Image:
    """The portrait, after a look at what the national system asks for."""
    image = Image.open(io.BytesIO(content), formats=("JPEG",))
    assert (image.size, image.mode, len(content) <= MAX_BYTES <= 60 * 1024) == ((WIDTH, HEIGHT), "RGB", True)
    assert tuple(round(float(dpi)) for dpi in image.info["dpi"]) == (DPI, DPI)
    assert dict(image.getexif()) == {} and b"GEHEIM" not in content
    return image


@pytest.mark.parametrize(
    "content",
    [
        pictures.saved(pictures.person(), "JPEG", quality=95),
        pictures.camera(pictures.person(600, 700), 3),
        pictures.saved(pictures.person(197, 244), "PNG"),
        pictures.saved(pictures.person(), "BMP"),
        pictures.saved(pictures.person().convert("CMYK"), "JPEG"),
        pictures.saved(pictures.person().convert("L"), "JPEG"),
        pictures.saved(pictures.person().convert("P"), "PNG"),
        pictures.saved(pictures.person(4000, 3000), "JPEG"),
        pictures.saved(pictures.person(300, 2000), "JPEG"),
    ],
    ids=["jpeg", "turned", "just enough", "bmp", "cmyk", "grey", "palette", "12 megapixels", "tall"],
)
def test_every_picture_becomes_a_portrait(content: bytes) -> None:
    opened(portrait(content))


def test_24_megapixels_take_little_time() -> None:
    content = pictures.camera(pictures.person(5712, 4284), 6, quality=92)
    begun = time.process_time()
    opened(portrait(content))
    assert time.process_time() - begun < 1.5


def test_noise_is_pressed_into_60_kb() -> None:
    chance = random.Random(7)
    noise = Image.frombytes("RGB", (600, 800), chance.randbytes(600 * 800 * 3))
    opened(portrait(pictures.saved(noise, "PNG")))


def test_transparent_becomes_white() -> None:
    image = opened(portrait(pictures.saved(pictures.plain(300, 400, (200, 0, 0, 0), "RGBA"), "PNG")))
    assert near(image.getpixel((98, 122)), (255, 255, 255))


@pytest.mark.parametrize(("size", "part"), [((400, 300), (79, 0, 242, 300)), ((300, 400), (0, 14, 300, 371))])
def test_middle_has_the_right_shape(size: tuple[int, int], part: tuple[int, int, int, int]) -> None:
    crop = centred(*size)
    assert (crop.x, crop.y, crop.width, crop.height) == part
    assert abs(crop.width / crop.height - WIDTH / HEIGHT) < 0.01


@pytest.mark.parametrize(
    ("x", "y", "colour"), [(0, 0, RED), (450, 0, GREEN), (0, 350, BLUE), (450, 350, WHITE)]
)  # fmt: skip
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_crop_is_cut_where_it_was_chosen(x: int, y: int, colour: tuple[int, int, int], image_format: str) -> None:
    content = pictures.saved(pictures.corners(800, 660), image_format)
    image = opened(portrait(content, Crop(x, y, 236, 292)))
    assert near(image.getpixel((98, 122)), colour)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crop_counts_from_the_upright_picture(orientation: int) -> None:
    crop = Crop(203, 0, 197, 244)
    seen = opened(portrait(as_held(orientation), crop))
    assert near(seen.getpixel((150, 60)), GREEN) and near(seen.getpixel((150, 200)), WHITE)


@pytest.mark.parametrize(("turn", "colour"), [(0, RED), (1, BLUE), (2, WHITE), (3, GREEN)])
def test_turned_by_hand(turn: int, colour: tuple[int, int, int]) -> None:
    content = pictures.saved(pictures.corners(600, 600), "JPEG")
    assert near(opened(portrait(content, Crop(0, 0, 200, 248, turn))).getpixel((60, 60)), colour)


def test_large_crop_of_a_large_picture_is_where_it_was_chosen() -> None:
    """The part is decoded at a fraction of its size; its place must not move."""
    content = pictures.saved(pictures.corners(4000, 3000), "JPEG")
    seen = opened(portrait(content, Crop(2000 - 985, 1500 - 1220, 1970, 2440)))
    places = ((90, 115), (106, 115), (90, 130), (106, 130))
    assert all(near(seen.getpixel(p), c) for p, c in zip(places, (RED, GREEN, BLUE, WHITE), strict=True))


@pytest.mark.parametrize(
    ("size", "numbers"), [((196, 244), "196×244"), ((197, 243), "197×243"), ((114, 156), "114×156")]
)
def test_too_small_says_the_numbers(size: tuple[int, int], numbers: str) -> None:
    with pytest.raises(TooSmall, match=f"{numbers} 像素，至少要 197×244 像素"):
        portrait(pictures.saved(pictures.plain(*size), "JPEG"))


def test_too_small_crop_says_the_numbers() -> None:
    content = pictures.saved(pictures.person(), "JPEG")
    with pytest.raises(TooSmall, match="100×123 像素，至少要 197×244"):
        portrait(content, Crop(0, 0, 100, 124))


@pytest.mark.parametrize(
    "crop",
    [Crop(900, 0, 200, 248), Crop(0, 1200, 200, 248), Crop(800, 0, 400, 495), Crop(0, 0, 0, 0), Crop(0, 0, 200, -1)],
)
def test_crop_outside_the_picture_is_refused(crop: Crop) -> None:
    with pytest.raises(BadImage, match="裁剪框不在照片里"):
        portrait(pictures.saved(pictures.person(), "JPEG"), crop)


def test_crop_of_another_shape_is_not_stretched() -> None:
    content = pictures.saved(pictures.corners(800, 800), "PNG")
    seen = opened(portrait(content, Crop(0, 0, 800, 400)))
    assert near(seen.getpixel((10, 122)), RED) and near(seen.getpixel((185, 122)), GREEN)
