"""Opening pictures that people send: bounded before anything is decoded, upright, and without what cameras add."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from app.core.errors import AppError

FORMATS = ("JPEG", "PNG", "BMP")
MAX_PIXELS = 25_000_000  # a phone's picture of 24 megapixels has 24.5 million
ORIENTATION = 0x0112
TURNED = (5, 6, 7, 8)  # orientations in which width and height change places
ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")

NOT_READ = "图片打不开，可能已损坏或没有传完整。请在电脑或手机上确认能打开，再重新上传。"
NO_IMAGE = "这不是能读取的图片，只改扩展名是不行的。请用 JPG 或 PNG 格式的图片。"
HEIC = (
    "这是手机的 HEIC 格式照片，系统不能读取。请把手机相机的格式设为「兼容性最佳」（JPG）后重拍，"
    "或先把照片转成 JPG 再上传。"
)
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


class BadImage(AppError):
    """A picture that is not taken; the message says why and what to do."""


def is_heic(content: bytes) -> bool:
    """Whether a file is in one of the formats that phones use and browsers do not read."""
    return content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS


def open_image(content: bytes, formats: Sequence[str] = FORMATS) -> Image.Image:
    """The header of a picture; nothing is decoded yet. Raises BadImage for anything else and for too many pixels."""
    if is_heic(content):
        raise BadImage(HEIC)
    try:
        image = Image.open(BytesIO(content), formats=tuple(formats))
        width, height = image.size
    except Image.DecompressionBombError as error:
        raise BadImage(_too_many("")) from error
    # Pillow's readers raise a dozen types on files that are broken or made to hurt; all of them mean the same.
    except Exception as error:
        raise BadImage(NO_IMAGE) from error
    if width * height > MAX_PIXELS:
        raise BadImage(_too_many(f"有 {width}×{height} 像素，"))
    return image


def _too_many(size: str) -> str:
    return f"图片太大：{size}最多 {MAX_PIXELS // 10_000} 万像素。请用相机的普通模式重拍，或缩小后再上传。"


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as the picture is looked at, told from its header."""
    try:
        turned = image.getexif().get(ORIENTATION) in TURNED
    except Exception as error:  # as in open_image
        raise BadImage(NOT_READ) from error
    return (image.height, image.width) if turned else (image.width, image.height)


def decode(image: Image.Image) -> Image.Image:
    """The pixels, upright. Raises BadImage when the file is damaged."""
    try:
        image.load()
        return ImageOps.exif_transpose(image)
    except Exception as error:  # as in open_image
        raise BadImage(NOT_READ) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """The same in three colours; what was transparent becomes white."""
    if image.mode.startswith("I;16"):  # 16 bits of grey: converting alone would turn nearly all of them white
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    if image.mode in ALPHA or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return image if image.mode == "RGB" else image.convert("RGB")


def saved(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """A picture as a file that holds its pixels and nothing else: no place, camera, comment or colour profile."""
    image.info.clear()
    out = BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()
