"""The declarations against the national indicators, board by board and item by item, in both directions.

indicators.csv and boards.csv were written by reading the reference (chapter 1 with the project's decisions), not from
the declarations. Where the declarations differ on purpose, DIFFERENCES says why; a difference that is gone must leave
the table. The columns of indicators.csv:

- kind, length: `10,2` is ten digits, two of them behind the point; range: from-to, where the reference gives one
- code_table, default: one for all, or by kind of school: `KSEV:TERM_S|HU:TERM_U`
- required: `*`, `* HU` for some kinds of school only, `o item in a,b`; never while the item does not apply
- applies: when it may be filled at all; otherwise it is empty and closed
- filled_by: T the teacher, A the school, L locked at import, D derived, G written by another business
- alone: codes that exclude every other one; after: the item it may not precede (`>=`) or must follow (`>`)
- note: how an ambiguity was settled
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from app.core.indicator_set import OF_SCHOOL, IndicatorSet
from app.core.sections.fields import ALL_SCHOOL_TYPES, Field, When
from app.core.sections.section import Section
from app.organisations.models import DEPARTMENT_TABLE
from app.records import SECTIONS
from tests.core.test_code_files import TABLES, names

Facts = Mapping[str, str]
Differences = dict[tuple[str, str], tuple[str, str]]

ITEM_FACTS = "label kind length range code_table required school_types filled_by applies default alone after".split()
BOARD_FACTS = "title board rows required school_types filled_by".split()
KINDS = {"text", "code", "codes", "date", "ym", "year", "number", "bool", "file"}

CLOSED_ABROAD = "an item that is asked of Chinese only is closed for the others, as 民族 is"
LATER = "comes later: not built yet"
NAMED = "a row without its name is nothing: the first item alone says too little"
NO_ROW_FOR_NONE = "「无」 is said once for the whole board, so a new row does not begin with it"
BY_RULE = "a condition on two items: the section's rule completes it, see test_rules.py"
DIFFERENCES: Mapping[tuple[str, str], str] = {
    ("basic_info.photo", "missing"): LATER,
    ("basic_info.native_place", "applies"): CLOSED_ABROAD,
    ("basic_info.birth_place", "applies"): CLOSED_ABROAD,
    ("basic_info.native_place_other", "missing"): "the table has all divisions, nothing is left to be named otherwise",
    ("basic_info.staff_no", "default"): "a number that is required and begins as 0 would never be asked for",
    ("basic_info.is_staffed", "default"): "a 否 that nobody chose would be counted; left empty it is asked for",
    ("basic_info.personnel_status", "label"): "one item has one label; the help says 在岗情况 for higher education",
    ("basic_info.work_start_month", "after"): "the same month is refused by the stricter rule old_enough_to_work",
    ("education_history.end_month", "after"): "the rule graduates_after_entering compares strictly",
    ("education_history.degree_month", "after"): "no degree is granted before the studies began",
    ("work_history.org_name", "required"): "the board is required everywhere (2.7a), so a row says at least where …",
    ("work_history.start_month", "required"): "… and since when",
    ("post_appointment.second_post_grade", "required"): "hangs on has_second_post; category 0 is refused by a rule",
    ("post_appointment.second_post_grade", "applies"): "one answer, has_second_post, closes both items",
    ("teacher_qualification.cert_type", "default"): NO_ROW_FOR_NONE,
    ("teacher_qualification.first_registration_date", "applies"): "a slip of the teacher must not wipe what …",
    ("teacher_qualification.first_registration_result", "applies"): "… registration has decided",
    ("teacher_qualification.latest_registration_date", "applies"): "the same",
    ("teacher_qualification.latest_registration_result", "applies"): "the same",
    ("ethics_penalty.penalty_type", "default"): NO_ROW_FOR_NONE,
    ("research_project.name", "required"): NAMED,
    ("book.title", "required"): NAMED,
    ("patent.name", "required"): NAMED,
    ("artwork.name", "required"): NAMED,
    ("award.name", "required"): NAMED,
    ("paper.end_page", "after"): "pages are numbers: the rule pages_in_order compares them",
    ("medical_cert.valid_until", "after"): "nothing ends before it was approved",
    ("overseas_study.has_experience", "default"): "who adds a row has been abroad",
    ("overseas_study.end_date", "after"): "the rule end_is_after_start compares days",
    ("certificate.cert_category", "required"): "every other item of the row hangs on it",
    ("certificate.name", "required"): BY_RULE,
    ("certificate.name", "applies"): BY_RULE,
    ("contact.mobile", "length"): "numbers from abroad, which the reference allows, are longer than 11",
    ("teacher_qualification", "rows"): "a certificate is entered once (3.3: its number is unique)",
    ("language_skill", "rows"): "a language is mastered in one degree",
}  # fmt: skip


# ── what the reference says ──


def read_reference(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ITEM_ROWS, BOARD_ROWS = read_reference("indicators.csv"), read_reference("boards.csv")
REFERENCE: dict[str, Facts] = {f"{row['section']}.{row['item']}": row for row in ITEM_ROWS}
BOARDS: dict[str, Facts] = {row["section"]: row for row in BOARD_ROWS}


def wording(label: str) -> str:
    """A label without the accidents of typing: brackets and quotation marks are full width."""
    return label.translate(str.maketrans("()“”", "（）「」"))


# ── what the declarations say ──


def by_type(types: str, value: Callable[[IndicatorSet], str]) -> str:
    """One value, or the values by kind of school: `KSEV:TERM_S|HU:TERM_U`."""
    groups: dict[str, str] = {}
    for kind in types:
        found = value(IndicatorSet(kind))
        groups[found] = groups.get(found, "") + kind
    return next(iter(groups)) if len(groups) == 1 else "|".join(f"{kinds}:{v}" for v, kinds in groups.items())


def condition(when: When | None) -> str:
    if when is None:
        return ""
    return f"{when.item} in {','.join(when.among)}" if when.among else f"{when.item} not in {','.join(when.except_for)}"


def required_of(field: Field, types: str) -> str:
    if field.required_when:
        return f"o {condition(field.required_when)}"
    asked = "".join(kind for kind in types if field.required and kind in field.required_for)
    return "*" if asked == types else asked and f"* {asked}"


def default_of(field: Field, types: str) -> str:
    item, by_value = field.default_after
    if item:
        first, other = by_value.items()
        return f"{item} in {first[0]}: {first[1]}; else {other[1]}"
    return by_type(types, field.default_for)


def facts_of(section: Section, field: Field) -> Facts:
    types = "".join(k for k in ALL_SCHOOL_TYPES if k in field.school_types and k in section.school_types)
    of_school = section.filled_by == "A" and field.filled_by == "T"  # the school's board: T is only the default
    return {
        "label": field.label,
        "unit": field.unit,
        "kind": field.kind,
        "length": "" if field.kind == "year" else f"{field.length},{field.decimals}".removesuffix(",0").lstrip("0"),
        "range": f"{field.low:g}-{field.high:.0f}",
        "code_table": by_type(types, lambda kind: field.table_for(kind).partition(OF_SCHOOL)[0])
        if field.code_table
        else "",
        "required": required_of(field, types),
        "school_types": types,
        "filled_by": "A" if of_school else field.filled_by,
        "applies": condition(field.applies_when),
        "default": default_of(field, types),
        "alone": ",".join(field.exclusive),
        "after": f">={field.earliest}" if field.earliest else "",
    }


def rows_of(section: Section) -> str:
    if section.single or not section.many:
        return "one"
    return f"many, one for each {','.join(section.unique)}" if section.unique else "many"


SECTIONS_ITEMS = {f"{s.name}.{field.name}": facts_of(s, field) for s in SECTIONS for field in s.fields.values()}
SECTIONS_BOARDS: dict[str, Facts] = {
    section.name: {
        "title": section.title,
        "board": section.part,
        "rows": rows_of(section),
        "required": "*" if section.required else "",
        "school_types": section.school_types,
        "filled_by": section.filled_by,
    }
    for section in SECTIONS
}


# ── the two beside each other ──


def differences(
    reference: Mapping[str, Facts], declared: Mapping[str, Facts], facts: Sequence[str]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Every fact in which the two differ: (name, fact) → (what the reference says, what is declared)."""
    for name in reference.keys() | declared.keys():
        if name not in declared:
            yield (name, "missing"), (reference[name].get("label", name), "")
        elif name not in reference:
            yield (name, "extra"), ("", declared[name].get("label", name))
        else:
            for fact in facts:
                said, found = reference[name][fact], declared[name][fact]
                if not agree(fact, said, found, declared[name]):
                    yield (name, fact), (said, found)


