"""Settings: what administrators fill in. Declared, read, shown and compared like a section of the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import Field, Value
from app.core.sections.reading import Raw, read_row
from app.core.sections.section import Problem, Section, missing


@dataclass(frozen=True)
class Settings(Section):
    """A section whose items are listed instead of being read from the columns of a model."""

    model: Any = None
    items: tuple[Field, ...] = ()

    @cached_property
    def declared(self) -> Mapping[str, Field]:
        """The items by name."""
        return {item.name: item for item in self.items}


def read_settings(
    settings: Settings, raw: Mapping[str, Raw], indicator_set: IndicatorSet, base: Mapping[str, Value]
) -> tuple[dict[str, Value], list[Problem]]:
    """The values meant by what was typed over the stored ones, and all that keeps them from being stored.

    Other than a record, settings are stored when they are complete, or not at all; and what does not apply is left out
    in silence, because a form without JavaScript sends all of it.
    """
    values = read_row(settings, raw, indicator_set, base).values
    asked = {
        item.name: raw[item.name] for item in settings.items if item.name in raw and item.applies({**base, **values})
    }
    reading = read_row(settings, asked, indicator_set, base)
    values = {**base, **reading.values}
    said = {problem.item for problem in reading.problems}
    empty = (problem for problem in missing(settings, values, indicator_set) if problem.item not in said)
    return values, [*reading.problems, *empty]
