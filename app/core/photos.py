"""The portrait of a record, cut out of any picture to the size of the national system. Source: domain 2.7a, 3.6."""

from dataclasses import dataclass

from PIL import Image

from app.core.images import BadImage, decode, open_image, saved, to_rgb, upright_size

WIDTH, HEIGHT, DPI = 197, 244, 200  # 2.5 × 3.1 cm
MAX_BYTES = 60_000
QUALITIES = range(92, 20, -4)
MAX_TURNS = 4
OUTSIDE = "裁剪框不在照片里。请重新选照片，再裁一次。"


class TooSmall(BadImage):
    """A picture with too few pixels."""


@dataclass(frozen=True)
class Crop:
    """A part of a picture, in pixels of the picture as it is looked at after `turn` quarter turns clockwise."""

    x: int
    y: int
    width: int
    height: int
    turn: int = 0


def centred(width: int, height: int, turn: int = 0) -> Crop:
    """The largest part of the right shape, from the middle."""
    kept_width = min(width, height * WIDTH // HEIGHT)
    kept_height = min(height, width * HEIGHT // WIDTH)
    return Crop((width - kept_width) // 2, (height - kept_height) // 2, kept_width, kept_height, turn)


def portrait(content: bytes, crop: Crop | None = None) -> bytes:
    """A JPEG of the right size from a picture; without a crop its middle. Raises BadImage with what is wrong."""
    image = open_image(content)
    width, height = upright_size(image)
    if crop is not None and crop.turn % 2:
        width, height = height, width
    if width < WIDTH or height < HEIGHT:
        raise TooSmall(f"照片只有 {width}×{height} 像素，至少要 {WIDTH}×{HEIGHT} 像素。请用更清楚的原照片。")
    box = centred(width, height) if crop is None else _checked(crop, width, height)
    return _compressed(_cut(image, box))


def _checked(crop: Crop, width: int, height: int) -> Crop:
    """A crop of the right shape inside the picture; browsers round, so a pixel more or less is mended."""
    inside = 0 <= crop.x < width and 0 <= crop.y < height and crop.width > 0 and crop.height > 0
    if not inside or crop.x + crop.width > width + 2 or crop.y + crop.height > height + 2:
        raise BadImage(OUTSIDE)
    kept_width = min(crop.width, width - crop.x)
    kept_height = min(crop.height, height - crop.y)
    inner = centred(kept_width, kept_height)
    if inner.width < WIDTH - 1 or inner.height < HEIGHT - 1:
        raise TooSmall(
            f"裁剪框里只有 {inner.width}×{inner.height} 像素，至少要 {WIDTH}×{HEIGHT} 像素。请把框放大一些。"
        )
    return Crop(crop.x + inner.x, crop.y + inner.y, inner.width, inner.height, crop.turn % MAX_TURNS)


def _cut(image: Image.Image, box: Crop) -> Image.Image:
    """The part in its final size. A large JPEG is decoded at a fraction of its size: five times as fast."""
    whole = image.width
    spare = max(1, min(box.width // WIDTH, box.height // HEIGHT))
    image.draft("RGB", (max(1, image.width // spare), max(1, image.height // spare)))
    scale = image.width / whole
    upright = decode(image)
    if box.turn:
        upright = upright.transpose(_TURNS[box.turn])
    left, top = int(box.x * scale), int(box.y * scale)
    right = min(upright.width, max(left + 1, round((box.x + box.width) * scale)))
    bottom = min(upright.height, max(top + 1, round((box.y + box.height) * scale)))
    part = upright.crop((left, top, right, bottom))
    return to_rgb(part).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


_TURNS = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}


def _compressed(picture: Image.Image) -> bytes:
    """The best quality that fits."""
    for quality in QUALITIES:
        content = saved(picture, "JPEG", quality=quality, subsampling=0, dpi=(DPI, DPI), optimize=True)
        if len(content) <= MAX_BYTES:
            return content
    raise BadImage("照片压缩后仍超过 60 KB。请换一张背景简单的照片。")
