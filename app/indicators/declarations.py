"""What is asked of an item that a province adds, and of a rule: for the form, its reading and the list of changes."""

from collections.abc import Callable
from dataclasses import replace

from app.core.codes import TABLES, codes
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, When
from app.core.sections.settings import Settings
from app.organisations.models import SCHOOL_KIND_TABLE
from app.records import SECTIONS
from app.records.sections.none_said import SECTION_NAMES

KINDS = {
    "text": "文字", "number": "数字", "code": "单选（代码）", "codes": "多选（代码）", "bool": "是 / 否",
    "date": "日期", "ym": "年月", "year": "年份",
}  # fmt: skip
CODED = ("code", "codes")
FILLERS = {"T": "教师本人", "A": "学校"}
DIGITS = 15
KIND_TABLE, FILLER_TABLE, NATION_ITEMS, CHOSEN_ITEMS = "ITEM_KIND", "ITEM_FILLER", "NATION_ITEM", "CHOSEN_ITEM"
codes.declare(KIND_TABLE, "填写方式", KINDS)
codes.declare(FILLER_TABLE, "由谁填写", FILLERS)


def _declare_items(table: str, title: str, wanted: Callable[[Field], bool]) -> None:
    """Items of the nation as a code table: `section.item` below its section."""
    names: dict[str, str] = {}
    below: dict[str, str] = {}
    for section in SECTIONS:
        found = [item for item in section.declared.values() if wanted(item)]
        names |= {section.name: section.title} if found else {}
        for item in found:
            names[f"{section.name}.{item.name}"], below[f"{section.name}.{item.name}"] = item.label, section.name
    codes.declare(table, title, names, below)


def _is_open(item: Field) -> bool:
    """Whether a province may settle something about it: not what identifies a person or is derived."""
    return item.filled_by in FILLERS


def _is_chosen(item: Field) -> bool:
    """Whether others may hang on it."""
    return item.kind in (*CODED, "bool") and not item.of_school and item.filled_by != "D"


_declare_items(NATION_ITEMS, "国家指标", _is_open)
_declare_items(CHOSEN_ITEMS, "国家指标中选择的项", _is_chosen)


def _flag(name: str, label: str, **options: str) -> Field:
    return Field(name=name, label=label, kind="bool", code_table="YES_NO", default="0", **options)  # type: ignore[arg-type]


NUMBER, DATED, CHOSEN = When("kind", ("number",)), When("kind", ("date", "ym", "year")), When("kind", (*CODED, "bool"))
ITEM = Settings(
    name="province_item",
    title="本省指标",
    items=(
        Field(name="section", label="板块", kind="code", code_table=SECTION_NAMES, required=True,
              help="定了就不能改。"),
        Field(name="label", label="名称", kind="text", length=60, required=True,
              help="表单、模板表头和列表上的名称，同一板块里不能重复。"),
        Field(name="kind", label="填写方式", kind="code", code_table=KIND_TABLE, required=True, default="text",
              help="定了就不能改。"),
        Field(name="code_table", label="代码表", kind="code", code_table=TABLES, required=True,
              applies_when=When("kind", CODED), help="没有合适的，先在「数据字典」中新增；定了就不能改。"),
        Field(name="length", label="最多字数 / 位数", kind="number", length=3, high=500, default="50", required=True,
              required_when=When("kind", ("text",)), applies_when=When("kind", ("text", "number")),
              help="文字必填；数字最多 15 位。"),
        Field(name="decimals", label="小数位数", kind="number", length=1, high=4, default="0", applies_when=NUMBER),
        Field(name="low", label="最小值", kind="number", length=16, decimals=4, low=-(10**11), high=10**11, default="0",
              applies_when=NUMBER),
        Field(name="high", label="最大值", kind="number", length=16, decimals=4, low=-(10**11), high=10**11,
              default="0", applies_when=NUMBER, help="0 表示不限。"),
        Field(name="unit", label="单位", kind="text", length=10, applies_when=NUMBER, help="如 元、学时。"),
        _flag("required", "是否必填", help="选「是」的，启用之日起没有填就不能报送。"),
        Field(name="school_types", label="适用学校", kind="codes", code_table=SCHOOL_KIND_TABLE, required=True,
              default=",".join(ALL_SCHOOL_TYPES)),
        Field(name="filled_by", label="由谁填写", kind="code", code_table=FILLER_TABLE, required=True, default="T"),
        Field(name="help", label="填表说明", kind="text", length=200, help="一两句话，告诉填的人填什么。"),
        Field(name="source", label="依据材料", kind="text", length=100, help="从哪份材料上抄，如 见聘书。"),
        _flag("in_list", "列表中显示"),
        Field(name="in_filter", label="可以筛选", kind="bool", code_table="YES_NO", default="0", applies_when=CHOSEN),
        Field(name="may_be_future", label="可填将来的日期", kind="bool", code_table="YES_NO", default="0",
              applies_when=DATED),
        Field(name="when_item", label="看哪一项", kind="code", code_table=CHOSEN_ITEMS,
              help="只对一部分人采集的才选，要在同一个板块里，如 是否在编。"),
        Field(name="when_codes", label="选了什么才填", kind="text", length=100, help="代码或名称，用顿号隔开，如 否。"),
        Field(name="sort", label="次序", kind="number", length=7, high=10**6, default="0",
              help="小的排前面，都在国家指标之后。"),
        Field(name="valid_from", label="启用日期", kind="date", may_be_future=True,
              help="不填表示从今天起。到这一天，表单和模板里才出现。"),
    ),
)  # fmt: skip
# The list of changes also tells since when an item is retired; in the form there is a button for it.
ITEM_TOLD = replace(
    ITEM, items=(*ITEM.items, Field(name="valid_to", label="停用日期", kind="date", may_be_future=True))
)
RULE = Settings(
    name="province_rule",
    title="国家指标的本省规定",
    items=(
        Field(name="item", label="国家指标", kind="code", code_table=NATION_ITEMS, required=True,
              help="身份信息和由系统得出的项不在其中。"),
        _flag("required", "本省必填", help="选「否」的按国家规定；国家要求必填的仍然必填。"),
        Field(name="filled_by", label="由谁填写", kind="code", code_table=FILLER_TABLE,
              help="不选的按国家规定。选「学校」的，教师只能看，不能改。"),
    ),
)  # fmt: skip
