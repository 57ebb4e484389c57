"""What one row of a file would do, while it is worked out."""

from dataclasses import dataclass, field
from typing import Any

from app.core.sections.fields import Value
from app.core.sections.section import Section
from app.records.teacher import Teacher
from app.spreadsheets.upload import NUMBER, FileRow


@dataclass
class Planned:
    """What one row would do: create, update, delete, or nothing (same)."""

    section: Section
    row: FileRow | None = None
    number: str = ""
    name: str = ""
    teacher: Teacher | None = None
    action: str = "create"
    target: Any = None
    base_version: int | None = None
    values: dict[str, Value] = field(default_factory=dict)
    old: dict[str, Value] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)

    @property
    def line(self) -> int:
        """The row's number in the file; 0 for a stored row."""
        return self.row.number if self.row else 0

    def wrong(self, identifier: str, message: str) -> None:
        self.errors.append(self._said(identifier, message))

    def warn(self, identifier: str, message: str) -> None:
        self.warnings.append(self._said(identifier, message))

    def _said(self, identifier: str, message: str) -> dict[str, str]:
        if "." not in identifier:
            identifier = f"{self.section.name}.{identifier}" if identifier else NUMBER
        column = self.row.sheet.letters.get(identifier, "") if self.row else ""
        return {"identifier": identifier, "column": column, "message": message}
