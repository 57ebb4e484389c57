"""Drop-downs of the template: short lists, lists in steps (省 → 市 → 县), lists that follow another column.

All lists stand on one hidden sheet. What follows something is found by INDIRECT from a name that ends with a code, in
Excel, WPS and LibreOffice alike; cells hold `code-name`, so the code is what stands before the first hyphen. A list in
steps looks at its own cell: after 530000-云南省 has been chosen, the same arrow offers its cities.
"""

from collections.abc import Sequence
from typing import Any

from app.core import excel
from app.core.code_list import CodeList
from app.core.codes import CodeBook
from app.core.indicator_set import IndicatorSet
from app.core.sections.choices import MOST_LISTED
from app.core.sections.fields import Field

TOP = "top"  # ends the name of the first step; no code is written in small letters
IN_STEPS = "点右边的箭头逐级选：选了上一级，再点一次箭头，选下一级。也可以直接填代码或名称。"
OTHERWISE = "「{label}」一般从下拉框里选；填代码或名称也可以，导入时会核对。"


class Choices:
    """Writes the lists of one workbook, each of them once."""

    def __init__(self, workbook: Any, codes: CodeBook, indicator_set: IndicatorSet) -> None:
        self._workbook = workbook
        self._codes = codes
        self._indicator_set = indicator_set
        self._lists: dict[str, str] = {}  # table → name of the whole list
        self._levels: dict[
            tuple[str, tuple[tuple[str, str], ...]], str
        ] = {}  # → what the names of the parts begin with

    def offer(self, sheet: Any, field: Field, letter: str, parent: str, rows: tuple[int, int]) -> None:
        """Put a drop-down on a column. parent: the column of the item whose code limits the choice.

        It advises and does not forbid: names and aliases are understood as well.
        """
        table = self._codes[field.table_for(self._indicator_set)]
        first, last = rows
        area = f"{letter}{first}:{letter}{last}"
        if field.code_parent and parent:
            formula = _chosen_below(self._below(table, field), f"{parent}{first}", self._whole(table))
        elif table.is_tree and len(table.offered(self._indicator_set)) > MOST_LISTED:
            prefix = self._in_steps(table)
            formula = _chosen_below(prefix, f"{letter}{first}", f"{prefix}{TOP}")
            # While somebody is on the way down, what stands in the cell is in no list: no warning then.
            excel.add_list_validation(sheet, formula, area, field.label, "", blocking=None, prompt=IN_STEPS)
            return
        else:
            formula = self._whole(table)
        said = OTHERWISE.format(label=field.label)
        excel.add_list_validation(sheet, formula, area, field.label, said, blocking=False)

    def _whole(self, table: CodeList) -> str:
        """The name of the list of everything that is offered."""
        if table.name not in self._lists:
            labels = [entry.label for entry in table.offered(self._indicator_set)]
            self._lists[table.name] = excel.add_code_column(self._workbook, table.name, labels)
        return self._lists[table.name]

    def _in_steps(self, table: CodeList) -> str:
        """One list for each level of a tree."""
        key = (table.name, ())
        if key not in self._levels:
            levels: dict[str, Sequence[str]] = {}
            for code in ("", *(entry.code for entry in table.listed(self._indicator_set))):
                if below := table.children(code, self._indicator_set):
                    levels[code or TOP] = [entry.label for entry in below]
            self._levels[key] = excel.add_code_blocks(self._workbook, table.name, levels)
        return self._levels[key]

    def _below(self, table: CodeList, field: Field) -> str:
        """One list for each code of the item that limits the choice."""
        key = (table.name, tuple(sorted(field.parent_alias.items())))
        if key not in self._levels:
            offered = table.offered(self._indicator_set)
            parents = {entry.parent for entry in offered} - {""}
            shared = {also: parent for also, parent in field.parent_alias.items() if parent in parents}
            levels = {
                code: [entry.label for entry in offered if entry.parent in ("", shared.get(code, code))]
                for code in sorted(parents | shared.keys())
            }
            name = f"{table.name}_{len(self._levels)}" if key[1] else table.name
            self._levels[key] = excel.add_code_blocks(self._workbook, name, levels)
        return self._levels[key]


def code_in(cell: str) -> str:
    """The code in a cell that holds `code-name`, or all of it."""
    return f'LEFT({cell},FIND("-",{cell}&"-")-1)'


def _chosen_below(prefix: str, cell: str, otherwise: str) -> str:
    """The list whose name ends with the code in a cell; another one when there is no such name."""
    wanted = f'INDIRECT("{prefix}"&{code_in(cell)})'
    return f"IF(ISERROR(ROWS({wanted})),{otherwise},{wanted})"