def agree(fact: str, said: str, found: str, declared: Facts) -> bool:
    if fact in ("label", "title"):
        unit = declared.get("unit", "")
        return wording(said) in {wording(found), wording(f"{found}（{unit}）")}
    if fact == "filled_by" and said == "G":
        return found == "D"  # written by another business: nobody types it here
    return said == found or (fact in ("length", "range") and not said)  # the reference gives no bound


def all_differences(reference: Mapping[str, Facts] = REFERENCE) -> Differences:
    return dict(differences(reference, SECTIONS_ITEMS, ITEM_FACTS)) | dict(
        differences(BOARDS, SECTIONS_BOARDS, BOARD_FACTS)
    )


def test_declarations_say_what_the_reference_says() -> None:
    unexplained = {key: said for key, said in all_differences().items() if key not in DIFFERENCES}
    assert unexplained == {}


def test_no_explained_difference_is_gone() -> None:
    found = all_differences()
    assert [key for key in DIFFERENCES if key not in found] == []


@pytest.mark.parametrize("fact", ITEM_FACTS)
def test_a_change_of_any_fact_is_noticed(fact: str) -> None:
    """The comparison itself: no column of the reference is read past."""
    name = next(n for n, row in REFERENCE.items() if row[fact] and n in SECTIONS_ITEMS and (n, fact) not in DIFFERENCES)
    changed = {**REFERENCE, name: {**REFERENCE[name], fact: REFERENCE[name][fact] + "7"}}
    assert all_differences(changed).keys() - all_differences().keys() == {(name, fact)}


