"""The Flask-AppBuilder screens of a section: one `type()` call, everything read from the declaration."""

from typing import Any

from app.core.indicator_set import IndicatorSet
from app.core.province_items import province_items
from app.core.sections.fields import Field
from app.core.sections.section import Section, show
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.coded_filters import HasCode, ItemIs, code_meant, condition, filterable, is_offered, problem
from app.core.ui.listing import ListRequest


class SectionView(ScopedModelView):
    """List of a section's rows; made by `make_view`."""

    section: Section

    def indicator_set_of(self, row: Any) -> IndicatorSet:
        """Which kind of school a row's codes belong to."""
        raise NotImplementedError

    def column_names(self) -> list[str]:
        return [*self.list_columns, *(item.name for item in self._added() if item.in_list)]

    def column_label(self, name: str) -> str:
        item = self.section.fields.get(name)
        return item.label if item is not None and item.province_id else str(super().column_label(name))

    def filter_names(self) -> list[str]:
        return [*self.search_columns, *(item.name for item in self._added() if item.in_filter)]

    def list_filters(self, asked: ListRequest) -> list[Any]:
        added = [(item, asked.filters.get(item.name)) for item in self._added()]
        return [[self.list_columns[0], ItemIs, (item, value)] for item, value in added if value]

    def filter_class(self, name: str) -> Any:
        field = self.section.fields.get(name)
        return HasCode if field is not None and field.kind == "codes" else super().filter_class(name)

    def read_filter(self, name: str, value: str) -> str:
        field = self.section.fields.get(name)
        return code_meant(field, current_actor().indicator_set, value) if field else value

    def filter_problem(self, name: str, value: str) -> str:
        field = self.section.fields.get(name)
        return problem(field, current_actor().indicator_set, value) if field else ""

    def _added(self) -> list[Field]:
        """The items of the actor's own province."""
        return province_items.asked(self.section.name, current_actor().indicator_set)

    def cell(self, row: Any, name: str) -> Any:
        field = self.section.fields.get(name)
        if field is None:
            return super().cell(row, name)
        # Only codes mean something else in other schools; an export asks for a million cells.
        asked = self.indicator_set_of(row) if field.code_table else IndicatorSet()
        return show(field, getattr(row, name), asked)

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        own, fields = current_actor().indicator_set, self.section.fields
        named = filterable(fields[name] for name in self.filter_names() if name in fields)
        offered = [fields[name] for name in named if is_offered(fields[name], own)]
        return [condition(field, own, asked.filters.get(field.name, "")) for field in offered]


def view_name(section: Section) -> str:
    """The name of a section's list view, by which addresses are made."""
    return "".join(part.capitalize() for part in section.name.split("_")) + "View"


def make_view(section: Section, base: type[SectionView], name: str = "", **options: Any) -> type[SectionView]:
    """The view class of a section, called `name`. `options` overrides single attributes."""
    fields = section.declared.values()
    datamodel = CappedInterface(section.model)
    attributes: dict[str, Any] = {
        "__doc__": f"{section.title}: list made from its declaration.",
        "__module__": base.__module__,
        "section": section,
        "datamodel": datamodel,
        "route_base": f"/records/{section.name}",
        "list_title": section.title,
        "label_columns": {field.name: field.label for field in fields},
        "list_columns": [field.name for field in fields if field.in_list],
        "search_columns": filterable(fields),
        "order_columns": [field.name for field in fields if field.in_list and field.kind in ("ym", "date")],
    }
    return type(name or view_name(section), (base,), attributes | options)
