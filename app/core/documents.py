"""What an uploaded document really is, told by its content: PDF, JPG or PNG; and a clean copy of it to keep."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from app.core.errors import AppError
from app.core.images import HEIC, decode, is_heic, open_image, saved, to_rgb

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
ENDINGS = {PDF: ".pdf", JPEG: ".jpg", PNG: ".png"}
LONGEST = 3600  # pixels of the longer side: an A4 page at 300 dpi has 3508
THUMB = 240
QUALITY = 88

OTHER_KIND = "只能上传 PDF、JPG、PNG 文件，这个文件的内容不是。Word 请另存为 PDF，其他图片请另存为 JPG。"
BROKEN_PDF = "这个 PDF 不完整，可能没有下载完。请在电脑上确认能打开，再重新上传。"
ACTIVE_PDF = "这个 PDF 里带有脚本、程序或别的文件，不能上传。请打开它，用「打印」另存为新的 PDF 再上传。"

_END_WITHIN = 4096
# Long enough not to turn up by chance in the bytes of a picture.
_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia)(?![A-Za-z0-9])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_MOST_STREAMS = 5_000
_DICTIONARY = 2_000  # how far behind its name a stream may begin
_INFLATED = 32 << 20  # all object streams together


@dataclass(frozen=True)
class Document:
    """A document to keep: its media type, the clean content, and a small picture of it when it is one."""

    media_type: str
    content: bytes
    thumb: bytes = b""


def read_document(content: bytes) -> Document:
    """Look at a document, and clean it. Raises AppError for everything that is not taken."""
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return Document(PDF, content)
    if content.startswith(b"\xff\xd8\xff"):
        return _picture(content, "JPEG", JPEG)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _picture(content, "PNG", PNG)
    raise AppError(HEIC if is_heic(content) else OTHER_KIND, field="file")


def _picture(content: bytes, image_format: str, media_type: str) -> Document:
    """The picture made anew from its pixels: upright, not larger than a scanned page, nothing hidden in it."""
    image = decode(open_image(content, (image_format,)))
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    plain = to_rgb(image)
    options = {"quality": QUALITY, "optimize": True} if image_format == "JPEG" else {}
    kept = saved(plain, image_format, **options)
    plain.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
    return Document(media_type, kept, saved(plain, "JPEG", quality=80))


# ── PDF ──


def _check_pdf(content: bytes) -> None:
    """Refuse what is cut off, and what does more than show pages."""
    if b"%%EOF" not in content[-_END_WITHIN:]:
        raise AppError(BROKEN_PDF, field="file")
    if _is_active(content) or any(_is_active(part) for part in _object_streams(content)):
        raise AppError(ACTIVE_PDF, field="file")


def _is_active(part: bytes) -> bool:
    """Whether a part names something that runs or unpacks; names may be spelt with #xx."""
    return _ACTIVE.search(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), part)) is not None


def _object_streams(content: bytes) -> Iterator[bytes]:
    """Objects that stand compressed inside a stream, as far as they can be read; what is without end is refused."""
    left, place = _INFLATED, content.find(b"/ObjStm")
    for _ in range(_MOST_STREAMS):
        if place < 0:
            return
        begin = content.find(b"stream", place, place + _DICTIONARY)
        place = content.find(b"/ObjStm", place + 1)
        if begin < 0:
            continue
        packed = content[begin + 6 : max(begin, content.find(b"endstream", begin))].lstrip(b"\r\n")
        try:
            part = zlib.decompressobj().decompress(packed, left)
        except zlib.error:  # encrypted, or packed in another way: not readable for us
            continue
        left -= len(part)
        if left <= 0:
            break
        yield part
    raise AppError(ACTIVE_PDF, field="file")
