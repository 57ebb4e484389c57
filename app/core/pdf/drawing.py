"""One HTML document → one PDF, inside the worker process. Whatever the library would leave out fails the document."""

import logging
import re
from html import unescape
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader
from reportlab import rl_config
from xhtml2pdf import pisa
from xhtml2pdf.config.resources import ResourceAccessPolicy

from app.core.pdf import glyphs, lines, page_numbers

STYLE = Path(__file__).parent / "paper.css"
DOCUMENT = '<html lang="zh-CN"><head><style>{style}</style></head><body>{body}</body></html>'
# Nothing is fetched and no file is read: pictures are part of the document.
NOTHING_OUTSIDE = ResourceAccessPolicy.server(None, allow_remote=False)
AROUND = 8  # characters shown on either side of one that cannot be printed


class MissingCharacter(Exception):
    """No font has a character. `near` is the text it stands in."""

    def __init__(self, character: str, near: str) -> None:
        super().__init__(f"U+{ord(character):04X}")
        self.character, self.near = character, near


class LeftOut(Exception):
    """The library would have left something out of the document."""


class _Complaints(logging.Handler):
    """What the library complains of while it draws."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.module}:{record.lineno}")  # the message itself holds what is printed


def prepare() -> None:
    """Fonts and line breaking, once for the life of the process."""
    glyphs.install()
    lines.install()
    page_numbers.install()


def draw(body: str, title: str, *, repeatable: bool = False) -> bytes:
    """Draw a document. `repeatable`: the same bytes each time, without date and random marks.

    Raises MissingCharacter and LeftOut.
    """
    text = unescape(title + re.sub(r"<[^>]*>", "\n", body))
    if character := glyphs.missing(text):
        raise MissingCharacter(character, _around(text, character))
    source = DOCUMENT.format(style=STYLE.read_text(encoding="utf-8"), body=body)
    rl_config.invariant = int(repeatable)
    complaints = _Complaints()
    log = logging.getLogger("xhtml2pdf")
    log.addHandler(complaints)
    try:
        content: bytes = pisa.pisaDocument(
            source, BytesIO(), dest_bytes=True, resource_policy=NOTHING_OUTSIDE, context_meta={"title": title}
        )
    finally:
        log.removeHandler(complaints)
    if complaints.said:
        raise LeftOut(", ".join(complaints.said))
    _count_pictures(body, content)
    return content


def _around(text: str, character: str) -> str:
    """The words in which a character stands."""
    line = next(line for line in text.split("\n") if character in line).strip()
    place = line.index(character)
    return line[max(place - AROUND, 0) : place + AROUND + 1]


def _count_pictures(body: str, content: bytes) -> None:
    """A form without its photo is wrong: as many different pictures must be in the file as in the source."""
    wanted = set(re.findall(r'<img[^>]*\bsrc="([^"]*)"', body))
    if not wanted:
        return
    drawn = {picture.indirect_reference for page in PdfReader(BytesIO(content)).pages for picture in page.images}
    if len(drawn) < len(wanted):
        raise LeftOut(f"{len(drawn)} of {len(wanted)} pictures")
