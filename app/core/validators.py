"""Checks of numbers people type: identity documents, teacher certificates, school codes, mobile phones.

Pure functions without I/O. They return the cleaned value or raise InvalidValue, whose message tells the user in Chinese
what is wrong and how to mend it. Messages never repeat the whole number: they end up in import reports and logs.
"""

import re
import unicodedata
from datetime import date

CITIZEN_ID_EXAMPLE = "11010519491231002X"
EARLIEST_BIRTH = date(1900, 1, 1)

# GB/T 2260, first two digits; 66 is the customary code of the Xinjiang Production and Construction Corps.
PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 66 71 81 82".split()
)
PERMIT_REGIONS = ("810000", "820000", "830000")

# Category (first two digits of a school code) -> the school types whose indicators such a school may use.
SCHOOL_TYPES_BY_CATEGORY = {
    **dict.fromkeys(("11",), "K"),
    **dict.fromkeys(("21", "22", "31", "32", "33", "34", "35", "37"), "S"),
    **dict.fromkeys(("36", "93"), "V"),
    "41": "UH",
    **dict.fromkeys(("42", "91", "92"), "U"),
    "51": "E",
}

CERTIFICATE_EXAMPLE = "20145300141000123"
FIRST_CERTIFICATE_YEAR = 1993
CHANGE_OF_CERTIFICATES = 2001  # numbers of both layouts were given in this year
SEX_AGREED_SINCE = 2009  # before, sources contradict each other on which digit means which sex
CERTIFICATE_KINDS = "1234567"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
# Letters that look like digits or like X: typed by hand, or read wrongly by a scanner.
_LOOKALIKES = {"O": "0", "Q": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "B": "8"}


