"""Values as a plan keeps them: as text, and back."""

from collections.abc import Mapping

from app.core.sections.fields import Value, from_text
from app.records import BY_NAME


def pack_values(values: Mapping[str, Value]) -> dict[str, str | None]:
    """Values as text; an emptied one stays None."""
    return {item: value if value is None else str(value) for item, value in values.items()}


def unpack_values(section_name: str, packed: Mapping[str, str | None]) -> dict[str, Value]:
    """The reverse; items that are no longer declared are left out."""
    fields = BY_NAME[section_name].fields
    return {item: from_text(fields[item], text) if text else text for item, text in packed.items() if item in fields}
