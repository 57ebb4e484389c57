"""How the names of codes are spelt in pinyin, so that people can look for them by their sound."""

# The dictionary knows most names of places. These it reads as ordinary words, or by another sound of a character.
READINGS = """
六合 lu he|乐陵 lao ling|南乐 nan le|民乐 min le|大城 dai cheng|朝阳市 chao yang shi|朝阳县 chao yang xian
单县 shan xian|浚县 xun xian|涡阳 guo yang|漯河 luo he|繁峙 fan shi|洪洞 hong tong|泊头 bo tou|筠连 jun lian
荥经 ying jing|郫都 pi du|蚌山 beng shan|马尾 ma wei|佛冈 fo gang|佛坪 fo ping|万柏林 wan bai lin|覃塘 qin tang
珲春 hun chun|龙圩 long xu|回龙圩 hui long xu|浪卡子 lang ka zi|红寺堡 hong si bu|称多 chen duo|伽师 jia shi
弓长岭 gong chang ling|长白 chang bai|长垣 chang yuan|长丰 chang feng|长葛 chang ge|长海 chang hai
长岭 chang ling|长宁 chang ning|长清 chang qing|长顺 chang shun|长泰 chang tai|长武 chang wu|长阳 chang yang
长治 chang zhi|长洲 chang zhou|天长 tian chang|子长 zi chang|都 du|什 shi|勒 le|曾 zeng
"""
_PAIRS = [pair.split(" ", 1) for line in READINGS.split("\n") for pair in line.split("|") if pair]
_READINGS = {word: sound for word, sound in sorted(_PAIRS, key=lambda pair: -len(pair[0]))}  # the longest word first


def syllables(name: str) -> str:
    """The sound of a name, one word for each character: 重庆市 → `chong qing shi`."""
    for word, sound in _READINGS.items():
        before, found, after = name.partition(word)
        if found:
            return " ".join(part for part in (syllables(before), sound, syllables(after)) if part)
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - its dictionaries take 50 MB, and most processes need none

    parts = ("".join(filter(str.isalnum, part)).lower() for part in lazy_pinyin(name))
    return " ".join(filter(None, parts))


def is_spelt(name: str, pinyin: str) -> bool:
    """Whether a stored spelling is that of today's table; spelling thousands of names anew takes a second."""
    return bool(pinyin) and all(sound in pinyin for word, sound in _READINGS.items() if word in name)
