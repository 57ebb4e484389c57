"""What is asked of a code and of a code table: for the form, the file and the list of changes."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from app.core.codes import Code
from app.core.sections.fields import Field, Value, join_codes, split_codes
from app.core.sections.section import Row
from app.core.sections.settings import Settings
from app.core.settings_log import as_text
from app.organisations.models import SCHOOL_KIND_TABLE

CODE = Settings(
    name="code",
    title="代码",
    items=(
        Field(name="code", label="代码", kind="text", length=20, required=True,
              help="字母或数字，存进档案的就是它，定了就不能改。"),
        Field(name="name", label="名称", kind="text", length=120, required=True,
              help="改名后，旧记录也显示新名称；意思变了的请停用旧代码，另加新代码。"),
        Field(name="parent", label="上级代码", kind="text", length=20, help="分级的表才填。"),
        Field(name="school_types", label="学校类型", kind="codes", code_table=SCHOOL_KIND_TABLE,
              help="都不选表示各类学校都用。"),
        Field(name="sort", label="次序", kind="number", length=7, high=10**6, help="下拉框里小的排前面。"),
        Field(name="selectable", label="能否选用", kind="bool", code_table="YES_NO", default="1",
              help="只作分类标题的选「否」。"),
        Field(name="aliases", label="别名", kind="text", length=400, help="导入时也认得的叫法，用分号隔开。"),
        Field(name="source", label="出处", kind="text", length=200, help="标准号或文件名。"),
        Field(name="valid_from", label="启用日期", kind="date", may_be_future=True),
    ),
)  # fmt: skip
# A file and the list of changes also tell since when a code is retired; in the form there is a button for it.
CODE_IN_FILE = replace(
    CODE,
    items=(
        *CODE.items,
        Field(
            name="valid_to",
            label="停用日期",
            kind="date",
            may_be_future=True,
            help="填了就停用：表单不再提供，旧记录照样显示。",
        ),
    ),
)
TABLE = Settings(
    name="code_table",
    title="代码表",
    items=(
        Field(name="title", label="名称", kind="text", length=60, required=True, help="如 帮扶类型。"),
        Field(name="standard", label="标准", kind="text", length=120, help="依据的标准号或文件名，没有可以不填。"),
        Field(name="note", label="说明", kind="text", length=400),
    ),
)


def values_of(row: Code) -> dict[str, Value]:
    """A stored code as form and file have it."""
    return values_of_texts({name: str(getattr(row, name)) for name in CODE_IN_FILE.fields} | _flag(row.selectable))


def values_of_texts(texts: Mapping[str, str]) -> dict[str, Value]:
    """The same from texts by the columns of the table."""
    return {name: _value(name, text) for name, text in texts.items() if name in CODE_IN_FILE.fields}


def _flag(value: bool) -> dict[str, str]:
    return {"selectable": "1" if value else "0"}


def _value(name: str, text: str) -> Value:
    match name:
        case "sort":
            return Decimal(text)
        case "school_types":
            return join_codes(list(text))
        case "aliases":
            return text.replace("|", "；") or None
        case "valid_from" | "valid_to":
            return dt.date.fromisoformat(text) if text else None
    return text or None


def texts_of(values: Row) -> Mapping[str, str]:
    """The values of a form in the columns of the table and of the files in seed/codes."""
    texts = {name: as_text(values.get(name)) for name in CODE_IN_FILE.fields}
    return texts | {
        "sort": str(int(Decimal(texts.get("sort") or 0))),
        "school_types": "".join(split_codes(texts.get("school_types"))),
        "aliases": "|".join(words(texts.get("aliases", ""))),
        "selectable": texts.get("selectable") or "1",
    }


def words(aliases: str) -> list[str]:
    """Aliases as people write them, between semicolons: 、 and commas are part of many."""
    return [word for word in (part.strip() for part in re.split("[|;；]", aliases)) if word]
