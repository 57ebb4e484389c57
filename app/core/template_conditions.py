"""Cells of the template that need no answer turn grey as soon as another cell of the row says so."""

from typing import Any

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill

from app.core.codes import CodeBook
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field
from app.core.template_choices import code_in

MOST_WORDS = 20
GREY = PatternFill(bgColor="FFE3E6E8", fill_type="solid")
PALE = Font(color="FF8A9499")


def grey_out(sheet: Any, field: Field, area: str, other: str, words: tuple[str, ...]) -> None:
    """Turn an area grey while the cell of the item it hangs on says that it does not apply.

    other: that cell in the first row. words: how the codes of the condition are written.
    """
    assert field.applies_when is not None  # the caller has looked
    code = code_in(other)
    told = [f'{code}="{word}"' for word in words]
    among = bool(field.applies_when.among)
    formula = f"AND(LEN({other})>0,NOT(OR({','.join(told)})))" if among else f"OR({','.join(told)})"
    sheet.conditional_formatting.add(area, FormulaRule(formula=[formula], fill=GREY, font=PALE, stopIfTrue=False))


def words_of_condition(field: Field, other: Field, codes: CodeBook, indicator_set: IndicatorSet) -> tuple[str, ...]:
    """The codes of a condition with their names and aliases; nothing when they are too many for a formula."""
    when = field.applies_when
    if when is None or not other.code_table:
        return ()
    table = codes[other.table_for(indicator_set)]
    entries = [table.entries[code] for code in (when.among or when.except_for) if code in table.entries]
    words = [word for entry in entries for word in (entry.code, entry.name, *entry.aliases)]
    plain = tuple(dict.fromkeys(word for word in words if '"' not in word))
    return plain if len(plain) <= MOST_WORDS else ()
