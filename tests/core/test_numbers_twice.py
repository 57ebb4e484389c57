"""ID numbers, certificate numbers and school codes against a second implementation.

Citizens' numbers: python-stdnum, whose gaps are named below. The other two: written here once more, straight from the
reference (3.3, 3.4), without a look at the first. Every number is computed; none is a person's.
"""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent, ValidationError

from app.core.validators import (
    InvalidValue,
    certificate_gender,
    certificate_kinds,
    certificate_no_warnings,
    check_certificate_no,
    check_citizen_id,
    check_school_code,
    citizen_birth_date,
    citizen_check_digit,
    upgrade_citizen_id,
)

TODAY = date(2026, 6, 30)
DIGITS = "0123456789"
FIRST_CALL_READS_A_LIST = settings(deadline=None)  # stdnum's list of regions


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


# ── citizens' numbers ──

REGIONS = st.sampled_from(["110105", "530426", "650102", "442000", "810000", "820000", "830000", "530000"]) | digits(6)
BIRTHS = st.dates(date(1880, 1, 1), date(2040, 12, 31)).map(lambda born: f"{born:%Y%m%d}") | digits(8)


def stdnum_accepts(number: str) -> bool:
    """stdnum's verdict. It knows no today, and of regions only a list: 81, 82, 83 and new ones are not on it."""
    try:
        ric.validate(number)
    except (InvalidComponent, KeyError):  # KeyError: the province is on the list, the county is not
        try:
            ric.get_birth_date(number)  # the date comes before the region, so this is what else may be wrong
        except InvalidComponent:
            return False
    except ValidationError:
        return False
    return date(1900, 1, 1) <= ric.get_birth_date(number) <= TODAY


def ours_accepts(number: str) -> bool:
    try:
        return bool(check_citizen_id(number, today=TODAY))
    except InvalidValue:
        return False


@FIRST_CALL_READS_A_LIST
@given(REGIONS, BIRTHS, digits(3), st.sampled_from([*DIGITS, "X", "=", "=", "=", "="]))
@example("110105", "19491231", "002", "=")
@example("810000", "19900307", "123", "=")
@example("110105", "20000229", "001", "=")
@example("110105", "19000229", "001", "=")
@example("110105", "20260630", "001", "=")
@example("110105", "20260701", "001", "=")
@example("110105", "18991231", "001", "=")
@example("110105", "19000101", "001", "=")
def test_citizens_number(region: str, born: str, sequence: str, end: str) -> None:
    first17 = region + born + sequence
    number = first17 + end.replace("=", ric.calc_check_digit(first17 + "0"))
    assert ours_accepts(number) == stdnum_accepts(number)


@FIRST_CALL_READS_A_LIST
@given(st.text(DIGITS + "Xx", min_size=0, max_size=20))
def test_citizens_number_of_any_length_and_characters(text: str) -> None:
    assert ours_accepts(text) == stdnum_accepts(text)


@FIRST_CALL_READS_A_LIST
@given(digits(6), st.dates(date(1901, 1, 1), date(1999, 12, 31)), digits(3))
def test_old_number_becomes_one_that_stdnum_accepts(region: str, born: date, sequence: str) -> None:
    """stdnum does not know the 15 digits; what they turn into it does."""
    old = f"{region}{born:%y%m%d}{sequence}"
    if sequence in ("996", "997", "998", "999"):
        with pytest.raises(InvalidValue, match="百岁老人"):
            upgrade_citizen_id(old)
        return
    number = upgrade_citizen_id(old)
    assert stdnum_accepts(number) and citizen_birth_date(number) == born
    assert not ric.is_valid(old) and not ours_accepts(old)


@given(digits(17))
def test_check_digit(first17: str) -> None:
    assert citizen_check_digit(first17) == ric.calc_check_digit(first17 + "0")


# ── teacher certificates, reference 3.3 ──


def reference_certificate(text: str) -> str:
    """The number with 17 digits, "" when the reference refuses it: digits, 15 or 17 of them, a year since 1993."""
    if not text or any(character not in DIGITS for character in text):
        return ""
    if len(text) == 15:
        # The reference puts 19 in front; the last ones, of 2000 and 2001, would lie before 1993.
        for century, years in (("19", range(1993, 2000)), ("20", range(2000, 2002))):
            if int(century + text[:2]) in years:
                return century + text
        return ""
    return text if len(text) == 17 and 1993 <= int(text[:4]) <= TODAY.year else ""


