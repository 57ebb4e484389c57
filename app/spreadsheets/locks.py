"""Why an import may not change something: the same rights as the forms."""

from collections.abc import Iterable, Iterator

from app.core.sections.section import Section
from app.records.editing import EditRights


def refusals(
    rights: EditRights, section: Section, row_id: int | None, items: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """(item, reason) for everything that may not be changed; item "" for the row as a whole.

    `items` are those that would change; without any, the row itself is added or deleted.
    """
    if row_id is not None and not items:
        reason = rights.delete_lock(section, row_id)
    else:
        reason = rights.row_lock(section, row_id)
    if reason:
        yield "", reason
        return
    for item in items:
        if reason := rights.item_lock(section, row_id, section.fields[item]):
            yield item, reason
