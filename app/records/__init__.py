"""The teacher's record. `SECTIONS` is the order of menu, tabs, sheets and prints."""

from app.records import teacher
from app.records.sections import education_history

SECTIONS = (teacher.SECTION, education_history.SECTION)
BY_NAME = {section.name: section for section in SECTIONS}
CHILD_SECTIONS = tuple(section for section in SECTIONS if section.many)
