"""Cleaning of typed and imported text, and tolerant reading of months and dates."""

import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import lru_cache

from app.core.validators import InvalidValue

YEARS = range(1900, 2101)
EXCEL_DAYS = range(20000, 60001)
LIKE_A_MONTH = range(20000, 21010)  # day numbers of the fifties; 20169 may be September 2016 as well
NAMELESS, LONGEST_ENDING = "文件", 8
_EXCEL_EPOCH = date(1899, 12, 30)

# Full-width forms that are ordinary Chinese punctuation and stay as typed.
_CHINESE_PUNCTUATION = "！（），：；？～"
# Rare characters that older GB 18030 fonts and input methods put into the private use area, U+E815 to U+E864.
# Source: GB 18030-2005 and 2022, four-byte mappings.
_FORMER_PRIVATE_USE = (
    "\u2e81\U00020087\U00020089\U000200cc\u2e84\u3473\u3447\u2e88\u2e8b\u9fb4\u359e\u361a\u360e\u2e8c\u2e97\u396e"
    "\u3918\u9fb5\u39cf\u39df\u3a73\u39d0\u9fb6\u9fb7\u3b4e\u3c6e\u3ce0\u2ea7\U000215d7\u9fb8\u2eaa\u4056"
    "\u415f\u2eae\u4337\u2eb3\u2eb6\u2eb7\U0002298f\u43b1\u43ac\u2ebb\u43dd\u44d6\u4661\u464c\u9fb9\u4723"
    "\u4729\u477c\u478d\u2eca\u4947\u497a\u497d\u4982\u4983\u4985\u4986\u499f\u499b\u49b7\u49b6\u9fba"
    "\U000241fe\u4ca3\u4c9f\u4ca0\u4ca1\u4c77\u4ca2\u4d13\u4d14\u4d15\u4d16\u4d17\u4d18\u4d19\u4dae\u9fbb"
)
_PLAIN_HAN = re.compile("[\u4e00-\u9fff]+")
_CLEAN_ALREADY = re.compile("[-.0-9A-Za-z\u4e00-\u9fff]+")
_DOTS = re.compile("[•∙‧・･⋅·．]")
_HAN = r"[\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"


_SPACES = re.compile(r"\s+")
_AROUND_DOT = re.compile(r"\s*·\s*")
# A full stop between Chinese characters stands for the dot; in "John A. Smith" it does not.
_STOP_FOR_DOT = re.compile(rf"(?<={_HAN})\s*\.\s*(?={_HAN})")
_SPACE_IN_NAME = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")


def _build_map() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in _CHINESE_PUNCTUATION}
    table.update({0xE815 + i: character for i, character in enumerate(_FORMER_PRIVATE_USE)})
    # Copied from a PDF, common characters arrive as Kangxi radicals: they look alike and never match.
    table.update({code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)})
    # Fillers that print nothing although Unicode counts them as letters or symbols.
    table.update(dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), ""))
    return table


_MAP = _build_map()


def clean(text: str, *, lines: bool = False) -> str:
    """Return the text in half width, without invisible characters and outer spaces; Chinese punctuation stays.

    lines: keep line breaks (remarks, opinions); otherwise a break becomes a space.
    """
    if _CLEAN_ALREADY.fullmatch(text):  # most texts by far
        return text
    kept = []
    for character in text.replace("\r\n", "\n").replace("\r", "\n").translate(_MAP):
        category = unicodedata.category(character)
        if character == "\n" and lines:
            kept.append(character)
        elif category in ("Zs", "Zl", "Zp") or character in "\t\n\v\f\x85":
            kept.append(" ")
        elif category not in ("Cc", "Cf", "Cs"):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def clean_name(text: str) -> str:
    """Return a person's name: one kind of middle dot, no spaces between Chinese characters."""
    if _PLAIN_HAN.fullmatch(text):  # most names by far; nothing below would change them
        return text
    name = _AROUND_DOT.sub("·", clean(_DOTS.sub("·", text)))
    return _SPACES.sub(" ", _SPACE_IN_NAME.sub("", _STOP_FOR_DOT.sub("·", name)))


def clean_file_name(text: str, most: int = 100) -> str:
    """The name of an uploaded file as it may be shown and offered for saving: no folder, nothing invisible, not long.

    The ending stays when the name is cut. Nothing on our disks is ever called by it.
    """
    name = re.sub(r'[<>:"|?*]', "", clean(text.replace("\\", "/").rpartition("/")[2])).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        return name[:most] or NAMELESS
    return f"{stem[: most - len(ending) - 1].strip() or NAMELESS}.{ending}"


def match_key(text: str) -> str:
    """Return the form under which names and aliases of codes are compared: width, case, spaces, dashes do not count."""
    if _PLAIN_HAN.fullmatch(text):  # most names by far; nothing below would change them
        return text
    folded = unicodedata.normalize("NFKC", clean(text)).casefold()
    return re.sub(r"[‐-―−-]+", "-", re.sub(r"\s", "", folded))