def test_a_missing_and_an_extra_item_are_noticed() -> None:
    without = {name: row for name, row in REFERENCE.items() if name != "paper.title"}
    more = {**REFERENCE, "paper.colour": REFERENCE["paper.title"]}
    assert ("paper.title", "extra") in all_differences(without)
    assert ("paper.colour", "missing") in all_differences(more)


# ── the reference itself is written without slips ──


def test_reference_names_every_item_once() -> None:
    assert len(REFERENCE) == len(ITEM_ROWS) and len(BOARDS) == len(BOARD_ROWS)
    assert {row["section"] for row in ITEM_ROWS} == BOARDS.keys()


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_is_well_formed(name: str) -> None:
    row = REFERENCE[name]
    assert None not in row and row["kind"] in KINDS and row["filled_by"] in set("TALDG")
    assert row["school_types"] and row["school_types"] == in_order(row["school_types"])
    assert set(row["school_types"]) <= set(BOARDS[row["section"]]["school_types"])
    some = row["required"].removeprefix("* ")
    assert row["required"][:2] in ("", "*", "* ", "o ") and (row["required"][:2] != "* " or some == in_order(some))
    for table in tables_of(row).values():
        assert table in TABLES or table == DEPARTMENT_TABLE or (name, "missing") in DIFFERENCES


@pytest.mark.parametrize("name", [n for n in REFERENCE if (n, "missing") not in DIFFERENCES])
def test_codes_of_conditions_and_defaults_exist(name: str) -> None:
    row = REFERENCE[name]
    for text in (row["required"].removeprefix("* ").removeprefix("o "), row["applies"]):
        for part in text.split(" or ") if " in " in text else ():
            other, codes = part.replace(" not in ", " in ").split(" in ")
            tables = tables_of(REFERENCE[f"{row['section']}.{other}"]).values()
            assert set(codes.split(",")) <= {code for table in tables for code in names(table)}
    tables = {kind: table for kind, table in tables_of(row).items() if table != DEPARTMENT_TABLE}
    for kind, default in spread(row["default"], row["school_types"]).items():
        known = names(tables[kind]) if kind in tables and (name, "default") not in DIFFERENCES else {default: ""}
        values = re.findall(r"(?:: |else )(\w+)", default) or [default]  # `is_staffed in 1: 1; else 2`
        assert not default or set(values) <= set(known)
    assert not row["alone"] or set(row["alone"].split(",")) <= names(tables[row["school_types"][0]]).keys()


def in_order(types: str) -> str:
    return "".join(kind for kind in ALL_SCHOOL_TYPES if kind in types)


def tables_of(row: Facts) -> dict[str, str]:
    """The code table by kind of school; nothing for what is not coded."""
    return spread(row["code_table"], row["school_types"]) if row["code_table"] else {}


def spread(text: str, types: str) -> dict[str, str]:
    """`KSEV:TERM_S|HU:TERM_U` → one value for each kind of school."""
    if "|" not in text:
        return dict.fromkeys(types, text)
    groups = (part.split(":") for part in text.split("|"))
    return {kind: value for kinds, value in groups for kind in kinds}
