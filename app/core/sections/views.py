"""The Flask-AppBuilder screens of a section: one `type()` call, everything read from the declaration."""

from dataclasses import replace
from typing import Any

from flask_appbuilder.models.filters import BaseFilter

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.province_items import province_items
from app.core.sections.fields import Field, join_codes
from app.core.sections.section import Section, show
from app.core.ui.base_view import CappedInterface, ScopedModelView, current_actor
from app.core.ui.listing import ListRequest


class ItemIs(BaseFilter):
    """The code of an item that a province has added."""

    def apply(self, query: Any, value: tuple[Field, str]) -> Any:
        item, code = value
        column = getattr(self.model, item.name)
        if item.kind == "codes":
            return query.filter(column.contains(join_codes([code]), autoescape=True))
        return query.filter(column == code)


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

    def _added(self) -> list[Field]:
        """The items of the actor's own province."""
        return province_items.asked(self.section.name, self.filter_set())

    def cell(self, row: Any, name: str) -> Any:
        field = self.section.fields.get(name)
        if field is None:
            return super().cell(row, name)
        # Only codes mean something else in other schools; an export asks for a million cells.
        asked = self.indicator_set_of(row) if field.code_table else IndicatorSet()
        return show(field, getattr(row, name), asked)

    def filter_set(self) -> IndicatorSet:
        """The kind of school whose codes the filters offer; above the schools that of most."""
        own = current_actor().indicator_set
        return replace(own, kind=own.kind or "S")

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        found = []
        for name in self.filter_names():
            field = self.section.fields.get(name)
            if field is None or not field.code_table or self.filter_set().kind not in field.school_types:
                continue
            offered = codes[field.table_for(self.filter_set())].offered(self.filter_set())
            options = [{"value": "", "label": f"{field.label}：全部"}]
            options += [{"value": entry.code, "label": entry.name} for entry in offered]
            found.append(
                {
                    "name": f"_flt_0_{name}",
                    "column": name,
                    "label": field.label,
                    "value": asked.filters.get(name, ""),
                    "options": options,
                }
            )
        return found


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
        "search_columns": [field.name for field in fields if field.in_filter],
        "order_columns": [field.name for field in fields if field.in_list and field.kind in ("ym", "date")],
    }
    return type(name or view_name(section), (base,), attributes | options)
