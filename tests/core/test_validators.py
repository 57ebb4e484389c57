"""Identity documents, school codes, phones. Every number is computed or a published sample; none is a person's."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.validators import (
    SCHOOL_TYPES_BY_CATEGORY,
    InvalidValue,
    check_citizen_id,
    check_id_document,
    check_mobile,
    check_school_code,
    citizen_birth_date,
    citizen_check_digit,
    citizen_gender,
    citizen_id_warnings,
    mask_id,
    mask_numbers,
    mask_phone,
    normalise_id,
    upgrade_citizen_id,
    whole_phone,
)

TODAY = date(2026, 1, 1)
SAMPLE = "11010519491231002X"
BIRTHS = st.dates(date(1900, 1, 1), TODAY)


def independent_check_digit(first17: str) -> str:
    """Find the digit by trying: the polynomial sum must be 1 modulo 11 (ISO 7064, MOD 11-2)."""
    for candidate, value in zip("0123456789X", range(11), strict=True):
        total = 0
        for digit in first17:
            total = (total + int(digit)) * 2 % 11
        if (total + value) % 11 == 1:
            return candidate
    raise AssertionError(first17)


def build(region: str, born: date, sequence: int) -> str:
    first17 = f"{region}{born:%Y%m%d}{sequence:03d}"
    return first17 + independent_check_digit(first17)


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_check_digit_agrees_with_iso_7064(first17: str) -> None:
    assert citizen_check_digit(first17) == independent_check_digit(first17)


@given(BIRTHS, st.integers(1, 999), st.sampled_from(["110105", "530426", "650102", "810000", "820000", "830000"]))
def test_valid_number_is_accepted_and_read(born: date, sequence: int, region: str) -> None:
    number = build(region, born, sequence)
    assert check_citizen_id(number.lower(), today=TODAY) == number
    assert citizen_birth_date(number) == born
    assert citizen_gender(number) == ("1" if sequence % 2 else "2")


@given(BIRTHS, st.integers(1, 999), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(born: date, sequence: int, position: int, shift: int) -> None:
    number = build("530426", born, sequence)
    digits = "0123456789"
    old = number[position]
    new = digits[(digits.index(old) + shift) % 10] if old in digits else digits[shift]
    with pytest.raises(InvalidValue):
        check_citizen_id(number[:position] + new + number[position + 1 :], today=TODAY)


@given(st.text(max_size=24))
def test_any_text_is_accepted_or_refused_with_a_sentence(text: str) -> None:
    try:
        assert len(check_citizen_id(text, today=TODAY)) == 18
    except InvalidValue as refusal:
        assert len(str(refusal)) > 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "没有填身份证号"),
        ("1101051949123100", "少 2 位"),
        ("11010519491231002X0", "多 1 位"),
        ("1101O519491231002X", "第 5 位是“O”，应是数字，是不是“0”"),
        ("1101X519491231002X", "第 5 位是“X”，应是数字"),
        ("11010519491231002K", "最后一位是“K”，只能是数字或 X"),
        ("110105194913310022", "“19491331”不是真实的日期"),
        ("110105189912310020", "早于 1900 年"),
        ("110105202712310020", "晚于今天"),
        ("110105194912310021", "最后一位应是 X，现在是 1"),
        ("110105491231002", "在第 6 位后加“19”，末尾加校验码“X”"),
        ("1.10105194912E+17", "科学计数"),
    ],
)
def test_each_slip_has_its_own_sentence(text: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_citizen_id(text, today=TODAY)
    assert words in str(refusal.value)


def test_length_is_told_before_characters_and_date_before_check_digit() -> None:
    with pytest.raises(InvalidValue, match="现在是 3 位"):
        check_citizen_id("abc", today=TODAY)
    with pytest.raises(InvalidValue, match="真实的日期"):
        check_citizen_id("110105194902300000", today=TODAY)


def test_message_never_repeats_the_number() -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_citizen_id("110105194912310021", today=TODAY)
    assert "1101051949" not in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (" 110105 19491231 002x ", SAMPLE),
        ("１１０１０５１９４９１２３１００２Ｘ", SAMPLE),
        ("'110105194912310\u200b02X\u3000", SAMPLE),
        ("11010519491231002×", SAMPLE),
    ],
)
def test_normalise_id(typed: str, number: str) -> None:
    assert normalise_id(typed) == number


def test_old_number_is_upgraded() -> None:
    assert upgrade_citizen_id("110105491231002") == SAMPLE
    for refused in ("110105491231996", "110105491331002", "11010549123100"):
        with pytest.raises(InvalidValue):
            upgrade_citizen_id(refused)


def test_warnings_do_not_stop_but_tell() -> None:
    assert citizen_id_warnings(SAMPLE, gender="2", born=date(1949, 12, 31)) == []
    odd = citizen_id_warnings(build("990000", date(1990, 1, 1), 2), gender="1", born=date(1990, 1, 2))
    assert [str(w)[:4] for w in odd] == ["身份证号", "所填性别", "所填出生"]


@pytest.mark.parametrize(
    ("id_type", "typed", "number"),
    [
        ("1", SAMPLE, SAMPLE),
        ("B", SAMPLE, SAMPLE),
        ("2", "军字第1234567号", "军字第1234567号"),
        ("6", "a123456（7）", "A123456(7)"),
        ("8", "12345678", "12345678"),
        ("8", "1234567890b", "1234567890B"),
        ("A", "e12345678", "E12345678"),
        ("D", "H12345678", "H12345678"),
        ("D", "m1234567890", "M1234567890"),
        ("E", "ABC110101900307", "ABC110101900307"),
        ("E", "911156199001010018", "911156199001010018"),
        ("Z", "证字12", "证字12"),
    ],
)
def test_document_accepted(id_type: str, typed: str, number: str) -> None:
    assert check_id_document(id_type, typed, today=TODAY) == number


def test_residence_permit_needs_its_own_regions() -> None:
    permit = build("830000", date(1990, 1, 1), 12)
    assert check_id_document("C", permit, today=TODAY) == permit
    with pytest.raises(InvalidValue, match="810000"):
        check_id_document("C", SAMPLE, today=TODAY)


@pytest.mark.parametrize(
    ("id_type", "typed", "words"),
    [
        ("8", "1234", "8 位数字"),
        ("D", "X12345678", "H（香港）"),
        ("E", "12345", "9 开头"),
        ("A", "护照", "5–15 个"),
        ("A", "1.2E+10", "科学计数"),
        ("Z", "", "没有填证件号码"),
        ("Q", "1", "没有“Q”这种证件类型"),
        ("1", "911156199001010018", "外国人永久居留"),
    ],
)
def test_document_refused(id_type: str, typed: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_id_document(id_type, typed, today=TODAY)
    assert words in str(refusal.value)


@pytest.mark.parametrize("code", ["4111010001", "2153000001", "1166000001", " ３６５３０００００１ "])
def test_school_code_accepted(code: str) -> None:
    assert check_school_code(code) == normalise_id(code)


@pytest.mark.parametrize(
    ("code", "school_type", "words"),
    [
        ("211100001", "", "现在是 9 个字符"),
        ("9911000001", "", "前两位 99 不是办学类型"),
        ("2199000001", "", "第 3–4 位 99 不是省份"),
        ("1111000001", "S", "与所选学校类型不符"),
        ("4111010001", "K", "与所选学校类型不符"),
    ],
)
def test_school_code_refused(code: str, school_type: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_school_code(code, school_type=school_type)
    assert words in str(refusal.value)


def test_general_higher_schools_may_be_universities_or_colleges() -> None:
    assert SCHOOL_TYPES_BY_CATEGORY["41"] == "UH"
    assert check_school_code("4111010001", school_type="H") == "4111010001"


@pytest.mark.parametrize("typed", ["13800138000", "+86 138-0013-8000", "86 13800138000", "００８６13800138000"])
def test_mobile_accepted(typed: str) -> None:
    assert check_mobile(typed) == "13800138000"


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "没有填"), ("1380013800", "现在是 10 位"), ("12800138000", "13–19"), ("1380013800a", "只能是数字")],
)
def test_mobile_refused(typed: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_mobile(typed)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+86 138-0013-8000", "13800138000"),
        ("(0871) 6510-0000", "087165100000"),
        ("+852 9123 4567", "+85291234567"),
        ("6510-0000", ""),
        ("1380013800", ""),
        ("138001380001", ""),
        ("138****8000", ""),
        ("110105194912310021", ""),
        ("", ""),
    ],
)
def test_whole_phone_numbers_and_others(typed: str, number: str) -> None:
    assert whole_phone(typed) == number


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三_11010519491231002X.jpg", "张三_110105********002X.jpg"),
        ("110105 19491231 002x 正面.jpg", "110105********002X 正面.jpg"),
        ("毕业证 2019 2020.pdf", "毕业证 2019 2020.pdf"),
        ("编号20190000000000000012345.pdf", "编号20190000000000000012345.pdf"),
    ],
)
def test_numbers_inside_a_text_are_masked(text: str, shown: str) -> None:
    assert mask_numbers(text) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("530426199001012213", "530426********2213"),
        ("110105491231002", "110105*****1002"),
        ("H12345678", "H1*****78"),
        ("A1234", "A****"),
        ("1", "*"),
        ("", ""),
    ],
)
def test_mask_id(number: str, shown: str) -> None:
    assert mask_id(number) == shown


@pytest.mark.parametrize(("number", "shown"), [("13812345678", "138****5678"), ("8765432", "*****32"), ("110", "***")])
def test_mask_phone(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


def test_template_and_values_are_kept_for_translation() -> None:
    refusal = InvalidValue("应是 %(wanted)d 位。", wanted=18)
    assert (str(refusal), refusal.template, refusal.values) == ("应是 18 位。", "应是 %(wanted)d 位。", {"wanted": 18})
    assert str(InvalidValue("100%")) == "100%"
