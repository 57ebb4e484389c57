"""Help at every item that people fill in: what to enter, from which paper, the usual slip. In words of our own."""

import re

import pytest

from app.core.sections.fields import Field
from app.core.sections.section import Section
from app.records import SECTIONS
from tests.core.test_code_files import names

SHOWN_BELOW_THE_FIELD = 40  # longer help hides behind a question mark
PAPERS = re.compile("证书|公章|合同|文件|档案|协议|决定|考核表|版权页|封面")
# The help points to a paper only to say what it is not, or where another item is filled in.
NEEDS_NO_SOURCE = {"other_skill.name", "certificate.cert_category"}
TYPED = [(section, field) for section in SECTIONS for field in section.fields.values() if field.filled_by != "D"]
EVERY = pytest.mark.parametrize(("section", "field"), TYPED, ids=[f"{s.name}.{f.name}" for s, f in TYPED])


@EVERY
def test_item_has_a_short_help_of_its_own(section: Section, field: Field) -> None:
    assert 8 <= len(field.help) <= SHOWN_BELOW_THE_FIELD and field.help.endswith("。")
    assert field.help.rstrip("。") != field.label
    assert [other.name for other in section.fields.values() if other.help == field.help] == [field.name]


@EVERY
def test_help_is_worded_like_the_rest(section: Section, field: Field) -> None:
    said = field.help + field.source
    assert not re.search("请注意|温馨提示|必须如实|[!！?？]|[,;:](?! )|你(?!们)", said)
    assert not re.search(r"[a-zA-Z0-9][\u4e00-\u9fff]|[\u4e00-\u9fff][a-zA-Z0-9]", said), "a space between scripts"


@EVERY
def test_help_that_names_a_paper_says_where_to_look(section: Section, field: Field) -> None:
    name = f"{section.name}.{field.name}"
    if PAPERS.search(field.help) and name not in NEEDS_NO_SOURCE:
        assert len(field.source) > 3 and field.source.endswith("。"), field.help


@EVERY
def test_choices_named_in_a_help_exist(section: Section, field: Field) -> None:
    """「…」 names a choice of the item (or of the item it hangs on), another item or a board."""
    asked = [field, *(section.fields[when.item] for when in (field.applies_when, field.required_when) if when)]
    tables = {table for item in asked for table in tables_of(item) if not item.of_school}
    known = [name for table in tables for name in names(table).values()]
    known += [other.label for other in section.fields.values()] + [board.title for board in SECTIONS]
    for quoted in re.findall("「(.*?)」", field.help):
        assert any(quoted in name for name in known) or (quoted == "无" and field.kind == "text"), quoted


def tables_of(field: Field) -> list[str]:
    return list(filter(None, [field.code_table] if isinstance(field.code_table, str) else field.code_table.values()))


def test_exceptions_are_still_needed() -> None:
    named = {f"{s.name}.{f.name}": f for s, f in TYPED}
    assert [n for n in NEEDS_NO_SOURCE if not PAPERS.search(named[n].help) or named[n].source] == []
