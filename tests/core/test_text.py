"""Cleaning of text; reading of months, dates and years."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import (
    clean,
    clean_file_name,
    clean_name,
    match_key,
    read_date,
    read_year,
    read_ym,
)
from app.core.validators import InvalidValue

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("\u3000 张三\xa0\t", "张三"),
        ("Ａ１２３－４５６", "A123-456"),
        ("好，是吗？（对）：“是”；！", "好，是吗？（对）：“是”；！"),
        ("张\u200b三\ufeff\x00\x07", "张三"),
        ("第一行\r\n第二行", "第一行 第二行"),
        ("\u2f45\u2f34", "方广"),
        ("李\ue863", "李䶮"),
        ("\ue81e\ue864", "\u9fb4\u9fbb"),
        ("\u3164王\ud800", "王"),
        ("", ""),
    ],
)
def test_clean(typed: str, cleaned: str) -> None:
    assert clean(typed) == cleaned


def test_clean_keeps_lines_when_asked() -> None:
    assert clean(" 一\r\n二\r三 ", lines=True) == "一\n二\n三"


def test_private_use_table_agrees_with_the_codec() -> None:
    trails = [*range(0x50, 0x7F), *range(0x80, 0xA1)]
    for offset, trail in enumerate(trails):
        known = bytes([0xFE, trail]).decode("gb18030")
        if not "\ue000" <= known <= "\uf8ff":
            assert clean(chr(0xE815 + offset)) == known


@given(st.text())
def test_clean_is_stable(text: str) -> None:
    once = clean(text)
    assert clean(once) == once == once.strip()
    assert clean_name(clean_name(text)) == clean_name(text)


@pytest.mark.parametrize("dot", list("·•∙‧・．⋅･."))
def test_one_dot_in_names(dot: str) -> None:
    assert clean_name(f"阿依古丽 {dot} 买买提") == "阿依古丽·买买提"


@pytest.mark.parametrize(
    ("typed", "name"), [("张　三", "张三"), ("欧阳 小 明", "欧阳小明"), ("John  A. Smith", "John A. Smith")]
)
def test_spaces_in_names(typed: str, name: str) -> None:
    assert clean_name(typed) == name


def test_match_key_ignores_width_case_spaces_and_dashes() -> None:
    assert match_key("讲师（高校）") == match_key(" 讲师 (高校)")
    assert match_key("ＭＢＡ") == match_key("mba")
    assert match_key("a—b") == match_key("a－b") == "a-b"


@pytest.mark.parametrize(
    "typed",
    [
        "2016.9",
        "2016-9",
        "2016/09",
        "2016年9月",
        "2016 年 09 月",
        "２０１６．９",
        "201609",
        "201609.0",
        "20160901",
        "2016-09-01",
        "2016-09-01 00:00:00",
        "2016-09-01T08:30:00Z",
        "2016年9月1日",
        201609,
        201609.0,
        20160901.0,
        2016.9,
        2016.09,
        date(2016, 9, 1),
        datetime(2016, 9, 1, 12),  # noqa: DTZ001 - Excel gives naive ones
    ],
)
def test_read_ym(typed: object) -> None:
    assert read_ym(typed) == "2016-09"


@given(
    st.integers(1900, 2100), st.integers(1, 12), st.sampled_from(["{}-{}", "{}.{}", "{}/{:02}", "{}年{}月", "{}{:02}"])
)
def test_read_ym_reads_every_month(year: int, month: int, form: str) -> None:
    assert read_ym(form.format(year, month)) == f"{year}-{month:02}"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (2019.1, "分不清是 1 月还是 10 月"),
        ("1985-13", "没有 13 月。例：1985-12"),
        ("198500", "没有 0 月"),
        ("2016", "只有年份"),
        (2016.0, "只有年份"),
        ("85.12", "年份要写 4 位"),
        ("至今", "看不懂"),
        ("2016-02-30", "2 月没有 30 日"),
        ("", "没有填日期"),
        (20169, "分不清是年月还是 Excel 的日期序号"),
        (850912, "年份 8509 不合理"),
        (float("nan"), "数字无效"),
        (True, "日期或年月"),
        (None, "日期或年月"),
    ],
)
def test_read_ym_refuses_with_a_sentence(typed: object, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        read_ym(typed)
    assert words in str(refusal.value)


@pytest.mark.parametrize(("days", "month"), [(42614, "2016-09"), (42614.75, "2016-09"), (21010, "1957-07")])
def test_read_ym_reads_day_numbers_of_excel(days: float, month: str) -> None:
    assert read_ym(days) == month


def test_text_is_no_number_and_keeps_its_zero() -> None:
    assert (read_ym("2019.1"), read_ym("2019.10"), read_ym(2019.11)) == ("2019-01", "2019-10", "2019-11")


@given(DAYS)
def test_read_date_reads_every_form(day: date) -> None:
    loose, said = f"{day.year}.{day.month}.{day.day}", f"{day.year}年{day.month}月{day.day}日"
    forms = (day.isoformat(), f"{day:%Y%m%d}", int(f"{day:%Y%m%d}"), float(f"{day:%Y%m%d}"), loose, said, day)
    assert {read_date(form) for form in forms} == {day}


@given(st.integers(20000, 60000), st.floats(0, 0.999))
def test_read_date_reads_day_numbers_of_excel(number: int, time: float) -> None:
    assert read_date(number + time) == date(1899, 12, 30) + timedelta(days=number)


def test_day_number_of_excel_exactly() -> None:
    assert read_date(42614) == date(2016, 9, 1)
    assert read_date(datetime(2016, 9, 1, 23, 59)) == date(2016, 9, 1)  # noqa: DTZ001 - Excel gives naive ones


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2016-09", "要有年、月、日"),
        ("1985-02-29", "1985 年 2 月没有 29 日。例：1985-02-28"),
        ("1985-13-01", "没有 13 月"),
        ("9/1/2016", "看不懂"),
        (19999, "看不懂"),
        (60001, "看不懂"),
        ("42614", "看不懂"),
        (date(2451, 1, 1), "年份 2451 不合理"),
        (float("inf"), "数字无效"),
    ],
)
def test_read_date_refuses_with_a_sentence(typed: object, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        read_date(typed)
    assert words in str(refusal.value)


@given(
    st.one_of(st.text(max_size=20), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.none())
)
def test_nothing_but_invalid_value_is_raised(value: object) -> None:
    for read in (read_ym, read_date, read_year):
        try:
            read(value)
        except InvalidValue as refusal:
            assert str(refusal)


@pytest.mark.parametrize("typed", [2016, 2016.0, "2016", "2016年", "2016年度", "2016.0", date(2016, 5, 1)])
def test_read_year(typed: object) -> None:
    assert read_year(typed) == 2016


@pytest.mark.parametrize(
    ("typed", "words"), [("16", "不是年份"), (1816, "不合理"), (date(1905, 7, 8), "日期格式"), (2016.5, "不是年份")]
)
def test_read_year_refuses_with_a_sentence(typed: object, words: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        read_year(typed)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("毕业证书.pdf", "毕业证书.pdf"),
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\Users\\张三\\证书.jpg", "证书.jpg"),
        ("a\0b.pdf", "ab.pdf"),
        ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
        ("证\u2066书\u200b.pdf", "证书.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ('<img src="x">.png', "img src=x.png"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("长" * 300, "长" * 100),
        ("x." + "y" * 300, ("x." + "y" * 98)),
        (".htaccess", "htaccess"),
        ("...", "文件"),
        ("", "文件"),
        ("证书.pdf ", "证书.pdf"),
    ],
)
def test_file_name_is_a_name_and_nothing_else(sent: str, shown: str) -> None:
    assert clean_file_name(sent) == shown
    assert clean_file_name(clean_file_name(sent)) == clean_file_name(sent)


@given(st.text(max_size=400))
def test_no_file_name_leads_anywhere(sent: str) -> None:
    name = clean_file_name(sent)
    assert 1 <= len(name) <= 100 and name not in (".", "..")
    assert not set(name) & set('/\\\0\r\n<>"')
