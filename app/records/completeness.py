"""Completeness of a whole record: what is missing, what contradicts, and how far it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.indicator_set import IndicatorSet
from app.core.sections.section import Problem, Section, problems, problems_among
from app.records import BY_NAME, sections_for
from app.records.across import problems_across
from app.records.rows import Rows, rows_of, said_none
from app.records.teacher import Teacher


@dataclass(frozen=True)
class Finding:
    """One problem with its place in the record."""

    section: Section
    row_id: int | None
    row_title: str
    problem: Problem

    @property
    def label(self) -> str:
        field = self.section.fields.get(self.problem.item)
        parts = (self.section.title, self.row_title if self.section.many else "", field.label if field else "")
        return " · ".join(part for part in parts if part)

    @property
    def by_school(self) -> bool:
        """Whether only the school can mend it."""
        field = self.section.fields.get(self.problem.item)
        return self.section.filled_by == "A" or (field is not None and field.filled_by in ("A", "L"))


@dataclass(frozen=True)
class SectionState:
    """How one section stands: rows, 「无」, errors, whether it is complete."""

    section: Section
    rows: int
    errors: int
    none: bool = False

    @property
    def complete(self) -> bool:
        return not self.errors and (self.rows > 0 or self.none or not self.section.required)


@dataclass(frozen=True)
class Completeness:
    """The result for one record. `percent` counts the required items, 0–100; `own_percent` those of the teacher."""

    findings: tuple[Finding, ...]
    sections: tuple[SectionState, ...]
    percent: int
    own_percent: int

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.problem.level == "error"]

    @property
    def own_errors(self) -> list[Finding]:
        """What the teacher has to mend; the rest is the school's."""
        return [finding for finding in self.errors if not finding.by_school]

    @property
    def school_errors(self) -> list[Finding]:
        return [finding for finding in self.errors if finding.by_school]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.problem.level == "warning"]

    @property
    def complete(self) -> bool:
        return not self.errors


@dataclass
class _Count:
    """Required items, and how many of them are filled."""

    wanted: int = 0
    filled: int = 0

    def add(self, filled: bool) -> None:
        self.wanted += 1
        self.filled += filled

    def percent(self, errors: Iterable[Finding]) -> int:
        """100 only when nothing is wrong."""
        found = 100 * self.filled // self.wanted if self.wanted else 100
        return min(found, 99) if any(True for _ in errors) else found


def check_rows(teacher: Teacher, rows: Rows) -> Completeness:
    """Check a record whose rows are at hand."""
    indicator_set = teacher.indicator_set
    nothing = said_none(rows)
    findings: list[Finding] = []
    states: list[SectionState] = []
    whole, own = _Count(), _Count()
    for section in sections_for(indicator_set):
        found = _check_section(section, rows[section.name], section.name in nothing, indicator_set, (whole, own))
        findings += found
        errors = sum(finding.problem.level == "error" for finding in found)
        states.append(SectionState(section, len(rows[section.name]), errors, section.name in nothing))
    for name, row, problem in problems_across(teacher, rows):
        findings.append(Finding(BY_NAME[name], row.id, BY_NAME[name].row_title(row, indicator_set), problem))
    wrong = [finding for finding in findings if finding.problem.level == "error"]
    own_percent = own.percent(finding for finding in wrong if not finding.by_school)
    return Completeness(tuple(findings), tuple(states), whole.percent(wrong), own_percent)


def _check_section(
    section: Section, rows: Sequence[Any], none: bool, indicator_set: IndicatorSet, counts: tuple[_Count, _Count]
) -> list[Finding]:
    """The problems of a section; its required items are added to the counts (of the record, of the teacher)."""
    whole, own = counts
    if not rows:
        if not section.required:
            return []
        for count in (whole, own) if section.filled_by == "T" else (whole,):
            count.add(filled=none)
        return [] if none else [Finding(section, None, "", Problem("", _nothing_filled(section)))]
    found: list[Finding] = []
    for row in rows:
        values = section.values(row)
        for field in section.fields_for(indicator_set):
            if field.filled_by == "D" or not field.is_required(indicator_set, values):
                continue
            whole.add(filled=values[field.name] not in (None, ""))
            if section.filled_by == "T" and field.filled_by == "T":
                own.add(filled=values[field.name] not in (None, ""))
        title = section.row_title(row, indicator_set)
        found += [Finding(section, row.id, title, problem) for problem in problems(section, values, indicator_set)]
    for index, problem in problems_among(section, [section.values(row) for row in rows]):
        row = None if index is None else rows[index]
        title = "" if row is None else section.row_title(row, indicator_set)
        found.append(Finding(section, None if row is None else row.id, title, problem))
    return found


def _nothing_filled(section: Section) -> str:
    instead = "；没有的，请填「无」" if section.may_be_none else ""
    return f"「{section.title}」还没有填，至少要有一条{instead}。"


def check_record(session: Session, teacher: Teacher) -> Completeness:
    """Check a stored record."""
    return check_rows(teacher, rows_of(session, teacher))
