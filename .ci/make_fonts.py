#!/usr/bin/env python3
"""Make the fonts in app/core/pdf/fonts from their originals: subset, renamed, packed with xz.

Run only to change the fonts, in an environment of its own with fonttools 4.68.0. The originals, in one folder:

  NotoSerifSC_400Regular.ttf, NotoSerifSC_700Bold.ttf   npm pack @expo-google-fonts/noto-serif-sc@0.4.3
  HanaMinB.ttf                                          Debian package fonts-hanazono 20170904-2.1
  DejaVuSerif.ttf                                       Debian package fonts-dejavu-core 2.37-6
  Unihan_OtherMappings.txt.bz2                          Debian package unicode-data 15.0.0-1

The same originals give the same bytes.
"""

import argparse
import bz2
import io
import lzma
from array import array
from collections.abc import Iterable
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.ttLib.tables._g_l_y_f import GlyphCoordinates

TARGET = Path(__file__).parent.parent / "app" / "core" / "pdf" / "fonts"
COMMON = 3500  # the first level of 通用规范汉字表: what headings are made of
SIGNS = (*range(0x20, 0x100), *range(0x2010, 0x2040), *range(0x3000, 0x3020), *range(0xFF00, 0xFF60))
BEYOND = range(0x20000, 0x30000)  # extensions B to F
# Of HanaMinB, whose outlines are polygons of many short lines: what is 3 thousandths of the height of a character
# off the line, and positions on a grid of 256, are not to be seen at the sizes of a form, and save half the bytes.
TOLERANCE, GRID = 3, 256

Point = tuple[int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals", type=Path)
    folder = parser.parse_args().originals
    TARGET.mkdir(exist_ok=True)
    text = subset(folder / "NotoSerifSC_400Regular.ttf", everything())
    write(text, "song", "TMIS Song")
    heading = subset(folder / "NotoSerifSC_700Bold.ttf", [*SIGNS, *common(folder / "Unihan_OtherMappings.txt.bz2")])
    write(heading, "song-bold", "TMIS Song Bold")
    rare = subset(folder / "HanaMinB.ttf", set(BEYOND) - set(text.getBestCmap()))
    simplify(rare)
    scale_upem(rare, GRID)
    write(rare, "rare", "TMIS Rare Han")
    pack((folder / "DejaVuSerif.ttf").read_bytes(), "signs")  # as it is, under its own name


def everything() -> range:
    return range(0x20, 0x110000)


def common(mappings: Path) -> list[int]:
    """The characters of the first level of 通用规范汉字表."""
    lines = bz2.decompress(mappings.read_bytes()).decode().splitlines()
    table = [line.split("\t") for line in lines if "\tkTGH\t" in line]
    return [int(code[2:], 16) for code, _, place in table if int(place.partition(":")[2]) <= COMMON]


def subset(path: Path, characters: Iterable[int]) -> TTFont:
    """The font with these characters only, without hints and features: a PDF uses neither."""
    options = Options()
    options.layout_features = []
    options.hinting = options.glyph_names = options.legacy_kern = False
    options.notdef_outline = True
    options.drop_tables += ["vhea", "vmtx", "VORG", "GPOS", "GSUB", "GDEF", "BASE", "FFTM", "STAT"]
    font = TTFont(path, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=list(characters))
    subsetter.subset(font)
    return font


def simplify(font: TTFont) -> None:
    """Leave out the points of polygons that lie on the line between their neighbours; glyphs with curves stay."""
    glyphs = font["glyf"]
    for name in font.getGlyphOrder():
        glyph = glyphs[name]
        if glyph.numberOfContours <= 0 or not all(flag & 1 for flag in glyph.flags):
            continue
        points: list[Point] = []
        ends: list[int] = []
        start = 0
        for end in glyph.endPtsOfContours:
            outline = fewer_points_closed(list(glyph.coordinates)[start : end + 1])
            start = end + 1
            if len(outline) > 2:
                points += outline
                ends.append(len(points) - 1)
        glyph.coordinates, glyph.flags = GlyphCoordinates(points), array("B", [1] * len(points))
        glyph.endPtsOfContours, glyph.numberOfContours = ends, len(ends)


def fewer_points_closed(points: list[Point]) -> list[Point]:
    (x0, y0) = points[0]
    far = max(range(len(points)), key=lambda i: (points[i][0] - x0) ** 2 + (points[i][1] - y0) ** 2)
    return fewer_points(points[: far + 1])[:-1] + fewer_points([*points[far:], points[0]])[:-1]


def fewer_points(points: list[Point]) -> list[Point]:
    """The line after Douglas and Peucker."""
    if len(points) < 3:
        return points
    (x0, y0), (x1, y1) = points[0], points[-1]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    off = [
        abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / length if length else ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
        for x, y in points
    ]
    farthest = max(range(len(points)), key=off.__getitem__)
    if off[farthest] <= TOLERANCE:
        return [points[0], points[-1]]
    return fewer_points(points[: farthest + 1])[:-1] + fewer_points(points[farthest:])


def write(font: TTFont, file: str, name: str) -> None:
    """Store under a name of our own: changed fonts may not carry reserved names."""
    names = font["name"]
    names.names = [record for record in names.names if record.nameID in (0, 5, 13, 14) and record.langID in (0, 0x409)]
    family, bold = name.removesuffix(" Bold"), name.endswith(" Bold")
    told = {1: family, 2: "Bold" if bold else "Regular", 4: name, 6: name.replace(" ", "")}
    for number, value in told.items():
        names.setName(value, number, 3, 1, 0x409)
    packed = io.BytesIO()
    font.save(packed)
    pack(packed.getvalue(), file)


def pack(content: bytes, file: str) -> None:
    (TARGET / f"{file}.ttf.xz").write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
