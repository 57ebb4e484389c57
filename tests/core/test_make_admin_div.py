"""The script that makes the table of administrative divisions: levels, double entries, short names."""

import csv
import io
from pathlib import Path

import pytest

from seed.make_admin_div import COLUMNS, read_divisions, short_names, write

PACKAGE = {
    "provinces": "code,name\n11,北京市\n22,吉林省\n44,广东省\n",
    "cities": "code,name,provinceCode\n1101,市辖区,11\n2201,长春市,22\n2202,吉林市,22\n4419,东莞市,44\n",
    "areas": "code,name,cityCode,provinceCode\n110105,朝阳区,1101,11\n220104,朝阳区,2201,22\n220112,双阳区,2201,22\n"
    "220171,长春经济技术开发区,2201,22\n220202,昌邑区,2202,22\n441900,东莞市,4419,44\n",
}
PEOPLES = ("蒙古族", "蒙古", "彝族", "苗族", "东乡族", "东乡", "各族")


@pytest.fixture
def rows(tmp_path: Path) -> dict[str, dict[str, str]]:
    for name, text in PACKAGE.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    out = io.StringIO()
    write(read_divisions(tmp_path), out)
    return {row["code"]: row for row in csv.DictReader(io.StringIO(out.getvalue()), COLUMNS)}


def test_sums_are_left_out_and_the_lowest_level_can_be_chosen(rows: dict[str, dict[str, str]]) -> None:
    assert "110100" not in rows and rows["110105"]["parent"] == "110000"
    assert rows["220104"]["parent"] == "220100" and rows["220100"]["parent"] == "220000"
    chosen = {code for code, row in rows.items() if row["selectable"] == "1"}
    assert chosen == {
        "110105", "220104", "220112", "220171", "220202", "441900", "710000", "810000", "820000"
    }  # fmt: skip
    assert rows["441900"]["parent"] == "440000"


def test_short_names_mean_one_division_only(rows: dict[str, dict[str, str]]) -> None:
    told = {row["name"]: row["aliases"] for row in rows.values()}
    assert (told["吉林省"], told["吉林市"], told["朝阳区"], told["双阳区"]) == ("吉林", "", "", "双阳")
    assert rows["220171"]["certainty"] == "assigned" and told["长春经济技术开发区"] == ""


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("云南省", ["云南"]),
        ("内蒙古自治区", ["内蒙古"]),
        ("石林彝族自治县", ["石林县", "石林"]),
        ("东乡族自治县", ["东乡县", "东乡"]),
        ("浦东新区", ["浦东"]),
        ("清新区", ["清新"]),
        ("碑林区", ["碑林"]),
        ("神农架林区", ["神农架"]),
        ("赵县", []),
        ("南沙群岛", []),
    ],
)
def test_short_name_leaves_out_kind_and_peoples(name: str, short: list[str]) -> None:
    assert short_names(name, PEOPLES) == short
