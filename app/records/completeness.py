"""Completeness of a whole record: what is missing, what contradicts, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from app.core.sections.section import Problem, Section, problems
from app.records import CHILD_SECTIONS, SECTIONS, sections_for
from app.records.teacher import Teacher

Rows: TypeAlias = Mapping[str, Sequence[Any]]


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


@dataclass(frozen=True)
class SectionState:
    """How one section stands: rows, errors, whether it is complete."""

    section: Section
    rows: int
    errors: int

    @property
    def complete(self) -> bool:
        return not self.errors and (self.rows > 0 or not self.section.required)


@dataclass(frozen=True)
class Completeness:
    """The result for one record. `percent` counts the required items, 0–100."""

    findings: tuple[Finding, ...]
    sections: tuple[SectionState, ...]
    percent: int

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.problem.level == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.problem.level == "warning"]

    @property
    def complete(self) -> bool:
        return not self.errors


def rows_of(session: Session, teacher: Teacher) -> dict[str, list[Any]]:
    """All rows of a record by section, in the order they are shown; one query for each section that has rows."""
    found: dict[str, list[Any]] = {section.name: [] for section in SECTIONS} | {"basic_info": [teacher]}
    for section in _filled(session, teacher):
        model = section.model
        order = [getattr(model, section.order_by).nulls_last()] if section.order_by else []
        query = select(model).where(model.teacher_id == teacher.id).order_by(*order, model.id)
        found[section.name] = list(session.scalars(query))
    return found


def _filled(session: Session, teacher: Teacher) -> list[Section]:
    """The sections that have rows of this teacher: one query, so that thirty empty ones cost nothing."""
    counts = [
        select(literal(section.name), func.count())
        .select_from(section.model)
        .where(section.model.teacher_id == teacher.id)
        for section in CHILD_SECTIONS
    ]
    there = {name for name, count in session.execute(union_all(*counts)) if count}
    return [section for section in CHILD_SECTIONS if section.name in there]


def check_rows(teacher: Teacher, rows: Rows) -> Completeness:
    """Check a record whose rows are at hand."""
    indicator_set = teacher.indicator_set
    findings: list[Finding] = []
    states: list[SectionState] = []
    wanted = filled = 0
    for section in sections_for(indicator_set):
        errors = 0
        if section.required and not rows[section.name]:
            nothing = Problem("", f"「{section.title}」还没有填，至少要有一条。")
            findings.append(Finding(section, None, "", nothing))
            errors, wanted = 1, wanted + 1
        for row in rows[section.name]:
            values = section.values(row)
            needed = [f for f in section.fields_for(indicator_set) if f.is_required(indicator_set, values)]
            wanted += len(needed)
            filled += sum(values[field.name] not in (None, "") for field in needed)
            for problem in problems(section, values, indicator_set):
                findings.append(Finding(section, row.id, section.row_title(row, indicator_set), problem))
                errors += problem.level == "error"
        states.append(SectionState(section, len(rows[section.name]), errors))
    percent = 100 * filled // wanted if wanted else 100
    if any(finding.problem.level == "error" for finding in findings):
        percent = min(percent, 99)
    return Completeness(tuple(findings), tuple(states), percent)


def check_record(session: Session, teacher: Teacher) -> Completeness:
    """Check a stored record."""
    return check_rows(teacher, rows_of(session, teacher))
