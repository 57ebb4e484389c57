"""What the engine understood of a declaration: the first thing to look at when something looks wrong."""

import inspect
from typing import Any

from app.core.sections.fields import Field
from app.core.sections.section import Section


def describe(section: Section) -> dict[str, Any]:
    """A section as plain data."""
    return {
        "name": section.name,
        "title": section.title,
        "table": section.model.__tablename__,
        "file": inspect.getsourcefile(section.model),
        "many": section.many,
        "required": section.required,
        "rules": [rule.__name__ for rule in section.rules],
        "items": [describe_field(section, field) for field in section.fields.values()],
    }


def describe_field(section: Section, field: Field) -> dict[str, Any]:
    """An item as plain data; empty facts are left out."""
    facts = {
        "identifier": f"{section.name}.{field.name}",
        "label": field.label,
        "kind": field.kind,
        "code_table": field.code_table if isinstance(field.code_table, str) else dict(field.code_table),
        "length": field.length,
        "required": field.required,
        "required_for": field.required_for if field.required else "",
        "required_when": field.required_when.as_json() if field.required_when else "",
        "applies_when": field.applies_when.as_json() if field.applies_when else "",
        "school_types": field.school_types,
        "filled_by": field.filled_by,
        "secret": field.secret,
        "province_id": field.province_id,
        "help": field.help,
        "source": field.source,
    }
    return {name: value for name, value in facts.items() if value not in ("", 0, {}, False)}


def as_text(section: Section) -> str:
    """The same for a person to read."""
    told = describe(section)
    lines = [f"{told['title']} ({told['name']} → {told['table']})", f"  {told['file']}"]
    for item in told["items"]:
        rest = "  ".join(
            f"{k}={v}" for k, v in item.items() if k not in ("identifier", "label", "kind", "help", "source")
        )
        lines.append(f"  {item['identifier']:<44} {item['label']}  [{item['kind']}]  {rest}")
    lines += [f"  rule: {rule}" for rule in told["rules"]]
    return "\n".join(lines)
