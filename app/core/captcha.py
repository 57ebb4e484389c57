"""Captchas: a picture of a few letters, and a question in words for whoever cannot see it.

What a captcha slows down is trying many names in a row; a single name is guarded by counting its guesses. So the
letters may be easy to read, and the question easy to answer: how often it is given is counted (accounts/captchas.py).
"""

import lzma
import random
import secrets
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from app.core.text import clean

FONTS = Path(__file__).parent / "pdf" / "fonts"
FACES = ("signs", "song-bold")
LETTERS = "ACDEFHJKMNPRTUWXY3479"  # none that looks like another one
LENGTH = 4
WIDTH, HEIGHT = 240, 80  # shown at half of it, so that it is sharp on a phone
GROUND, INKS, LINES = "#EEF2F3", ("#123B4A", "#1F3A5F", "#3B2A4D", "#24452E"), ("#9DB5BC", "#B7A9BF", "#A9BBA4")
TURN, CURVES, DOTS = 16, 3, 60
DIGITS = "零一二三四五六七八九"
TEN = 10

_chance = secrets.SystemRandom()


def new_letters() -> str:
    """The letters of a new picture."""
    return "".join(_chance.choice(LETTERS) for _ in range(LENGTH))


def normalise(typed: str) -> str:
    """An answer as it is compared: case, width and spaces do not count."""
    return "".join(clean(typed).casefold().split())


def picture(letters: str, chance: random.Random = _chance) -> bytes:
    """The letters as a PNG, each time another one. Costs the same whatever they are."""
    image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(image)
    for _ in range(CURVES):
        _curve(draw, chance)
    step = (WIDTH - 30) / len(letters)
    for place, letter in enumerate(letters):
        layer = _letter(letter, chance)
        left = round(15 + step * (place + 0.5) - layer.width / 2 + chance.uniform(-4, 4))
        top = round((HEIGHT - layer.height) / 2 + chance.uniform(-5, 5))
        image.paste(Image.new("RGB", layer.size, chance.choice(INKS)), (left, top), layer)
    for _ in range(DOTS):
        x, y = chance.randrange(WIDTH), chance.randrange(HEIGHT)
        draw.ellipse((x, y, x + 2, y + 2), fill=chance.choice(LINES))
    out = BytesIO()
    image.quantize(16).save(out, "PNG")
    return out.getvalue()


def new_question(chance: random.Random = _chance) -> tuple[str, str]:
    """A question in words and its answer."""
    kind = chance.randrange(3)
    if kind == 0:
        one, two = chance.randint(2, 19), chance.randint(2, 9)
        return f"{number_in_words(one)}加{number_in_words(two)}等于几？请填数字。", str(one + two)
    if kind == 1:
        one, two = chance.randint(10, 19), chance.randint(2, 9)
        return f"{number_in_words(one)}减{number_in_words(two)}等于几？请填数字。", str(one - two)
    numbers = chance.sample(range(2, 100), 3)
    said = "、".join(map(number_in_words, numbers))
    return f"{said}，这三个数里哪个最大？请填数字。", str(max(numbers))


def number_in_words(number: int) -> str:
    """A number below a hundred in Chinese."""
    tens, ones = divmod(number, TEN)
    if not tens:
        return DIGITS[ones]
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def _letter(letter: str, chance: random.Random) -> Image.Image:
    """One letter, turned a little, as a mask."""
    font = ImageFont.truetype(BytesIO(_face(chance.choice(FACES))), chance.randint(48, 56))
    layer = Image.new("L", (76, 76))
    ImageDraw.Draw(layer).text((38, 38), letter, font=font, fill=255, anchor="mm")
    return layer.rotate(chance.uniform(-TURN, TURN), Image.Resampling.BICUBIC)


def _curve(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    points = [(x, chance.randint(8, HEIGHT - 8)) for x in range(0, WIDTH + 1, WIDTH // 4)]
    draw.line(points, fill=chance.choice(LINES), width=3, joint="curve")


@cache
def _face(name: str) -> bytes:
    return lzma.decompress((FONTS / f"{name}.ttf.xz").read_bytes())