def read_ym(value: object) -> str:
    """Return a month as 'YYYY-MM' from what people type or Excel gives: 2016.9, 2016年9月, 201609, a date."""
    if isinstance(value, date):
        return _ym(value.year, value.month)
    if days := _excel_days(value):
        if days in LIKE_A_MONTH:
            raise InvalidValue(
                "“%(text)s”分不清是年月还是 Excel 的日期序号。请改为文本，例：%(year)s-09",
                text=days,
                year=str(days)[:4],
            )
        day = _EXCEL_EPOCH + timedelta(days=days)
        return _ym(day.year, day.month)
    text = _plain(value)
    if isinstance(value, float) and re.fullmatch(r"[0-9]{4}\.1", text):
        raise InvalidValue(
            "“%(text)s”是数字，分不清是 1 月还是 10 月（Excel 会去掉末尾的 0）。"
            "请改为文本，例：%(year)s-01 或 %(year)s-10",
            text=text,
            year=text[:4],
        )
    parts = _parts(text)
    if len(parts) == 1:
        raise InvalidValue("“%(text)s”只有年份，请补上月份。例：%(year)s-09", text=text, year=parts[0])
    if len(parts) == 3:
        day = _date(parts)
        return _ym(day.year, day.month)
    return _ym(parts[0], parts[1])


def read_date(value: object) -> date:
    """Return a date from what people type or Excel gives, including Excel's day numbers (20000 to 60000)."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        _check_year(value.year)
        return value
    days = _excel_days(value)
    if days:
        return _EXCEL_EPOCH + timedelta(days=days)
    text = _plain(value)
    parts = _parts(text)
    if len(parts) != 3:
        raise InvalidValue("“%(text)s”不完整，日期要有年、月、日。例：2016-09-01", text=text)
    return _date(parts)


def read_year(value: object) -> int:
    """Return a year from 2016, 2016.0, '2016年' or a date."""
    if isinstance(value, date):
        # The number 2016 in a cell formatted as a date arrives as a day in July 1905.
        if value.year == 1905:
            raise InvalidValue("单元格是日期格式，年份读不出来。请改为“文本”或“常规”格式后重填，例：2016")
        _check_year(value.year)
        return value.year
    text = _plain(value)
    found = re.fullmatch(r"([0-9]{4})(?:\.0|\s*年度?)?", text)
    if not found:
        raise InvalidValue("“%(text)s”不是年份，请填 4 位数字。例：2016", text=text[:30])
    _check_year(int(found[1]))
    return int(found[1])


def _excel_days(value: object) -> int:
    """Return the day number Excel stores for a date, or 0 when the value is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0
    return math.floor(value) if math.floor(value) in EXCEL_DAYS else 0


def _plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidValue("这里要填日期或年月。例：2016-09")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidValue("单元格里的数字无效，请重填。例：2016-09")
        return str(int(value)) if value.is_integer() else str(value)
    text = unicodedata.normalize("NFKC", clean(str(value)))
    if not text:
        raise InvalidValue("没有填日期。例：2016-09")
    return re.sub(r"^([0-9]{6}|[0-9]{8})\.0$", r"\1", text)


@lru_cache(4096)  # a file has the same months in many rows
def _parts(text: str) -> tuple[int, ...]:
    """Split into year, month, day as far as they are given."""
    # A time of day after a full date carries nothing here.
    text = re.sub(r"(?<=[0-9日])[ T]+[0-9]{1,2}:[0-9:.]+(Z|[+-][0-9:]+)?$", "", text)
    found = (
        re.fullmatch(r"([0-9]{4})\s*年?", text)
        or re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})?", text)
        or re.fullmatch(r"([0-9]{4})\s*[-./、–—−]\s*([0-9]{1,2})(?:\s*[-./、–—−]\s*([0-9]{1,2}))?", text)
        or re.fullmatch(r"([0-9]{4})\s*年\s*([0-9]{1,2})\s*月?(?:\s*([0-9]{1,2})\s*[日号]?)?", text)
    )
    if found:
        return tuple(int(part) for part in found.groups() if part is not None)
    if re.fullmatch(r"[0-9]{2}\s*[-./年]\s*[0-9]{1,2}\s*月?", text):
        raise InvalidValue("“%(text)s”的年份要写 4 位。例：1985-12", text=text)
    raise InvalidValue("“%(text)s”看不懂，请按“年-月”或“年-月-日”填写。例：2016-09 或 2016-09-01", text=text[:30])


def _check_year(year: int) -> None:
    if year not in YEARS:
        raise InvalidValue("年份 %(year)d 不合理，请核对（单元格的格式可能不对）。例：2016-09", year=year)


def _ym(year: int, month: int) -> str:
    _check_year(year)
    if not 1 <= month <= 12:
        raise InvalidValue("没有 %(month)d 月。例：%(year)d-12", month=month, year=year)
    return f"{year:04d}-{month:02d}"


def _date(parts: tuple[int, ...]) -> date:
    year, month, day = parts
    ym = _ym(year, month)
    try:
        return date(year, month, day)
    except ValueError:
        raise InvalidValue(
            "%(year)d 年 %(month)d 月没有 %(day)d 日。例：%(ym)s-28", year=year, month=month, day=day, ym=ym
        ) from None
