"""What is asked of a unit: for the form, the file and the list of changes. Source: domain reference 1.18, 3.4."""

import re
from collections.abc import Iterator
from typing import Any

from app.core.codes import codes
from app.core.sections.fields import Field, Value, When
from app.core.sections.section import Problem, Row
from app.core.sections.settings import Settings
from app.core.validators import PROVINCES, InvalidValue, check_school_code
from app.organisations.models import LEVEL_TABLE, SCHOOL_KIND_TABLE, SCHOOL_KINDS, SUPERIORS

LOG = "unit"  # in the list of changes; a unit is named there by its id, because its code may change
NORMAL = "2"
CODE_LENGTH = 10
BASIC, CONTACT = "基本情况", "联系方式"
OF_SCHOOLS = When("level", among=("school",))


def numbers_are_well_formed(row: Row) -> Iterator[Problem]:
    """Digits where a standard asks for digits."""
    seat, postcode = row.get("seat_code"), row.get("postcode")
    if seat and not re.fullmatch(r"[0-9]{12}", str(seat)):
        yield Problem("seat_code", "驻地地域码是 12 位数字的统计用区划代码。例：530126100001")
    if postcode and not re.fullmatch(r"[0-9]{6}", str(postcode)):
        yield Problem("postcode", "邮政编码是 6 位数字。例：650200")


def category_fits_kind(row: Row) -> Iterator[Problem]:
    """办学类型与学校类型相容。"""
    category, kind = str(row.get("school_category") or ""), str(row.get("school_kind") or "")
    entry = codes["SCHOOL_CATEGORY"].entries.get(category)
    if kind and entry is not None and entry.school_types and kind not in entry.school_types:
        yield Problem("school_category", f"「{entry.name}」不是{SCHOOL_KINDS[kind]}的办学类型，请核对其中一项。")


# Its name, code and place change with an effective date only: see changes.py.
NAMING = ("code", "name", "parent")
FIXED = (*NAMING, "level", "school_kind")
UNIT = Settings(
    name="unit",
    title="单位",
    rules=(numbers_are_well_formed, category_fits_kind),
    items=(
        Field(name="code", label="单位代码", kind="text", length=CODE_LENGTH, required=True, group=BASIC,
              help="学校填 10 位学校标识码，主管部门填 10 位单位代码。"),
        Field(name="name", label="单位名称", kind="text", length=100, required=True, group=BASIC,
              help="与批准文件一致的全称。"),
        Field(name="parent", label="上级单位代码", kind="text", length=CODE_LENGTH, required=True, group=BASIC,
              help="主管这个单位的教育行政部门。"),
        Field(name="level", label="级别", kind="code", code_table=LEVEL_TABLE, required=True, group=BASIC,
              help="定了就不能改。"),
        Field(name="school_kind", label="学校类型", kind="code", code_table=SCHOOL_KIND_TABLE, group=BASIC,
              required_when=OF_SCHOOLS, applies_when=OF_SCHOOLS, help="决定教师填哪些指标，定了就不能改。"),
        Field(name="school_category", label="办学类型", kind="code", code_table="SCHOOL_CATEGORY", group=BASIC,
              applies_when=OF_SCHOOLS, help="如 完全中学、九年一贯制学校。"),
        Field(name="founder_type", label="举办者", kind="code", code_table="FOUNDER", group=BASIC,
              applies_when=OF_SCHOOLS),
        Field(name="urban_rural", label="城乡类型", kind="code", code_table="URBAN_RURAL", group=BASIC,
              applies_when=OF_SCHOOLS, help="按学校驻地的统计用城乡划分。"),
        Field(name="admin_div", label="所在地区划", kind="code", code_table="ADMIN_DIV", group=BASIC,
              help="驻地所在的县（市、区）。"),
        Field(name="seat_code", label="驻地地域码", kind="text", length=12, group=BASIC,
              help="12 位统计用区划代码，没有可以不填。"),
        Field(name="status", label="办学状态", kind="code", code_table="UNIT_STATUS", group=BASIC, required=True,
              default=NORMAL),
        Field(name="aliases", label="备用名", kind="text", length=200, group=BASIC,
              help="简称等别的叫法，用分号隔开，查找时认得。"),
        Field(name="former_names", label="曾用名", kind="text", length=200, group=BASIC,
              help="早先的名称，用分号隔开；在本系统里改名的自动保留。"),
        Field(name="principal", label="校长（负责人）", kind="text", length=50, group=CONTACT),
        Field(name="contact_name", label="联系人", kind="text", length=50, group=CONTACT),
        Field(name="contact_phone", label="联系电话", kind="text", length=40, group=CONTACT,
              help="填办公电话，不填私人手机。"),
        Field(name="address", label="地址", kind="text", length=200, group=CONTACT),
        Field(name="postcode", label="邮政编码", kind="text", length=6, group=CONTACT),
    ),
)  # fmt: skip
CONTACT_ITEMS = tuple(field.name for field in UNIT.items if field.group == CONTACT)
FREE = tuple(name for name in UNIT.fields if name not in FIXED)  # what changes at once
# The list of changes also tells since when a unit is closed.
TOLD = Settings(
    name="unit",
    title="单位",
    items=(
        *UNIT.items,
        Field(name="effective_on", label="生效日期", kind="date", may_be_future=True),
        Field(name="active", label="在册", kind="bool", code_table="YES_NO"),
    ),
)


def values_of(unit: Any, parent_code: str | None) -> dict[str, Value]:
    """A stored unit, or its columns, as form and file have it."""
    stored = {name: getattr(unit, name) or None for name in UNIT.fields if name != "parent"}
    return {**stored, "parent": parent_code or None}


def columns_of(row: Row) -> dict[str, str | None]:
    """The values of a form in the columns of the table; the place in the tree is settled apart."""
    columns = {name: str(row[name]) if row.get(name) else None for name in UNIT.fields if name != "parent"}
    return columns | {name: columns[name] or "" for name in ("school_kind", "school_category")}


def code_defect(level: str, code: str, kind: str, province: str) -> str:
    """What is wrong with a unit's code, "" for nothing. `province`: the two digits of its place, "" for a new province.

    Schools' codes begin with two digits of the category, those of authorities with the code of their division.
    """
    if level == "school":
        try:
            check_school_code(code, school_type=kind)
        except InvalidValue as error:
            return str(error)
        found = code[2:4]
        where = "学校标识码第 3–4 位"
    else:
        if not re.fullmatch(rf"[0-9]{{{CODE_LENGTH}}}", code):
            return f"单位代码应是 {CODE_LENGTH} 位数字，现在是「{code}」。例：5301210000（6 位区划代码加 4 个 0）"
        found, where = code[:2], "单位代码前两位"
        if found not in PROVINCES:
            return f"{where} {found} 不是省份代码（如 11 北京、53 云南）。"
    if province and found != province:
        return f"{where}是 {found}，与上级单位所在省的代码 {province} 不符，请核对。"
    return ""


def superior_defect(level: str, above: str) -> str:
    """What is wrong with hanging a unit of one level on one of another, "" for nothing."""
    if above in SUPERIORS.get(level, ()):
        return ""
    return f"{codes[LEVEL_TABLE].show(level)}级单位不能挂在{codes[LEVEL_TABLE].show(above)}级单位下面，请核对。"
