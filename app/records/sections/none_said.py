"""「无」: one row for each section of which somebody said that there is nothing to fill in. Source: domain 1.0, 2.7a.

It has no menu, sheet or form of its own, but import, undo, history and snapshots treat it like every other section.
"""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.sections.fields import KEY, Field
from app.core.sections.section import Section
from app.records.base import SectionRow

SECTION_NAMES = "SECTION"  # the sections as a code table, so that their names are shown and found like codes


class NoneSaid(SectionRow):
    """One section of which there is nothing."""

    __tablename__ = "rec_none_said"
    __table_args__ = (UniqueConstraint("teacher_id", "section"),)
    section_name = "none_said"

    section: Mapped[str | None] = mapped_column(
        String(40), info={KEY: Field(label="板块", kind="code", code_table=SECTION_NAMES, required=True, in_list=True)}
    )


SECTION = Section(
    name="none_said",
    title="「无」",
    model=NoneSaid,
    unique=("section",),
    title_items=("section",),
)
