"""Which items of a section may be columns of its list."""

from collections.abc import Iterator

from app.core.indicator_set import IndicatorSet
from app.core.province_items import province_items
from app.core.sections.fields import Field
from app.core.sections.section import Section


def listable_items(section: Section, indicator_set: IndicatorSet) -> Iterator[str]:
    """The names of a section's items as columns, for people of one kind of school and province; above the schools,
    of all kinds.

    Encrypted numbers only where the section itself lists them, masked. Items whose codes each school has for itself
    only within a school: elsewhere every row might ask for another school's.
    """
    own = (field for field in province_items.of(section.name).values() if province_items.is_asked_today(field))
    for field in (*section.declared.values(), *own):
        if _may_be_shown(field, indicator_set):
            yield field.name


def _may_be_shown(field: Field, indicator_set: IndicatorSet) -> bool:
    asked = not indicator_set.kind or indicator_set.kind in field.school_types
    ours = field.province_id in (0, indicator_set.province_id)
    readable = not field.secret or field.in_list
    return asked and ours and readable and not (field.of_school and not indicator_set.school_id)