class InvalidValue(ValueError):
    """A value the user can mend; str() is the sentence to show.

    The template is kept apart from its values so that the sentence can be translated at the edge.
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(template % values if values else template)


_NORMAL_ID = re.compile("[0-9A-Z]+")


def normalise_id(text: str) -> str:
    """Return a document number as it is compared: half width, upper case, no spaces or invisible characters."""
    if _NORMAL_ID.fullmatch(text):  # most numbers by far
        return text
    half = unicodedata.normalize("NFKC", text)
    kept = "".join(c for c in half if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))
    # An apostrophe is how people force Excel to keep text; the multiplication sign is a mistyped X.
    return kept.lstrip("'’‘").upper().replace("×", "X")


def citizen_check_digit(first17: str) -> str:
    """Return the 18th character for the first 17 digits. Source: GB 11643-1999 (MOD 11-2)."""
    if not re.fullmatch(r"[0-9]{17}", first17):
        raise InvalidValue("计算校验码需要前 17 位数字。")
    return _CHECK_DIGITS[sum(int(c) * w for c, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def upgrade_citizen_id(text: str) -> str:
    """Turn an old 15-digit number into the 18-digit one. Source: GB 11643-1999."""
    number = normalise_id(text)
    if not re.fullmatch(r"[0-9]{15}", number):
        raise InvalidValue("旧身份证号应是 15 位数字，现在是 %(length)d 个字符。", length=len(number))
    # 996 to 999 were given to people born before 1900, so "19" would be wrong for them.
    if number[12:] in ("996", "997", "998", "999"):
        raise InvalidValue("旧身份证号末三位 996–999 专给百岁老人，不能自动升位，请照新证填写 18 位号码。")
    first17 = number[:6] + "19" + number[6:]
    upgraded = first17 + citizen_check_digit(first17)
    citizen_birth_date(upgraded)
    return upgraded


def check_citizen_id(text: str, *, today: date) -> str:
    """Return the 18-character number, or say what is wrong with it. Source: GB 11643-1999.

    Residence permits of Hong Kong, Macao and Taiwan residents (81, 82, 83) follow the same rules. The region is not
    checked: published lists of divisions lag behind, see citizen_id_warnings.
    """
    number = normalise_id(text)
    _refuse_scientific(number)
    _check_citizen_length(number)
    _check_citizen_characters(number)
    born = citizen_birth_date(number)
    if born < EARLIEST_BIRTH:
        raise InvalidValue("身份证号第 7–14 位的出生日期 %(born)s 早于 1900 年，请核对证件。", born=born.isoformat())
    if born > today:
        raise InvalidValue("身份证号第 7–14 位的出生日期 %(born)s 晚于今天，请核对证件。", born=born.isoformat())
    wanted = citizen_check_digit(number[:17])
    if number[17] != wanted:
        raise InvalidValue(
            "身份证号校验不通过：照前 17 位算，最后一位应是 %(wanted)s，现在是 %(found)s。"
            "请从头逐位核对，也可能是别的某一位写错了。",
            wanted=wanted,
            found=number[17],
        )
    return number


def _refuse_scientific(number: str) -> None:
    if re.fullmatch(r"[0-9.]+E\+?[0-9]+", number):
        raise InvalidValue("号码被 Excel 变成了科学计数，后几位已丢失。请把该列设为“文本”格式后重新填写。")


def _check_citizen_length(number: str) -> None:
    if not number:
        raise InvalidValue("没有填身份证号。例：%(example)s", example=CITIZEN_ID_EXAMPLE)
    if re.fullmatch(r"[0-9]{15}", number):
        upgraded = upgrade_citizen_id(number)
        raise InvalidValue(
            "这是 15 位旧号码，请填 18 位：在第 6 位后加“19”，末尾加校验码“%(digit)s”。", digit=upgraded[17]
        )
    if len(number) != 18:
        raise InvalidValue(
            "身份证号应是 18 位，现在是 %(length)d 位，%(word)s %(count)d 位。例：%(example)s",
            length=len(number),
            word="少" if len(number) < 18 else "多",
            count=abs(18 - len(number)),
            example=CITIZEN_ID_EXAMPLE,
        )


def _check_citizen_characters(number: str) -> None:
    for position, character in enumerate(number, 1):
        if character in "0123456789" or (position == 18 and character == "X"):
            continue
        if character in _LOOKALIKES:
            raise InvalidValue(
                "身份证号第 %(position)d 位是“%(found)s”，应是数字，是不是“%(digit)s”？",
                position=position,
                found=character,
                digit=_LOOKALIKES[character],
            )
        if position == 18:
            raise InvalidValue("身份证号最后一位是“%(found)s”，只能是数字或 X。", found=character)
        raise InvalidValue("身份证号第 %(position)d 位是“%(found)s”，应是数字。", position=position, found=character)


def citizen_birth_date(number: str) -> date:
    """Return the birth date held in digits 7–14 of an 18-character number."""
    digits = normalise_id(number)[6:14]
    if not re.fullmatch(r"[0-9]{8}", digits):
        raise InvalidValue("身份证号第 7–14 位应是出生日期的 8 位数字，例：19900307")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise InvalidValue(
            "身份证号第 7–14 位“%(digits)s”不是真实的日期，请对照证件核对。例：19900307", digits=digits
        ) from None


def citizen_gender(number: str) -> str:
    """Return the GENDER code held in digit 17: '1' when odd, '2' when even."""
    digit = normalise_id(number)[16:17]
    if digit not in set("0123456789"):
        raise InvalidValue("身份证号应是 18 位，第 17 位是数字。例：%(example)s", example=CITIZEN_ID_EXAMPLE)
    return "1" if int(digit) % 2 else "2"


def citizen_id_warnings(number: str, *, gender: str = "", born: date | None = None) -> list[InvalidValue]:
    """List what looks odd about a valid number but must not stop anyone: the personnel file has the last word."""
    number = normalise_id(number)
    warnings = []
    if number[:2] not in PROVINCES and number[:6] not in PERMIT_REGIONS:
        warnings.append(InvalidValue("身份证号前两位 %(region)s 不是已知的省份，请核对。", region=number[:2]))
    if gender in ("1", "2") and gender != citizen_gender(number):
        warnings.append(InvalidValue("所填性别与身份证号第 17 位（单数为男、双数为女）不一致，请核对。"))
    if born is not None and born != citizen_birth_date(number):
        warnings.append(
            InvalidValue(
                "所填出生日期与身份证号里的 %(inside)s 不一致；如以档案为准，可不改。",
                inside=citizen_birth_date(number).isoformat(),
            )
        )
    return warnings


_OFFICER = (r"[\u4e00-\u9fa5A-Z0-9]{4,20}", "应是 4–20 个汉字、字母或数字。例：军字第1234567号")
_ABROAD = (r"[A-Z0-9()/-]{5,20}", "应是 5–20 个字母或数字。例：A123456(7)")
# ID_TYPE -> (pattern, what it should look like). Loose on purpose: only obvious slips are stopped.
# Assumption: patterns from general knowledge, the national system's own are not published.
_DOCUMENTS = {
    **dict.fromkeys("2345", _OFFICER),
    **dict.fromkeys("679", _ABROAD),
    "8": (r"[0-9]{8}|[0-9]{10}[A-Z]?", "应是 8 位数字（旧证 10 位数字，末尾可有一个字母）。例：12345678"),
    "A": (r"[A-Z0-9]{5,15}", "应是 5–15 个字母或数字。例：E12345678"),
    "D": (r"[HM][0-9]{8}([0-9]{2})?", "应是 H（香港）或 M（澳门）加 8 位或 10 位数字。例：H12345678"),
    "E": (
        r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]",
        "应是 9 开头的 18 位号码，旧证是 3 个字母加 12 位数字。例：ABC110101900307",
    ),
    "Z": (r"[\u4e00-\u9fa5A-Z0-9()/-]{2,30}", "应是 2–30 个汉字、字母或数字。"),
}


def check_id_document(id_type: str, text: str, *, today: date) -> str:
    """Return the cleaned number of a document of the given ID_TYPE, or say what is wrong with it."""
    number = normalise_id(text)
    if id_type in ("1", "B"):
        if re.fullmatch(_DOCUMENTS["E"][0], number) and id_type == "1":
            raise InvalidValue("这像外国人永久居留身份证的号码，请把证件类型改为“外国人永久居留身份证”。")
        return check_citizen_id(number, today=today)
    if id_type == "C":
        checked = check_citizen_id(number, today=today)
        if not checked.startswith(PERMIT_REGIONS):
            raise InvalidValue("港澳台居民居住证号应以 810000、820000 或 830000 开头；如是居民身份证，请改证件类型。")
        return checked
    if id_type not in _DOCUMENTS:
        raise InvalidValue("没有“%(id_type)s”这种证件类型，请从列表中选择。", id_type=id_type)
    if not number:
        raise InvalidValue("没有填证件号码。")
    _refuse_scientific(number)
    pattern, shape = _DOCUMENTS[id_type]
    if not re.fullmatch(pattern, number):
        raise InvalidValue("证件号码的格式不对，%(shape)s", shape=shape)
    return number


def check_certificate_no(text: str, *, today: date) -> str:
    """Return a teacher certificate's number with 17 digits, or say what is wrong with it.

    Today's layout: year 4, province 2, agency 3, kind 1, sex 1, serial 6. The old one had 15 digits: year 2, region 6,
    kind 1, sex 1, serial 5; it is kept with the century in front. Kind, sex and region are only hints.
    Source: domain reference 3.3.
    """
    number = normalise_id(text)
    _refuse_scientific(number)
    if not number:
        raise InvalidValue("没有填教师资格证号码。例：%(example)s", example=CERTIFICATE_EXAMPLE)
    wrong = re.search(r"[^0-9]", number)
    if wrong:
        raise InvalidValue(
            "教师资格证号码第 %(position)d 位是“%(found)s”，应是数字。", position=wrong.start() + 1, found=wrong[0]
        )
    if len(number) not in (15, 17):
        raise InvalidValue(
            "教师资格证号码应是 17 位（旧证 15 位），现在是 %(length)d 位，请对照证书。例：%(example)s",
            length=len(number),
            example=CERTIFICATE_EXAMPLE,
        )
    old = len(number) == 15
    if old:
        number = certificate_century(number) + number
    year, last = int(number[:4]), CHANGE_OF_CERTIFICATES if old else today.year
    if not FIRST_CERTIFICATE_YEAR <= year <= last:
        raise InvalidValue(
            "教师资格证号码开头的年度是 %(year)d，%(length)d 位的号码应在 %(first)d–%(last)d 之间，请对照证书。",
            year=year,
            length=15 if old else 17,
            first=FIRST_CERTIFICATE_YEAR,
            last=last,
        )
    return number


def certificate_century(number: str) -> str:
    """Return what stands in front of an old number of 15 digits: its year has two digits, 93 to 99 or 00 and 01."""
    return "19" if number[:2] >= str(FIRST_CERTIFICATE_YEAR)[2:] else "20"


def certificate_kinds(number: str) -> str:
    """Return the digits (CERT_TYPE) that may be the kind in a number of 17 digits; none when no digit can be.

    The kind is the 11th digit of an old number and the 10th of a new one. Up to 2000 the old layout goes first, since
    2002 there is only the new one, in 2001 nobody can tell.
    """
    year, old, new = int(number[:4]), number[10], number[9]
    tried = new if year > CHANGE_OF_CERTIFICATES else old + new
    valid = "".join(digit for digit in tried if digit in CERTIFICATE_KINDS)
    return valid if year == CHANGE_OF_CERTIFICATES else valid[:1]


def certificate_gender(number: str) -> str:
    """Return the GENDER code that a number of 17 digits tells, "" where it does not reliably tell one."""
    return number[10] if int(number[:4]) >= SEX_AGREED_SINCE and number[10] in "12" else ""


def certificate_no_warnings(number: str, *, kind: str = "") -> list[InvalidValue]:
    """List what looks odd about a number of 17 digits but must not stop anyone: layouts and sources differ."""
    warnings = []
    if number[4:6] not in PROVINCES:
        warnings.append(InvalidValue("号码第 5–6 位 %(region)s 不是省份代码，请对照证书。", region=number[4:6]))
    if kind and kind not in certificate_kinds(number):
        warnings.append(
            InvalidValue("号码里表示种类的一位（第 10 位，旧证第 11 位）与所选的教师资格证种类不符，请核对。")
        )
    return warnings


def check_school_code(text: str, *, school_type: str = "") -> str:
    """Return the 10-digit code: category 2, province 2, sequence 6; there is no check digit.

    school_type: one of K S E V H U, or empty to leave it unchecked.
    Source: 各级各类学校(机构)代码编制规则.
    """
    code = normalise_id(text)
    if not re.fullmatch(r"[0-9]{10}", code):
        raise InvalidValue("学校标识码应是 10 位数字，现在是 %(length)d 个字符。例：2111000001", length=len(code))
    category, province = code[:2], code[2:4]
    if category not in SCHOOL_TYPES_BY_CATEGORY:
        raise InvalidValue(
            "学校标识码前两位 %(category)s 不是办学类型（如 11 幼儿园、21 小学、31 初中）。", category=category
        )
    if province not in PROVINCES:
        raise InvalidValue("学校标识码第 3–4 位 %(province)s 不是省份代码（如 11 北京、53 云南）。", province=province)
    if school_type and school_type not in SCHOOL_TYPES_BY_CATEGORY[category]:
        raise InvalidValue("学校标识码前两位 %(category)s 与所选学校类型不符，请核对其中一项。", category=category)
    return code


def check_mobile(text: str) -> str:
    """Return an 11-digit mainland mobile number without country code, spaces and hyphens."""
    number = _bare_phone(text)
    if not number:
        raise InvalidValue("没有填手机号。例：13800000000")
    if not re.fullmatch(r"[0-9]+", number):
        raise InvalidValue("手机号只能是数字。例：13800000000")
    if len(number) != 11:
        raise InvalidValue("手机号应是 11 位，现在是 %(length)d 位。例：13800000000", length=len(number))
    if not re.fullmatch(r"1[3-9][0-9]{9}", number):
        raise InvalidValue("手机号应以 13–19 开头。例：13800000000")
    return number


def whole_phone(text: str) -> str:
    """Return a phone number as it is compared, "" for what is no whole number.

    Whole is a mobile number, a line with its area code, or a number abroad with + in front: an extension or a number
    without area code belongs to many people.
    """
    number = _bare_phone(text)
    return number if re.fullmatch(r"1[3-9][0-9]{9}|0[0-9]{9,11}|\+[0-9]{7,15}", number) else ""


def is_email(text: str) -> bool:
    """Whether a text has the form of an address for mail."""
    return bool(re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", text))


def _bare_phone(text: str) -> str:
    return re.sub(r"^(\+86|0086|86(?=1[0-9]{10}$))", "", re.sub(r"[-–—()]", "", normalise_id(text)))


def mask_id(text: str) -> str:
    """Hide the middle of a document number for display: 530426********2213."""
    number = normalise_id(text)
    if len(number) >= 15:
        return _mask(number, 6, 4)
    return _mask(number, 2, 2) if len(number) >= 8 else _mask(number, min(1, len(number) // 2), 0)


def mask_numbers(text: str) -> str:
    """The same for citizens' numbers inside a longer text, such as the name of a file; spaces between do not help."""
    return re.sub(r"(?<![0-9])[0-9](?: ?[0-9]){16} ?[0-9Xx](?![0-9])", lambda found: mask_id(found[0]), text)


def mask_phone(text: str) -> str:
    """Hide the middle of a phone number for display: 138****5678."""
    number = normalise_id(text)
    if len(number) >= 11:
        return _mask(number, 3, 4)
    return _mask(number, 0, 2) if len(number) >= 7 else _mask(number, 0, 0)


def _mask(number: str, head: int, tail: int) -> str:
    return number[:head] + "*" * (len(number) - head - tail) + number[len(number) - tail :]
