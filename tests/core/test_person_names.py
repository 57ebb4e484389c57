"""How names are spelt, found and sorted."""

import pytest

from app.core.person_names import KEY_LENGTH, name_keys, name_order, typed_key


def finds(typed: str, name: str) -> bool:
    """Whether a typed text finds a name: it begins one of its keys."""
    key = typed_key(typed)
    return bool(key) and any(own.startswith(key) for own in name_keys(name))


@pytest.mark.parametrize(
    "typed",
    ["王", "建", "国", "王建", "建国", "王建国", "wangjianguo", "wang jian guo", "Wang Jianguo", "WANGJIANGUO", "wjg",
     "WJG", "wangjg", "wang j g", "ＷＪＧ", "wangji", "wj", "wáng jiàn guó", "wang-jian-guo"],
)  # fmt: skip
def test_a_part_of_the_name_its_sound_or_its_initials(typed: str) -> None:
    assert finds(typed, "王建国")


@pytest.mark.parametrize(
    "typed", ["王国", "国建", "jianguo", "wjf", "wangjianguoo", "ng", "", " ", "%", "_", "·", "😀"]
)
def test_what_is_no_beginning_of_a_key_finds_nothing(typed: str) -> None:
    assert not finds(typed, "王建国")


@pytest.mark.parametrize(
    ("name", "said", "also"),
    [
        ("单雄信", "shan", "dan"), ("曾国藩", "zeng", "ceng"), ("解晓东", "xie", "jie"), ("仇英", "qiu", "chou"),
        ("区楚良", "ou", "qu"), ("查良镛", "zha", "cha"), ("盖叫天", "ge", "gai"), ("任长霞", "ren", "ren"),
        ("朴树", "piao", "pu"), ("翟天临", "zhai", "di"), ("覃辉", "qin", "tan"), ("乐嘉", "yue", "le"),
        ("尉迟恭", "yuchi", "weichi"), ("万俟雪", "moqi", "wan"), ("长孙无忌", "zhangsun", "zswj"),
        ("欧阳修", "ouyangxiu", "oyx"), ("令狐冲", "linghu", "lhc"),
    ],
)  # fmt: skip
def test_a_surname_is_found_as_it_is_said(name: str, said: str, also: str) -> None:
    assert finds(said, name) and finds(also, name)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("吕布", "lvbu"), ("吕布", "lyubu"), ("吕布", "lü bu"), ("吕布", "lb"), ("王行", "wanghang"),
        ("王行", "wangxing"),
        ("阿依古丽·买买提", "买买提"), ("阿依古丽·买买提", "阿依古丽买买提"),
        ("阿依古丽·买买提", "古丽·买"),
        ("阿依古丽·买买提", "ayglmmt"), ("John A. Smith", "smith"), ("John A. Smith", "john a"),
        ("José Díaz", "jose d"), ("José Díaz", "diaz"), ("𬭊", "𬭊"),
    ],
)  # fmt: skip
def test_other_spellings_and_other_scripts(name: str, typed: str) -> None:
    assert finds(typed, name)


@pytest.mark.parametrize("name", [None, "", "·", " "])
def test_no_name_has_no_keys(name: str | None) -> None:
    assert name_keys(name) == [] and name_order(name) == ""


@pytest.mark.parametrize("name", ["单" * 50, "长乐行" * 16, "x" * 50, "尉迟" * 25])
def test_long_names_stay_within_the_columns(name: str) -> None:
    assert all(len(key) <= KEY_LENGTH for key in name_keys(name)) and len(name_order(name)) <= 80
    assert len(name_keys(name)) <= 70 and finds(name, name)


def test_keys_are_few() -> None:
    assert name_keys("王建国") == ["wangjg", "wangjianguo", "wjg", "国", "建国", "王建国"]
    assert name_keys("王伟") == ["wangwei", "ww", "伟", "王伟"], "wangw begins wangwei"


def test_names_stand_in_the_order_of_their_sounds() -> None:
    ordered = ["曹操", "陈平", "陈 平安", "单雄信", "汪洋", "王剑", "王建", "王建国", "曾巩", "张三"]
    assert sorted(reversed(ordered), key=name_order) == ordered
