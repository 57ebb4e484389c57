"""Pictures, PDFs and archives as people send them, made on the spot."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
SKIN, RED, GREEN, BLUE, WHITE = (224, 172, 140), (220, 30, 30), (30, 160, 60), (40, 70, 200), (255, 255, 255)
GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F


def saved(image: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def plain(width: int, height: int, colour: Any = SKIN, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), colour)


def corners(width: int, height: int) -> Image.Image:
    """Red at the top left, green at the top right, blue at the bottom left, white at the bottom right."""
    image = plain(width, height, WHITE)
    draw = ImageDraw.Draw(image)
    for box, colour in (((0, 0), RED), ((width // 2, 0), GREEN), ((0, height // 2), BLUE)):
        draw.rectangle((*box, box[0] + width // 2 - 1, box[1] + height // 2 - 1), fill=colour)
    return image


def person(width: int = 900, height: int = 1200) -> Image.Image:
    """Somebody in front of a blue wall."""
    image = plain(width, height, (96, 150, 210))
    draw = ImageDraw.Draw(image)
    x, y, r = width // 2, int(height * 0.42), int(width * 0.2)
    draw.ellipse((x - 2 * r, y + r, x + 2 * r, y + 6 * r), fill=(38, 52, 74))
    draw.polygon([(x - r // 2, y + r), (x + r // 2, y + r), (x, y + 2 * r)], fill=WHITE)
    draw.ellipse((x - r - r // 8, y - r * 3 // 2, x + r + r // 8, y + r // 2), fill=(34, 28, 26))
    draw.ellipse((x - r, y - r * 5 // 4, x + r, y + r * 5 // 4), fill=SKIN)
    for side in (-1, 1):
        draw.ellipse((x + side * r // 2 - 12, y - 12, x + side * r // 2 + 12, y + 12), fill=(30, 24, 24))
    draw.arc((x - r // 2, y + r // 4, x + r // 2, y + r * 3 // 4), 20, 160, fill=(150, 60, 60), width=8)
    return image


def page(title: str, width: int = 1240, height: int = 1754) -> Image.Image:
    """A scanned certificate."""
    image = plain(width, height, (252, 250, 244))
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, width - 40, height - 40), outline=(150, 40, 40), width=6)
    draw.text((160, 200), title, fill=(20, 20, 20), font_size=72)
    for number in range(14):
        draw.line(
            (160, 420 + number * 70, width - 160 - (number % 3) * 180, 420 + number * 70), fill=(60, 60, 60), width=5
        )
    draw.ellipse((width - 460, height - 480, width - 160, height - 180), outline=RED, width=10)
    return image


def camera(image: Image.Image, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG with what a phone writes into it: how it was held, where, by which make, and a remark."""
    notes = Image.Exif()
    notes[ORIENTATION] = orientation
    notes[MAKE] = "GEHEIM-CAMERA"
    notes.get_ifd(GPS).update({1: "N", 2: (30.0, 15.0, 7.0)})
    return saved(image, "JPEG", exif=notes, comment=b"GEHEIM-COMMENT", **options)


def heic() -> bytes:
    return struct.pack(">I", 24) + b"ftypheic" + b"\0\0\0\0mif1heic" + b"\0" * 200


def png_bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG that says it is huge, with so little in it that it is small."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(min(50 << 20, (1 + width // 8) * height)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def pdf(*objects: bytes) -> bytes:
    """A PDF of one page with a red field on it; `objects` are added to it."""
    drawing = b"0.6 0.1 0.1 rg 100 500 395 200 re f"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        *objects,
    ]
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(parts, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(out))
    return out + head + table + tail


def object_stream(content: bytes) -> bytes:
    packed = zlib.compress(content)
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>" % len(packed)
    return head + b"\nstream\n" + packed + b"\nendstream"


def archive(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return out.getvalue()
