"""Code tables in memory: what people type is understood, pickers find, and every change is noticed everywhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.cli import CODES
from app.core.code_list import CodeList, make_code_list
from app.core.codes import Code, CodeBook, CodeTable, codes, load_code_files, store_code
from app.core.pinyin import is_spelt, syllables
from app.core.sections.reading import read_row
from app.core.validators import InvalidValue
from app.records.teacher import SECTION as BASIC_INFO
from tests.kinds import KINDS, K, S

TABLES = sorted(path.stem for path in CODES.glob("[A-Z]*.csv"))


@pytest.fixture
def places(everything: Session) -> CodeList:
    """The administrative divisions."""
    return codes["ADMIN_DIV"]


def refusal(table: CodeList, text: str) -> str:
    with pytest.raises(InvalidValue) as refused:
        table.find(text, S)
    return str(refused.value)


def small(*rows: tuple[str, str, str]) -> CodeList:
    """A table of (code, name, parent)."""
    listed = [
        (code, name, parent, "", "", place, True, "", syllables(name), 0)
        for place, (code, name, parent) in enumerate(rows)
    ]
    return make_code_list("SMALL", "小表", listed)


# ── every code of every table ──


@pytest.mark.parametrize("name", TABLES)
def test_every_offered_code_is_found_by_all_its_forms(everything: Session, name: str) -> None:
    table = codes[name]
    for indicator_set in KINDS:
        for entry in table.offered(indicator_set):
            forms = {entry.code, f"{entry.code}-{entry.name}", entry.label, entry.shown, table.text(entry)}
            assert {table.find(form, indicator_set).code for form in forms} == {entry.code}, entry.label


@pytest.mark.parametrize("name", TABLES)
def test_every_offered_code_can_be_reached_level_by_level(everything: Session, name: str) -> None:
    table = codes[name]
    for indicator_set in KINDS:
        level, reached = table.children("", indicator_set), []
        while level:
            reached += level
            level = [below for entry in level for below in table.children(entry.code, indicator_set)]
        assert len(reached) == len({entry.code for entry in reached})
        assert {e.code for e in reached if e.offered_to(indicator_set)} == {
            e.code for e in table.offered(indicator_set)
        }


# ── places ──


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("530102", "530102"),
        ("530102-五华区", "530102"),
        ("530102-云南省昆明市五华区", "530102"),
        ("五华区", "530102"),
        ("浦东", "310115"),
        ("石林县", "530126"),
        ("吉林省长春市朝阳区", "220104"),
        ("长春市朝阳区", "220104"),
        ("吉林长春朝阳区", "220104"),
        ("吉林朝阳区", "220104"),
        ("吉林省 长春市 朝阳区", "220104"),
        ("吉林省-长春市-朝阳区", "220104"),
        ("北京朝阳区", "110105"),
        ("湖南长沙雨花区", "430111"),
        ("恩施州恩施市", "422801"),
        ("广东东莞", "441900"),
        ("东莞市", "441900"),
        ("嘉峪关", "620200"),
        ("济源市", "419001"),
        ("台湾", "710000"),
        ("wuhuaqu", "530102"),
        ("ＷｕＨuaQu", "530102"),
    ],
)
def test_a_place_is_understood_as_people_write_it(places: CodeList, typed: str, code: str) -> None:
    assert places.find(typed, S).code == code


def test_a_place_is_shown_with_what_it_lies_in(places: CodeList) -> None:
    assert places.show("220104") == "吉林省长春市朝阳区"
    assert places.show("110105") == "北京市朝阳区"
    assert places.entries["530102"].path == ("云南省", "昆明市")
    assert (places.show("999999"), places.show(None)) == ("999999", "")


def test_names_that_do_not_repeat_are_shown_alone(everything: Session) -> None:
    assert codes["TITLE"].show("011") == "教授"
    assert codes["TITLE"].entries["011"].path == ("高等学校教师",)
    assert codes["COUNTRY"].text(codes["COUNTRY"].entries["156"]) == "156-中国"


def test_a_retired_code_of_the_same_name_is_no_reason_to_show_paths(everything: Session) -> None:
    store_code(everything, "TITLE", {"code": "011", "valid_to": "2026-01-01"})
    new = {"code": "01X", "name": "教授", "parent": "010", "sort": "35", "selectable": "1"}
    store_code(everything, "TITLE", new)
    everything.commit()
    codes.refresh(everything)
    assert (codes["TITLE"].show("011"), codes["TITLE"].show("01X")) == ("教授", "教授")
    assert codes["TITLE"].find("教授", S).code == codes["TITLE"].code_of_text["教授"] == "01X"


def test_a_name_of_several_places_is_refused_with_all_of_them(places: CodeList) -> None:
    said = refusal(places, "朝阳区")
    assert said.startswith("「朝阳区」有 2 处：北京市朝阳区、吉林省长春市朝阳区，请写全，例如")
    assert "有 4 处" in refusal(places, "鼓楼区")


@pytest.mark.parametrize("typed", ["云南省", "云南", "昆明", "云南省昆明市", "530100", "北京"])
def test_a_province_or_city_is_not_enough(places: CodeList, typed: str) -> None:
    assert f"「{typed}」下面还要选一级" in refusal(places, typed)


@pytest.mark.parametrize(
    ("typed", "named"),
    [("五华", "云南省昆明市五华区"), ("长春朝阳", "吉林省长春市朝阳区"), ("wuhua", "云南省昆明市五华区")],
)
def test_a_refusal_names_what_comes_near(places: CodeList, typed: str, named: str) -> None:
    assert named in refusal(places, typed)


def test_what_is_pasted_by_mistake_is_refused_quickly_and_quoted_in_part(places: CodeList) -> None:
    said = refusal(places, "云南省" * 1000)
    assert "没有「云南省云南省" in said and "…」" in said and len(said) < 150


@pytest.mark.parametrize(("table", "typed"), [("DEGREE_LEVEL", "BS"), ("GENDER", "nan"), ("PROVINCE", "yn")])
def test_initials_and_short_words_are_no_names(everything: Session, table: str, typed: str) -> None:
    assert "代码表里没有" in refusal(codes[table], typed)


def test_a_whole_name_in_pinyin_means_the_one_that_sounds_so() -> None:
    table = small(("1", "西安市", ""), ("2", "重庆市", ""), ("3", "宜春市", ""), ("4", "伊春市", ""))
    assert table.find("chongqingshi", S).code == "2"
    assert "有 2 处：宜春市、伊春市" in refusal(table, "yichunshi")
    assert "可填：重庆市等" in refusal(table, "chongqing")


def test_a_short_name_sounds_too(everything: Session) -> None:
    assert codes["PROVINCE"].find("yunnan", S).code == "53"
    assert "「shanxi」有 2 处：山西省、陕西省" in refusal(codes["PROVINCE"], "shanxi")


# ── searching ──


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("5301", "530100"),
        ("530102", "530102"),
        ("朝阳", "110105"),
        ("长春朝阳", "220104"),
        ("wuhuaq", "530102"),
        ("yunnan", "530000"),
        ("昆明", "530100"),
        ("雨花台", "320114"),
        ("cq", "500000"),
    ],
)
def test_search_puts_the_best_first(places: CodeList, typed: str, first: str) -> None:
    assert next(iter(places.search(typed, S))).code == first


def test_search_goes_from_exact_to_vague(places: CodeList) -> None:
    found = [entry.shown for entry in places.search("朝阳", S)]
    assert found[:4] == ["北京市朝阳区", "辽宁省朝阳市", "辽宁省朝阳市朝阳县", "吉林省长春市朝阳区"]
    assert "辽宁省朝阳市双塔区" in found[4:]


def test_search_keeps_to_its_limit_and_to_what_is_offered(everything: Session, places: CodeList) -> None:
    assert len(places.search("区", S, 5)) == 5
    assert places.search("", S) == [] and places.search("查无此地", S) == []
    kinds = {entry.code for entry in codes["SCHOOL_CATEGORY"].search("学", K)}
    assert kinds <= {entry.code for entry in codes["SCHOOL_CATEGORY"].listed(K)}


def test_a_level_is_what_lies_directly_below(places: CodeList) -> None:
    assert len(places.children("", S)) == 34
    assert [entry.name for entry in places.children("530100", S)][:2] == ["五华区", "盘龙区"]
    assert places.children("530102", S) == [] and places.children("nonsense", S) == []


def test_parents_in_a_ring_do_no_harm() -> None:
    table = small(("1", "甲", "2"), ("2", "乙", "1"), ("3", "乙", "3"))
    assert table.show("1") == "乙甲"
    assert [entry.code for entry in table.listed(S)] == ["1", "2", "3"]


# ── pinyin ──


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("重庆市", "chong qing shi"),
        ("长春市", "chang chun shi"),
        ("厦门市", "xia men shi"),
        ("六安市", "lu an shi"),
        ("东阿县", "dong e xian"),
        ("大埔县", "da bu xian"),
        ("番禺区", "pan yu qu"),
        ("涡阳县", "guo yang xian"),
        ("蚌埠市", "beng bu shi"),
        ("台州市", "tai zhou shi"),
        ("丽水市", "li shui shi"),
        ("乐亭县", "lao ting xian"),
        ("铅山县", "yan shan xian"),
        ("单县", "shan xian"),
        ("六合区", "lu he qu"),
        ("长垣市", "chang yuan shi"),
        ("长子县", "zhang zi xian"),
        ("什邡市", "shi fang shi"),
        ("成都市", "cheng du shi"),
        ("曾都区", "zeng du qu"),
        ("郫都区", "pi du qu"),
        ("洪洞县", "hong tong xian"),
        ("阿勒泰市", "a le tai shi"),
        ("博士(A类)", "bo shi a lei"),
        ("", ""),
    ],
)
def test_places_sound_as_people_there_say(name: str, sound: str) -> None:
    assert syllables(name) == sound


def test_a_spelling_by_an_older_table_is_noticed() -> None:
    assert is_spelt("单县", "shan xian") and not is_spelt("单县", "dan xian") and not is_spelt("甲", "")


# ── changes are noticed ──

Queries = Callable[[], AbstractContextManager[list[str]]]


def second_process(session: Session) -> CodeBook:
    """What another web process has in memory."""
    book = CodeBook()
    book.refresh(session)
    book._checked = float("-inf")
    return book


def versions_of(session: Session) -> dict[str, int]:
    return {name: version for name, version in session.execute(sa.select(CodeTable.name, CodeTable.version))}


def test_renamed_and_retired_codes_are_noticed_by_another_process(everything: Session) -> None:
    book = second_process(everything)
    store_code(everything, "GENDER", {"code": "2", "name": "女性"})
    store_code(everything, "GENDER", {"code": "9", "valid_to": "2026-01-01"})
    everything.commit()
    book.refresh(everything)
    assert book["GENDER"].show("2") == "女性"
    assert "9" not in [entry.code for entry in book["GENDER"].offered(S)]


def test_only_the_table_that_changed_is_read_again(everything: Session, count_queries: Queries) -> None:
    book = second_process(everything)
    before = book["ADMIN_DIV"]
    store_code(everything, "GENDER", {"code": "2", "name": "女性"})
    everything.commit()
    with count_queries() as statements:
        book.refresh(everything)
    assert len(statements) == 2 and book["ADMIN_DIV"] is before
    with count_queries() as statements:
        book._checked = float("-inf")
        book.refresh(everything)
    assert len(statements) == 1


def test_this_process_shows_its_own_change_after_the_commit(everything: Session) -> None:
    store_code(everything, "GENDER", {"code": "8", "name": "另一种", "sort": "99", "selectable": "1"})
    assert "8" not in codes["GENDER"].entries
    everything.commit()
    codes.refresh(everything)
    assert codes["GENDER"].entries["8"].pinyin == "ling yi zhong"
    assert codes["GENDER"].find("另一种", S).code == "8"


@pytest.mark.parametrize("came_back", ["2", "女"])
def test_a_retired_code_may_stay_where_it_stands_and_is_chosen_nowhere_else(
    everything: Session, came_back: str
) -> None:
    store_code(everything, "GENDER", {"code": "2", "valid_to": "2026-01-01"})
    everything.commit()
    codes.refresh(everything)
    kept = read_row(BASIC_INFO, {"gender": came_back}, S, {"gender": "2"})
    assert (kept.values, kept.unreadable) == ({"gender": "2"}, [])
    refused = read_row(BASIC_INFO, {"gender": came_back}, S, {"gender": "1"})
    assert [problem.item for problem in refused.unreadable] == ["gender"] and refused.values == {}


def test_storing_what_is_there_already_moves_nothing(everything: Session) -> None:
    versions = versions_of(everything)
    store_code(everything, "GENDER", {"code": "1", "name": "男"})
    load_code_files(everything, CODES)
    assert versions_of(everything) == versions


def test_deploying_spells_anew_what_was_spelt_by_an_older_table(everything: Session) -> None:
    before = versions_of(everything)
    shan_county = (Code.table_name == "ADMIN_DIV", Code.code == "371722")
    everything.execute(sa.update(Code).where(*shan_county).values(pinyin="dan xian"))
    load_code_files(everything, CODES)
    assert everything.scalars(sa.select(Code.pinyin).where(*shan_county)).one() == "shan xian"
    assert versions_of(everything) == before | {"ADMIN_DIV": before["ADMIN_DIV"] + 1}


def test_deploying_changed_files_moves_the_versions_of_just_those(
    app: Flask, everything: Session, tmp_path: Path
) -> None:
    head = "code,name,parent,school_types,valid_from,valid_to,sort,selectable,aliases,certainty,source\n"
    (tmp_path / "GENDER.csv").write_text(head + "1,男性,,,,,10,1,,official,x\n7,新增,,,,,20,1,,assumed,x\n", "utf-8")
    (tmp_path / "YES_NO.csv").write_bytes((CODES / "YES_NO.csv").read_bytes())
    (tmp_path / "_tables.csv").write_bytes((CODES / "_tables.csv").read_bytes())
    before = versions_of(everything)
    assert load_code_files(everything, tmp_path) == 4
    everything.commit()
    assert versions_of(everything) == before | {"GENDER": before["GENDER"] + 1}
    kept = everything.scalars(sa.select(Code.name).where(Code.table_name == "GENDER", Code.code == "2")).one()
    assert kept == "女", "what a file no longer has stays"
