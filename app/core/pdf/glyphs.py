"""The fonts of printed documents, which characters they have, and text that can be copied out of a PDF again."""

import lzma
import unicodedata
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.platypus.tables import CellStyle
from xhtml2pdf.default import DEFAULT_FONT

FOLDER = Path(__file__).parent / "fonts"
TEXT, BOLD, SIGNS, RARE = "song", "song-bold", "signs", "rare"  # the files, by which ReportLab knows the fonts
# The families of the style sheet, in the order in which a character is looked for. A heading in "song" is bold where
# there is a bold form of the character; "plain" is for those of its characters that have none.
FAMILIES = {"song": TEXT, "plain": TEXT, "signs": SIGNS}
BREAKS = "\n\t"
# Marks that steer the direction or the joining of text are no characters of a name, even where a font has them.
NOT_PRINTED = ("Cc", "Cf", "Co", "Cs", "Cn")

_known: set[int] = set()
_loaded: set[str] = set()


def install() -> None:
    """Register the fonts for the life of the process; the large one of rare characters follows when it is needed."""
    ttfonts.makeToUnicodeCMap = _to_unicode
    # Before any text they set a font of their own, which is not embedded.
    rl_config.canvas_basefontname = CellStyle.fontname = TEXT
    _load(BOLD)
    for family, file in FAMILIES.items():
        _offer(family, file)


def missing(text: str) -> str:
    """The first character that no font can print, or ""."""
    strange = _unknown(text)
    if strange and RARE not in _loaded:
        _offer("rare", RARE)
        strange = _unknown(text)
    return strange


def _unknown(text: str) -> str:
    strange = {
        character
        for character in set(text).difference(BREAKS)
        if ord(character) not in _known or unicodedata.category(character) in NOT_PRINTED
    }
    return next((character for character in text if character in strange), "")


def _offer(family: str, file: str) -> None:
    """Make a family known to ReportLab and to the style sheets."""
    _known.update(_load(file))
    bold = BOLD if family == TEXT else file
    for is_bold, is_italic in ((0, 0), (0, 1), (1, 0), (1, 1)):
        addMapping(family, is_bold, is_italic, bold if is_bold else file)
    DEFAULT_FONT[family] = family


def _load(file: str) -> Iterable[int]:
    """Register a font under the name of its file; the characters it has."""
    if file not in _loaded:
        pdfmetrics.registerFont(
            ttfonts.TTFont(file, BytesIO(lzma.decompress((FOLDER / f"{file}.ttf.xz").read_bytes())))
        )
        _loaded.add(file)
    characters: dict[int, int] = pdfmetrics.getFont(file).face.charToGlyph
    return characters


_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo
<< /Registry ({name})
/Ordering ({name})
/Supplement 0
>> def
/CMapName /{name} def
/CMapType 2 def
1 begincodespacerange
<00> <{last:02X}>
endcodespacerange
{blocks}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""


def _to_unicode(name: str, characters: Any) -> str:
    """ReportLab's map of glyphs to text, which is wrong beyond the basic plane: there UTF-16 takes two units."""
    rows = [f"<{i:02X}> <{chr(code).encode('utf-16-be').hex().upper()}>" for i, code in enumerate(characters)]
    parts = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    blocks = "\n".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar" for part in parts)
    return _CMAP.format(name=name, last=len(rows) - 1, blocks=blocks)
