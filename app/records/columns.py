"""Which items of a section may be columns of its list."""

from collections.abc import Iterator

from app.core.indicator_set import IndicatorSet
from app.core.province_items import province_items
from app.core.sections.section import Section
from app.core.ui.coded_filters import is_offered


def listable_items(section: Section, indicator_set: IndicatorSet) -> Iterator[str]:
    """The names of a section's items as columns, for people of one kind of school and province; above the schools,
    of all kinds.

    Encrypted numbers only where the section itself lists them, masked. Items whose codes each school has for itself
    only within a school: elsewhere every row might ask for another school's.
    """
    for field in (*section.declared.values(), *province_items.asked(section.name, indicator_set)):
        if (not field.secret or field.in_list) and is_offered(field, indicator_set):
            yield field.name