def reference_kinds(number: str) -> set[str]:
    """The kinds a number may mean: up to 2000 by the old layout, else by the new one; 2001 by both; since 2002 new."""
    year, _region, old_kind = int(number[:4]), number[4:10], number[10]
    _province, _agency, new_kind = number[4:6], number[6:9], number[9]
    old, new = {old_kind} & set("1234567"), {new_kind} & set("1234567")
    if year <= 2000:
        return old or new
    return old | new if year == 2001 else new


def ours_certificate(text: str) -> str:
    try:
        return check_certificate_no(text, today=TODAY)
    except InvalidValue as refusal:
        assert len(str(refusal)) > 8 and (len(text) < 10 or text not in str(refusal))  # it ends up in logs
        return ""


CERTIFICATES = (
    st.builds(lambda year, rest: f"{year}{rest}", st.integers(1988, 2030), digits(13))
    | st.builds(lambda year, rest: f"{year:02}{rest}", st.integers(0, 99), digits(13))
    | st.text(DIGITS + "X", max_size=19)
)


@given(CERTIFICATES)
@example("965301004210012")
@example("000530100421001")
@example("19925301004210012")
def test_certificate_number(text: str) -> None:
    assert ours_certificate(text) == reference_certificate(text)


@given(st.integers(1993, 2026), digits(13))
@example(1998, "5301004210012")
@example(2000, "5301001801234")
@example(2001, "5301001401234")
def test_kind_in_a_certificate_number(year: int, rest: str) -> None:
    number = f"{year}{rest}"
    assert set(certificate_kinds(number)) == reference_kinds(number)
    for kind in "1234567":
        told = [str(w) for w in certificate_no_warnings("".join((number[:4], "53", number[6:])), kind=kind)]
        assert bool(told) == (kind not in reference_kinds(number))


@given(st.integers(1993, 2026), digits(13))
def test_sex_is_told_only_where_the_sources_agree(year: int, rest: str) -> None:
    number = f"{year}{rest}"
    wanted = number[10] if year >= 2009 and number[10] in ("1", "2") else ""
    assert certificate_gender(number) == wanted


@given(digits(13))
def test_unknown_province_is_only_a_warning(rest: str) -> None:
    number = check_certificate_no(f"2014{rest}", today=TODAY)
    assert bool(certificate_no_warnings(number)) == (number[4:6] not in PROVINCES)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "没有填"),
        ("2014530014100012", "现在是 16 位"),
        ("2014530014100O123", "第 14 位是“O”"),
        ("19925300141000123", "年度是 1992，17 位的号码应在 1993–2026"),
        ("20275300141000123", "年度是 2027"),
        ("145301004210012", "年度是 2014，15 位的号码应在 1993–2001"),
        ("2.0145E+16", "科学计数"),
    ],
)
def test_certificate_number_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_certificate_no(typed, today=TODAY)
    assert words in str(refusal.value)


# ── school codes, reference 3.4 and 2.7 ──

PROVINCES = set(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 66 71 81 82".split()
)
KINDS_OF_SCHOOL = {
    "11": "K", "21": "S", "22": "S", "31": "S", "32": "S", "33": "S", "34": "S", "35": "S", "37": "S", "51": "E",
    "36": "V", "93": "V", "41": "HU", "42": "U", "91": "U", "92": "U",
}  # fmt: skip


def reference_accepts_school(text: str, school_type: str) -> bool:
    """Ten digits: kind of school 2, province 2, sequence 6; no check digit; the kind of school fits the indicators."""
    if len(text) != 10 or any(character not in DIGITS for character in text):
        return False
    kind, province = text[0:2], text[2:4]
    return kind in KINDS_OF_SCHOOL and province in PROVINCES and school_type in KINDS_OF_SCHOOL[kind]


SCHOOL_CODES = st.builds(
    "{}{}{}".format,
    st.sampled_from(sorted(KINDS_OF_SCHOOL)) | digits(2),
    st.sampled_from(sorted(PROVINCES)) | digits(2),
    digits(6) | st.text(DIGITS + "X", max_size=7),
)


@given(SCHOOL_CODES, st.sampled_from(["", *"KSEVHU"]))
@example("4111010001", "H")
@example("9353000001", "V")
def test_school_code(text: str, school_type: str) -> None:
    try:
        ours = check_school_code(text, school_type=school_type) == text
    except InvalidValue:
        ours = False
    assert ours == reference_accepts_school(text, school_type)
