"""Chinese line breaking for xhtml2pdf: its own lets 》，；： begin a line, cuts Latin words and drops <br>.

Takes the place of one function of xhtml2pdf 0.2.28; the names it is given and gives back are the library's.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from xhtml2pdf import reportlab_paragraph as library

from app.core.pdf.glyphs import TEXT

NOT_FIRST = frozenset(library.ALL_CANNOT_START) | set("，。、；：？！》〉」』】〕〗）］｝.,;:?!)]}．…—～·”’%％℃°々")
NOT_LAST = frozenset("‘“（[{(〔［｛〈《「『【〖￥$№")
CHINESE = "\u2e80"  # what stands before it in Unicode is written in words
BETWEEN_WORDS = " -/"
ROOM = 0.01  # points that rounding may cost


def install() -> None:
    """Put it into the library."""
    library.cjkFragSplit = break_lines


def break_lines(frags: Sequence[Any], widths: Sequence[float], bounds: bool, encoding: str = "utf8") -> Any:
    """The lines of a paragraph; the last width holds for all further lines."""
    signs = list(_signs(frags, encoding))
    lines: list[Any] = []
    start = 0
    while start < len(signs):
        width = widths[min(len(lines), len(widths) - 1)]
        end, following = _line(signs, start, width)
        used = sum(sign.width for sign in signs[start:end])
        lines.append(library.makeCJKParaLine(signs[start:end], width - used, bounds))
        start = following
    return library.ParaLines(kind=1, lines=lines)


def _signs(frags: Sequence[Any], encoding: str) -> Iterator[Any]:
    """One object for each character, with its width; one without text for a break or a picture."""
    for frag in frags:
        if frag.text:
            yield from (library.cjkU(sign, frag, encoding) for sign in frag.text)
        else:
            frag.fontName = TEXT  # the library's own choice for pictures and breaks is not embedded
            yield library.cjkU("", frag, encoding)


def _line(signs: Sequence[Any], start: int, width: float) -> tuple[int, int]:
    """Where a line ends, and where the next one begins."""
    used = 0.0
    for place in range(start, len(signs)):
        sign = signs[place]
        if not sign and hasattr(sign.frag, "lineBreak"):
            return place + 1, place + 1
        if place > start and sign != " " and used + sign.width > width + ROOM:
            return _before(signs, start, place)
        used += sign.width
    return len(signs), len(signs)


def _before(signs: Sequence[Any], start: int, full: int) -> tuple[int, int]:
    """The last place before a full line's end where it may be broken; anywhere when there is none."""
    end = full
    while end > start and _belong_together(signs[end - 1], signs[end]):
        end -= 1
    end = following = end if end > start else full
    while end > start + 1 and signs[end - 1] == " ":
        end -= 1
    return end, following


def _belong_together(first: str, second: str) -> bool:
    """Whether no line may end between two characters."""
    if second in NOT_FIRST or first in NOT_LAST:
        return True
    if not first or not second or first >= CHINESE or second >= CHINESE or second == " ":
        return False
    return first not in BETWEEN_WORDS or (first != " " and second.isdigit())  # 2026-09-30 stays in one line
