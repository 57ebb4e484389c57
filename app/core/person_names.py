"""How a person's name is found and sorted: by a part of it, by its sound, by the initials of its sound.

A key is what a typed text may begin: every rest of the name (王建国, 建国, 国), its pinyin (wangjianguo), the surname
with initials (wangjg) and the initials (wjg). So any part of a name is the beginning of a key, and one index finds it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice, pairwise, product

KEY_LENGTH, ORDER_LENGTH = 60, 80
MOST_READINGS = 6

# Surnames that sound otherwise than the word; several readings: the usual one of the surname first.
SURNAMES = """
单 shan4|曾 zeng1|解 xie4|仇 qiu2|区 ou1|查 zha1|盖 ge3 gai4|任 ren2|华 hua4|朴 piao2|宁 ning4 ning2|乐 yue4
覃 qin2 tan2
召 shao4|缪 miao4|翟 zhai2 di2|洗 xian3|冼 xian3|秘 bi4|折 she2|员 yun4|种 chong2|黑 he4|盛 sheng4|过 guo1|能 nai4
祭 zhai4|繁 po2|薄 bo2|柏 bai3 bo2|贲 ben1|车 che1|谌 chen2 shen4|郗 xi1 chi1|纪 ji3|句 gou1|隗 wei3 kui2|蔚 yu4 wei4
莘 shen1 xin1|应 ying1|那 na1|佴 nai4|撒 sa4|尉 wei4 yu4|卜 bu3|沈 shen3|逄 pang2|哈 ha3|燕 yan1|訾 zi1|相 xiang4
幺 yao1|么 yao1|仉 zhang3|褚 chu3|眭 sui1|郇 xun2 huan2|牟 mou2 mu4|宓 mi4 fu2|费 fei4 bi4|葛 ge3|臧 zang1|藏 zang4
曲 qu1|都 du1|炅 gui4|呙 guo1|角 jue2|颉 xie2|阙 que1|阚 kan4|逯 lu4|便 pian2|於 yu1|佘 she2|庹 tuo3|乜 nie4|强 qiang2
宿 su4|粘 nian2|适 kuo4|万俟 mo4_qi2|尉迟 yu4_chi2|澹台 tan2_tai2|长孙 zhang3_sun1|单于 chan2_yu2|乐正 yue4_zheng4
"""
# Characters that given names read in two ways, the usual one first.
GIVEN_NAMES = """
乐 le4 yue4|行 xing2 hang2|长 chang2 zhang3|重 zhong4 chong2|晟 sheng4 cheng2|茜 qian4 xi1|娜 na4 nuo2|朝 chao2 zhao1
传 chuan2 zhuan4|莎 sha1 suo1|蔚 wei4 yu4|曾 zeng1 ceng2|藏 zang4 cang2|盛 sheng4 cheng2|柏 bai3 bo2|朴 pu3 piao2
参 can1 shen1|峤 qiao2 jiao4|颉 jie2 xie2|偲 si1 cai1|珩 heng2 hang2|荨 qian2 xun2|炅 jiong3 gui4|筠 yun2 jun1
栎 li4 yue4|谌 chen2 shen4|鹄 hu2 gu3|率 shuai4 lv4|单 dan1 shan4|解 jie3 xie4|调 diao4 tiao2|都 du1 dou1
劲 jin4 jing4|杉 shan1 sha1|佛 fo2 fu2|蒙 meng2 meng1|钥 yue4 yao4|载 zai3 zai4|予 yu3 yu2|降 jiang4 xiang2
琢 zhuo2 zuo2
"""
_TONED = re.compile(r"(?<=[a-z])[1-5]$")


def _table(text: str) -> dict[str, list[list[str]]]:
    pairs = [pair.split(" ", 1) for line in text.split("\n") for pair in line.split("|") if pair]
    return {word: [sound.split("_") for sound in sounds.split()] for word, sounds in pairs}


_SURNAMES, _GIVEN = _table(SURNAMES), _table(GIVEN_NAMES)


def typed_key(text: str) -> str:
    """The form in which a typed text is compared with keys; "" for what is no part of a name."""
    return "".join(_parts(text))[:KEY_LENGTH]


def name_keys(name: str | None) -> list[str]:
    """The keys of a name. One that begins another is left out: it is found with that."""
    parts = _parts(name or "")
    keys = {"".join(parts[start:])[:KEY_LENGTH] for start in range(len(parts))}
    for sounds in _readings(parts):
        plain = [_TONED.sub("", sound) for sound in sounds]
        initials = [sound[0] for sound in plain]
        spelt = {"".join(plain), "".join([plain[0], *initials[1:]]), "".join(initials)}
        # 吕 is lv for those who type, LYU in passports.
        keys |= {form[:KEY_LENGTH] for key in spelt for form in (key, _passport(key, plain))}
    return _longest(keys)


def name_order(name: str | None) -> str:
    """What names are sorted by: sound, tone and character, one character after the other, as in a Chinese list."""
    parts = _parts(name or "")
    sounds = next(iter(_readings(parts)), ())
    return " ".join(sound if sound == part else sound + part for sound, part in zip(sounds, parts, strict=True))[
        :ORDER_LENGTH
    ]


def _parts(text: str) -> list[str]:
    """The Chinese characters and the words of other scripts, small, without accents and dots."""
    spread = unicodedata.normalize("NFKD", text.lower()).replace("u\u0308", "v")
    bare = "".join(character for character in spread if not unicodedata.combining(character))
    return re.findall(r"[a-z0-9]+|[^\W_]", unicodedata.normalize("NFC", bare))


def _readings(parts: Sequence[str]) -> list[tuple[str, ...]]:
    """The ways in which a name is read, that of the surname first; sounds with their tones."""
    if not parts:
        return []
    usual = [_sound(part) for part in parts]
    options = [_unique([*_of(_SURNAMES, parts[0]), usual[0]])]
    options += [_of(_GIVEN, part) or [sound] for sound, part in zip(usual[1:], parts[1:], strict=True)]
    double = _SURNAMES.get("".join(parts[:2]), []) if len(parts) > 1 else []
    # One after the other: a long name has more readings than there is memory.
    found = ((*sounds, *rest) for sounds in double for rest in product(*options[2:]))
    return list(islice(chain(found, product(*options)), MOST_READINGS))


def _of(table: dict[str, list[list[str]]], character: str) -> list[str]:
    return [sounds[0] for sounds in table.get(character, ())]


def _unique(sounds: Iterable[str]) -> list[str]:
    """Each sound once, whatever its tone."""
    first: dict[str, str] = {}
    for sound in sounds:
        first.setdefault(_TONED.sub("", sound), sound)
    return list(first.values())


@lru_cache(maxsize=20_000)
def _sound(part: str) -> str:
    """Its usual sound with the tone; a word of another script is its own."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - see pinyin.py

    return lazy_pinyin(part, style=Style.TONE3, neutral_tone_with_five=True)[0] if len(part) == 1 else part


def _passport(key: str, sounds: Sequence[str]) -> str:
    spelt_so = any(sound.startswith(("lv", "nv")) for sound in sounds)
    return key.replace("lv", "lyu").replace("nv", "nyu") if spelt_so else key


def _longest(keys: Iterable[str]) -> list[str]:
    ordered = [*sorted(filter(None, keys)), ""]
    return [key for key, after in pairwise(ordered) if not after.startswith(key)]
